"""What a new cluster starts with: namespaces, nodes, RBAC roles, priority classes, system workloads.

Written once, as upstream's apiserver, controller manager and kubeadm write it, when a cluster file
is made. Objects go in finished (defaults included), past admission, in one transaction.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import apiservices, flowcontrol, kubernetesservice, switches
from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.cluster import Cluster

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
DEFAULTS: dict[str, Any] = {"nodes": 3, "cpu": "4", "memory": "8Gi", "profile": "default"}


def start(cluster: Cluster, settings: dict[str, Any]) -> None:
    """Fill a new cluster file and let its controllers settle. Another process may do it first."""
    chosen = {**DEFAULTS, **{key: value for key, value in settings.items() if value not in (None, "")}}
    store = cluster.store
    with store.transaction():
        if store.meta("started") is not None:
            return
        now = cluster.present()
        for resource_key, obj in objects(chosen, now):
            _insert(cluster, resource_key, obj, now)
        for index in range(chosen["nodes"]):
            store.state("kubelet").put(f"machine/{node_name(index)}", {})
        store.set_meta("settings", json.dumps(chosen))
        if cluster.clock.frozen_at is not None:
            store.set_meta("frozen", repr(cluster.clock.frozen_at))
        store.set_meta("started", rfc3339(now))
    cluster.settle()
    if chosen["profile"] != "bare":
        from minikctl import systemworkloads

        systemworkloads.create(cluster.client(user_agent="kubeadm"))
        with store.transaction():
            store.state("kubelet").put(f"static/{node_name(0)}", systemworkloads.static_pods(node_name(0)))
            store.set_due("kubelet", f"/{node_name(0)}", cluster.present())
        cluster.settle()


def _insert(cluster: Cluster, resource_key: str, obj: Obj, now: float) -> None:
    from minikctl.apiserver import bootstrapfields

    meta = obj["metadata"]
    meta["uid"] = cluster.server.rand.uid()
    meta["creationTimestamp"] = rfc3339(now)
    bootstrapfields.record(resource_key, obj)
    cluster.server.storage.insert(resource_key, obj)
    if resource_key == "nodes":
        from minikctl.kubelet import nodes

        lease = nodes.lease(meta["name"], obj, now)
        _insert(cluster, "leases.coordination.k8s.io", lease, now)
        # The nodes a cluster starts with have been there all along: the lifecycle controller knows them.
        heard = [meta["uid"], rfc3339(now), now, lease["spec"]["renewTime"]]
        cluster.store.state("node-controller").put(meta["name"], heard)


def node_name(index: int) -> str:
    return "control-plane-1" if index == 0 else f"node-{index}"


def objects(settings: dict[str, Any], now: float) -> list[tuple[str, Obj]]:
    """Every object of a new cluster, with its resource key, in order of creation."""
    from minikctl.apiserver.authorization import bootstrap as rbac

    found: list[tuple[str, Obj]] = [("namespaces", _namespace(name)) for name in NAMESPACES]
    gates = [gate for gate in switches.GATES if switches.enabled(settings, gate)]
    found += [(_resource_key(obj), obj) for obj in rbac.objects(gates)]
    found += [("priorityclasses.scheduling.k8s.io", obj) for obj in _priority_classes()]
    found += [(apiservices.API_SERVICES, obj) for obj in apiservices.builtin(rfc3339(now), switches.served(settings))]
    found += flowcontrol.objects(rfc3339(now))
    found += _kubernetes_service()
    found += _nodes(settings, now)
    found += _storage_versions(settings, rfc3339(now))
    return found


_KEYS = {
    "ClusterRole": "clusterroles.rbac.authorization.k8s.io",
    "ClusterRoleBinding": "clusterrolebindings.rbac.authorization.k8s.io",
    "Role": "roles.rbac.authorization.k8s.io",
    "RoleBinding": "rolebindings.rbac.authorization.k8s.io",
}


def _resource_key(obj: Obj) -> str:
    return _KEYS[obj["kind"]]


def _namespace(name: str) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _priority_classes() -> list[Obj]:
    rows = (
        (
            "system-cluster-critical",
            2_000_000_000,
            "must run in the cluster, but can be moved to another node if necessary.",
        ),
        ("system-node-critical", 2_000_001_000, "must not be moved from their current node."),
    )
    return [
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name, "generation": 1},
            "value": value,
            "description": f"Used for system critical pods that {what}",
            "preemptionPolicy": "PreemptLowerPriority",
        }
        for name, value, what in rows
    ]


def _storage_versions(settings: dict[str, Any], now: str) -> list[tuple[str, Obj]]:
    """Which API server is there and in which versions it stores, where the gate StorageVersionAPI is open."""
    served = switches.served(settings)
    if switches.STORAGE_VERSIONS not in served or not switches.enabled(settings, "StorageVersionAPI"):
        return []
    from minikctl.apimachinery import storageversions
    from minikctl.apimachinery.resources import ResourceSet

    lease = storageversions.identity_lease(node_name(0), now.replace("Z", ".000000Z"))
    versions = storageversions.of_server(lease["metadata"]["name"], ResourceSet(switched=served), now)
    return [(storageversions.LEASES, lease), *((storageversions.RESOURCE, version) for version in versions)]


def _kubernetes_service() -> list[tuple[str, Obj]]:
    from minikctl.apiserver.registry.kinds import addresses

    found = kubernetesservice.objects()
    cidr = found.pop(kubernetesservice.SERVICE_CIDRS)
    address = addresses.ip_address(kubernetesservice.ADDRESS, kubernetesservice.NAMESPACE, kubernetesservice.NAME)
    return [*found.items(), (kubernetesservice.SERVICE_CIDRS, cidr), ("ipaddresses.networking.k8s.io", address)]


def _nodes(settings: dict[str, Any], now: float) -> list[tuple[str, Obj]]:
    from minikctl.controllers.node import ttl
    from minikctl.kubelet import nodes

    found: list[tuple[str, Obj]] = []
    for index in range(settings["nodes"]):
        name = node_name(index)
        node = nodes.node_object(
            name,
            str(settings["cpu"]),
            str(settings["memory"]),
            index == 0,
            now,
            nodes.node_ip(index),
            nodes.pod_cidr(index),
            external_cloud=bool(settings.get("cloud-provider")),
        )
        node["metadata"]["annotations"][ttl.ANNOTATION] = ttl.seconds(settings["nodes"])
        found.append(("nodes", node))
    return found
