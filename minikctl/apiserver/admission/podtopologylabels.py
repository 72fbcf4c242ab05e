"""PodTopologyLabels: a pod that gets a node gets the node's zone and region labels with it, whatever it had."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

_LABELS = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Label a pod that is created with a node, or the binding whose labels the pod will get."""
    assert obj is not None
    if ctx.request.subresource == "binding":
        target = obj.get("target") or {}
        node = target.get("name") if target.get("kind") in ("Node", "", None) else None
    else:
        node = obj["spec"].get("nodeName")
    found = ctx.reader.peek("nodes", "", node) if node else None
    labels = ((found or {}).get("metadata") or {}).get("labels") or {}
    topology = {name: labels[name] for name in _LABELS if name in labels}
    if topology:
        metadata = obj.get("metadata") or {}
        obj["metadata"] = {**metadata, "labels": {**(metadata.get("labels") or {}), **topology}}
