"""Whether and when a container that exited is started again.

Restart policies of pod and container, container restart rules, and the crash back-off: at once the
first time, then after 10 s doubling to 5 min; ten minutes without a crash forget it.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubelet.record import Container

FIRST_BACKOFF = 10.0
LONGEST_BACKOFF = 300.0
_FORGET_AFTER = 2 * LONGEST_BACKOFF
# How long a crashed container still shows its exit, before the status says CrashLoopBackOff.
_SHOWN_SHARE = 0.8
_SHOWN_LONGEST = 10.0


def restarts(spec: Obj, container: Obj, kind: str, code: int) -> bool:
    """Whether a container that exited with `code` is to be started again."""
    if kind == "sidecar":
        return True
    if kind == "ephemeral":
        return False
    policy = container.get("restartPolicy")
    if policy:
        for rule in container.get("restartPolicyRules") or ():
            codes = rule.get("exitCodes") or {}
            listed = code in (codes.get("values") or ())
            if listed == (codes.get("operator") == "In"):
                return bool(rule.get("action") == "Restart")
    policy = policy or spec.get("restartPolicy", "Always")
    if policy == "Always":
        return kind != "init" or code != 0
    return policy == "OnFailure" and code != 0


def next_start(state: Container) -> float:
    """When an exited container may start again."""
    delay = state.backoff
    if delay and state.finished - state.backoff_at > _FORGET_AFTER:
        delay = state.backoff = 0.0
    return state.finished + delay


def grow(state: Container) -> None:
    """Lengthen the back-off as the container is started again."""
    state.backoff = min(state.backoff * 2, LONGEST_BACKOFF) if state.backoff else FIRST_BACKOFF
    state.backoff_at = state.finished


def shown_from(state: Container) -> float:
    """From when on the status says CrashLoopBackOff."""
    return state.finished + min(_SHOWN_SHARE * state.backoff, _SHOWN_LONGEST)


def duration_text(seconds: float) -> str:
    """A back-off as Go prints the duration: 10s, 1m20s, 5m0s."""
    whole = int(seconds)
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60}s"
