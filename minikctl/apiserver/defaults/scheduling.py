"""Defaults of scheduling.k8s.io."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj


def _priority_class(obj: Obj, version: str) -> None:
    if obj.get("preemptionPolicy") is None:
        obj["preemptionPolicy"] = "PreemptLowerPriority"
    if obj.get("value") is None:
        obj["value"] = 0


DEFAULTS = {"priorityclasses.scheduling.k8s.io": _priority_class}
