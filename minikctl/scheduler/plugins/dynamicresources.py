"""DynamicResources: ResourceClaims are allocated devices where the pod runs, and reserved for it.

Claims must exist before a pod enters the queue (PreEnqueue). Allocation is worked out per node
(Filter) and written before binding (Reserve, PreBind); an idle claim that is allocated elsewhere is
given free (PostFilter).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.nodeaffinity import matches_selector
from minikctl.apimachinery.request import STRATEGIC_PATCH
from minikctl.scheduler.devices import extendedresources
from minikctl.scheduler.devices.extendedresources import IN_MEMORY
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
    """The claims of a pod, and what devices were found for those without any, node by node."""

    __slots__ = ("_allocate", "_allocators", "backed", "claims", "found", "shape", "unavailable")

    def __init__(
        self, shape: Shape, claims: list[Obj], backed: Mapping[str, Obj], allocate: Callable[[list[Obj]], Allocator]
    ) -> None:
        self.shape = shape
        self.claims = claims
        self.backed = backed  # extended resources, with the device classes that stand for them
        self.found: dict[str, list[tuple[Obj, list[Taken]]]] = {}  # node -> claims with their devices
        self.unavailable: dict[str, Obj] = {}  # claims allocated elsewhere, by name
        self._allocate = allocate
        self._allocators: dict[frozenset[str], Allocator] = {}

    def delegated(self, node: NodeInfo) -> dict[str, Obj]:
        """The extended resources that the node does not offer itself."""
        return {name: found for name, found in self.backed.items() if not node.others.get(name)}

    def allocator(self, node: NodeInfo) -> Allocator | None:
        """What allocates the claims on a node; None where there is nothing to allocate."""
        delegated = self.delegated(node)
        pending = [claim for claim in self.claims if not (claim.get("status") or {}).get("allocation")]
        if not pending and not delegated:
            return None
        key = frozenset(delegated)
        if key not in self._allocators:
            if delegated:
                pending.append(extendedresources.claim_of(self.shape, delegated))
            self._allocators[key] = self._allocate(pending)
        return self._allocators[key]


class DynamicResources(Plugin):
    name = "DynamicResources"

    def __init__(self, client: Client) -> None:
        self._client = client

    def missing(self, shape: Shape) -> str:
        """Why a pod's claims keep it out of the queue (PreEnqueue); empty where they are all there."""
        found = self._claims(shape)
        return found if isinstance(found, str) else ""

    def backed(self, shape: Shape) -> dict[str, Obj]:
        """The extended resources of a pod that device classes stand for, with the classes."""
        names = extendedresources.extended(shape)
        return extendedresources.backed_by(names, self._client.items(CLASSES)) if names else {}

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        backed = {} if shape.extended_claim else self.backed(shape)
        if not shape.resource_claims and not backed:
            return SKIP
        claims = self._claims(shape)
        if isinstance(claims, str):
            return Failure(claims, unresolvable=True)
        classes = {found["metadata"]["name"]: found for found in backed.values()}
        for claim in claims:
            status = claim.get("status") or {}
            if status.get("allocation"):
                if len(status.get("reservedFor") or ()) >= _MOST_CONSUMERS:
                    return IN_USE
                continue
            failure = self._find_classes(claim, classes)
            if failure is not None:
                return failure
        return _State(shape, claims, backed, lambda pending: self._allocator(pending, classes))

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        elsewhere = [claim for claim in state.claims if not _available(claim, node)]
        allocator = state.allocator(node)
        if allocator is not None:
            from minikctl.scheduler.devices.allocator import TimedOutError

            try:
                found = allocator.on_node(node.name, node.labels)
            except TimedOutError:
                return TIMED_OUT
            except PluginError as error:
                raise PluginError(f'running "{self.name}" filter plugin: {error}') from None
            if found is None:
                return CANNOT_ALLOCATE
            state.found[node.name] = list(zip(allocator.claims, found, strict=True))
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
        found = {claim["metadata"]["name"]: taken for claim, taken in state.found.get(node.name, ())}
        claims = list(state.claims)
        made = next((c for c, _ in state.found.get(node.name, ()) if c["metadata"]["name"] == IN_MEMORY), None)
        if made is not None:
            made = self._client.create(CLAIMS, extendedresources.for_pod(made, pod), pod.shape.namespace)
            claims.append(made)
            found[made["metadata"]["name"]] = found.pop(IN_MEMORY)
        ready = [self._reserve(claim, found.get(claim["metadata"]["name"]), pod, node, now, new_id) for claim in claims]
        if made is not None:
            _, mappings = extendedresources.requests_and_mappings(pod.shape.spec, state.delegated(node))
            status = {"requestMappings": mappings, "resourceClaimName": made["metadata"]["name"]}
            patch = {"status": {"extendedResourceClaimStatus": status}}
            self._client.patch("pods", pod.name, patch, STRATEGIC_PATCH, pod.shape.namespace, "status")
        return all(ready)

    def _reserve(
        self, claim: Obj, taken: list[Taken] | None, pod: PodInfo, node: NodeInfo, now: float, new_id: Callable[[], str]
    ) -> bool:
        """Store what was taken for a claim, if anything, and the pod as its user; whether it is ready."""
        from minikctl.scheduler.devices.results import allocation_of

        status = dict(claim.get("status") or {})
        if taken is not None:
            claim = self._protect(claim)
            allocation = allocation_of(claim, taken, node.name, new_id)
            status["allocation"] = {**allocation, "allocationTimestamp": rfc3339(now)}
        users = status.get("reservedFor") or []
        if taken is not None or pod.uid not in [user["uid"] for user in users]:
            status["reservedFor"] = [*users, {"resource": "pods", "name": pod.name, "uid": pod.uid}]
            claim = self._client.update(CLAIMS, {**claim, "status": status}, "status")
        return _ready(claim)

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
