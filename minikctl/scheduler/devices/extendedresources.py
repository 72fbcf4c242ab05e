"""Extended resources that device classes stand for: pods ask for `example.com/gpu: 1` and get devices.

Where a node does not offer the resource itself, a ResourceClaim is made for what the pod asks for.
Counterpart of kube-scheduler's `dynamicresources/extendeddynamicresources.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.quantity import as_int

if TYPE_CHECKING:
    from minikctl.scheduler.podinfo import PodInfo, Shape

IMPLICIT = "deviceclass.resource.kubernetes.io/"
ANNOTATION = "resource.kubernetes.io/extended-resource-claim"
IN_MEMORY = "<extended-resources>"  # the name of a claim that is not stored yet

Obj = dict[str, Any]


def extended(shape: Shape) -> list[str]:
    """The resources a pod asks for that may stand for device classes."""
    names = [name for name, _ in shape.requests.others]
    return [name for name in names if name.startswith(IMPLICIT) or ("/" in name and "kubernetes.io/" not in name)]


def backed_by(names: Iterable[str], classes: Sequence[Obj]) -> dict[str, Obj]:
    """Resource -> the class that stands for it; the newest where there are several."""
    by_age = sorted(classes, key=lambda c: (c["metadata"].get("creationTimestamp", ""), c["metadata"]["name"]))
    known = {IMPLICIT + device_class["metadata"]["name"]: device_class for device_class in by_age}
    known.update({c["spec"]["extendedResourceName"]: c for c in by_age if c["spec"].get("extendedResourceName")})
    return {name: known[name] for name in names if name in known}


def claim_of(shape: Shape, resources: Mapping[str, Obj]) -> Obj:
    """A claim, not stored yet, for resources that a node does not offer itself."""
    requests, _ = requests_and_mappings(shape.spec, resources)
    meta = {"name": IN_MEMORY, "namespace": shape.namespace, "annotations": {ANNOTATION: "true"}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": meta,
        "spec": {"devices": {"requests": requests}},
    }


def for_pod(claim: Obj, pod: PodInfo) -> Obj:
    """The claim as it is created."""
    owner = {"apiVersion": "v1", "kind": "Pod", "name": pod.name, "uid": pod.uid, "controller": True}
    meta = {key: value for key, value in claim["metadata"].items() if key != "name"}
    meta |= {"generateName": f"{pod.name}-extended-resources-", "ownerReferences": [owner]}
    return {**claim, "metadata": meta}


def requests_and_mappings(spec: Obj, resources: Mapping[str, Obj]) -> tuple[list[Obj], list[Obj]]:
    """Device requests of a claim, and which container's resource is served by which request.

    Init containers that end use the devices of the containers after them before they get some of
    their own, which all of them share.
    """
    containers = [*(spec.get("initContainers") or ()), *spec["containers"]]
    starts = len(spec.get("initContainers") or ())
    ending = [i for i in range(starts) if containers[i].get("restartPolicy") != "Always"]
    requests: list[Obj] = []
    mappings: list[Obj] = []
    for resource in sorted(resources):
        lasting: list[Obj | None] = [None] * len(containers)
        for index, container in enumerate(containers):
            if index not in ending:
                lasting[index], found = _request(index, container, resource, resources[resource], ())
                mappings += found
        most: Obj | None = None
        shared: list[Obj] = []
        names: set[str] = set()
        for index in ending:
            request, found = _request(index, containers[index], resource, resources[resource], lasting[index:])
            shared += found
            if request is not None:
                names.add(request["name"])
                if most is None or most["exactly"]["count"] < request["exactly"]["count"]:
                    most = request
        if most is not None:
            requests.append(most)
            shared = [{**m, "requestName": most["name"]} if m["requestName"] in names else m for m in shared]
        requests += [request for request in lasting if request is not None]
        mappings += shared
    return sorted(requests, key=lambda request: str(request["name"])), mappings


def _request(
    index: int, container: Obj, resource: str, device_class: Obj, reusable: Sequence[Obj | None]
) -> tuple[Obj | None, list[Obj]]:
    """The request for a container's resource beyond what it can reuse, and the mappings."""
    asked = (container.get("resources") or {}).get("requests") or {}
    wanted = as_int(asked.get(resource, 0))
    mappings: list[Obj] = []
    if not wanted:
        return None, mappings

    def serve(name: str) -> None:
        mappings.append({"containerName": container["name"], "resourceName": resource, "requestName": name})

    for other in reusable:
        if other is not None:
            serve(other["name"])
            wanted -= other["exactly"]["count"]
            if wanted <= 0:
                return None, mappings
    name = f"container-{index}-request-{sorted(asked).index(resource)}"
    serve(name)
    exactly = {
        "deviceClassName": device_class["metadata"]["name"],
        "allocationMode": "ExactCount",
        "count": wanted,
    }
    return {"name": name, "exactly": exactly}, mappings
