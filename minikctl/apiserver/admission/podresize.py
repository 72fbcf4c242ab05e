"""A pod is not resized to more than its node has at all.

Whether there is room for it now is the kubelet's matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apiserver.admission.refusal import forbidden

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Compare what the pod asks for with its node's allocatable cpu and memory."""
    assert obj is not None and old is not None
    from minikctl.apimachinery.podresources import amount, pod_requests

    node = ctx.reader.peek("nodes", "", obj["spec"].get("nodeName") or "")
    if node is None:
        return
    status = node.get("status") or {}
    allocatable = status.get("allocatable") or status.get("capacity") or {}
    asked, before = pod_requests(obj), pod_requests(old)
    for name in ("cpu", "memory"):
        wanted = asked.get(name, 0)
        if wanted <= before.get(name, 0) or name not in allocatable:
            continue
        most = amount(name, allocatable[name])
        if wanted > most:
            why = f"node didn't have enough allocatable resources: {name}, requested: {wanted}, allocatable: {most}"
            raise forbidden(obj, ctx, why)
