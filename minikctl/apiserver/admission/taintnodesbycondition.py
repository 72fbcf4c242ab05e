"""TaintNodesByCondition: a new node is not ready until someone says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_NOT_READY = "node.kubernetes.io/not-ready"


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Add the not-ready taint."""
    assert obj is not None
    spec = obj.setdefault("spec", {})
    taints = spec.setdefault("taints", [])
    if not any(taint.get("key") == _NOT_READY and taint.get("effect") == "NoSchedule" for taint in taints):
        taints.append({"effect": "NoSchedule", "key": _NOT_READY})
