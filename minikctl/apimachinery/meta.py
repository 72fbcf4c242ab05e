"""Finalizers, the controlling owner and conditions: what many kinds have and many components handle.

Nothing here fails on an object that lacks a part. The counterpart of apimachinery's `metav1` and
`api/meta` helpers.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.deepcopy import deep_copy as deep_copy

Obj = dict[str, Any]


def metadata_of(obj: Obj) -> Obj:
    """The object's metadata; empty where there is none or, in what a user wrote, something else."""
    found = obj.get("metadata")
    return found if isinstance(found, dict) else {}


def annotations_of(obj: Obj) -> dict[str, Any]:
    """The object's annotations, likewise."""
    found = metadata_of(obj).get("annotations")
    return found if isinstance(found, dict) else {}


def add_finalizer(obj: Obj, finalizer: str) -> bool:
    """Returns whether it was added."""
    metadata = obj.setdefault("metadata", {})
    found = metadata.get("finalizers") or []
    if finalizer in found:
        return False
    metadata["finalizers"] = [*found, finalizer]
    return True


def remove_finalizer(obj: Obj, finalizer: str) -> bool:
    """Returns whether it was there."""
    metadata = obj.get("metadata") or {}
    found = metadata.get("finalizers") or []
    if finalizer not in found:
        return False
    rest = [item for item in found if item != finalizer]
    if rest:
        metadata["finalizers"] = rest
    else:
        del metadata["finalizers"]
    return True


def controller_of(obj: Obj) -> Obj | None:
    """The owner reference marked as controller."""
    for reference in (obj.get("metadata") or {}).get("ownerReferences") or ():
        if reference.get("controller"):
            found: Obj = reference
            return found
    return None


def condition(obj: Obj, type_: str) -> Obj | None:
    """The condition of that type in the object's status."""
    for found in (obj.get("status") or {}).get("conditions") or ():
        if found.get("type") == type_:
            result: Obj = found
            return result
    return None


def condition_status(obj: Obj, type_: str) -> str:
    """ "True", "False", "Unknown", or "" where there is no such condition."""
    found = condition(obj, type_)
    return found.get("status", "") if found else ""


def is_true(obj: Obj, type_: str) -> bool:
    return condition_status(obj, type_) == "True"


def set_condition(status: Obj, new: Obj, now: str) -> bool:
    """Put a condition into a status (meta.SetStatusCondition). Returns whether anything changed.

    lastTransitionTime moves only when the condition's status does; it is `now` unless `new` says.
    Other fields given in `new` (reason, message, observedGeneration, probe and update times) replace
    the old ones; fields it does not mention stay.
    """
    found: list[Obj] = status.get("conditions") or []
    for at, old in enumerate(found):
        if old.get("type") != new["type"]:
            continue
        merged = {**old, **new}
        if old.get("status") == new.get("status"):
            if "lastTransitionTime" in old:
                merged["lastTransitionTime"] = old["lastTransitionTime"]
        elif "lastTransitionTime" not in new:
            merged["lastTransitionTime"] = now
        if merged == old:
            return False
        status["conditions"] = [*found[:at], merged, *found[at + 1 :]]
        return True
    status["conditions"] = [*found, {"lastTransitionTime": now, **new}]
    return True
