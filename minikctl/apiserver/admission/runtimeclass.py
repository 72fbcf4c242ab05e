"""RuntimeClass: a pod's class must exist; its overhead and scheduling rules go into the pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.quantity import parse
from minikctl.apiserver.admission.refusal import forbidden

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

CLASSES = "runtimeclasses.node.k8s.io"


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Add the class's overhead, node selector and tolerations to a new pod."""
    assert obj is not None
    found = _class_of(obj, ctx)
    if found is None:
        return
    spec = obj["spec"]
    overhead = (found.get("overhead") or {}).get("podFixed")
    if overhead and not spec.get("overhead"):
        spec["overhead"] = dict(overhead)
    scheduling = found.get("scheduling") or {}
    for key, value in sorted((scheduling.get("nodeSelector") or {}).items()):
        own = (spec.get("nodeSelector") or {}).get(key)
        if own is not None and own != value:
            rule = f"runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}"
            raise forbidden(obj, ctx, f"conflict: {rule}")
        spec["nodeSelector"] = {**(spec.get("nodeSelector") or {}), key: value}
    if scheduling.get("tolerations"):
        spec["tolerations"] = _merged([*(spec.get("tolerations") or ()), *scheduling["tolerations"]])


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """A pod's overhead is its class's."""
    assert obj is not None
    own = obj["spec"].get("overhead") or {}
    if not own and not obj["spec"].get("runtimeClassName"):
        return
    found = _class_of(obj, ctx) or {}
    fixed = (found.get("overhead") or {}).get("podFixed") or {}
    if not fixed and own:
        raise forbidden(obj, ctx, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
    if {name: parse(value) for name, value in own.items()} != {name: parse(value) for name, value in fixed.items()}:
        raise forbidden(obj, ctx, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")


def _class_of(pod: Obj, ctx: Context) -> Obj | None:
    name = pod["spec"].get("runtimeClassName")
    if not name:
        return None
    found = ctx.reader.peek(CLASSES, "", name)
    if found is None:
        raise forbidden(pod, ctx, f'pod rejected: RuntimeClass "{name}" not found')
    return found


def _merged(tolerations: list[Obj]) -> list[Obj]:
    """Tolerations without those that another one includes."""
    kept: list[Obj] = []
    for index, one in enumerate(tolerations):
        if any(_includes(other, one) for other in kept):
            continue
        if any(other != one and _includes(other, one) for other in tolerations[index + 1 :]):
            continue
        kept.append(one)
    return kept


def _includes(wide: Obj, narrow: Obj) -> bool:
    if wide == narrow:
        return True
    exists = wide.get("operator") == "Exists"
    if narrow.get("key", "") != wide.get("key", "") and not (not wide.get("key") and exists):
        return False
    if wide.get("effect") and narrow.get("effect", "") != wide["effect"]:
        return False
    if wide.get("effect") == "NoExecute" and wide.get("tolerationSeconds") is not None:
        seconds = narrow.get("tolerationSeconds")
        if seconds is None or seconds > wide["tolerationSeconds"]:
            return False
    if exists:
        return True
    if wide.get("operator") in (None, "", "Equal"):
        return narrow.get("operator") == "Equal" and narrow.get("value", "") == wide.get("value", "")
    return False
