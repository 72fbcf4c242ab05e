"""ComponentStatuses: how the parts of the control plane are, answered and not stored. Here they always run.

Counterpart: `pkg/registry/core/componentstatus`, which asks each for its health and lists them in any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry import read

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_COMPONENTS = ("controller-manager", "etcd-0", "scheduler")


def answer(ctx: Context) -> Obj:
    """One component's status, or those that a list selects."""
    if ctx.request.verb == "get":
        if ctx.request.name not in _COMPONENTS:
            raise errors.StatusError("", f"Component not found: {ctx.request.name}", code=500)
        status = _status(ctx.request.name)
        return ctx.server.table(ctx, [status], {}) if ctx.request.accept == "table" else status
    labels = read.label_selector(ctx.request.options.get("labelSelector"))
    fields = read.field_selector(ctx.request.options.get("fieldSelector"), ctx)
    statuses = [
        status
        for status in map(_status, _COMPONENTS)
        if (labels is None or labels.matches({})) and (fields is None or fields.matches(status))
    ]
    if ctx.request.accept == "table":
        return ctx.server.table(ctx, statuses, {})
    return {"kind": "ComponentStatusList", "apiVersion": "v1", "metadata": {}, "items": statuses}


def _status(name: str) -> Obj:
    condition = {"type": "Healthy", "status": "True", "message": "ok"}
    return {"kind": "ComponentStatus", "apiVersion": "v1", "metadata": {"name": name}, "conditions": [condition]}
