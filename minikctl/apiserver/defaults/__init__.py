"""Field defaults, as each API group's `defaults.go` sets them, on top of what the schemas say.

The apiserver calls `apply` on every object it decodes. One module per group holds a table
`DEFAULTS: dict[resource key, function(obj, version)]`; it is imported when first needed. A kind
without module or entry has no defaults of its own.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Default = Callable[[dict[str, Any], str], None]

_GROUPS = {
    "": "core",
    "admissionregistration.k8s.io": "admissionregistration",
    "apiextensions.k8s.io": "apiextensions",
    "apiregistration.k8s.io": "apiregistration",
    "apps": "apps",
    "autoscaling": "autoscaling",
    "batch": "batch",
    "certificates.k8s.io": "certificates",
    "coordination.k8s.io": "coordination",
    "discovery.k8s.io": "discovery",
    "events.k8s.io": "events",
    "flowcontrol.apiserver.k8s.io": "flowcontrol",
    "networking.k8s.io": "networking",
    "node.k8s.io": "node",
    "policy": "policy",
    "rbac.authorization.k8s.io": "rbac",
    "resource.k8s.io": "resource",
    "scheduling.k8s.io": "scheduling",
    "storage.k8s.io": "storage",
}

# Core kinds that carry a pod template live apart from the other core kinds.
_KINDS = {"pods": "pod", "podtemplates": "apps", "replicationcontrollers": "apps"}


def apply(resource_key: str, version: str, obj: dict[str, Any]) -> None:
    """Fill in the defaults of one object, in place; `version` is the API version it was sent in ("v1")."""
    default = _function(resource_key)
    if default is not None:
        default(obj, version)


@cache
def _function(resource_key: str) -> Default | None:
    module = _KINDS.get(resource_key) or _GROUPS.get(resource_key.partition(".")[2])
    if module is None:
        return None
    name = f"{__name__}.{module}"
    try:
        table: dict[str, Default] = import_module(name).DEFAULTS
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None
    return table.get(resource_key)
