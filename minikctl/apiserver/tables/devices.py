"""Rows of the resource group (dynamic resource allocation)."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import Obj, age, define, name


def _named(obj: Obj, now: float) -> list[Any]:
    return [name(obj), age(obj, now)]


def _claim_state(obj: Obj) -> str:
    status = obj.get("status") or {}
    deleted = "deletionTimestamp" in obj["metadata"]
    states = ["deleted"] if deleted else []
    if status.get("allocation") is None:
        if not deleted:
            states.append("pending")
    else:
        states.append("allocated")
        if status.get("reservedFor"):
            states.append("reserved")
    return ",".join(states)


def _claim(obj: Obj, now: float) -> list[Any]:
    return [name(obj), _claim_state(obj), age(obj, now)]


def _slice(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    pool = (spec.get("pool") or {}).get("name", "")
    return [name(obj), spec.get("nodeName") or "", spec.get("driver", ""), pool, age(obj, now)]


TABLES = {
    "deviceclasses.resource.k8s.io": (define("Name", "Age"), _named),
    "resourceclaims.resource.k8s.io": (define("Name", "State", "Age"), _claim),
    "resourceclaimtemplates.resource.k8s.io": (define("Name", "Age"), _named),
    "resourceslices.resource.k8s.io": (define("Name", "Node", "Driver", "Pool", "Age"), _slice),
}
