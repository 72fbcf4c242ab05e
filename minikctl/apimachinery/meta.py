"""Small accessors for what every object has: metadata, owners, finalizers and conditions.

They never fail on an object that lacks a part, and never add one by reading. The counterpart of
apimachinery's `metav1` and `api/meta` helpers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikctl.apimachinery.deepcopy import deep_copy as deep_copy

Obj = dict[str, Any]


def name(obj: Obj) -> str:
    result: str = (obj.get("metadata") or {}).get("name") or ""
    return result


def namespace(obj: Obj) -> str:
    result: str = (obj.get("metadata") or {}).get("namespace") or ""
    return result


def uid(obj: Obj) -> str:
    result: str = (obj.get("metadata") or {}).get("uid") or ""
    return result


def key(obj: Obj) -> str:
    """ "namespace/name", or "name" for cluster-scoped objects."""
    metadata = obj.get("metadata") or {}
    space = metadata.get("namespace")
    own = metadata.get("name") or ""
    return f"{space}/{own}" if space else own


def labels_of(obj: Obj) -> dict[str, str]:
    """The labels to read; do not write to the result."""
    return (obj.get("metadata") or {}).get("labels") or {}


def annotations_of(obj: Obj) -> dict[str, str]:
    """The annotations to read; do not write to the result."""
    return (obj.get("metadata") or {}).get("annotations") or {}


def set_label(obj: Obj, label: str, value: str | None) -> bool:
    """Set a label (None: remove it). Returns whether anything changed."""
    return _set_entry(obj, "labels", label, value)


def set_annotation(obj: Obj, annotation: str, value: str | None) -> bool:
    """Set an annotation (None: remove it). Returns whether anything changed."""
    return _set_entry(obj, "annotations", annotation, value)


def _set_entry(obj: Obj, part: str, entry: str, value: str | None) -> bool:
    metadata = obj.setdefault("metadata", {})
    entries = metadata.get(part) or {}
    if entries.get(entry) == value:
        return False
    if value is None:
        del entries[entry]
        if not entries:
            metadata.pop(part, None)
        return True
    entries[entry] = value
    metadata[part] = entries
    return True


def is_deleting(obj: Obj) -> bool:
    return bool((obj.get("metadata") or {}).get("deletionTimestamp"))


def finalizers(obj: Obj) -> list[str]:
    return (obj.get("metadata") or {}).get("finalizers") or []


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


def owner_references(obj: Obj) -> list[Obj]:
    return (obj.get("metadata") or {}).get("ownerReferences") or []


def controller_of(obj: Obj) -> Obj | None:
    """The owner reference marked as controller."""
    for reference in (obj.get("metadata") or {}).get("ownerReferences") or ():
        if reference.get("controller"):
            found: Obj = reference
            return found
    return None


def is_controlled_by(obj: Obj, owner: Obj) -> bool:
    reference = controller_of(obj)
    return reference is not None and reference.get("uid") == owner["metadata"]["uid"]


def controller_reference(owner: Obj) -> Obj:
    """metav1.NewControllerRef: the reference a controller puts on what it creates."""
    return owner_reference(owner, controller=True, block=True)


def owner_reference(owner: Obj, controller: bool | None = None, block: bool | None = None) -> Obj:
    """A reference to `owner` (which must carry apiVersion and kind)."""
    metadata = owner["metadata"]
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    if controller is not None:
        reference["controller"] = controller
    if block is not None:
        reference["blockOwnerDeletion"] = block
    return reference


def conditions(obj: Obj) -> list[Obj]:
    return (obj.get("status") or {}).get("conditions") or []


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


def remove_condition(status: Obj, *types: str) -> bool:
    """Take conditions out of a status. Returns whether any was there."""
    found = status.get("conditions") or []
    rest = [item for item in found if item.get("type") not in types]
    if len(rest) == len(found):
        return False
    if rest:
        status["conditions"] = rest
    else:
        del status["conditions"]
    return True


def sorted_by_name(objects: Iterable[Obj]) -> list[Obj]:
    """By namespace, then name: the order of lists."""
    return sorted(objects, key=lambda obj: (namespace(obj), name(obj)))
