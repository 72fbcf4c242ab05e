"""Priority: a pod's priority and preemption policy come from its class; only one class is the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.admission.refusal import forbidden

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

CLASSES = "priorityclasses.scheduling.k8s.io"
_SYSTEM = ("system-cluster-critical", "system-node-critical")


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Resolve the priority class of a new pod; keep it over updates."""
    assert obj is not None
    spec = obj["spec"]
    if ctx.operation == "UPDATE":
        for name in ("priority", "preemptionPolicy"):
            if old is not None and name in old["spec"]:
                spec.setdefault(name, old["spec"][name])
        return
    name = spec.get("priorityClassName")
    found = ctx.reader.peek(CLASSES, "", name) if name else _default_class(ctx)
    if name and found is None:
        raise forbidden(obj, ctx, f"no PriorityClass with name {name} was found")
    value, policy = 0, "PreemptLowerPriority"
    if found is not None:
        value, policy = found.get("value", 0), found.get("preemptionPolicy") or policy
        spec["priorityClassName"] = found["metadata"]["name"]
    _check(obj, "priority", value, "integer value of priority", ctx)
    _check(obj, "preemptionPolicy", policy, "string value of PreemptionPolicy", ctx)
    spec["priority"], spec["preemptionPolicy"] = value, policy


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Only one PriorityClass may be the default, and the system's two stay."""
    if ctx.operation == "DELETE" and ctx.request.name in _SYSTEM:
        raise errors.forbidden(CLASSES, ctx.request.name, "this is a system priority class and cannot be deleted")
    if obj is None or not obj.get("globalDefault"):
        return
    name = obj["metadata"]["name"]
    for other in ctx.reader.peek_all(CLASSES):
        if other.get("globalDefault") and other["metadata"]["name"] != name:
            why = f"PriorityClass {other['metadata']['name']} is already marked as default. Only one default can exist"
            raise errors.forbidden(CLASSES, name, why)


def _check(pod: Obj, name: str, computed: object, what: str, ctx: Context) -> None:
    given = pod["spec"].get(name)
    if given is not None and given != computed:
        why = f"the {what} ({given}) must not be provided in pod spec; priority admission controller computed"
        raise forbidden(pod, ctx, f"{why} {computed} from the given PriorityClass name")


def _default_class(ctx: Context) -> Obj | None:
    found = [item for item in ctx.reader.peek_all(CLASSES) if item.get("globalDefault")]
    return min(found, key=lambda item: item.get("value", 0)) if found else None
