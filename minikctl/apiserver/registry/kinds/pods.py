"""Pods: a new one is Pending, a delete waits for the kubelet, resizes and bindings have their own way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.strategy import Strategy, keep

if TYPE_CHECKING:
    from minikctl.apimachinery.field import FieldError
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.registry.context import Context
    from minikctl.apiserver.registry.kinds.podmoulds import Mould

_FINISHED = ("Succeeded", "Failed")


class PodStrategy(Strategy):
    def __init__(self, resource: Resource) -> None:
        super().__init__(resource)
        self._mould: Mould | None = None

    def create_trusted(self, ctx: Context) -> Obj | None:
        """Make a controller's pod; the body stays the controller's, who may have many made of it."""
        from minikctl.apimachinery.deepcopy import deep_copy
        from minikctl.apiserver.registry import write
        from minikctl.apiserver.registry.kinds.podmoulds import Mould

        if self._mould is not None and self._mould.fits(ctx):
            return write.insert_cast(self._mould.cast(ctx), ctx)
        body: Obj = ctx.request.body
        mould = self._mould = Mould(ctx, body)
        made = write.create_by_chain(deep_copy(body), ctx)
        mould.fill(made, ctx)
        return made

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        from minikctl.apimachinery.qos import compute_qos  # reading pods should not cost what is not for reading
        from minikctl.apiserver.registry.kinds.gatedfields import drop_gated

        drop_gated(obj["spec"])
        obj["metadata"]["generation"] = 1
        obj["status"] = {"phase": "Pending", "qosClass": compute_qos({"spec": obj["spec"]})}
        if "affinity" in obj["spec"] or "topologySpreadConstraints" in obj["spec"]:
            from minikctl.apiserver.registry.kinds.podlabels import merge_label_keys

            merge_label_keys(obj)
        if obj["metadata"].get("annotations"):
            from minikctl.apiserver.registry.kinds.apparmor import copy_annotations

            ctx.warnings += copy_annotations(obj)
        if obj["spec"].get("schedulingGates"):
            obj["status"]["conditions"] = [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                    "lastProbeTime": None,
                    "lastTransitionTime": None,
                    "observedGeneration": 1,
                }
            ]

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        from minikctl.apiserver.registry.kinds.gatedfields import drop_gated

        drop_gated(new["spec"], old["spec"])
        super().prepare_for_update(new, old, ctx)

    def prepare_for_status_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        """Labels, annotations and finalizers can be written here too; what is observed is not forgotten."""
        for part in ("spec", "apiVersion", "kind"):
            keep(new, old, part)
        for part in ("generation", "ownerReferences"):
            keep(new["metadata"], old["metadata"], part)
        status, before = new.setdefault("status", {}), old.get("status", {})
        if "qosClass" not in status and "qosClass" in before:
            status["qosClass"] = before["qosClass"]
        if not ctx.request.trusted:
            from minikctl.apiserver.registry.kinds.gatedfields import drop_gated_status

            _keep_observed(status, before)
            drop_gated_status(status, before)
            _sync_addresses(status)

    def judge(self, new: Obj, old: Obj | None, found: list[FieldError], ctx: Context) -> list[FieldError]:
        if ctx.request.subresource == "status" and not found:
            from minikctl.apiserver.validation.pod.warnings import status_warnings

            ctx.warnings += status_warnings(new.get("status") or {})
        return found

    def grace_period(self, obj: Obj, asked: int | None) -> int | None:
        """The time a kubelet has to stop the pod: none if it never ran or has ended."""
        spec = obj["spec"]
        period = asked if asked is not None else spec.get("terminationGracePeriodSeconds", 30)
        if not spec.get("nodeName") or obj.get("status", {}).get("phase") in _FINISHED:
            return 0
        return 1 if period < 0 else int(period)


def _keep_observed(status: Obj, before: Obj) -> None:
    """A client that knows no observedGeneration does not clear it (preserveOldObservedGeneration)."""
    if not status.get("observedGeneration") and before.get("observedGeneration"):
        status["observedGeneration"] = before["observedGeneration"]
    known: dict[str, list[int]] = {}
    for condition in before.get("conditions") or ():
        known.setdefault(condition.get("type", ""), []).append(condition.get("observedGeneration") or 0)
    for index, condition in enumerate(status.get("conditions") or ()):
        generations = known.get(condition.get("type", ""))
        generation = generations.pop(0) if generations else 0
        if generation and not condition.get("observedGeneration"):
            status["conditions"][index] = {**condition, "observedGeneration": generation}


def _sync_addresses(status: Obj) -> None:
    """podIP is the first of podIPs; where they differ podIP counts (conversion of v1's PodStatus)."""
    address, addresses = status.get("podIP"), status.get("podIPs")
    if address and (not addresses or addresses[0].get("ip") != address):
        status["podIPs"] = [{"ip": address}]
    elif addresses:
        status["podIP"] = addresses[0].get("ip", "")


STRATEGIES = {"pods": PodStrategy}
