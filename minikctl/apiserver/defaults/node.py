"""Defaults of node.k8s.io."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.defaults.amounts import canonical_amounts


def _runtime_class(obj: Obj, version: str) -> None:
    canonical_amounts(obj, obj.get("overhead"), "podFixed")


DEFAULTS = {"runtimeclasses.node.k8s.io": _runtime_class}
