"""Claims and slices of devices: who may ask for administrator's access and write into the status of claims.

The counterpart of `pkg/registry/resource`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.authorization import Attributes, refusal
from minikctl.apiserver.registry.strategy import Strategy

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_GROUP = "resource.k8s.io"
_ADMIN_LABEL = "resource.kubernetes.io/admin-access"
_NODE_NAME = "authentication.kubernetes.io/node-name"
_LISTS = ("ints", "bools", "strings", "versions")
_MAPPINGS = ("nodeAllocatableResourceMappings",)
_ONE_DEVICE = ("driver", "pool", "device", "shareID")


class ResourceClaimStrategy(Strategy):
    def judge(self, new: Obj, old: Obj | None, found: list[FieldError], ctx: Context) -> list[FieldError]:
        if old is None:
            return _check_requests((new.get("spec") or {}).get("devices") or {}, ctx) + found
        if ctx.request.subresource != "status":
            return found
        after, before = new.get("status") or {}, old.get("status") or {}
        errors: list[FieldError] = []
        if not any(result.get("adminAccess") for result in _results(before)):
            errors += _check_admin(_results(after), "status.allocation.devices.results", ctx)
        return errors + _check_binding(after, before, ctx) + _check_drivers(after, before, ctx) + found

    def prepare_for_status_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        """What was said of devices goes with their allocation."""
        super().prepare_for_status_update(new, old, ctx)
        status = new.get("status") or {}
        gone = {_device(result) for result in _results(old.get("status") or {})}
        gone -= {_device(result) for result in _results(status)}
        if gone and status.get("devices"):
            status["devices"] = [device for device in status["devices"] if _device(device) not in gone]
            if not status["devices"]:
                del status["devices"]


class ResourceClaimTemplateStrategy(Strategy):
    def judge(self, new: Obj, old: Obj | None, found: list[FieldError], ctx: Context) -> list[FieldError]:
        if old is not None:
            return found
        return _check_requests(((new.get("spec") or {}).get("spec") or {}).get("devices") or {}, ctx) + found


class ResourceSliceStrategy(Strategy):
    """A taint that does not say when it was added has been added now; fields whose gates are off are dropped."""

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        _date_taints(obj, ctx)
        _drop_gated(obj, None)
        super().prepare_for_create(obj, ctx)

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        _date_taints(new, ctx)
        _drop_gated(new, old)
        super().prepare_for_update(new, old, ctx)


def _drop_gated(new: Obj, old: Obj | None) -> None:
    """Drop what DRAListTypeAttributes and DRANodeAllocatableResources are about, unless the old slice has it."""
    for fields, holders in ((_LISTS, _attributes), (_MAPPINGS, _devices)):
        if old is None or not any(holder.get(name) is not None for holder in holders(old) for name in fields):
            for holder in holders(new):
                for name in fields:
                    holder.pop(name, None)


def _devices(slice_: Obj) -> list[Obj]:
    return [device for device in (slice_.get("spec") or {}).get("devices") or () if device]


def _attributes(slice_: Obj) -> list[Obj]:
    return [item for device in _devices(slice_) for item in (device.get("attributes") or {}).values() if item]


def _date_taints(obj: Obj, ctx: Context) -> None:
    for device in (obj.get("spec") or {}).get("devices") or ():
        for taint in device.get("taints") or ():
            taint.setdefault("timeAdded", ctx.now)


def _check_requests(devices: Obj, ctx: Context) -> list[FieldError]:
    requests = [request.get("exactly") or {} for request in devices.get("requests") or ()]
    return _check_admin(requests, "spec.devices.requests", ctx)


def _check_admin(asked: list[Obj], path: str, ctx: Context) -> list[FieldError]:
    """Devices that others use too are for namespaces that are marked for it."""
    for index, item in enumerate(asked):
        if item.get("adminAccess"):
            namespace = ctx.reader.get("namespaces", "", ctx.namespace) or {"metadata": {}}
            if (namespace["metadata"].get("labels") or {}).get(_ADMIN_LABEL) == "true":
                return []
            text = f"admin access to devices requires the `{_ADMIN_LABEL}: true` label on the containing namespace"
            return [field.forbidden(f"{path}[{index}].adminAccess", text)]
    return []


def _check_binding(after: Obj, before: Obj, ctx: Context) -> list[FieldError]:
    """Allocating and reserving are the scheduler's: they take a permission of their own."""
    if all((after.get(name) or None) == (before.get(name) or None) for name in ("allocation", "reservedFor")):
        return []
    verb = ctx.request.verb
    why = _refused(Attributes(ctx.user, verb, _GROUP, "resourceclaims", "binding"), ctx)
    if not why:
        return []
    text = "changing status.allocation or status.reservedFor requires"
    return [field.forbidden("status", f'{text} resource="resourceclaims/binding", verb="{verb}" permission: {why}')]


def _check_drivers(after: Obj, before: Obj, ctx: Context) -> list[FieldError]:
    """What is said of devices is their drivers': each takes a permission, a lesser one on the node of the claim."""
    said = {_device(device): device for device in before.get("devices") or ()}
    changed = set()
    for device in after.get("devices") or ():
        if said.pop(_device(device), None) != device:
            changed.add(device.get("driver") or "")
    changed.update(device.get("driver") or "" for device in said.values())
    verbs = [f"arbitrary-node:{ctx.request.verb}"]
    node = _only_node(after.get("allocation") or {})
    account = ctx.user.name.startswith("system:serviceaccount:")
    if node and account and list(ctx.user.extra.get(_NODE_NAME) or ()) == [node]:
        verbs.insert(0, f"associated-node:{ctx.request.verb}")
    errors = []
    for driver in sorted(changed):
        refusals = [_refused(_of_driver(driver, verb, ctx), ctx) for verb in verbs]
        if all(refusals):
            text = f'changing status.devices requires resource="resourceclaims/driver", verb="[{" ".join(verbs)}]"'
            errors.append(field.forbidden("status.devices", f"{text} permission: {refusals[0]}"))
    return errors


def _of_driver(driver: str, verb: str, ctx: Context) -> Attributes:
    return Attributes(ctx.user, verb, _GROUP, "resourceclaims", "driver", ctx.namespace, driver)


def _refused(asked: Attributes, ctx: Context) -> str:
    """Why the user may not; empty where he may."""
    decision = ctx.server.authorizer.decide(asked)
    return "" if decision.allowed else refusal(asked, decision.reason).message


def _only_node(allocation: Obj) -> str:
    """The node that an allocation is bound to by name."""
    terms = (allocation.get("nodeSelector") or {}).get("nodeSelectorTerms") or []
    fields = terms[0].get("matchFields") or [] if len(terms) == 1 and not terms[0].get("matchExpressions") else []
    if len(fields) != 1 or (fields[0].get("key"), fields[0].get("operator")) != ("metadata.name", "In"):
        return ""
    values = fields[0].get("values") or []
    return str(values[0]) if len(values) == 1 else ""


def _results(status: Obj) -> list[Obj]:
    return ((status.get("allocation") or {}).get("devices") or {}).get("results") or []


def _device(item: Obj) -> tuple[Any, ...]:
    return tuple(item.get(name) for name in _ONE_DEVICE)


STRATEGIES = {
    "resourceclaims.resource.k8s.io": ResourceClaimStrategy,
    "resourceclaimtemplates.resource.k8s.io": ResourceClaimTemplateStrategy,
    "resourceslices.resource.k8s.io": ResourceSliceStrategy,
}
