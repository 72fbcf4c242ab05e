"""Which pods of a DaemonSet a rolling update replaces now, with or without surge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.controllers import pods
from minikctl.controllers.controller import scaled
from minikctl.controllers.daemonset import placement

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

ByNode = dict[str, list["Obj"]]


def surge_of(set_: Obj, desired: int) -> int:
    return scaled(_rolling(set_).get("maxSurge", 0), desired, True)


def unavailable_of(set_: Obj, desired: int) -> int:
    return scaled(_rolling(set_).get("maxUnavailable", 1), desired, True)


def allows_surge(set_: Obj) -> bool:
    return _rolling(set_).get("maxSurge", 0) not in (0, "0", "0%")


def _rolling(set_: Obj) -> Obj:
    strategy = set_["spec"].get("updateStrategy") or {}
    return (strategy.get("rollingUpdate") or {}) if strategy.get("type", "RollingUpdate") == "RollingUpdate" else {}


def plan(set_: Obj, by_node: ByNode, desired: int, hash_: str, now: float) -> tuple[list[str], list[Obj]]:
    """(nodes to start an extra pod on, pods to delete)."""
    surge, unavailable = surge_of(set_, desired), unavailable_of(set_, desired)
    if surge:
        return _with_surge(set_, by_node, surge, hash_, now)
    if not unavailable and desired:
        unavailable = 1
    return [], _in_place(set_, by_node, unavailable, hash_, now)


def _old_and_new(set_: Obj, members: list[Obj], hash_: str) -> tuple[Obj | None, Obj | None, bool]:
    """(outdated pod, current pod, whether there is at most one of each)."""
    found: dict[bool, Obj] = {}
    for pod in members:
        if "deletionTimestamp" in pod["metadata"]:
            continue
        updated = placement.is_updated(pod, set_, hash_)
        if updated in found:
            return None, None, False
        found[updated] = pod
    return found.get(False), found.get(True), True


def _in_place(set_: Obj, by_node: ByNode, most: int, hash_: str, now: float) -> list[Obj]:
    min_ready = set_["spec"].get("minReadySeconds", 0)
    missing, replace, candidates = 0, [], []
    for name in sorted(by_node):
        old, new, clear = _old_and_new(set_, by_node[name], hash_)
        if not clear or (old is None) == (new is None):
            missing += 1
        elif new is not None:
            missing += not pods.is_available(new, min_ready, now)
        elif old is not None and not pods.is_available(old, min_ready, now):
            replace.append(old)
        elif old is not None:
            candidates.append(old)
    return replace + candidates[: max(0, most - missing)]


def _with_surge(set_: Obj, by_node: ByNode, most: int, hash_: str, now: float) -> tuple[list[str], list[Obj]]:
    min_ready = set_["spec"].get("minReadySeconds", 0)
    surging, done = 0, []
    allowed: list[str] = []
    candidates: list[str] = []
    for name in sorted(by_node):
        old, new, clear = _old_and_new(set_, by_node[name], hash_)
        if not clear:
            surging += 1
        elif old is None:
            continue
        elif new is None:
            (candidates if pods.is_available(old, min_ready, now) else allowed).append(name)
        elif pods.is_available(new, min_ready, now):
            done.append(old)
        else:
            surging += 1
    return allowed + candidates[: max(0, most - surging)], done
