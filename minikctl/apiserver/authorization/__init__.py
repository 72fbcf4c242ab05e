"""RBAC: whether a user may do a thing, by the roles bound in the cluster. Always on.

Decisions are remembered until a role or binding is written. Counterpart of
`plugin/pkg/auth/authorizer/rbac` and the rule resolver of `pkg/registry/rbac/validation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj, Request, UserInfo

if TYPE_CHECKING:
    from minikctl.apiserver.registry.reader import Reader

RBAC_GROUP = "rbac.authorization.k8s.io"
CLUSTER_ROLES = f"clusterroles.{RBAC_GROUP}"
CLUSTER_ROLE_BINDINGS = f"clusterrolebindings.{RBAC_GROUP}"
ROLES = f"roles.{RBAC_GROUP}"
ROLE_BINDINGS = f"rolebindings.{RBAC_GROUP}"
KINDS = frozenset({CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS, ROLES, ROLE_BINDINGS})

Rule = dict[str, Any]
_REMEMBERED = 20_000


class Attributes:
    """What authorization is asked about: a verb on a resource or on a non-resource path."""

    __slots__ = ("fields", "group", "name", "namespace", "path", "resource", "subresource", "user", "verb", "version")

    def __init__(
        self,
        user: UserInfo,
        verb: str,
        group: str = "",
        resource: str = "",
        subresource: str = "",
        namespace: str = "",
        name: str = "",
        path: str = "",
        version: str = "*",
        fields: str = "",
    ) -> None:
        self.user = user
        self.verb = verb
        self.group = group
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
        self.path = path
        self.version = version
        self.fields = fields

    @classmethod
    def of(cls, request: Request, verb: str) -> Attributes:
        resource = request.resource
        if resource is None:
            return cls(request.user, verb, path=request.path)
        return cls(
            request.user,
            verb,
            resource.group,
            resource.plural,
            request.subresource,
            request.namespace if resource.namespaced else "",
            request.name or _selected_name(request),
            version=resource.version,
            fields=str(request.options.get("fieldSelector") or ""),
        )


class Decision:
    """Whether it is allowed, and why (the binding that allows it, or the errors on the way)."""

    __slots__ = ("allowed", "reason")

    def __init__(self, allowed: bool, reason: str = "") -> None:
        self.allowed = allowed
        self.reason = reason


class Authorizer:
    """The RBAC authorizer of one apiserver."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        # (user, verb, resource, subresource, namespace) -> decision, where no rule about certain names matters.
        self._known: dict[tuple[Any, ...], Decision] = {}
        self._cluster_bindings: list[Obj] | None = None
        self._bindings: dict[str, list[Obj]] = {}
        self._rules: dict[tuple[str, str, str], list[Rule] | None] = {}

    def forget(self) -> None:
        """Drop what was remembered: a role or binding has changed."""
        self._known.clear()
        self._cluster_bindings = None
        self._bindings.clear()
        self._rules.clear()

    def check(self, request: Request, verb: str) -> None:
        """Raise Forbidden, in upstream's words, unless the request is allowed."""
        resource = request.resource
        if resource is None:
            attributes = Attributes.of(request, verb)
            decision = self.decide(attributes)
            if not decision.allowed:
                raise refusal(attributes, decision.reason)
            return
        key = (request.user, verb, resource.key, request.subresource, request.namespace)
        known = self._known.get(key)
        if known is not None and known.allowed:
            return
        attributes = Attributes.of(request, verb)
        if known is None:
            known, named = self._decide(attributes)
            if not named:
                self._remember(key, known)
        if not known.allowed:
            raise refusal(attributes, known.reason)

    def decide(self, a: Attributes) -> Decision:
        """The decision on one question."""
        return self._decide(a)[0]

    def _remember(self, key: tuple[Any, ...], decision: Decision) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = decision

    def _decide(self, a: Attributes) -> tuple[Decision, bool]:
        """The decision, and whether it hangs on the object's name."""
        if "system:masters" in a.user.groups:
            return Decision(True), False
        named = False
        denied = ""
        if a.user.name.startswith("system:node:"):
            from minikctl.apiserver.authorization import node

            named = True
            if name := node.node_name(a.user):
                allowed, denied = node.decide(name, a, self._reader)
                if allowed:
                    return Decision(True), True
        problems = []
        for kind, binding, subject in self._bound(a.user, a.namespace):
            rules = self._role(binding["roleRef"], a.namespace)
            if rules is None:
                problems.append(_missing_role(binding["roleRef"]))
            for rule in rules or ():
                if covers_all_but_name(rule, a):
                    names = rule.get("resourceNames")
                    if names and not a.path:
                        named = True
                        if a.name not in names:
                            continue
                    return Decision(True, _reason(kind, binding, subject)), named
        return Decision(False, "\n".join(filter(None, (denied, _joined(problems))))), named

    def rules(self, user: UserInfo, namespace: str) -> Iterator[Rule]:
        """Every rule that holds for a user in a namespace ("" for cluster-wide ones only)."""
        for _, binding, _ in self._bound(user, namespace):
            yield from self._role(binding["roleRef"], namespace) or ()

    def role_rules(self, reference: Obj, namespace: str) -> list[Rule] | None:
        """The rules of the role a roleRef names; None where it is missing."""
        return self._role(reference, namespace)

    def lost_roles(self, user: UserInfo, namespace: str) -> list[str]:
        """The NotFound messages of roles that bindings of a user name but that are not there."""
        found = []
        for _, binding, _ in self._bound(user, namespace):
            reference = binding["roleRef"]
            if self._role(reference, namespace) is None:
                kind = f"{str(reference.get('kind')).lower()}s"
                found.append(f'{kind}.{RBAC_GROUP} "{reference["name"]}" not found')
        return list(dict.fromkeys(found))

    def _bound(self, user: UserInfo, namespace: str) -> Iterator[tuple[str, Obj, Obj]]:
        """The bindings that name a user: kind, binding, the subject that does."""
        if self._cluster_bindings is None:
            self._cluster_bindings = self._reader.list(CLUSTER_ROLE_BINDINGS)
        for binding in self._cluster_bindings:
            if subject := _subject_for(binding, user, ""):
                yield "ClusterRoleBinding", binding, subject
        if not namespace:
            return
        local = self._bindings.get(namespace)
        if local is None:
            local = self._bindings[namespace] = self._reader.list(ROLE_BINDINGS, namespace)
        for binding in local:
            if subject := _subject_for(binding, user, namespace):
                yield "RoleBinding", binding, subject

    def _role(self, reference: Obj, namespace: str) -> list[Rule] | None:
        """The rules of a role, None where there is none of that name."""
        cluster_wide = reference.get("kind") == "ClusterRole"
        key = (CLUSTER_ROLES, "", reference["name"]) if cluster_wide else (ROLES, namespace, reference["name"])
        if key not in self._rules:
            role = self._reader.get(*key)
            self._rules[key] = None if role is None else role.get("rules") or []
        return self._rules[key]


