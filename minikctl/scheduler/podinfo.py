"""Pods as the scheduler sees them: a shape shared by all alike pods, and the little that is a pod's own.

Two pods of one shape get the same answer from every filter and score, so results are cached per
shape. Counterpart of kube-scheduler's `framework.PodInfo`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minikctl.apimachinery.podresources import Amounts, pod_requests
from minikctl.apimachinery.request import Obj

# What a pod without requests counts for when nodes are scored by how full they are.
DEFAULT_MILLI_CPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024

_EXCLUSIVE_VOLUMES = ("gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd")
_NONE: tuple[Any, ...] = ()


class Requests:
    """Requested amounts, split into what every pod has and the rest."""

    __slots__ = ("cpu", "memory", "nonzero_cpu", "nonzero_memory", "others")

    def __init__(self, wanted: Amounts, nonzero: tuple[int, int] | None = None) -> None:
        self.cpu = wanted.get("cpu", 0)
        self.memory = wanted.get("memory", 0)
        self.others = tuple(item for item in wanted.items() if item[0] not in ("cpu", "memory") and item[1])
        cpu, memory = nonzero or (self.cpu or DEFAULT_MILLI_CPU, self.memory or DEFAULT_MEMORY)
        self.nonzero_cpu, self.nonzero_memory = cpu, memory


class Shape:
    """What scheduling depends on: namespace, labels, the owner and the relevant half of the spec."""

    __slots__ = (
        "affine",
        "claims",
        "key",
        "labels",
        "namespace",
        "owner",
        "ports",
        "preempts",
        "priority",
        "requests",
        "resizable",
        "spec",
        "volumes",
    )

    def __init__(self, key: str, pod: Obj, owner: Mapping[str, Any] | None, claims: tuple[str, ...]) -> None:
        meta, spec = pod["metadata"], pod["spec"]
        self.key = key
        self.namespace: str = meta.get("namespace", "")
        self.labels: Mapping[str, str] = meta.get("labels") or {}
        self.owner = owner
        self.spec: Obj = spec
        self.requests = Requests(pod_requests(pod), _nonzero(spec))
        self.resizable = bool(self.requests.cpu or self.requests.memory)
        self.ports = host_ports(spec)
        self.claims = claims
        self.volumes = _exclusive_volumes(spec)
        self.priority: int = spec.get("priority") or 0
        affinity = spec.get("affinity") or {}
        self.affine = bool(affinity.get("podAffinity") or affinity.get("podAntiAffinity"))
        self.preempts: bool = spec.get("preemptionPolicy") != "Never"


class PodInfo:
    """One pod: its identity, its shape, and where it is."""

    __slots__ = ("created", "generation", "key", "name", "node", "requests", "shape", "terminating", "uid", "version")

    def __init__(self, pod: Obj, shape: Shape) -> None:
        meta = pod["metadata"]
        self.name: str = meta["name"]
        self.key = f"{shape.namespace}/{self.name}"
        self.uid: str = meta.get("uid", "")
        self.shape = shape
        self.node: str = pod["spec"].get("nodeName", "")
        self.terminating = "deletionTimestamp" in meta
        self.created: str = pod.get("status", {}).get("startTime") or meta.get("creationTimestamp", "")
        self.version: str = meta.get("resourceVersion", "")
        self.generation: int = meta.get("generation", 0)
        self.requests = shape.requests
        if self.node and shape.resizable:
            self._count_allocated(pod)

    def _count_allocated(self, pod: Obj) -> None:
        """While a resize is under way the node's promises count too."""
        wanted = pod_requests(pod, use_status=True)
        plain = self.requests
        if wanted.get("cpu", 0) != plain.cpu or wanted.get("memory", 0) != plain.memory:
            self.requests = Requests(wanted)

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

    def info(self, pod: Obj) -> PodInfo:
        """The PodInfo of a pod object."""
        meta, spec = pod["metadata"], pod["spec"]
        owner = _controller(meta)
        claims = claim_names(pod)
        key = _key(meta, spec, owner, claims)
        shape = self._known.get(key)
        if shape is None:
            shape = self._known[key] = Shape(key, pod, owner, claims)
        return PodInfo(pod, shape)


def _key(meta: Obj, spec: Obj, owner: Mapping[str, Any] | None, claims: tuple[str, ...]) -> str:
    get = spec.get
    containers = [(c.get("name"), c.get("image"), c.get("resources"), c.get("ports")) for c in get("containers", _NONE)]
    if init := get("initContainers"):
        containers += [(c.get("name"), c.get("image"), c.get("resources"), c.get("restartPolicy")) for c in init]
    return repr(
        (
            meta.get("namespace"), meta.get("labels"), owner and owner.get("uid"), claims, containers,
            get("nodeSelector"), get("affinity"), get("tolerations"), get("topologySpreadConstraints"),
            get("priority"), get("preemptionPolicy"), get("overhead"), get("resources"), get("hostNetwork"),
            get("resourceClaims"), _exclusive_volumes(spec),
        )
    )  # fmt: skip


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


def _exclusive_volumes(spec: Obj) -> tuple[Mapping[str, Any], ...]:
    volumes = spec.get("volumes")
    if not volumes:
        return _NONE
    found = [volume for volume in volumes for kind in _EXCLUSIVE_VOLUMES if kind in volume]
    return tuple(found) if found else _NONE


def host_ports(spec: Obj) -> tuple[tuple[str, str, int], ...]:
    """(host IP, protocol, port) of every host port the pod occupies."""
    found = []
    sidecars = [c for c in spec.get("initContainers") or _NONE if c.get("restartPolicy") == "Always"]
    for container in [*spec.get("containers", _NONE), *sidecars]:
        for port in container.get("ports") or _NONE:
            if number := port.get("hostPort"):
                found.append((port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", number))
    return tuple(found) if found else _NONE


def _nonzero(spec: Obj) -> tuple[int, int]:
    """CPU and memory with the defaults filled in per container that asks for none."""
    filled = {
        **spec,
        "containers": [_with_defaults(c) for c in spec.get("containers", _NONE)],
        "initContainers": [_with_defaults(c) for c in spec.get("initContainers") or _NONE],
    }
    wanted = pod_requests({"spec": filled})
    return wanted.get("cpu", DEFAULT_MILLI_CPU), wanted.get("memory", DEFAULT_MEMORY)


def _with_defaults(container: Obj) -> Obj:
    requests = (container.get("resources") or {}).get("requests") or {}
    return {
        **container,
        "resources": {"requests": {"cpu": f"{DEFAULT_MILLI_CPU}m", "memory": str(DEFAULT_MEMORY), **requests}},
    }
