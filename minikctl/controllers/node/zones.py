"""How fast silent nodes of a zone get their NoExecute taints (the disruption half of upstream's `nodelifecycle`).

One node in ten seconds and zone; where most nodes of a zone are silent more slowly, or not at all in
a small one; where no node of the whole cluster is ready nothing is evicted, for then it is rather the
control plane that cannot hear. What a zone is in is kept in the state only while it is not normal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.meta import condition
from minikctl.controllers.controller import earliest

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.node.lifecycle import NodeLifecycleController

KEY = "zones:"
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
OF_STATUS = {"False": NOT_READY, "Unknown": UNREACHABLE}

_RATE = 0.1
_SECONDARY_RATE = 0.01
_LARGE_ZONE = 50
_UNHEALTHY_SHARE = 0.55
_NORMAL, _PARTIAL, _FULL = "Normal", "PartialDisruption", "FullDisruption"
_REGION_LABEL, _ZONE_LABEL = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"
_EXCLUDED = "node.kubernetes.io/exclude-disruption"


def zone_of(node: Obj) -> str:
    """Region and zone of a node as one key (GetZoneKey)."""
    labels = node["metadata"].get("labels") or {}
    return f"{labels.get(_REGION_LABEL, '')}|{labels.get(_ZONE_LABEL, '')}"


def state_of(ready: list[bool]) -> str:
    """What a zone with such nodes is in (ComputeZoneState)."""
    silent = ready.count(False)
    if silent == len(ready):
        return _FULL
    return _PARTIAL if silent > 2 and silent / len(ready) >= _UNHEALTHY_SHARE else _NORMAL


def rate_of(state: str, size: int) -> float:
    """Nodes a second that may be tainted in a zone of that state and size."""
    if state == _PARTIAL:
        return _SECONDARY_RATE if size > _LARGE_ZONE else 0.0
    return _RATE


def no_execute(node: Obj) -> str:
    """The key of the NoExecute taint that tells of the node's silence, or ""."""
    for taint in (node.get("spec") or {}).get("taints") or ():
        if taint["effect"] == "NoExecute" and taint["key"] in (NOT_READY, UNREACHABLE):
            return str(taint["key"])
    return ""


class Zones:
    """One look at all zones: their states, then the taints that are allowed by now."""

    def __init__(self, controller: NodeLifecycleController) -> None:
        self._controller = controller
        self._now = controller.clock.now()
        kept = controller.env.state.get(KEY) or {}
        self._states: dict[str, str] = kept.get("states") or {}
        # zone -> [nodes a second, time of the next token]
        self._limits: dict[str, list[float]] = kept.get("limits") or {}

    def sync(self) -> float | None:
        """The time to look again, or None."""
        nodes = self._controller.client.items("nodes")
        ready: dict[str, list[bool]] = {}
        for node in nodes:
            if _EXCLUDED not in (node["metadata"].get("labels") or {}):
                healthy = (condition(node, "Ready") or {}).get("status") == "True"
                ready.setdefault(zone_of(node), []).append(healthy)
        due = None
        if self._assess(nodes, ready):
            due = self._taint(nodes)
        self._save(ready)
        return due

    def _assess(self, nodes: list[Obj], ready: dict[str, list[bool]]) -> bool:
        """Take note of the zones' new states (handleDisruption); False where nothing may be evicted."""
        states = {zone: state_of(flags) for zone, flags in ready.items()}
        was_lost = bool(self._states) and all(self._states.get(zone) == _FULL for zone in states)
        lost = bool(states) and all(state == _FULL for state in states.values())
        if lost:
            if not was_lost:
                for node in nodes:
                    self._controller.remove_no_execute(node)
            self._limits = {zone: [0.0, 0.0] for zone in states}
        else:
            if was_lost:
                self._controller.hear_all(nodes)
            for zone, state in states.items():
                if was_lost or state != self._states.get(zone, _NORMAL):
                    self._set_rate(zone, rate_of(state, len(ready[zone])))
        self._states = states
        return not lost

    def _set_rate(self, zone: str, rate: float) -> None:
        """Another limiter; it starts empty where the last one was (SwapLimiter)."""
        before, next_token = self._limits.get(zone, [_RATE, 0.0])
        empty = not before or next_token > self._now
        self._limits[zone] = [rate, self._now + 1 / rate if rate and empty else 0.0]

    def _taint(self, nodes: list[Obj]) -> float | None:
        """Taint what waits for it, the longest silent first, as far as the tokens reach."""
        due: float | None = None
        for node in sorted(filter(_waits, nodes), key=_since):
            rate, next_token = self._limits.get(zone_of(node), [_RATE, 0.0])
            if not rate:
                continue
            if next_token > self._now:
                due = earliest(due, next_token)
                continue
            self._controller.add_no_execute(node)
            self._limits[zone_of(node)] = [rate, self._now + 1 / rate]
        return due

    def _save(self, ready: dict[str, list[bool]]) -> None:
        limits = {
            zone: limit
            for zone, limit in self._limits.items()
            if zone in ready and (limit[0] != _RATE or limit[1] > self._now)
        }
        state = self._controller.env.state
        if limits or any(value != _NORMAL for value in self._states.values()):
            state.put(KEY, {"states": self._states, "limits": limits})
        elif state.get(KEY) is not None:
            state.delete(KEY)


def _waits(node: Obj) -> bool:
    status = (condition(node, "Ready") or {}).get("status")
    return status in OF_STATUS and not no_execute(node)


def _since(node: Obj) -> tuple[str, str]:
    return str((condition(node, "Ready") or {}).get("lastTransitionTime", "")), node["metadata"]["name"]
