"""kubectl auth can-i: asks whether an action is allowed, or lists what is.

Upstream counterpart: `cani.go` of kubectl's `pkg/cmd/auth`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import Exit, KubectlError
from minikctl.kubectl.flags import BOOL, STRING, Flag

FLAGS = (
    Flag("all-namespaces", "A", BOOL, False, "If true, check the specified action in all namespaces."),
    Flag("list", "", BOOL, False, "If true, prints all allowed actions."),
    Flag("no-headers", "", BOOL, False, "If true, prints allowed actions without headers"),
    Flag("quiet", "q", BOOL, False, "If true, suppress output and just return the exit code."),
    Flag("subresource", "", STRING, "", "SubResource such as pod/log or deployment/scale"),
)
_WRITING = ("create", "update", "patch", "delete", "deletecollection")
_VERBS = frozenset(
    ("get", "list", "watch", *_WRITING, "use", "bind", "impersonate", "*", "approve", "sign", "escalate", "attest")
)
_PATH_VERBS = frozenset(("get", "put", "post", "head", "options", "delete", "patch", "*"))
_UNDISCOVERED = ("users", "groups")


class CanIOptions(Options):
    """The action to ask about."""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        self.path = ""
        self.group, self.resource, self.name = "", "", ""
        self.namespaced = True
        if flags["list"]:
            if args:
                raise KubectlError("list option must be specified with no arguments")
        elif len(args) != 2:
            raise KubectlError(
                "you must specify two arguments: verb resource or verb resource/resourceName.\n"
                f"See '{self.factory.program} auth can-i -h' for help and examples."
            )
        else:
            self.verb = args[0]
            if args[1].startswith("/"):
                self.path = args[1]
            else:
                kind, _, self.name = args[1].partition("/")
                self._resolve(kind)
        self.namespace = "" if flags["all-namespaces"] else self.factory.namespace

    def _resolve(self, kind: str) -> None:
        """The resource that TYPE names; one the server does not have is asked about as it stands."""
        self.resource = kind
        if kind == "*":
            return
        row = self.factory.resources.resolve(kind.lower())
        if row is not None:
            self.group, self.resource, self.namespaced = row.group, row.plural, row.namespaced
            return
        if kind.lower() not in _UNDISCOVERED:
            name, _, group = kind.lower().partition(".")
            where = f" in group '{group}'" if group else ""
            self._warn(f"the server doesn't have a resource type '{name}'{where}\n")

    def _warn(self, text: str) -> None:
        self.factory.err(f"Warning: {text}")

    def validate(self) -> None:
        flags = self.flags
        if flags["list"]:
            if flags["quiet"] or flags["all-namespaces"] or flags["subresource"]:
                raise KubectlError(
                    "list option can't be specified with neither quiet, all-namespaces nor subresource options"
                )
            return
        if self.path:
            if flags["subresource"]:
                raise KubectlError("--subresource can not be used with NonResourceURL")
            known = self.verb in _PATH_VERBS
        else:
            known = self.verb in _VERBS or flags["all-namespaces"]
            if not self.namespaced and not flags["all-namespaces"]:
                where = f" in group '{self.group}'" if self.group else ""
                self._warn(f"resource '{self.resource}' is not namespace scoped{where}\n")
        if not known:
            self._warn(f"verb '{self.verb}' is not a known verb\n")
        if flags["no-headers"]:
            raise KubectlError("--no-headers cannot be set without --list specified")

    def run(self) -> None:
        if self.flags["list"]:
            self._list()
        elif not self._check():
            raise Exit(1)

    def _check(self) -> bool:
        spec: Obj
        if self.path:
            spec = {"nonResourceAttributes": {"verb": self.verb, "path": self.path}}
        else:
            wanted = {
                "namespace": self.namespace,
                "verb": self.verb,
                "group": self.group,
                "resource": self.resource,
                "subresource": self.flags["subresource"],
                "name": self.name,
            }
            spec = {"resourceAttributes": {key: value for key, value in wanted.items() if value}}
        status = self._ask("SelfSubjectAccessReview", spec)
        if not self.flags["quiet"]:
            words = [status.get("reason"), status.get("evaluationError")] if not status.get("allowed") else []
            answer = "yes" if status.get("allowed") else "no"
            self.factory.out(" - ".join([answer, *(word for word in words if word)]))
        return bool(status.get("allowed"))

    def _ask(self, kind: str, spec: Obj) -> Obj:
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "metadata": {}, "spec": spec}
        answer = self.factory.client.create(f"{kind.lower()}s.authorization.k8s.io", review)
        status: Obj = answer.get("status") or {}
        return status

    def _list(self) -> None:
        from minikctl.printers.describe.rbac import compact_rules
        from minikctl.printers.tabwriter import align_rows

        status = self._ask("SelfSubjectRulesReview", {"namespace": self.namespace})
        if status.get("incomplete"):
            self._warn(f"the list may be incomplete: {status.get('evaluationError', '')}")
        rules = [*(status.get("resourceRules") or ()), *(status.get("nonResourceRules") or ())]
        rows = [] if self.flags["no-headers"] else [["Resources", "Non-Resource URLs", "Resource Names", "Verbs"]]
        for (group, resource, name, url), verbs in compact_rules(rules):
            rows.append([_qualified(resource, group), _list_of(url), _list_of(name), f"[{' '.join(verbs)}]"])
        self.factory.streams.out.write(align_rows(rows, 6, 3))


def _qualified(resource: str | None, group: str | None) -> str:
    """RESOURCE.GROUP/SUBRESOURCE."""
    name, slash, subresource = (resource or "").partition("/")
    return f"{name}.{group}{slash}{subresource}" if group else f"{name}{slash}{subresource}"


def _list_of(value: str | None) -> str:
    return "[]" if value is None else f"[{value}]"


COMMAND = Command(
    "auth can-i VERB [TYPE | TYPE/NAME | NONRESOURCEURL]",
    CanIOptions,
    FLAGS,
    long="""
Check whether an action is allowed.

 VERB is a logical Kubernetes API verb like 'get', 'list', 'watch', 'delete', etc. TYPE is a Kubernetes resource; short
names and groups are resolved. NONRESOURCEURL is a partial URL that starts with "/". NAME is the name of one resource.
With --as the question is asked for somebody else.
""",
    example="""
        # May I create pods in any namespace?
        kubectl auth can-i create pods --all-namespaces

        # May I list deployments in my current namespace?
        kubectl auth can-i list deployments.apps

        # May the service account "foo" of namespace "dev" list pods in the namespace "prod"?
        kubectl auth can-i list pods --as=system:serviceaccount:dev:foo -n prod

        # May I do everything in my current namespace? ("*" means all)
        kubectl auth can-i '*' '*'

        # May I get the job named "bar" in namespace "foo"?
        kubectl auth can-i list jobs.batch/bar -n foo

        # May I read pod logs?
        kubectl auth can-i get pods --subresource=log

        # May I access the URL /logs/?
        kubectl auth can-i get /logs/

        # List all allowed actions in namespace "foo"
        kubectl auth can-i --list --namespace=foo
        """,
)
