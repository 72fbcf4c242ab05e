"""Taints and tolerations: which taint a pod does not tolerate.

The scheduler, kubelets, the DaemonSet and taint-eviction controllers ask. Counterpart of
component-helpers' `scheduling/corev1` and of `Toleration.ToleratesTaint` in api/core/v1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NO_SCHEDULE = "NoSchedule"
PREFER_NO_SCHEDULE = "PreferNoSchedule"
NO_EXECUTE = "NoExecute"


def tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Whether one toleration covers one taint (whatever its tolerationSeconds)."""
    effect = toleration.get("effect")
    if effect and effect != taint.get("effect"):
        return False
    key = toleration.get("key")
    if key and key != taint.get("key"):
        return False
    operator = toleration.get("operator") or "Equal"
    value, wanted = toleration.get("value") or "", taint.get("value") or ""
    if operator == "Exists":
        return True
    if operator == "Equal":
        return bool(value == wanted)
    if operator in ("Lt", "Gt"):
        try:
            number, limit = int(wanted), int(value)
        except ValueError:
            return False
        return number < limit if operator == "Lt" else number > limit
    return False


def tolerated(taint: Mapping[str, Any], tolerations: Iterable[Mapping[str, Any]]) -> bool:
    """Whether any of the tolerations covers the taint."""
    return any(tolerates(toleration, taint) for toleration in tolerations)


def untolerated(
    taints: Iterable[Mapping[str, Any]],
    tolerations: Iterable[Mapping[str, Any]],
    effects: tuple[str, ...] = (NO_SCHEDULE, NO_EXECUTE),
) -> Mapping[str, Any] | None:
    """The first taint with one of the effects that no toleration covers, or None."""
    for taint in taints:
        if taint.get("effect") in effects and not tolerated(taint, tolerations):
            return taint
    return None
