"""Namespaces: they end in two steps, content first (the finalize subresource)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj, Response
from minikctl.apiserver.registry import write
from minikctl.apiserver.registry.strategy import Strategy, keep

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

FINALIZER = "kubernetes"
_NAME_LABEL = "kubernetes.io/metadata.name"


class NamespaceStrategy(Strategy):
    def initial_status(self, obj: Obj) -> Obj:
        return {"phase": "Active"}

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        super().prepare_for_create(obj, ctx)
        spec = obj.setdefault("spec", {})
        finalizers = spec.setdefault("finalizers", [])
        if FINALIZER not in finalizers:
            finalizers.append(FINALIZER)
        # Defaulting has not known a generated name.
        labels = obj["metadata"]["labels"] = obj["metadata"].get("labels") or {}
        labels[_NAME_LABEL] = obj["metadata"].get("name", "")

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        if ctx.request.subresource != "finalize":
            keep(new, old, "spec")
        keep(new, old, "status")

    def may_remove(self, obj: Obj) -> bool:
        return not (obj.get("spec") or {}).get("finalizers")

    def prepare_for_delete(self, obj: Obj, ctx: Context) -> None:
        obj.setdefault("status", {})["phase"] = "Terminating"
        obj["metadata"].pop("deletionGracePeriodSeconds", None)


def finalize(ctx: Context) -> Response:
    """PUT namespaces/NAME/finalize: the one way to change spec.finalizers."""
    obj = write.update(ctx, write.transform_from_body(ctx))
    return Response(obj, 200, ctx.warnings)


STRATEGIES = {"namespaces": NamespaceStrategy}
