"""Admission policies and their bindings: who names parameters must be able to read them.

Counterpart of the `authz.go` of `pkg/registry/admissionregistration`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj, UserInfo
from minikctl.apiserver.authorization import Attributes
from minikctl.apiserver.registry.strategy import Strategy

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_GROUP = "admissionregistration.k8s.io"


class PolicyStrategy(Strategy):
    def judge(self, new: Obj, old: Obj | None, found: list[FieldError], ctx: Context) -> list[FieldError]:
        kind = new["spec"].get("paramKind") if not found else None
        if not kind or ctx.request.subresource or (old and old["spec"].get("paramKind") == kind):
            return found
        asked = _asked(kind, "get", "*", "*", ctx)
        if ctx.server.authorizer.decide(asked).allowed:
            return []
        about = f"(kind={kind['kind']}, apiVersion={kind['apiVersion']})"
        text = f'must have "get" permission on all objects of the referenced paramKind {about}'
        return [field.forbidden("spec.paramKind", f"user {_shown(ctx.user)} {text}")]


class BindingStrategy(Strategy):
    """A binding that names a parameter takes get on it, one that selects some takes list."""

    policies = f"validatingadmissionpolicies.{_GROUP}"

    def judge(self, new: Obj, old: Obj | None, found: list[FieldError], ctx: Context) -> list[FieldError]:
        spec, before = new.get("spec") or {}, (old or {}).get("spec") or {}
        reference = spec.get("paramRef")
        if found or not reference or all(spec.get(key) == before.get(key) for key in ("paramRef", "policyName")):
            return found
        policy = ctx.reader.get(self.policies, "", spec["policyName"])
        kind = (policy or {"spec": {}})["spec"].get("paramKind")
        name, verb = reference.get("name") or "", "get" if reference.get("name") else "list"
        asked = _asked(kind, verb, reference.get("namespace") or "", name, ctx)
        if ctx.server.authorizer.decide(asked).allowed:
            return []
        who = _shown(ctx.user)
        unknown = ""
        if policy is None:
            unknown = f"get policy {spec['policyName']}"
        elif kind and asked.resource == "*":
            unknown = f"resolve paramKind &{{{kind['apiVersion']} {kind['kind']}}}"
        if unknown:
            text = f"unable to {unknown} to determine minimum required permissions and user {who} does not have"
            text += f' "{verb}" permission for all groups, versions and resources'
        else:
            text = self.refusal(who, verb) + " permission on the object referenced by paramRef"
        return [field.forbidden("spec.paramRef", text)]

    def refusal(self, who: str, verb: str) -> str:
        return f'user {who} does not have "{verb}"'


class MutatingBindingStrategy(BindingStrategy):
    policies = f"mutatingadmissionpolicies.{_GROUP}"

    def refusal(self, who: str, verb: str) -> str:
        """Upstream has the two the wrong way round."""
        return super().refusal(verb, who)


def _asked(kind: Obj | None, verb: str, namespace: str, name: str, ctx: Context) -> Attributes:
    """The question whether the user may read parameters: of all there are where their kind is not known."""
    group, resource = "*", "*"
    if kind:
        group = kind["apiVersion"].rpartition("/")[0]
        if row := ctx.server.resource_set().by_kind(kind["apiVersion"], kind["kind"]):
            resource = row.plural
    return Attributes(ctx.user, verb, group, resource, "", namespace, name)


def _shown(user: UserInfo) -> str:
    """A user as Go prints the struct."""
    extra = " ".join(f"{key}:[{' '.join(user.extra[key])}]" for key in sorted(user.extra))
    return f"&{{{user.name} {user.uid} [{' '.join(user.groups)}] map[{extra}]}}"


STRATEGIES = {
    f"validatingadmissionpolicies.{_GROUP}": PolicyStrategy,
    f"mutatingadmissionpolicies.{_GROUP}": PolicyStrategy,
    f"validatingadmissionpolicybindings.{_GROUP}": BindingStrategy,
    f"mutatingadmissionpolicybindings.{_GROUP}": MutatingBindingStrategy,
}
