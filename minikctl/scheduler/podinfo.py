"""Pods as the scheduler sees them: a shape shared by all alike pods, and the little that is a pod's own.

Two pods of one shape get the same answer from every filter and score, so results are cached per
shape, and a node remembers how many pods of which shape it has. Counterpart of kube-scheduler's
`framework.PodInfo`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minikctl.apimachinery.declaredfeatures import needed_to_run
from minikctl.apimachinery.digests import blake2b
from minikctl.apimachinery.podresources import Amounts, pod_requests
from minikctl.apimachinery.request import Obj
from minikctl.scheduler.profile import DEFAULT_SCHEDULER

# What a pod without requests counts for when nodes are scored by how full they are.
DEFAULT_MILLI_CPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024

_EXCLUSIVE_VOLUMES = ("gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd")
_NONE: tuple[Any, ...] = ()

Port = tuple[str, str, int]  # host IP, protocol, port
ClaimRef = tuple[str, str]  # the name of a ResourceClaim, and the uid of the pod that it must belong to, if any


class Requests:
    """Requested amounts, split into what every pod has and the rest."""

    __slots__ = ("cpu", "memory", "nonzero_cpu", "nonzero_memory", "others")

    def __init__(self, cpu: int, memory: int, nonzero_cpu: int, nonzero_memory: int, others: Any) -> None:
        self.cpu = cpu
        self.memory = memory
        self.nonzero_cpu = nonzero_cpu  # with the defaults for containers that ask for nothing
        self.nonzero_memory = nonzero_memory
        self.others: tuple[tuple[str, int], ...] = tuple((name, amount) for name, amount in others)

    @classmethod
    def of(cls, wanted: Amounts, filled: Amounts) -> Requests:
        others = [item for item in wanted.items() if item[0] not in ("cpu", "memory") and item[1]]
        return cls(wanted.get("cpu", 0), wanted.get("memory", 0), filled["cpu"], filled["memory"], others)


class Guest:
    """Pods of one shape on a node, as plugins see them: staying, or on their way out."""

    __slots__ = ("shape", "terminating")

    def __init__(self, shape: Shape, terminating: bool) -> None:
        self.shape = shape
        self.terminating = terminating


class Shape:
    """What scheduling depends on: namespace, labels, the owner and the relevant half of the spec.

    A shape read back from storage knows what matters of pods that are placed; `spec` is complete
    once a pod of the shape was seen.
    """

    __slots__ = (
        "affine", "affinity", "claims", "extended_claim", "key", "kin", "labels", "leaving", "namespace", "owner",
        "ports", "preempts", "priority", "requests", "resource_claims", "scheduler", "spec", "staying", "volumes",
    )  # fmt: skip

    def __init__(self, key: str, namespace: str, labels: Mapping[str, str], requests: Requests) -> None:
        self.key = key
        self.kin = ""  # a digest of everything save the labels
        self.namespace = namespace
        self.labels = labels
        self.requests = requests
        self.owner: Mapping[str, Any] | None = None
        self.spec: Obj = {}
        self.ports: tuple[Port, ...] = _NONE
        self.claims: tuple[str, ...] = _NONE
        self.resource_claims: tuple[ClaimRef, ...] = _NONE
        self.extended_claim = False  # whether one of them was made for extended resources
        self.volumes: tuple[Mapping[str, Any], ...] = _NONE
        self.priority = 0
        self.scheduler = DEFAULT_SCHEDULER
        self.preempts = True
        self.affinity: Obj = {}  # podAffinity and podAntiAffinity
        self.affine = False
        self.staying = Guest(self, False)
        self.leaving = Guest(self, True)

    @property
    def fleeting(self) -> bool:
        """Whether answers for the shape hang on claims, so that they are not kept."""
        return bool(self.claims or self.resource_claims)

    def ephemeral(self, claim: str) -> bool:
        """Whether a claim belongs to one of the pod's generic ephemeral volumes."""
        volumes = self.spec.get("volumes") or _NONE
        return any(volume.get("ephemeral") and claim.endswith(f"-{volume['name']}") for volume in volumes)

    def dump(self) -> list[Any]:
        """What has to be known of placed pods, for storage."""
        requests = self.requests
        sums = [requests.cpu, requests.memory, requests.nonzero_cpu, requests.nonzero_memory, requests.others]
        return [
            self.key, self.namespace, self.labels, sums, self.ports, self.claims, self.volumes, self.priority,
            self.affinity,
        ]  # fmt: skip

    @classmethod
    def load(cls, data: list[Any]) -> Shape:
        key, namespace, labels, sums, ports, claims, volumes, priority, affinity = data
        found = cls(key, namespace, labels, Requests(*sums))
        found.ports = tuple((port[0], port[1], port[2]) for port in ports)
        found.claims, found.volumes, found.priority = tuple(claims), tuple(volumes), priority
        found.affinity, found.affine = affinity, bool(affinity)
        return found


