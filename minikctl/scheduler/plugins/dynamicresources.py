"""DynamicResources: ResourceClaims are allocated devices where the pod runs, and reserved for it.

Claims must exist before a pod enters the queue (PreEnqueue). Allocation is worked out per node
(Filter) and written before binding (Reserve, PreBind); an idle claim that is allocated elsewhere is
given free (PostFilter).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.nodeaffinity import matches_selector
from minikctl.scheduler.framework import SKIP, Failure, Plugin, PluginError

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.client import Client
    from minikctl.scheduler.devices.allocator import Allocator, Taken
    from minikctl.scheduler.podinfo import PodInfo, Shape
    from minikctl.scheduler.snapshot import Cluster, NodeInfo

CLAIMS = "resourceclaims.resource.k8s.io"
SLICES = "resourceslices.resource.k8s.io"
CLASSES = "deviceclasses.resource.k8s.io"
FINALIZER = "resource.kubernetes.io/delete-protection"

IN_USE = Failure("resourceclaim in use", unresolvable=True)
CANNOT_ALLOCATE = Failure("cannot allocate all claims", unresolvable=True)
TIMED_OUT = Failure("timed out trying to allocate devices", unresolvable=True)
ELSEWHERE = Failure("resourceclaim not available on the node", unresolvable=True)

NOTHING_TO_FREE = "no new claims to deallocate"
FREED = "deallocation of ResourceClaim completed"
STILL_STUCK = "still not schedulable"

_MOST_CONSUMERS = 256


class _State:
    """The claims of a pod: those that have devices, and an allocator for those that have none."""

    __slots__ = ("allocator", "claims", "found", "unavailable")

    def __init__(self, claims: list[Obj]) -> None:
        self.claims = claims
        self.allocator: Allocator | None = None
        self.found: dict[str, list[list[Taken]]] = {}  # by node
        self.unavailable: dict[str, Obj] = {}  # claims allocated elsewhere, by name


class DynamicResources(Plugin):
    name = "DynamicResources"

    def __init__(self, client: Client) -> None:
        self._client = client

    def missing(self, shape: Shape) -> str:
        """Why a pod's claims keep it out of the queue (PreEnqueue); empty where they are all there."""
        found = self._claims(shape)
        return found if isinstance(found, str) else ""

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        if not shape.resource_claims:
            return SKIP
        claims = self._claims(shape)
        if isinstance(claims, str):
            return Failure(claims, unresolvable=True)
        pending = []
        classes: dict[str, Obj] = {}
        for claim in claims:
            status = claim.get("status") or {}
            if status.get("allocation"):
                if len(status.get("reservedFor") or ()) >= _MOST_CONSUMERS:
                    return IN_USE
                continue
            pending.append(claim)
            failure = self._find_classes(claim, classes)
            if failure is not None:
                return failure
        state = _State(claims)
        if pending:
            state.allocator = self._allocator(pending, classes)
        return state

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        elsewhere = [claim for claim in state.claims if not _available(claim, node)]
        if state.allocator is not None:
            from minikctl.scheduler.devices.allocator import TimedOutError

            try:
                found = state.allocator.on_node(node.name, node.labels)
            except TimedOutError:
                return TIMED_OUT
            except PluginError as error:
                raise PluginError(f'running "{self.name}" filter plugin: {error}') from None
            if found is None:
                return CANNOT_ALLOCATE
            state.found[node.name] = found
        if elsewhere:
            state.unavailable.update({claim["metadata"]["name"]: claim for claim in elsewhere})
            return ELSEWHERE
        return None

    def deallocate(self, state: Any, pod: PodInfo) -> str:
        """Free a claim that is allocated elsewhere and used by nobody else (PostFilter); what was done."""
        if state is None or not state.claims:
            return NOTHING_TO_FREE
        for claim in state.unavailable.values():
            status = claim["status"]
            users = status.get("reservedFor") or []
            if not users or [user["uid"] for user in users] == [pod.uid]:
                kept = {key: value for key, value in status.items() if key not in ("allocation", "reservedFor")}
                self._client.update(CLAIMS, {**claim, "status": kept}, "status")
                return FREED
        return STILL_STUCK

    def bind(self, state: Any, pod: PodInfo, node: NodeInfo, now: float, new_id: Callable[[], str]) -> bool:
        """Store allocations and reserve the claims for the pod; False while devices are not ready to be bound."""
        from minikctl.scheduler.devices.results import allocation_of

        pending = state.allocator.claims if state.allocator is not None else ()
        found = dict(zip((claim["metadata"]["name"] for claim in pending), state.found.get(node.name, ()), strict=True))
        ready = True
        for claim in state.claims:
            taken = found.get(claim["metadata"]["name"])
            status = dict(claim.get("status") or {})
            if taken is not None:
                claim = self._protect(claim)
                allocation = allocation_of(claim, taken, node.name, new_id)
                status["allocation"] = {**allocation, "allocationTimestamp": rfc3339(now)}
            users = status.get("reservedFor") or []
            if taken is not None or pod.uid not in [user["uid"] for user in users]:
                status["reservedFor"] = [*users, {"resource": "pods", "name": pod.name, "uid": pod.uid}]
                claim = self._client.update(CLAIMS, {**claim, "status": status}, "status")
            ready = ready and _ready(claim)
        return ready

    def _protect(self, claim: Obj) -> Obj:
        """The claim with the finalizer that keeps it while it is allocated."""
        meta = claim["metadata"]
        if FINALIZER in (meta.get("finalizers") or ()):
            return claim
        finalizers = [*(meta.get("finalizers") or ()), FINALIZER]
        return self._client.update(CLAIMS, {**claim, "metadata": {**meta, "finalizers": finalizers}})

    def _claims(self, shape: Shape) -> list[Obj] | str:
        """The pod's claims, or why they cannot be used."""
        found = []
        for name, owner in shape.resource_claims:
            if not name:
                return "waiting for dynamic resource controller to create the resourceclaim"
            claim = self._client.find(CLAIMS, name, shape.namespace)
            if claim is None:
                return f'resourceclaim.resource.k8s.io "{name}" not found'
            meta = claim["metadata"]
            if "deletionTimestamp" in meta:
                return f'resourceclaim "{name}" is being deleted'
            owners = [reference["uid"] for reference in meta.get("ownerReferences") or ()]
            if owner and owner not in owners:
                return f"ResourceClaim {shape.namespace}/{name} was not created for the pod"
            found.append(claim)
        return found

    def _find_classes(self, claim: Obj, classes: dict[str, Obj]) -> Failure | None:
        """Look up the device classes that a claim names."""
        for request, name in _named_classes(claim):
            device_class = self._client.find(CLASSES, name)
            if device_class is None:
                return Failure(f"request {request}: device class {name} does not exist", unresolvable=True)
            classes[name] = device_class
        return None

    def _allocator(self, claims: list[Obj], classes: dict[str, Obj]) -> Allocator:
        from minikctl.scheduler.devices.allocator import Allocator
        from minikctl.scheduler.devices.capacity import Allocated
        from minikctl.scheduler.devices.pools import Pools

        pools = Pools(self._client.items(SLICES))
        return Allocator(pools, Allocated(self._client.items(CLAIMS)), classes, claims)


