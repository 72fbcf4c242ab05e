"""The machines under the emulated nodes: which there are, and what has been done to them.

One entry for each, in the kubelet component's storage under "machine/NAME" ({} for a machine that was
always well). `minikctl node` changes entries (minikctl/machines.py), the node agent acts on them:

    down        since when the machine is off
    cut         since when it does not reach the control plane
    silent      the API has been told so: the Lease stands still
    boots       how often it was started again
    register    what to register the node with, where it has no Node object
    shutdown    {at, grace}: when a graceful shutdown began, and how long pods have
    pressure    {memory|disk|pid: {available, taken}}: see eviction.py
    observed    {condition: when its threshold was last seen to be met}
    look        when its thresholds are looked at again
    pull        seconds that every image pull takes longer
    not_ready   why the kubelet says it is not ready
    until       {failure: when it ends by itself}
    static      {file|http: path or URL}: where static pods come from; see staticpods.py
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.client.component import KeyValue


class Machines:
    """The entries, read once until `refresh`: other processes may change them."""

    def __init__(self, state: KeyValue) -> None:
        self._state = state
        self._known: dict[str, Obj | None] = {}

    def refresh(self) -> None:
        """Forget what was read."""
        self._known.clear()

    def get(self, name: str) -> Obj | None:
        """What is known of a machine; None where no emulated kubelet runs a node of that name."""
        if name not in self._known:
            self._known[name] = self._state.get(f"machine/{name}")
        return self._known[name]

    def put(self, name: str, machine: Obj) -> None:
        self._known[name] = machine
        self._state.put(f"machine/{name}", machine)


def is_off(machine: Obj) -> bool:
    return "down" in machine


def is_silent(machine: Obj) -> bool:
    """Whether the control plane hears nothing of it."""
    return "down" in machine or "cut" in machine


# What `minikctl node fail` can do to a machine, and which part of its entry says so.
FAILURES = ("down", "cut-off", "not-ready", "memory-pressure", "disk-pressure", "pid-pressure", "slow-pulls")
_FIELDS = {"down": "down", "cut-off": "cut", "not-ready": "not_ready", "slow-pulls": "pull"}


def field_of(failure: str) -> tuple[str, str]:
    """The field that holds a failure, and the key in it (for pressures)."""
    kind = failure.partition("-pressure")[0]
    return (_FIELDS[failure], "") if failure in _FIELDS else ("pressure", kind)


def recover(machine: Obj, failure: str) -> bool:
    """End a failure; False where the machine does not have it. A machine that was down has booted again."""
    field, kind = field_of(failure)
    if field not in machine or (kind and kind not in machine[field]):
        return False
    if kind:
        del machine[field][kind]
    if not kind or not machine[field]:
        del machine[field]
    if failure == "down":
        machine["boots"] = machine.get("boots", 0) + 1
    until = machine.get("until") or {}
    until.pop(failure, None)
    if not until:
        machine.pop("until", None)
    return True


def failures(machine: Obj) -> list[str]:
    """The failures a machine has now."""
    found = []
    for failure in FAILURES:
        field, kind = field_of(failure)
        if field in machine and (not kind or kind in machine[field]):
            found.append(failure)
    return found
