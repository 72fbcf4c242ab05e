"""Certificate signing requests: who asked is recorded; approval and signing have their own ways in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj, Response
from minikctl.apiserver.registry import patching, read, write
from minikctl.apiserver.registry.strategy import Strategy, keep

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_DECISIONS = ("Approved", "Denied")
# Nobody owns a request's spec: it is what was asked for once.
_RESETS = {
    "": ("spec", "status"),
    "status": ("spec", "status.conditions"),
    "approval": ("spec", "status.certificate"),
}


class CertificateStrategy(Strategy):
    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        user, spec = ctx.user, obj.setdefault("spec", {})
        for name, value in (
            ("username", user.name),
            ("uid", user.uid),
            ("groups", list(user.groups)),
            ("extra", user.extra),
        ):
            if value:
                spec[name] = value
            else:
                spec.pop(name, None)
        obj["status"] = {}

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        keep(new, old, "spec")
        keep(new, old, "status")

    def prepare_for_status_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        """Decisions stay as they are; validation refuses those that are added or left out."""
        super().prepare_for_status_update(new, old, ctx)
        status, before = new.setdefault("status", {}), old.get("status") or {}
        conditions = list(status.get("conditions") or ())
        for kind in _DECISIONS:
            stored = [c for c in before.get("conditions") or () if c.get("type") == kind]
            places = [index for index, c in enumerate(conditions) if c.get("type") == kind]
            if len(stored) == len(places):
                for index, condition in zip(places, stored, strict=True):
                    conditions[index] = condition
        _set_conditions(status, conditions, before, ctx)

    def resets(self, subresource: str) -> tuple[str, ...]:
        return _RESETS[subresource]


class _ApprovalStrategy(CertificateStrategy):
    """The approval subresource changes the conditions and nothing else."""

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        keep(new, old, "spec")
        before = old.get("status") or {}
        wanted = (new.get("status") or {}).get("conditions") or []
        new["status"] = dict(before)
        _set_conditions(new["status"], wanted, before, ctx)


def _set_conditions(status: Obj, conditions: list[Obj], before: Obj, ctx: Context) -> None:
    """Store conditions with their times: changed ones happen now."""
    known = {c.get("type"): c for c in before.get("conditions") or ()}
    for condition in conditions:
        old = known.get(condition.get("type"))
        if not condition.get("lastUpdateTime"):
            condition["lastUpdateTime"] = ctx.now
        if not condition.get("lastTransitionTime"):
            same = old is not None and old.get("status") == condition.get("status")
            before_that = old.get("lastTransitionTime") if old is not None and same else None
            condition["lastTransitionTime"] = before_that or ctx.now
    if conditions:
        status["conditions"] = conditions
    else:
        status.pop("conditions", None)


def approval(ctx: Context) -> Response:
    """get, update and patch of certificatesigningrequests/NAME/approval."""
    verb = ctx.request.verb
    if verb == "get":
        return Response(read.get(ctx))
    ctx.strategy = _ApprovalStrategy(ctx.resource)
    if verb == "update":
        return Response(write.update(ctx, write.transform_from_body(ctx)), 200, ctx.warnings)
    if verb == "patch":
        return Response(patching.patch(ctx), 200, ctx.warnings)
    raise errors.method_not_supported(f"{ctx.resource.key}/approval", verb)


STRATEGIES = {"certificatesigningrequests.certificates.k8s.io": CertificateStrategy}
