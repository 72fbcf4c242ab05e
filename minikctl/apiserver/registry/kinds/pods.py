"""Pods: a new one is Pending, a delete waits for the kubelet, resizes and bindings have their own way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.strategy import Strategy

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_FINISHED = ("Succeeded", "Failed")


class PodStrategy(Strategy):
    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        from minikctl.apimachinery.qos import compute_qos  # reading pods should not cost quantities

        obj["metadata"]["generation"] = 1
        obj["status"] = {"phase": "Pending", "qosClass": compute_qos({"spec": obj["spec"]})}
        if "affinity" in obj["spec"] or "topologySpreadConstraints" in obj["spec"]:
            from minikctl.apiserver.registry.kinds.podlabels import merge_label_keys

            merge_label_keys(obj)
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

    def prepare_for_status_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        super().prepare_for_status_update(new, old, ctx)
        status, before = new.setdefault("status", {}), old.get("status", {})
        if "qosClass" not in status and "qosClass" in before:
            status["qosClass"] = before["qosClass"]

    def grace_period(self, obj: Obj, asked: int | None) -> int | None:
        """The time a kubelet has to stop the pod: none if it never ran or has ended."""
        spec = obj["spec"]
        period = asked if asked is not None else spec.get("terminationGracePeriodSeconds", 30)
        if not spec.get("nodeName") or obj.get("status", {}).get("phase") in _FINISHED:
            return 0
        return 1 if period < 0 else int(period)


STRATEGIES = {"pods": PodStrategy}
