"""PodTopologyLabels: a pod that gets a node gets the node's zone and region labels with it, whatever it had."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context
    from minikctl.apiserver.registry.reader import Reader

_LABELS = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Label a pod that is created with a node; a binding calls `add`."""
    assert obj is not None
    node = obj["spec"].get("nodeName")
    if node:
        add(obj, node, ctx.reader)


def add(pod: Obj, node: str, reader: Reader) -> None:
    """Give a pod the topology labels of its node."""
    found = reader.peek("nodes", "", node)
    labels = ((found or {}).get("metadata") or {}).get("labels") or {}
    copied = {name: labels[name] for name in _LABELS if name in labels}
    if copied:
        pod["metadata"]["labels"] = {**(pod["metadata"].get("labels") or {}), **copied}
