"""SchedulingGates: a pod with gates does not enter the queue (PreEnqueue)."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj

REASON = "SchedulingGated"
MESSAGE = "Scheduling is blocked due to non-empty scheduling gates"


def gated(pod: Obj) -> bool:
    """Whether someone still has to let the pod through."""
    return bool(pod["spec"].get("schedulingGates"))
