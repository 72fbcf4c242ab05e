"""Quantities in the form in which they are stored: canonical, resource lists rounded up to milli-units.

Used by the defaults of every kind that holds resource amounts. Counterparts: Quantity's
(un)marshalling in apimachinery and `SetDefaults_ResourceList`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from minikctl.apimachinery import quantity

_rounded = lru_cache(maxsize=16384)(quantity.round_up_milli)


def canonical_field(obj: dict[str, Any], key: str) -> None:
    """Rewrite one quantity field, if it is there."""
    value = obj.get(key)
    if value is not None:
        obj[key] = quantity.canonical(value)


def resource_list(holder: dict[str, Any], key: str) -> None:
    """Rewrite every amount of the resource list `holder[key]`; an empty list is dropped."""
    amounts = holder.get(key)
    if amounts:
        for name, value in amounts.items():
            amounts[name] = _rounded(value)
    elif key in holder:
        del holder[key]


def resource_lists(holder: dict[str, Any] | None, *keys: str) -> None:
    """The same for several lists of an object that may not be there."""
    if holder:
        for key in keys:
            resource_list(holder, key)


def requirements(resources: dict[str, Any]) -> None:
    """Rewrite the limits and requests of a ResourceRequirements."""
    if resources:
        resource_list(resources, "limits")
        resource_list(resources, "requests")
        if "claims" in resources and not resources["claims"]:
            del resources["claims"]
