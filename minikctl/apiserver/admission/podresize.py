"""PodResizeValidator: a pod is not resized to more than its node has at all.

Whether there is room for it now is the kubelet's matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.field import quote
from minikctl.apiserver.admission.refusal import forbidden

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Compare what the pod asks for with its node's allocatable cpu and memory."""
    assert obj is not None and old is not None
    from minikctl.apimachinery.podresources import amount, pod_requests

    node_name = obj["spec"].get("nodeName")
    if not node_name or obj["spec"] == old["spec"]:
        return
    node = ctx.reader.peek("nodes", "", node_name)
    if node is None:
        raise forbidden(obj, ctx, f"node {quote(node_name)} not found")
    system = (node["metadata"].get("labels") or {}).get("kubernetes.io/os", "linux")
    if system != "linux":
        why = f"pod resize is only supported on linux nodes, node {quote(node_name)} is {quote(system)}"
        _refuse(obj, ctx, why, "UnsupportedPlatform")
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    asked, short = pod_requests(obj), []
    for name in ("cpu", "memory"):
        wanted, most = asked.get(name, 0), amount(name, allocatable.get(name, "0"))
        if wanted > most:
            short.append(f"{name}, requested: {wanted}, allocatable: {most}")
    if short:
        _refuse(obj, ctx, f"node didn't have enough allocatable resources: {'; '.join(short)}", "NodeCapacity")


def _refuse(obj: Obj, ctx: Context, why: str, cause: str) -> None:
    error = forbidden(obj, ctx, why)
    error.details["causes"] = [{"reason": cause}]
    raise error
