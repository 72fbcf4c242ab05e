"""What wakes each controller: one function per row of the manager's table, from an Env source to mappers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from minikctl.client.component import Mapper, enqueue
from minikctl.controllers import mappers

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Change, Obj
    from minikctl.client.component import Env, Keys

    Source = Callable[[], Env]
    Watches = Mapping[str, Mapper]


def namespace(source: Source) -> Watches:
    return {"namespaces": enqueue, "*": mappers.namespace_of_deleted}


def service_account(source: Source) -> Watches:
    return {"namespaces": enqueue, "serviceaccounts": mappers.namespace_of_deleted}


def root_ca(source: Source) -> Watches:
    return {"namespaces": enqueue, "configmaps": _root_ca_of}


def _root_ca_of(change: Change) -> Keys:
    return (change.namespace,) if change.name == "kube-root-ca.crt" else ()


def deployment(source: Source) -> Watches:
    return {"deployments.apps": enqueue, "replicasets.apps": mappers.owned_or_orphan("Deployment")}


def replicaset(source: Source) -> Watches:
    return {"replicasets.apps": enqueue, "pods": mappers.owned_or_orphan("ReplicaSet")}


def replication_controller(source: Source) -> Watches:
    return {"replicationcontrollers": enqueue, "pods": mappers.owned_or_orphan("ReplicationController")}


def statefulset(source: Source) -> Watches:
    return {"statefulsets.apps": enqueue, "pods": mappers.owned_or_orphan("StatefulSet")}


def daemonset(source: Source) -> Watches:
    return {
        "daemonsets.apps": enqueue,
        "pods": mappers.owned_or_orphan("DaemonSet"),
        "nodes": mappers.node_placement,
    }


def endpoints(source: Source) -> Watches:
    index = mappers.SelectorIndex(source, "services", _endpoint_of)
    return {"services": index.owner, "pods": index.pod}


def _endpoint_of(pod: Obj) -> object:
    """What of a pod an endpoint shows."""
    status, spec = pod.get("status") or {}, pod["spec"]
    ready = [c["status"] for c in status.get("conditions") or () if c["type"] == "Ready"]
    going = "deletionTimestamp" in pod["metadata"]
    return status.get("podIPs"), status.get("phase"), ready, going, spec.get("nodeName")


def garbage(source: Source) -> Watches:
    return {"*": mappers.Dependents().keys}


def job(source: Source) -> Watches:
    return {"jobs.batch": _job_or_gone, "pods": _job_of_pod}


def _job_or_gone(change: Change) -> Keys:
    if change.type == "DELETED":
        return (f"gone:{change.object['metadata']['uid']}",)
    return enqueue(change)


def _job_of_pod(change: Change) -> Keys:
    meta = change.object["metadata"]
    for owner in meta.get("ownerReferences") or ():
        if owner.get("controller"):
            return (f"{change.namespace}/{owner['name']}",) if owner.get("kind") == "Job" else ()
    if "batch.kubernetes.io/job-tracking" in (meta.get("finalizers") or ()) and change.type != "DELETED":
        return (f"untrack:{change.namespace}/{change.name}",)
    return ()
