"""VolumeBinding: claims must exist, and bind where the pod runs.

Unbound claims of an Immediate class refuse the pod; those of a WaitForFirstConsumer class are
given a volume, or a node to be provisioned for, before the pod is bound (PreBind).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.nodeaffinity import matches_selector
from minikctl.apimachinery.quantity import as_int
from minikctl.apimachinery.request import MERGE_PATCH, Obj
from minikctl.apimachinery.selectors import from_label_selector
from minikctl.scheduler.framework import SKIP, Failure, Plugin
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

if TYPE_CHECKING:
    from minikctl.client.client import Client

UNBOUND_IMMEDIATE = Failure("pod has unbound immediate PersistentVolumeClaims", unresolvable=True)
NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind"
NOT_ENOUGH_SPACE = "node(s) did not have enough free storage"
NO_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"

SELECTED_NODE = "volume.kubernetes.io/selected-node"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
WAIT = "WaitForFirstConsumer"


class _Claims:
    """A pod's claims: volumes of the bound ones, and the ones that wait with their class."""

    __slots__ = ("capacities", "lost", "volumes", "waiting")

    def __init__(self) -> None:
        self.volumes: list[Obj] = []
        self.lost = False
        self.waiting: list[tuple[Obj, Obj, list[Obj]]] = []  # claim, class, volumes it could have
        self.capacities: dict[str, list[Obj]] = {}  # of the classes whose drivers tell what room there is


# A waiting claim, its class, and the volume it gets (None: one is provisioned).
_Choice = tuple[Obj, Obj, Obj | None]


class VolumeBinding(Plugin):
    name = "VolumeBinding"

    def __init__(self, client: Client) -> None:
        self._client = client

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        if not shape.claims:
            return SKIP
        state = _Claims()
        immediate = False
        for name in shape.claims:
            claim = self._client.find("persistentvolumeclaims", name, shape.namespace)
            problem = _problem(claim, name, shape.ephemeral(name))
            if claim is None or problem:
                return Failure(problem, unresolvable=True)
            volume = claim["spec"].get("volumeName", "")
            if volume and BIND_COMPLETED in (claim["metadata"].get("annotations") or {}):
                self._add_bound(state, volume)
            elif not volume and (storage_class := self._waiting_class(claim)) is not None:
                state.waiting.append((claim, storage_class, self._candidates(claim)))
            else:
                immediate = True
        state.waiting.sort(key=lambda item: _requested(item[0]))
        state.capacities = self._capacities(storage_class for _, storage_class, _ in state.waiting)
        return UNBOUND_IMMEDIATE if immediate else state

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        reasons = []
        if any(not _reaches(volume, node) for volume in state.volumes):
            reasons.append(NODE_CONFLICT)
        choices = self._choose(state, node)
        if choices is None:
            reasons.append(BIND_CONFLICT)
        elif not _enough_space(choices, state.capacities, node):
            reasons.append(NOT_ENOUGH_SPACE)
        if state.lost:
            reasons.append(NO_VOLUME)
        return Failure(*reasons, unresolvable=True) if reasons else None

    def bind(self, shape: Shape, node: NodeInfo) -> bool:
        """PreBind: let the waiting claims bind for this node. False while some are not bound yet."""
        state = self.pre_filter(shape, Cluster())
        if state is SKIP or isinstance(state, Failure) or not state.waiting:
            return state is SKIP or not isinstance(state, Failure)
        for claim, _, chosen in self._choose(state, node) or ():
            if chosen is not None:
                if not chosen["spec"].get("claimRef"):
                    self._reserve(chosen, claim)
            elif (claim["metadata"].get("annotations") or {}).get(SELECTED_NODE) != node.name:
                patch = {"metadata": {"annotations": {SELECTED_NODE: node.name}}}
                self._client.patch(
                    "persistentvolumeclaims", claim["metadata"]["name"], patch, MERGE_PATCH, shape.namespace
                )
        return False

    def _add_bound(self, state: _Claims, name: str) -> None:
        volume = self._client.find("persistentvolumes", name)
        if volume is None:
            state.lost = True
        else:
            state.volumes.append(volume)

    def _waiting_class(self, claim: Obj) -> Obj | None:
        name = claim["spec"].get("storageClassName")
        found = self._client.find("storageclasses.storage.k8s.io", name) if name else None
        return found if found is not None and found.get("volumeBindingMode") == WAIT else None

    def _candidates(self, claim: Obj) -> list[Obj]:
        """Free volumes that would satisfy the claim, smallest first."""
        spec = claim["spec"]
        wanted = _requested(claim)
        selector = from_label_selector(spec["selector"]) if spec.get("selector") else None
        found = []
        for volume in self._client.items("persistentvolumes"):
            offered = volume["spec"]
            if (
                offered.get("storageClassName", "") == spec.get("storageClassName", "")
                and offered.get("volumeMode", "Filesystem") == spec.get("volumeMode", "Filesystem")
                and set(spec.get("accessModes") or ()) <= set(offered.get("accessModes") or ())
                and as_int(offered.get("capacity", {}).get("storage", "0")) >= wanted
                and (selector is None or selector.matches(volume["metadata"].get("labels") or {}))
                and _free_for(volume, claim)
            ):
                found.append(volume)
        found.sort(key=lambda volume: as_int(volume["spec"]["capacity"]["storage"]))
        return found

    def _choose(self, state: _Claims, node: NodeInfo) -> list[_Choice] | None:
        """For every waiting claim, the smallest first, its volume on this node or None: provision one.

        None where a claim can neither get a volume nor be provisioned for.
        """
        found: list[_Choice] = []
        taken: set[str] = set()
        for claim, storage_class, volumes in state.waiting:
            selected = (claim["metadata"].get("annotations") or {}).get(SELECTED_NODE)
            if selected and selected != node.name:
                return None
            volume = None if selected else _first(volumes, node, taken)
            if volume is not None:
                taken.add(volume["metadata"]["name"])
            elif storage_class.get("provisioner") == NO_PROVISIONER or not _allowed(storage_class, node):
                return None
            found.append((claim, storage_class, volume))
        return found

    def _capacities(self, classes: Iterable[Obj]) -> dict[str, list[Obj]]:
        """Class -> CSIStorageCapacity objects, of drivers that publish them."""
        found: dict[str, list[Obj]] = {}
        for storage_class in classes:
            driver = self._client.find("csidrivers.storage.k8s.io", storage_class["provisioner"])
            if driver is not None and (driver.get("spec") or {}).get("storageCapacity"):
                name = storage_class["metadata"]["name"]
                known = self._client.items("csistoragecapacities.storage.k8s.io")
                found[name] = [capacity for capacity in known if capacity["storageClassName"] == name]
        return found

    def _reserve(self, volume: Obj, claim: Obj) -> None:
        meta = claim["metadata"]
        reference = {
            "kind": "PersistentVolumeClaim",
            "apiVersion": "v1",
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"],
        }
        patch = {"metadata": {"annotations": {BOUND_BY_CONTROLLER: "yes"}}, "spec": {"claimRef": reference}}
        self._client.patch("persistentvolumes", volume["metadata"]["name"], patch, MERGE_PATCH)


