"""Spreading endpoints over slices of at most a hundred, changing as few as can be (staging's `endpointslice`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.controllers.endpoints import TRIGGER

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.client import Client

RESOURCE = "endpointslices.discovery.k8s.io"
SERVICE_LABEL = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"

_PER_SLICE = 100


def ports_key(address_type: str, ports: list[Obj]) -> str:
    """What slices are told apart by: address type and ports."""
    return f"{address_type}{sorted([repr(sorted(port.items())) for port in ports])}"


def _identity(endpoint: Obj) -> tuple[Any, ...]:
    target = endpoint.get("targetRef") or {}
    return tuple(endpoint["addresses"]), target.get("uid"), endpoint.get("nodeName"), endpoint.get("hostname")


class Planned(NamedTuple):
    """A slice to be: the one there is, if any, a new one in its stead, and what is to be in it."""

    slice: Obj | None
    template: Obj
    endpoints: list[Obj]

    @property
    def stays(self) -> bool:
        """Whether nothing about the slice changes."""
        if self.slice is None:
            return False
        same_labels = (self.slice["metadata"].get("labels") or {}) == (self.template["metadata"].get("labels") or {})
        return same_labels and (self.slice.get("endpoints") or []) == self.endpoints


class Reconciliation:
    """Brings the slices of one service (or mirrored Endpoints) to the wanted endpoints.

    `hint` may change the hints of endpoints before anything is written: it gets the plan of all slices.
    """

    def __init__(
        self,
        client: Client,
        new_slice: Callable[[str, list[Obj]], Obj],
        trigger: str | None,
        hint: Callable[[list[Planned]], None] | None = None,
    ) -> None:
        self.client = client
        self.new_slice = new_slice
        self.trigger = trigger
        self._hint = hint
        # What is to be done in this order: slices to be written, or to be deleted.
        self._plan: list[Planned | Obj] = []

    def run(self, existing: list[Obj], wanted: dict[str, tuple[str, list[Obj], list[Obj]]]) -> None:
        """`existing` ones stay as they are. `wanted`: ports key -> (address type, ports, endpoints)."""
        self._decide(existing, wanted)
        if self._hint is not None:
            self._hint([step for step in self._plan if isinstance(step, Planned)])
        for step in self._plan:
            if not isinstance(step, Planned):
                self._delete(step)
            elif step.slice is None:
                self._create(step.template, step.endpoints)
            elif not step.stays:
                self._update(step.slice, step.template, step.endpoints)

    def _decide(self, existing: list[Obj], wanted: dict[str, tuple[str, list[Obj], list[Obj]]]) -> None:
        groups: dict[str, list[Obj]] = {}
        for slice_ in existing:
            key = ports_key(slice_["addressType"], slice_.get("ports") or [])
            if key in wanted:
                groups.setdefault(key, []).append(slice_)
            else:
                self._plan.append(slice_)
        for key, (address_type, ports, endpoints) in wanted.items():
            self._reconcile(groups.get(key, []), address_type, ports, endpoints)

    def _reconcile(self, slices: list[Obj], address_type: str, ports: list[Obj], endpoints: list[Obj]) -> None:
        template = self.new_slice(address_type, ports)
        missing = {_identity(endpoint): endpoint for endpoint in endpoints}
        kept: list[tuple[Obj, list[Obj]]] = []
        for slice_ in slices:
            mine = []
            for endpoint in slice_.get("endpoints") or ():
                fresh = missing.pop(_identity(endpoint), None)
                if fresh is not None:
                    if self._hint is not None and "hints" in endpoint:
                        fresh["hints"] = endpoint["hints"]
                    mine.append(fresh)
            kept.append((slice_, mine))
        rest = list(missing.values())
        # Fill changed slices before any other, so that as few as possible are written.
        for slice_, mine in sorted(kept, key=lambda entry: entry[1] == (entry[0].get("endpoints") or [])):
            room = _PER_SLICE - len(mine)
            mine += rest[:room]
            del rest[:room]
            if not mine and (endpoints or slice_ is not kept[0][0]):
                self._plan.append(slice_)
            else:
                self._plan.append(Planned(slice_, template, mine))
        if not kept and not rest:
            self._plan.append(Planned(None, template, []))
        while rest:
            self._plan.append(Planned(None, self.new_slice(address_type, ports), rest[:_PER_SLICE]))
            del rest[:_PER_SLICE]

    def _create(self, template: Obj, endpoints: list[Obj]) -> None:
        template["endpoints"] = endpoints
        self._note(template["metadata"])
        self.client.create(RESOURCE, template, template["metadata"]["namespace"])

    def _update(self, slice_: Obj, template: Obj, endpoints: list[Obj]) -> None:
        meta, labels = slice_["metadata"], template["metadata"].get("labels") or {}
        changed = {**slice_, "metadata": {**meta, "labels": labels}, "endpoints": endpoints}
        self._note(changed["metadata"])
        self.client.update(RESOURCE, changed)

    def _note(self, meta: Obj) -> None:
        notes = {key: value for key, value in (meta.get("annotations") or {}).items() if key != TRIGGER}
        if self.trigger:
            notes[TRIGGER] = self.trigger
        meta["annotations"] = notes

    def _delete(self, slice_: Obj) -> None:
        meta = slice_["metadata"]
        if "deletionTimestamp" not in meta:
            self.client.delete(RESOURCE, meta["name"], meta["namespace"])
