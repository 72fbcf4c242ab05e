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
        return _plan_surge(fleet, surge)
    if not unavailable and fleet.desired:
        unavailable = 1
    broken = fleet.in_role(BROKEN)
    room = max(0, unavailable - len(fleet.in_role(BUSY)) - len(broken))
    return [], _living(fleet, broken + fleet.in_role(OUTDATED)[:room])


def _plan_surge(fleet: Fleet, surge: int) -> tuple[list[str], list[Daemon]]:
    """With surge; where a pod may stay but none should start, the outdated one goes without a successor.

    It goes at once where it does not work, else as soon as enough other pods are available.
    """
    room = max(0, surge - len(fleet.in_role(BUSY)))
    gone = [pod for pod in _living(fleet, fleet.in_role(REPLACED)) if not pod.updated]
    broken, outdated = fleet.in_role(BROKEN), fleet.in_role(OUTDATED)
    if fleet.counts()["misscheduled"]:
        gone += _living(fleet, [node for node in broken if not fleet.starts(node)])
        spare = max(0, fleet.available_nodes() - fleet.desired)
        gone += _living(fleet, [node for node in outdated if not fleet.starts(node)][:spare])
        broken = [node for node in broken if fleet.starts(node)]
        outdated = [node for node in outdated if fleet.starts(node)]
    return broken + outdated[:room], gone


def _living(fleet: Fleet, nodes: list[str]) -> list[Daemon]:
    return [pod for node in nodes for pod in fleet.at(node) if not pod.terminating]


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


def is_available(here: list[Daemon], now: float) -> bool:
    """Whether a node counts as served: by its outdated pod as long as there is one, else by the current one."""
    old, new, _ = _old_and_new(here)
    pod = old or new
    return pod is not None and pod.is_available(now)


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