def _problem(claim: Obj | None, name: str, ephemeral: bool) -> str:
    """Why a pod cannot use a claim at all."""
    if claim is None:
        if ephemeral:
            return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
        return f'persistentvolumeclaim "{name}" not found'
    if claim.get("status", {}).get("phase") == "Lost":
        volume = claim["spec"].get("volumeName", "")
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
    if "deletionTimestamp" in claim["metadata"]:
        return f'persistentvolumeclaim "{name}" is being deleted'
    return ""


def _requested(claim: Obj) -> int:
    return as_int(claim["spec"].get("resources", {}).get("requests", {}).get("storage", "0"))


def _first(volumes: list[Obj], node: NodeInfo, taken: set[str]) -> Obj | None:
    """The smallest volume that the node reaches and no other claim of the pod has."""
    return next((v for v in volumes if v["metadata"]["name"] not in taken and _reaches(v, node)), None)


def _enough_space(choices: list[_Choice], capacities: Mapping[str, list[Obj]], node: NodeInfo) -> bool:
    """Whether the volumes that are to be provisioned find room where the node can reach it."""
    for claim, storage_class, volume in choices:
        known = capacities.get(storage_class["metadata"]["name"])
        if volume is None and known is not None:
            wanted = _requested(claim)
            if not any(_has_room(capacity, wanted, node) for capacity in known):
                return False
    return True


def _has_room(capacity: Obj, wanted: int, node: NodeInfo) -> bool:
    """Whether a CSIStorageCapacity object says that a volume of that size can be had on the node."""
    topology = capacity.get("nodeTopology")
    if topology is None or capacity.get("capacity") is None:
        return False
    limits = [capacity[field] for field in ("capacity", "maximumVolumeSize") if capacity.get(field) is not None]
    return all(as_int(limit) >= wanted for limit in limits) and from_label_selector(topology).matches(node.labels)


def _reaches(volume: Obj, node: NodeInfo) -> bool:
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return matches_selector(required, node.name, node.labels)


def _allowed(storage_class: Obj, node: NodeInfo) -> bool:
    terms: Any = storage_class.get("allowedTopologies")
    if not terms:
        return True
    return any(_in_topology(term, node.labels) for term in terms)


def _in_topology(term: Obj, labels: Mapping[str, str]) -> bool:
    return all(labels.get(item["key"]) in item["values"] for item in term.get("matchLabelExpressions") or ())


def _free_for(volume: Obj, claim: Obj) -> bool:
    reference = volume["spec"].get("claimRef")
    meta = claim["metadata"]
    if not reference:
        return volume.get("status", {}).get("phase") in (None, "Pending", "Available")
    return (
        reference.get("name") == meta["name"]
        and reference.get("namespace") == meta["namespace"]
        and reference.get("uid") in (None, "", meta["uid"])
    )
