"""Which pods of a DaemonSet a rolling update replaces now, with or without surge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.controllers.controller import scaled

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.daemonset.fleet import Daemon, Fleet

# What a node is for a rolling update: without an available pod of today (it counts against what may be
# unavailable, or surging), with an outdated pod that works or does not, with one that has been replaced.
BUSY, OUTDATED, BROKEN, REPLACED = ROLES = ("busy", "outdated", "broken", "replaced")


def surge_of(set_: Obj, desired: int) -> int:
    return scaled(_rolling(set_).get("maxSurge", 0), desired, True)


def unavailable_of(set_: Obj, desired: int) -> int:
    return scaled(_rolling(set_).get("maxUnavailable", 1), desired, True)


def allows_surge(set_: Obj) -> bool:
    return _rolling(set_).get("maxSurge", 0) not in (0, "0", "0%")


def _rolling(set_: Obj) -> Obj:
    strategy = set_["spec"].get("updateStrategy") or {}
    return (strategy.get("rollingUpdate") or {}) if strategy.get("type", "RollingUpdate") == "RollingUpdate" else {}


def plan(set_: Obj, fleet: Fleet) -> tuple[list[str], list[Daemon]]:
    """(nodes to start an extra pod on, pods to delete)."""
    surge, unavailable = surge_of(set_, fleet.desired), unavailable_of(set_, fleet.desired)
    if surge:
        room = max(0, surge - len(fleet.in_role(BUSY)))
        done = [pod for node in fleet.in_role(REPLACED) for pod in fleet.at(node)]
        gone = [pod for pod in done if not pod.updated and not pod.terminating]
        return fleet.in_role(BROKEN) + fleet.in_role(OUTDATED)[:room], gone
    if not unavailable and fleet.desired:
        unavailable = 1
    room = max(0, unavailable - len(fleet.in_role(BUSY)))
    chosen = fleet.in_role(BROKEN) + fleet.in_role(OUTDATED)[:room]
    return [], [pod for node in chosen for pod in fleet.at(node) if not pod.terminating]


def role_of(set_: Obj, here: list[Daemon], now: float) -> str:
    """What part a node with these pods plays in a rolling update; "" for none."""
    old, new, clear = _old_and_new(here)
    surging = allows_surge(set_)
    if not clear:
        return BUSY
    if old is None:
        return "" if surging or (new is not None and new.is_available(now)) else BUSY
    if new is None:
        return OUTDATED if old.is_available(now) else BROKEN
    return REPLACED if surging and new.is_available(now) else BUSY


def _old_and_new(here: list[Daemon]) -> tuple[Daemon | None, Daemon | None, bool]:
    """(outdated pod, current pod, whether there is at most one of each)."""
    found: dict[bool, Daemon] = {}
    for pod in here:
        if pod.terminating:
            continue
        if pod.updated in found:
            return None, None, False
        found[pod.updated] = pod
    return found.get(False), found.get(True), True