def _missing_role(reference: Obj) -> str:
    return f'{str(reference.get("kind")).lower()}.{RBAC_GROUP} "{reference["name"]}" not found'


def _joined(problems: list[str]) -> str:
    """What the authorizer says of errors; empty for none."""
    return f"RBAC: {errors.aggregate(problems)}" if problems else ""


def _subject_for(binding: Obj, user: UserInfo, namespace: str) -> Obj | None:
    subjects: list[Obj] = binding.get("subjects") or []
    for subject in subjects:
        kind, name = subject.get("kind"), subject.get("name")
        if kind == "User":
            if name == user.name:
                return subject
        elif kind == "Group":
            if name in user.groups:
                return subject
        elif kind == "ServiceAccount":
            where = subject.get("namespace") or namespace
            if user.name == f"system:serviceaccount:{where}:{name}":
                return subject
    return None


def _reason(kind: str, binding: Obj, subject: Obj) -> str:
    meta, role = binding["metadata"], binding["roleRef"]
    name = f"{meta['name']}/{meta['namespace']}" if kind == "RoleBinding" else meta["name"]
    about = f'{subject.get("kind")} "{subject.get("name")}"'
    if subject.get("kind") == "ServiceAccount":
        about = f'ServiceAccount "{subject.get("name")}/{subject.get("namespace", meta.get("namespace", ""))}"'
    return f'RBAC: allowed by {kind} "{name}" of {role["kind"]} "{role["name"]}" to {about}'


def _selected_name(request: Request) -> str:
    """The one name that a list's or watch's field selector asks for."""
    for part in str(request.options.get("fieldSelector") or "").split(","):
        field, _, value = part.partition("=")
        if field == "metadata.name":
            return value.removeprefix("=")
    return ""


def covers_all_but_name(rule: Rule, a: Attributes) -> bool:
    """Whether a rule is about this verb on this resource or path, whatever the object's name."""
    verbs = rule.get("verbs") or ()
    if a.verb not in verbs and "*" not in verbs:
        return False
    if a.path:
        return any(_path_matches(pattern, a.path) for pattern in rule.get("nonResourceURLs") or ())
    groups = rule.get("apiGroups") or ()
    if a.group not in groups and "*" not in groups:
        return False
    return _resource_matches(rule.get("resources") or (), a.resource, a.subresource)


def _resource_matches(resources: Iterable[str], resource: str, subresource: str) -> bool:
    combined = f"{resource}/{subresource}" if subresource else resource
    any_parent = f"*/{subresource}"
    return any(r in ("*", combined) or (subresource != "" and r == any_parent) for r in resources)


def _path_matches(pattern: str, path: str) -> bool:
    if pattern == "*" or pattern == path:
        return True
    return pattern.endswith("*") and path.startswith(pattern.rstrip("*"))


def refusal(a: Attributes, reason: str = "") -> errors.StatusError:
    """Forbidden, as the authorization filter words it."""
    who = f'User "{a.user.name}"'
    if a.path:
        message = f'{who} cannot {a.verb} path "{a.path}"'
        return errors.StatusError("Forbidden", f"forbidden: {message}" + (f": {reason}" if reason else ""))
    resource = f"{a.resource}/{a.subresource}" if a.subresource else a.resource
    text = f'{who} cannot {a.verb} resource "{resource}" in API group "{a.group}"'
    text += f' in the namespace "{a.namespace}"' if a.namespace else " at the cluster scope"
    if reason:
        text += f": {reason}"
    group_resource = f"{a.resource}.{a.group}" if a.group else a.resource
    return errors.forbidden(group_resource, a.name, text)
