"""PodDisruptionBudget status: how many pods may be disrupted now (upstream's `pkg/controller/disruption`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import controller_of, set_condition
from minikctl.apimachinery.selectors import from_label_selector, go_text
from minikctl.client.component import split_key
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller, earliest, scaled, seconds_of
from minikctl.controllers.selectedpods import SelectedPodsCache

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource
    from minikctl.apimachinery.selectors import Selector
    from minikctl.client.component import Env

_RESOURCE = "poddisruptionbudgets.policy"
_DELETION_TIMEOUT = 120.0
_SCALED = ("replicasets.apps", "statefulsets.apps", "deployments.apps", "replicationcontrollers")
_UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of"
    " the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please"
    ' set ".spec.minAvailable" field of the PDB to an integer value.'
)


class _CannotCountError(Exception):
    """The expected number of pods is not known."""


class _Guarded(NamedTuple):
    """What matters of a pod that a budget selects."""

    name: str
    ready: bool
    going: bool
    controller: Obj | None


def _guarded(pod: Obj, budget: Obj) -> _Guarded:
    meta = pod["metadata"]
    return _Guarded(meta["name"], pods.is_ready(pod), "deletionTimestamp" in meta, controller_of(pod))


def _selector_of(budget: Obj) -> Selector:
    return from_label_selector(budget["spec"].get("selector"))


class DisruptionController(Controller):
    """Keys are budgets, and "stale:" before a pod that was to be disrupted."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self._selected = SelectedPodsCache(env, _guarded, _selector_of)

    def sync(self, key: str) -> float | None:
        what, _, rest = key.rpartition(":")
        namespace, name = split_key(rest)
        if what:
            return self._sync_target(namespace, name)
        budget = self.client.peek(_RESOURCE, name, namespace)
        if budget is None:
            self._selected.forget(key)
            return None
        selected = self._selected.changed(key, budget)
        if selected is None:
            return self.clock.now()
        members = selected.views()
        selected.written()
        if not members:
            self.recorder.event(budget, "Normal", "NoPods", "No matching pods found")
        try:
            expected, desired, unmanaged = self._expectation(budget, members)
        except _CannotCountError as error:
            message = f"Failed to calculate the number of expected pods: {error}"
            self.recorder.event(budget, "Warning", "CalculateExpectedPodCountFailed", message)
            self._write_failure(budget, str(error))
            return None
        if unmanaged:
            self.recorder.event(
                budget, "Warning", "UnmanagedPods", _UNMANAGED.format(go_text(budget["spec"].get("selector") or {}))
            )
        disrupted, due = self._disrupted(budget, members)
        healthy = sum(1 for pod in members if pod.ready and not pod.going and pod.name not in disrupted)
        self._write(budget, expected, desired, healthy, disrupted)
        return due

    def _sync_target(self, namespace: str, name: str) -> float | None:
        """Take back what was said of a pod's disruption two minutes ago, if nobody deleted it."""
        pod = self.client.peek("pods", name, namespace, shared=True)
        since = None if pod is None else target_since(pod)
        if pod is None or since is None:
            return None
        if self.clock.now() < since + _DELETION_TIMEOUT:
            return since + _DELETION_TIMEOUT
        entry = {"type": "DisruptionTarget", "status": "False", "lastTransitionTime": self.stamp()}
        if generation := pod["metadata"].get("generation"):
            entry["observedGeneration"] = generation
        self.patch_pod_status(pod, {"conditions": [entry]})
        return None

    def _expectation(self, budget: Obj, members: list[_Guarded]) -> tuple[int, int, bool]:
        """(expected pods, healthy ones wanted, whether some have no controller)."""
        spec = budget["spec"]
        if "maxUnavailable" in spec:
            expected, unmanaged = self._scale_of(budget["metadata"]["namespace"], members)
            return expected, max(0, expected - scaled(spec["maxUnavailable"], expected, True)), unmanaged
        least = spec.get("minAvailable")
        if least is None:
            return 0, 0, False
        if isinstance(least, int):
            return len(members), least, False
        expected, unmanaged = self._scale_of(budget["metadata"]["namespace"], members)
        return expected, scaled(least, expected, True), unmanaged

    def _scale_of(self, namespace: str, members: list[_Guarded]) -> tuple[int, bool]:
        """The sum of the sizes of the pods' controllers, each counted once."""
        sizes: dict[str, int] = {}
        unmanaged = False
        for pod in members:
            reference = pod.controller
            if reference is None:
                unmanaged = True
                continue
            if reference["uid"] not in sizes:
                found = self._size(reference, namespace)
                if found is None:
                    raise _CannotCountError(f'found no controllers for pod "{pod.name}"')
                sizes[found[0]] = sizes[reference["uid"]] = 0
                sizes[found[0]] = found[1]
        return sum(sizes.values()), unmanaged

    def _size(self, reference: Obj, namespace: str) -> tuple[str, int] | None:
        """(uid, size) of the controller that decides: a ReplicaSet's Deployment, or any with a scale."""
        row = self.client.resource_set().by_kind(reference["apiVersion"], reference["kind"])
        if row is None:
            kind, version = reference["kind"], reference["apiVersion"]
            raise _CannotCountError(f'no matches for kind "{kind}" in version "{version}"')
        if row.key not in _SCALED:
            return self._scale_size(row, reference, namespace)
        owner = self.client.peek(row.key, reference["name"], namespace)
        if owner is None or owner["metadata"]["uid"] != reference["uid"]:
            return None
        parent = controller_of(owner)
        if row.key == "replicasets.apps" and parent is not None and parent["kind"] == "Deployment":
            return self._size(parent, namespace)
        return owner["metadata"]["uid"], owner["spec"].get("replicas", 1)

    def _scale_size(self, row: Resource, reference: Obj, namespace: str) -> tuple[str, int] | None:
        """The size by the scale subresource; a kind that has none is an error (getScaleController)."""
        if "scale" not in row.subresources:
            raise _CannotCountError(f"{row.key} does not implement the scale subresource")
        try:
            scale = self.client.get(row, reference["name"], namespace, subresource="scale")
        except StatusError as error:
            if error.reason == "NotFound":
                return None
            raise _CannotCountError(error.message) from None
        if scale["metadata"]["uid"] != reference["uid"]:
            return None
        return reference["uid"], scale["spec"].get("replicas", 0)

    def _disrupted(self, budget: Obj, members: list[_Guarded]) -> tuple[dict[str, str], float | None]:
        """Pods whose eviction was granted and that are not going yet; a grant lapses after two minutes."""
        granted = (budget.get("status") or {}).get("disruptedPods") or {}
        kept: dict[str, str] = {}
        due: float | None = None
        namespace = budget["metadata"]["namespace"]
        for guarded in members:
            name = guarded.name
            if name not in granted or guarded.going:
                continue
            lapses = parse_time(granted[name]) + _DELETION_TIMEOUT
            if lapses > self.clock.now():
                kept[name] = granted[name]
                due = earliest(due, lapses)
            elif (pod := self.client.peek("pods", name, namespace, shared=True)) is not None:
                # Upstream names the namespace twice, and not the budget.
                message = f"Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't"
                self.recorder.event(pod, "Warning", "NotDeleted", message)
        return kept, due

    def _write(self, budget: Obj, expected: int, desired: int, healthy: int, disrupted: dict[str, str]) -> None:
        allowed = max(0, healthy - desired) if expected > 0 else 0
        status = dict(budget.get("status") or {})
        status |= {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "disruptionsAllowed": allowed,
        }
        status["observedGeneration"] = generation = budget["metadata"].get("generation", 0)
        status.pop("disruptedPods", None)
        if disrupted:
            status["disruptedPods"] = disrupted
        set_condition(
            status,
            {
                "type": "DisruptionAllowed",
                "status": "True" if allowed else "False",
                "reason": "SufficientPods" if allowed else "InsufficientPods",
                "message": "",
                "observedGeneration": generation,
            },
            self.stamp(),
        )
        self.put_status(_RESOURCE, budget, status)

    def _write_failure(self, budget: Obj, message: str) -> None:
        status = dict(budget.get("status") or {})
        zero = dict.fromkeys(("currentHealthy", "desiredHealthy", "expectedPods"), 0)
        status = {**zero, **status, "disruptionsAllowed": 0}
        entry = {"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": message}
        if observed := status.get("observedGeneration"):
            entry["observedGeneration"] = observed
        set_condition(status, entry, self.stamp())
        self.put_status(_RESOURCE, budget, status)


def target_since(pod: Obj) -> float | None:
    """Since when a pod that lives on is said to be disrupted soon by others than its kubelet."""
    status = pod.get("status") or {}
    if "deletionTimestamp" in pod["metadata"] or status.get("phase") in ("Succeeded", "Failed"):
        return None
    for entry in status.get("conditions") or ():
        if entry["type"] == "DisruptionTarget" and entry["status"] == "True":
            return (
                None if entry.get("reason") == "TerminationByKubelet" else seconds_of(entry.get("lastTransitionTime"))
            )
    return None
