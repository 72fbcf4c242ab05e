"""Defaults of flowcontrol.apiserver.k8s.io."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj

_GROUP = "flowcontrol.apiserver.k8s.io"


def _set(holder: dict[str, Any], name: str, value: Any) -> None:
    if holder.get(name) is None:
        holder[name] = value


def _flow_schema(obj: Obj, version: str) -> None:
    spec = obj.get("spec")
    if spec is not None and not spec.get("matchingPrecedence"):
        spec["matchingPrecedence"] = 1000


def _priority_level(obj: Obj, version: str) -> None:
    spec = obj.get("spec") or {}
    limited, exempt = spec.get("limited"), spec.get("exempt")
    if limited is not None:
        _set(limited, "nominalConcurrencyShares", 30)
        _set(limited, "lendablePercent", 0)
        _set(limited, "limitResponse", {"type": ""})
        queuing = limited["limitResponse"].get("queuing")
        if queuing is not None:
            for name, value in (("handSize", 8), ("queues", 64), ("queueLengthLimit", 50)):
                if not queuing.get(name):
                    queuing[name] = value
    if exempt is None and spec.get("type") == "Exempt":
        exempt = spec["exempt"] = {}
    if exempt is not None:
        _set(exempt, "nominalConcurrencyShares", 0)
        _set(exempt, "lendablePercent", 0)


DEFAULTS = {
    f"flowschemas.{_GROUP}": _flow_schema,
    f"prioritylevelconfigurations.{_GROUP}": _priority_level,
}
