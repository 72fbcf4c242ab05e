"""The autoscaler's sync, every 15 seconds: measure, decide, scale, say so in status and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import set_condition
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller
from minikctl.controllers.hpa.behavior import Memory, normalize
from minikctl.controllers.hpa.measuring import RESOURCE, Measuring

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_PERIOD = 15.0
_KEPT_SECONDS = 3600.0
_GOT_SCALE = "the HPA controller was able to get the target's current scale"


class HorizontalPodAutoscaler(Controller):
    """The state holds, per autoscaler, when it is due and what it remembers."""

    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key)
        hpa = self.client.peek(RESOURCE, name, namespace)
        kept = self.env.state.get(key)
        if hpa is None or "deletionTimestamp" in hpa["metadata"]:
            if kept is not None:
                self.env.state.delete(key)
            return None
        now, uid = self.clock.now(), hpa["metadata"]["uid"]
        if kept is None or kept["uid"] != uid:
            # As upstream: a new autoscaler waits one period before its first look.
            kept = {"uid": uid, "due": now + _PERIOD, "recommended": [], "up": [], "down": []}
        elif now >= kept["due"]:
            kept["due"] = now + _PERIOD
            self._look(hpa, kept, now)
        else:
            return float(kept["due"])
        self.env.state.put(key, kept)
        return float(kept["due"])

    def _look(self, hpa: Obj, kept: Obj, now: float) -> None:
        memory = Memory(*([(at, n) for at, n in kept[part]] for part in ("recommended", "up", "down")))
        status = dict(hpa.get("status") or {})
        try:
            self._reconcile(hpa, status, memory, now)
        finally:
            for part, history in zip(("recommended", "up", "down"), memory, strict=True):
                kept[part] = [[at, n] for at, n in history if now - at < _KEPT_SECONDS]
            self.put_status(RESOURCE, hpa, status)

    def _reconcile(self, hpa: Obj, status: Obj, memory: Memory, now: float) -> None:
        spec = hpa["spec"]
        try:
            scale, resource = self._scale(hpa)
        except StatusError as error:
            self.recorder.event(hpa, "Warning", "FailedGetScale", error.message)
            message = f"the HPA controller was unable to get the target's current scale: {error.message}"
            self.note(status, "AbleToScale", "False", "FailedGetScale", message)
            return
        self.note(status, "AbleToScale", "True", "SucceededGetScale", _GOT_SCALE)
        current = scale["spec"].get("replicas", 0)
        if not memory.recommendations:
            memory.recommendations.append((now, current))
        least, most, reason = spec.get("minReplicas", 1), spec["maxReplicas"], ""
        status["currentReplicas"] = current
        if current == 0 and least != 0:
            desired = 0
            message = "scaling is disabled since the replica count of the target is zero"
            self.note(status, "ScalingActive", "False", "ScalingDisabled", message)
            status.pop("currentMetrics", None)
        elif current > most:
            desired, reason = most, "Current number of replicas above Spec.MaxReplicas"
            status.pop("currentMetrics", None)
        elif current < least:
            desired, reason = least, "Current number of replicas below Spec.MinReplicas"
            status.pop("currentMetrics", None)
        else:
            found = Measuring(self, hpa, status, scale, now).run()
            if found is None:
                status.setdefault("desiredReplicas", 0)
                return
            wanted, metric = found
            if wanted != current:  # where windows and limits alone change the size, no reason is given
                reason = f"{metric} above target" if wanted > current else "All metrics below target"
            desired = self._limit(hpa, status, current, wanted, memory, now)
        if desired != current and not self._rescale(hpa, status, scale, resource, desired, reason, memory, now):
            status.setdefault("desiredReplicas", 0)
            return
        status["desiredReplicas"] = desired

    def _scale(self, hpa: Obj) -> tuple[Obj, str]:
        """The scale subresource of the target, and the target's resource key."""
        target = hpa["spec"]["scaleTargetRef"]
        row = self.client.resource_set().by_kind(target.get("apiVersion") or "v1", target["kind"])
        if row is None:
            group = (target.get("apiVersion") or "").rpartition("/")[0]
            kind = f'"{target["kind"]}" in group "{group}"'
            raise StatusError("NotFound", f"no matches for kind {kind}")
        scale = self.client.get(row.key, target["name"], hpa["metadata"]["namespace"], subresource="scale")
        return scale, row.key

    def scale_of(self, hpa: Obj) -> Obj | None:
        """The target's scale, where it has one."""
        try:
            return self._scale(hpa)[0]
        except StatusError:
            return None

    def _rescale(
        self, hpa: Obj, status: Obj, scale: Obj, resource: str, desired: int, reason: str, memory: Memory, now: float
    ) -> bool:
        """Give the target another size; False where that is refused."""
        before = scale["spec"].get("replicas", 0)
        scale["spec"]["replicas"] = desired
        try:
            self.client.update(resource, scale, subresource="scale")
        except StatusError as error:
            text = f"New size: {desired}; reason: {reason}; error: {error.message}"
            self.recorder.event(hpa, "Warning", "FailedRescale", text)
            message = f"the HPA controller was unable to update the target scale: {error.message}"
            self.note(status, "AbleToScale", "False", "FailedUpdateScale", message)
            return False
        message = f"the HPA controller was able to update the target scale to {desired}"
        self.note(status, "AbleToScale", "True", "SucceededRescale", message)
        self.recorder.event(hpa, "Normal", "SuccessfulRescale", f"New size: {desired}; reason: {reason}")
        if hpa["spec"].get("behavior"):
            history = memory.scaled_up if desired > before else memory.scaled_down
            history.append((now, abs(desired - before)))
        status["lastScaleTime"] = rfc3339(now)
        return True

    def _limit(self, hpa: Obj, status: Obj, current: int, wanted: int, memory: Memory, now: float) -> int:
        size = normalize(hpa["spec"], current, wanted, memory, now)
        self.note(status, "AbleToScale", "True", *size.able)
        self.note(status, "ScalingLimited", "True" if size.limited else "False", *size.limit)
        return size.replicas

    def note(self, status: Obj, type_: str, value: str, reason: str, message: str) -> None:
        set_condition(status, {"type": type_, "status": value, "reason": reason, "message": message}, self.stamp())
