"""kubectl auth reconcile: brings RBAC objects to include the rules and subjects of a file.

Upstream counterpart: `reconcile.go` of kubectl's `pkg/cmd/auth`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubectl import rbacreconciliation as reconciliation
from minikctl.kubectl import strategy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, Flag
from minikctl.kubectl.flagsets import DRY_RUN, PRINT, filename_flags
from minikctl.kubectl.info import Info
from minikctl.kubectl.typedprinting import typed_printer

FLAGS = (
    *PRINT,
    *filename_flags("identifying the resource to reconcile."),
    DRY_RUN,
    Flag("remove-extra-permissions", "", BOOL, False, "If true, removes extra permissions added to roles"),
    Flag("remove-extra-subjects", "", BOOL, False, "If true, removes extra subjects added to rolebindings"),
)
_GROUP = "rbac.authorization.k8s.io"


class ReconcileOptions(Options):
    """Which objects to reconcile."""

    def complete(self, args: list[str]) -> None:
        if not self.flags["filename"] and not self.flags["kustomize"]:
            raise KubectlError("must specify one of -f and -k")
        if args:
            raise KubectlError("no arguments are allowed")
        try:
            self.dry_run = strategy.dry_run(self.factory, self.flags)
        except KubectlError as error:
            raise KubectlError(f"error accessing --dry-run flag for command reconcile: {error}") from None
        if self.dry_run == strategy.SERVER:
            raise KubectlError("--dry-run=server for command reconcile is not supported yet")

    def run(self) -> None:
        self.show = typed_printer(self.flags, self.factory.streams.out, "reconciled", self.dry_run)
        self.factory.builder().files(self.flags).visit(self._reconcile)

    def _reconcile(self, info: Info) -> None:
        row = info.row
        if row.group != _GROUP:
            return
        if row.version != "v1":
            raise KubectlError(f"only {_GROUP}/v1 is supported: not *{row.version}.{row.kind}")
        existing = self.factory.client.find(row, info.name, info.namespace)
        if row.kind in ("Role", "ClusterRole"):
            result = reconciliation.role(existing, info.obj, self.flags["remove-extra-permissions"])
        else:
            result = reconciliation.binding(existing, info.obj, self.flags["remove-extra-subjects"])
        written = self.dry_run == strategy.NONE and not result.protected
        self.show(self._write(info, result) if written else result.object)
        self._report(result)

    def _write(self, info: Info, result: reconciliation.Result) -> Obj:
        """Bring the object to the server; what is there then."""
        client, obj = self.factory.client, result.object
        if result.operation == "recreate":
            client.delete(info.row, info.name, info.namespace)
        if result.operation in ("create", "recreate"):
            self._ensure_namespace(info.namespace)
            obj = {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k not in _SERVER_FIELDS}}
            return client.create(info.row, obj, info.namespace)
        if result.operation == "update":
            return client.update(info.row, obj)
        return obj

    def _ensure_namespace(self, name: str) -> None:
        if name and self.factory.client.find("namespaces", name) is None:
            namespace: Obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            self.factory.client.create("namespaces", namespace)

    def _report(self, result: reconciliation.Result) -> None:
        if not result.operation:
            return
        err = self.factory.err
        caveat = ", but object opted out (rbac.authorization.kubernetes.io/autoupdate: false)"
        err(f"\treconciliation required {result.operation}{caveat if result.protected else ''}")
        texts = (reconciliation.subject_text, reconciliation.rule_text)
        for what, text, missing, extra, removing in (
            ("subjects", texts[0], result.missing_subjects, result.extra_subjects, "remove-extra-subjects"),
            ("rules", texts[1], result.missing_rules, result.extra_rules, "remove-extra-permissions"),
        ):
            for title, items in (
                (f"missing {what} added", missing),
                (f"extra {what} removed", extra if self.flags[removing] else []),
            ):
                if items:
                    err(f"\t{title}:")
                for item in items:
                    err(f"\t\t{text(item)}")


_SERVER_FIELDS = ("resourceVersion", "uid", "creationTimestamp", "managedFields", "generation")

COMMAND = Command(
    "auth reconcile -f FILENAME",
    ReconcileOptions,
    FLAGS,
    long="""
Reconcile rules for RBAC role, role binding, cluster role, and cluster role binding objects.

 Missing objects are created, with their namespace if need be.

 Existing roles get the permissions of the given objects, and lose others with --remove-extra-permissions. Existing
bindings get the given subjects, and lose others with --remove-extra-subjects.

 This merges rules and subjects by what they mean, unlike 'apply'.
""",
    example="""
        # Reconcile RBAC resources from a file
        kubectl auth reconcile -f my-rbac-rules.yaml
        """,
)
