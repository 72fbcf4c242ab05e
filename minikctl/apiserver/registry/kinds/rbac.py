"""RBAC kinds: nobody grants what they do not hold (escalation), unless they may escalate or bind.

Counterpart of `pkg/registry/rbac/*/policybased`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.field import quote
from minikctl.apimachinery.request import Obj
from minikctl.apiserver import authorization
from minikctl.apiserver.authorization import covers
from minikctl.apiserver.registry.strategy import Strategy

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context


_EVERYTHING: list[Obj] = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]
_PLURALS = {"ClusterRole": "clusterroles", "Role": "roles"}
# What the garbage collector changes in objects that are going.
_GC_FIELDS = ("ownerReferences", "finalizers", "managedFields")


class RoleStrategy(Strategy):
    allow_create_on_update = True

    def permit(self, new: Obj, old: Obj | None, ctx: Context) -> None:
        # A POST is to no name, whatever the body says.
        name = "" if ctx.request.verb == "create" else ctx.request.name
        if _only_for_gc(new, old) or _may(ctx, "escalate", self.resource.plural, name):
            return
        why = _missing(list(new.get("rules") or ()), ctx)
        if not why and _aggregates(new, old) and _missing(_EVERYTHING, ctx):
            why = "must have cluster-admin privileges to use the aggregationRule"
        if why:
            raise errors.forbidden(ctx.resource.key, new["metadata"].get("name", ""), why)


class BindingStrategy(Strategy):
    allow_create_on_update = True

    def permit(self, new: Obj, old: Obj | None, ctx: Context) -> None:
        reference = new.get("roleRef") or {}
        kind, name = reference.get("kind") or "", reference.get("name") or ""
        plural = _PLURALS.get(kind)
        if _only_for_gc(new, old) or "system:masters" in ctx.user.groups:
            return
        if plural is None:
            raise errors.StatusError("", f"unsupported role reference kind: {quote(kind)}", code=500)
        if _may(ctx, "bind", plural, name, reference.get("apiGroup") or ""):
            return
        rules = ctx.server.authorizer.role_rules(reference, ctx.namespace)
        if rules is None:
            raise errors.not_found(f"{plural}.{authorization.RBAC_GROUP}", name)
        why = _missing(rules, ctx)
        if why:
            raise errors.forbidden(ctx.resource.key, new["metadata"].get("name", ""), why)


def _only_for_gc(new: Obj, old: Obj | None) -> bool:
    """Whether an update changes nothing but what the garbage collector does."""
    if old is None:
        return False
    one, other = (
        {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key not in _GC_FIELDS}}
        for obj in (new, old)
    )
    return one == other


def _aggregates(new: Obj, old: Obj | None) -> bool:
    return any(((obj or {}).get("aggregationRule") or {}).get("clusterRoleSelectors") for obj in (new, old))


def _may(ctx: Context, verb: str, plural: str, name: str, group: str = authorization.RBAC_GROUP) -> bool:
    question = authorization.Attributes(ctx.user, verb, group, plural, namespace=ctx.namespace, name=name)
    return ctx.server.authorizer.decide(question).allowed


def _missing(rules: list[Obj], ctx: Context) -> str:
    """What the user would grant without having it; "" for nothing."""
    authorizer = ctx.server.authorizer
    missing = covers.missing(list(authorizer.rules(ctx.user, ctx.namespace)), rules)
    if not missing:
        return ""
    groups = " ".join(quote(group) for group in ctx.user.groups)
    who = f"user {quote(ctx.user.name)} (groups=[{groups}])"
    listed = "\n".join(covers.compact(missing))
    text = f"{who} is attempting to grant RBAC permissions not currently held:\n{listed}"
    lost = authorizer.lost_roles(ctx.user, ctx.namespace)
    if not lost:
        return text
    return f"{text}; resolution errors: [{errors.aggregate(lost)}]"


STRATEGIES = {
    "roles.rbac.authorization.k8s.io": RoleStrategy,
    "clusterroles.rbac.authorization.k8s.io": RoleStrategy,
    "rolebindings.rbac.authorization.k8s.io": BindingStrategy,
    "clusterrolebindings.rbac.authorization.k8s.io": BindingStrategy,
}
