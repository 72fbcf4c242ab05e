"""Whether and when a container that exited is started again.

Restart policies of pod and container, container restart rules, and the crash back-off: at once the
first time, then after 10 s doubling to 5 min; ten minutes of running forget it.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubelet.record import Container

FIRST_BACKOFF = 10.0
LONGEST_BACKOFF = 300.0
RESTART_ALL = "RestartAllContainers"
_FORGET_AFTER = 2 * LONGEST_BACKOFF
_SYNC_SECONDS = 12.5
# How long a crashed container still shows its exit, before the status says CrashLoopBackOff.
_SHOWN_SHARE = 0.8
_SHOWN_LONGEST = 10.0


def restarts_all(container: Obj, code: int) -> bool:
    """Whether a rule of the container asks for all containers of the pod to be restarted."""
    for rule in container.get("restartPolicyRules") or ():
        if _matches(rule, code):
            return bool(rule.get("action") == RESTART_ALL)
    return False


def may_restart_all(container: Obj) -> bool:
    """Whether a container has such a rule."""
    return any(rule.get("action") == RESTART_ALL for rule in container.get("restartPolicyRules") or ())


def _matches(rule: Obj, code: int) -> bool:
    codes = rule.get("exitCodes") or {}
    return (code in (codes.get("values") or ())) == (codes.get("operator") == "In")


def restarts(spec: Obj, container: Obj, kind: str, code: int) -> bool:
    """Whether a container that exited with `code` is to be started again."""
    if kind == "sidecar":
        return True
    if kind == "ephemeral":
        return False
    policy = container.get("restartPolicy")
    if policy:
        for rule in container.get("restartPolicyRules") or ():
            if _matches(rule, code):
                return rule.get("action") in ("Restart", RESTART_ALL)
    policy = policy or spec.get("restartPolicy", "Always")
    if policy == "Always":
        return kind != "init" or code != 0
    return policy == "OnFailure" and code != 0


def next_start(state: Container) -> float:
    """When an exited container may start again."""
    return state.finished + _delay(state, state.finished)


def may_follow(state: Container, exited: float, now: float) -> bool:
    """Whether a container just stopped to be restarted may start at once: `exited` is how its run before ended."""
    return now - exited >= _delay(state, exited)


def _delay(state: Container, exited: float) -> float:
    if state.backoff and exited - state.backoff_at > _FORGET_AFTER:
        state.backoff = 0.0
    return state.backoff


def grow(state: Container, now: float) -> None:
    """Lengthen the back-off as the container is started again."""
    state.backoff = min(state.backoff * 2, LONGEST_BACKOFF) if state.backoff else FIRST_BACKOFF
    state.backoff_at = now


def shown_from(state: Container) -> float:
    """From when on the status says CrashLoopBackOff."""
    return state.finished + min(_SHOWN_SHARE * state.backoff, _SHOWN_LONGEST)


def syncs_between(begin: float, end: float) -> int:
    """How often a pod whose sync fails is synced again in between: every 10 to 15 seconds."""
    return max(0, int((end - begin) / _SYNC_SECONDS))


def duration_text(seconds: float) -> str:
    """A back-off as Go prints the duration: 10s, 1m20s, 5m0s."""
    whole = int(seconds)
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60}s"
