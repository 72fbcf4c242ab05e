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


class Attributes:
    """What authorization is asked about: a verb on a resource or on a non-resource path."""

    __slots__ = ("group", "name", "namespace", "path", "resource", "subresource", "user", "verb", "version")

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
            request.name,
            version=resource.version,
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
        self._decisions: dict[tuple[Any, ...], Decision] = {}
        self._cluster_bindings: list[tuple[Obj, list[Rule]]] | None = None
        self._bindings: dict[str, list[tuple[Obj, list[Rule]]]] = {}

    def forget(self) -> None:
        """Drop what was remembered: a role or binding has changed."""
        self._decisions.clear()
        self._cluster_bindings = None
        self._bindings.clear()

    def check(self, request: Request, verb: str) -> None:
        """Raise Forbidden, in upstream's words, unless the request is allowed."""
        attributes = Attributes.of(request, verb)
        decision = self.decide(attributes)
        if not decision.allowed:
            raise refusal(attributes, decision.reason)

    def decide(self, a: Attributes) -> Decision:
        """The decision on one question."""
        user = a.user
        key = (user.name, user.groups, a.verb, a.group, a.resource, a.subresource, a.namespace, a.name, a.path)
        found = self._decisions.get(key)
        if found is None:
            found = self._decisions[key] = self._decide(a)
            if len(self._decisions) > 20_000:
                self._decisions.clear()
        return found

    def _decide(self, a: Attributes) -> Decision:
        if "system:masters" in a.user.groups:
            return Decision(True)
        for reason, rules in self.grants(a.user, a.namespace):
            if any(_allows(rule, a) for rule in rules):
                return Decision(True, reason)
        return Decision(False)

    def rules(self, user: UserInfo, namespace: str) -> Iterator[Rule]:
        """Every rule that holds for a user in a namespace ("" for cluster-wide ones only)."""
        if "system:masters" in user.groups:
            yield {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
            yield {"nonResourceURLs": ["*"], "verbs": ["*"]}
        for _, rules in self.grants(user, namespace):
            yield from rules

    def grants(self, user: UserInfo, namespace: str) -> Iterator[tuple[str, list[Rule]]]:
        """The bindings that name a user, each with its reason text and its role's rules."""
        if self._cluster_bindings is None:
            self._cluster_bindings = self._load(CLUSTER_ROLE_BINDINGS, "")
        for binding, rules in self._cluster_bindings:
            subject = _subject_for(binding, user, "")
            if subject:
                yield _reason("ClusterRoleBinding", binding, subject), rules
        if not namespace:
            return
        local = self._bindings.get(namespace)
        if local is None:
            local = self._bindings[namespace] = self._load(ROLE_BINDINGS, namespace)
        for binding, rules in local:
            subject = _subject_for(binding, user, namespace)
            if subject:
                yield _reason("RoleBinding", binding, subject), rules

    def _load(self, key: str, namespace: str) -> list[tuple[Obj, list[Rule]]]:
        return [
            (binding, self.role_rules(binding["roleRef"], namespace)) for binding in self._reader.list(key, namespace)
        ]

    def role_rules(self, reference: Obj, namespace: str) -> list[Rule]:
        """The rules of the role a roleRef names; none where it is missing."""
        if reference.get("kind") == "ClusterRole":
            role = self._reader.get(CLUSTER_ROLES, "", reference["name"])
        else:
            role = self._reader.get(ROLES, namespace, reference["name"])
        return (role or {}).get("rules") or []


def _subject_for(binding: Obj, user: UserInfo, namespace: str) -> Obj | None:
    for subject in binding.get("subjects") or ():
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


def _allows(rule: Rule, a: Attributes) -> bool:
    verbs = rule.get("verbs") or ()
    if a.verb not in verbs and "*" not in verbs:
        return False
    if a.path:
        return any(_path_matches(pattern, a.path) for pattern in rule.get("nonResourceURLs") or ())
    groups = rule.get("apiGroups") or ()
    if a.group not in groups and "*" not in groups:
        return False
    if not _resource_matches(rule.get("resources") or (), a.resource, a.subresource):
        return False
    names = rule.get("resourceNames")
    return not names or a.name in names


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
