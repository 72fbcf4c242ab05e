"""Constraints over the devices of a claim: all share an attribute's value, or no two do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.scheduler.devices.selectors import attribute_of

if TYPE_CHECKING:
    from minikctl.scheduler.devices.allocator import Alternative
    from minikctl.scheduler.devices.pools import Device


class Constraint:
    """`distinct`: whether the values must differ. Devices without the attribute satisfy neither kind."""

    __slots__ = ("_attribute", "_distinct", "_requests", "_values")

    def __init__(self, attribute: str, distinct: bool, requests: frozenset[str]) -> None:
        self._attribute = attribute
        self._distinct = distinct
        self._requests = requests  # names of requests or "request/subrequest"; none: all
        self._values: list[Any] = []

    def add(self, alternative: Alternative, device: Device) -> bool:
        """Take note of a device; False, with nothing noted, where it breaks the constraint."""
        if not self._concerns(alternative):
            return True
        value = attribute_of(device, self._attribute)
        if value is None or (self._values and (value in self._values) == self._distinct):
            return False
        self._values.append(value)
        return True

    def remove(self, alternative: Alternative) -> None:
        """Undo the last `add` that succeeded for the request."""
        if self._concerns(alternative):
            self._values.pop()

    def _concerns(self, alternative: Alternative) -> bool:
        return not self._requests or alternative.request in self._requests or alternative.name in self._requests


def constraint_of(spec: dict[str, Any]) -> Constraint:
    distinct = spec.get("distinctAttribute")
    attribute = distinct if distinct is not None else spec["matchAttribute"]
    return Constraint(attribute, distinct is not None, frozenset(spec.get("requests") or ()))