class PodInfo:
    """One pod: its identity, its shape, and where it is."""

    __slots__ = ("created", "generation", "key", "name", "node", "shape", "terminating", "uid", "version")

    def __init__(self, key: str, shape: Shape, node: str = "", terminating: bool = False, created: str = "") -> None:
        self.key = key
        self.name = key.rpartition("/")[2]
        self.shape = shape
        self.node = node
        self.terminating = terminating
        self.created = created  # its startTime, if it has one
        self.uid = ""
        self.version = ""
        self.generation = 0

    @property
    def guest(self) -> Guest:
        return self.shape.leaving if self.terminating else self.shape.staying

    def reference(self) -> Obj:
        """The pod as events refer to it."""
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "namespace": self.shape.namespace,
                "name": self.name,
                "uid": self.uid,
                "resourceVersion": self.version,
                "creationTimestamp": self.created,
            },
        }


class Shapes:
    """Makes PodInfos, sharing one Shape among alike pods."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, Shape] = {}

    def add(self, shape: Shape) -> Shape:
        """Make a stored shape known; the one that is used for its key."""
        return self._known.setdefault(shape.key, shape)

    def get(self, key: str) -> Shape:
        return self._known[key]

    def info(self, pod: Obj) -> PodInfo:
        """The PodInfo of a pod object."""
        meta, spec = pod["metadata"], pod["spec"]
        claims = claim_names(pod)
        owner = _controller(meta)
        status = pod.get("status") or {}
        # Only a pod whose spec has changed can be on its way to other requests.
        held = _held(pod) if spec.get("nodeName") and meta.get("generation") != 1 else None
        extended = status.get("extendedResourceClaimStatus")
        devices = resource_claims(pod) if spec.get("resourceClaims") or extended else _NONE
        key = _key(meta, spec, owner, (*claims, *devices), held)
        shape = self._known.get(key)
        if shape is None or not shape.spec:
            shape = self._complete(shape, key, pod, owner, claims, held)
        namespace = meta.get("namespace", "")
        created = status.get("startTime") or meta.get("creationTimestamp") or ""
        found = PodInfo(
            f"{namespace}/{meta['name']}", shape, spec.get("nodeName", ""), "deletionTimestamp" in meta, created
        )
        found.uid = meta.get("uid", "")
        found.version = meta.get("resourceVersion", "")
        found.generation = meta.get("generation", 0)
        return found

    def _complete(
        self, shape: Shape | None, key: str, pod: Obj, owner: Any, claims: tuple[str, ...], held: Amounts | None
    ) -> Shape:
        meta, spec = pod["metadata"], pod["spec"]
        if shape is None:
            requests = Requests.of(held or pod_requests(pod), _filled(spec, held))
            shape = Shape(key, meta.get("namespace", ""), meta.get("labels") or {}, requests)
            shape.ports, shape.claims, shape.volumes = host_ports(spec), claims, _exclusive_volumes(spec)
            shape.priority = spec.get("priority") or 0
            affinity = spec.get("affinity") or {}
            shape.affinity = {side: affinity[side] for side in ("podAffinity", "podAntiAffinity") if affinity.get(side)}
            shape.affine = bool(shape.affinity)
        # Where one pod of the shape is says nothing of the others.
        shape.owner, shape.spec = owner, {field: value for field, value in spec.items() if field != "nodeName"}
        shape.kin = _key({**meta, "labels": None}, spec, owner, claims, held)
        shape.resource_claims = resource_claims(pod)
        shape.extended_claim = "extendedResourceClaimStatus" in (pod.get("status") or {})
        shape.scheduler = spec.get("schedulerName") or DEFAULT_SCHEDULER
        shape.preempts = spec.get("preemptionPolicy") != "Never"
        self._known[key] = shape
        return shape


def _key(meta: Obj, spec: Obj, owner: Mapping[str, Any] | None, claims: tuple[Any, ...], held: Amounts | None) -> str:
    """A digest of everything a shape consists of."""
    get = spec.get
    containers = [(c.get("name"), c.get("image"), c.get("resources"), c.get("ports")) for c in get("containers", _NONE)]
    if init := get("initContainers"):
        containers += [(c.get("name"), c.get("image"), c.get("resources"), c.get("restartPolicy")) for c in init]
    parts = (
        meta.get("namespace"), meta.get("labels"), owner and owner.get("uid"), claims, containers, get("nodeSelector"),
        get("affinity"), get("tolerations"), get("topologySpreadConstraints"), get("priority"), get("preemptionPolicy"),
        get("overhead"), get("resources"), get("hostNetwork"), get("resourceClaims"), _exclusive_volumes(spec), held,
        get("schedulerName"), needed_to_run(spec),
    )  # fmt: skip
    return blake2b(repr(parts), 12)


def _held(pod: Obj) -> Amounts | None:
    """What a pod being resized holds, where that differs from what its spec asks for."""
    wanted = pod_requests(pod)
    if not wanted:
        return None
    held = pod_requests(pod, use_status=True)
    return None if held == wanted else held


def _controller(meta: Obj) -> Mapping[str, Any] | None:
    for owner in meta.get("ownerReferences") or _NONE:
        if owner.get("controller"):
            found: Mapping[str, Any] = owner
            return found
    return None


def claim_names(pod: Obj) -> tuple[str, ...]:
    """The PersistentVolumeClaims a pod mounts, those of its generic ephemeral volumes included."""
    found = []
    for volume in pod["spec"].get("volumes") or _NONE:
        if claim := volume.get("persistentVolumeClaim"):
            found.append(claim["claimName"])
        elif volume.get("ephemeral"):
            found.append(f"{pod['metadata']['name']}-{volume['name']}")
    return tuple(found) if found else _NONE


def resource_claims(pod: Obj) -> tuple[ClaimRef, ...]:
    """The ResourceClaims of a pod: those it names, and those that were made for it ("" where one is still missing)."""
    statuses = {entry["name"]: entry for entry in (pod.get("status") or {}).get("resourceClaimStatuses") or _NONE}
    found: list[ClaimRef] = []
    for entry in pod["spec"].get("resourceClaims") or _NONE:
        if entry.get("resourceClaimName"):
            found.append((entry["resourceClaimName"], ""))
        elif entry["name"] not in statuses:
            found.append(("", ""))
        elif name := statuses[entry["name"]].get("resourceClaimName"):
            found.append((name, pod["metadata"].get("uid", "")))
    if extended := (pod.get("status") or {}).get("extendedResourceClaimStatus"):
        found.append((extended["resourceClaimName"], pod["metadata"].get("uid", "")))
    return tuple(found) if found else _NONE


def _exclusive_volumes(spec: Obj) -> tuple[Mapping[str, Any], ...]:
    volumes = spec.get("volumes")
    if not volumes:
        return _NONE
    found = [volume for volume in volumes for kind in _EXCLUSIVE_VOLUMES if kind in volume]
    return tuple(found) if found else _NONE


def host_ports(spec: Obj) -> tuple[Port, ...]:
    """Every host port the pod occupies."""
    found = []
    sidecars = [c for c in spec.get("initContainers") or _NONE if c.get("restartPolicy") == "Always"]
    for container in [*spec.get("containers", _NONE), *sidecars]:
        for port in container.get("ports") or _NONE:
            if number := port.get("hostPort"):
                found.append((port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", number))
    return tuple(found) if found else _NONE


def _filled(spec: Obj, held: Amounts | None) -> Amounts:
    """CPU and memory with the defaults filled in per container that asks for none."""
    filled = {
        **spec,
        "containers": [_with_defaults(c) for c in spec.get("containers", _NONE)],
        "initContainers": [_with_defaults(c) for c in spec.get("initContainers") or _NONE],
    }
    wanted = pod_requests({"spec": filled})
    held = held or {}
    return {name: max(wanted[name], held.get(name, 0)) for name in ("cpu", "memory")}


def _with_defaults(container: Obj) -> Obj:
    requests = (container.get("resources") or {}).get("requests") or {}
    return {
        **container,
        "resources": {"requests": {"cpu": f"{DEFAULT_MILLI_CPU}m", "memory": str(DEFAULT_MEMORY), **requests}},
    }
