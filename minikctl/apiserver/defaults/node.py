"""Defaults of node.k8s.io."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.defaults.quantities import resource_lists


def _runtime_class(obj: Obj, version: str) -> None:
    resource_lists(obj.get("overhead"), "podFixed")


DEFAULTS = {"runtimeclasses.node.k8s.io": _runtime_class}