def _named_classes(claim: Obj) -> Iterator[tuple[str, str]]:
    for request in claim["spec"].get("devices", {}).get("requests") or ():
        if request.get("exactly") is not None:
            yield request["name"], request["exactly"]["deviceClassName"]
        for choice in request.get("firstAvailable") or ():
            yield f"{request['name']}/{choice['name']}", choice["deviceClassName"]


def _available(claim: Obj, node: NodeInfo) -> bool:
    allocation = (claim.get("status") or {}).get("allocation")
    return not allocation or matches_selector(allocation.get("nodeSelector"), node.name, node.labels)


def _ready(claim: Obj) -> bool:
    """Whether the conditions that the devices of a claim have to fulfil before binding are fulfilled."""
    status = claim["status"]
    reported = {(d["driver"], d["pool"], d["device"]): d.get("conditions") or [] for d in status.get("devices") or ()}
    for result in status["allocation"]["devices"].get("results") or ():
        device = (result["driver"], result["pool"], result["device"])
        held = {condition["type"] for condition in reported.get(device, ()) if condition["status"] == "True"}
        if held.intersection(result.get("bindingFailureConditions") or ()):
            raise PluginError(f"binding conditions of device {'/'.join(device)} have failed")
        if not held.issuperset(result.get("bindingConditions") or ()):
            return False
    return True
