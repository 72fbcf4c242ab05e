"""RBAC kinds: nobody grants what they do not hold (escalation), unless they may escalate or bind.

Counterpart of `pkg/registry/rbac/*/policybased`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj
from minikctl.apiserver import authorization
from minikctl.apiserver.authorization import covers
from minikctl.apiserver.registry.strategy import Strategy

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context


class RoleStrategy(Strategy):
    allow_create_on_update = True

    def after_create(self, obj: Obj, ctx: Context) -> None:
        self._check(obj, None, ctx)

    def after_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        self._check(new, old, ctx)

    def _check(self, new: Obj, old: Obj | None, ctx: Context) -> None:
        unchanged = old is not None and new.get("rules") == old.get("rules")
        if unchanged and (old or {}).get("aggregationRule") == new.get("aggregationRule"):
            return
        if _may(ctx, "escalate", self.resource.plural, new["metadata"]["name"]):
            return
        rules = list(new.get("rules") or ())
        if new.get("aggregationRule"):
            rules = [
                {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
                {"nonResourceURLs": ["*"], "verbs": ["*"]},
            ]
        _refuse_missing(rules, new, ctx)


class BindingStrategy(Strategy):
    allow_create_on_update = True

    def after_create(self, obj: Obj, ctx: Context) -> None:
        self._check(obj, None, ctx)

    def after_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        self._check(new, old, ctx)

    def _check(self, new: Obj, old: Obj | None, ctx: Context) -> None:
        reference = new["roleRef"]
        if old is not None and old["roleRef"] == reference and old.get("subjects") == new.get("subjects"):
            return
        plural = "clusterroles" if reference.get("kind") == "ClusterRole" else "roles"
        if _may(ctx, "bind", plural, reference["name"]):
            return
        rules = ctx.server.authorizer.role_rules(reference, ctx.namespace)
        _refuse_missing(rules, new, ctx)


def _may(ctx: Context, verb: str, plural: str, name: str) -> bool:
    question = authorization.Attributes(
        ctx.user, verb, authorization.RBAC_GROUP, plural, namespace=ctx.namespace, name=name
    )
    return ctx.server.authorizer.decide(question).allowed


def _refuse_missing(rules: list[Obj], obj: Obj, ctx: Context) -> None:
    missing = covers.missing(list(ctx.server.authorizer.rules(ctx.user, ctx.namespace)), rules)
    if not missing:
        return
    groups = " ".join(f'"{group}"' for group in ctx.user.groups)
    listed = "\n".join(covers.compact(missing))
    who = f'user "{ctx.user.name}" (groups=[{groups}])'
    why = f"{who} is attempting to grant RBAC permissions not currently held:\n{listed}"
    raise errors.forbidden(ctx.resource.key, obj["metadata"]["name"], why)


STRATEGIES = {
    "roles.rbac.authorization.k8s.io": RoleStrategy,
    "clusterroles.rbac.authorization.k8s.io": RoleStrategy,
    "rolebindings.rbac.authorization.k8s.io": BindingStrategy,
    "clusterrolebindings.rbac.authorization.k8s.io": BindingStrategy,
}
