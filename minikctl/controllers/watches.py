"""What wakes each controller: one function per row of the manager's table, from an Env source to mappers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from minikctl.apimachinery import resources, storageversions
from minikctl.client.component import Mapper, enqueue, enqueue_controller
from minikctl.controllers import mappers, pods

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Change, Obj
    from minikctl.client.component import Env, Keys

    Source = Callable[[], Env]
    Watches = Mapping[str, Mapper]

# What keys of the attach/detach controller's state begin with: claims that a node's pods wait for, volumes refused
# to a node (by volume and node).
WAITING_FOR_CLAIM = "claim/"
REFUSED_VOLUME = "refused/"

_CRDS = "customresourcedefinitions.apiextensions.k8s.io"
_API_SERVICES = "apiservices.apiregistration.k8s.io"
_SCHEMAS = "flowschemas.flowcontrol.apiserver.k8s.io"
_SERVICE_CIDRS = "servicecidrs.networking.k8s.io"
_LEVELS = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"


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
    return {"replicasets.apps": enqueue, "pods": mappers.owned_or_orphan("ReplicaSet", pods.outline, _counted)}


def replication_controller(source: Source) -> Watches:
    return {
        "replicationcontrollers": enqueue,
        "pods": mappers.owned_or_orphan("ReplicationController", pods.outline, _counted),
    }


def _counted(pod: Obj) -> object:
    """What a ReplicaSet's status is made of, and whose pod it is."""
    meta, status = pod["metadata"], pod.get("status") or {}
    ready = [c for c in status.get("conditions") or () if c["type"] == "Ready"]
    owners = meta.get("ownerReferences")
    return status.get("phase"), ready, "deletionTimestamp" in meta, meta.get("labels"), owners


def statefulset(source: Source) -> Watches:
    return {"statefulsets.apps": enqueue, "pods": mappers.telling(source, mappers.owned_or_orphan("StatefulSet"))}


def daemonset(source: Source) -> Watches:
    return {
        "daemonsets.apps": enqueue,
        "pods": mappers.telling(source, mappers.owned_or_orphan("DaemonSet")),
        "nodes": mappers.telling(source, mappers.node_placement),
    }


def endpoints(source: Source) -> Watches:
    index = mappers.SelectorIndex(source, "services", _endpoint_of)
    return {"services": index.owner, "pods": mappers.telling(source, index.pod)}


def endpoint_slices(source: Source) -> Watches:
    """Those of endpoints, and Services whose hints no longer fit the nodes there are."""

    def overloaded(change: Change) -> Keys:
        populated = source().state.scan("hints:")
        if not populated:
            return ()
        from minikctl.controllers.endpointslice import topology

        parts = topology.ratios(source().client.items("nodes"))
        return [
            key.removeprefix(topology.POPULATED)
            for key, families in populated
            if any(topology.overloaded(zones, parts) for zones in families.values())
        ]

    return {**endpoints(source), "nodes": overloaded}


def _endpoint_of(pod: Obj) -> object:
    """What of a pod an endpoint shows."""
    status, spec = pod.get("status") or {}, pod["spec"]
    ready = [c["status"] for c in status.get("conditions") or () if c["type"] == "Ready"]
    going = "deletionTimestamp" in pod["metadata"]
    return status.get("podIPs"), status.get("phase"), ready, going, spec.get("nodeName")


def garbage(source: Source) -> Watches:
    return {"*": mappers.Dependents().keys}


def custom_resources(source: Source) -> Watches:
    return {_CRDS: enqueue, "*": _definition_of_gone}


def _definition_of_gone(change: Change) -> Keys:
    """The definition of a custom resource that was deleted: its name is the resource's key."""
    gone = change.type == "DELETED" and "." in change.resource and resources.lookup(change.resource) is None
    return (change.resource,) if gone else ()


def api_services(source: Source) -> Watches:
    return {_CRDS: _group_versions, _API_SERVICES: enqueue}


def availability(source: Source) -> Watches:
    def concerned(change: Change) -> Keys:
        name = change.name
        if change.resource != "services":
            name = (change.object["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
        return source().state.get(f"{change.namespace}/{name}") or ()

    def backed(change: Change) -> Keys:
        return (change.name,) if change.object["spec"].get("service") else ()

    return {_API_SERVICES: backed, "services": concerned, "endpointslices.discovery.k8s.io": concerned}


def _group_versions(change: Change) -> Keys:
    """The APIServices of a definition: those of its versions now and before."""
    specs = [obj["spec"] for obj in (change.object, change.old() if change.type == "MODIFIED" else None) if obj]
    return {f"{version['name']}.{spec['group']}" for spec in specs for version in spec["versions"]}


def kubernetes_service(source: Source) -> Watches:
    """Of the server's own Service, its endpoints and its range: that they are gone."""

    def gone(change: Change) -> Keys:
        own = change.type == "DELETED" and change.name == "kubernetes" and change.namespace in ("", "default")
        return (change.resource,) if own else ()

    return dict.fromkeys(("services", "endpoints", "endpointslices.discovery.k8s.io", _SERVICE_CIDRS), gone)


def flow_control(source: Source) -> Watches:
    def levels(change: Change) -> Keys:
        # A level that changes concerns no schema; one that comes or goes may concern any.
        return () if change.type == "MODIFIED" else ("levels", *gone(change))

    def schemas(change: Change) -> Keys:
        return gone(change) or (f"schema:{change.name}",)

    def gone(change: Change) -> tuple[str, ...]:
        return (f"gone:{change.resource} {change.name}",) if change.type == "DELETED" else ()

    return {_SCHEMAS: schemas, _LEVELS: levels}


def job(source: Source) -> Watches:
    return {"jobs.batch": _job_or_gone, "pods": mappers.telling(source, _job_of_pod)}


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


def persistent_volumes(source: Source) -> Watches:
    return {
        "persistentvolumeclaims": _claim,
        "persistentvolumes": _volume,
        "storageclasses.storage.k8s.io": mappers.constant("pending:"),
    }


def _claim(change: Change) -> Keys:
    """The claim, and the volume it is or was bound to."""
    keys = [f"claim:{change.namespace}/{change.name}"]
    if change.type == "DELETED" and (name := change.object["spec"].get("volumeName")):
        keys.append(f"volume:{name}")
    return keys


def _volume(change: Change) -> Keys:
    """The volume, its claim, and claims that wait for one if it is free."""
    keys = [f"volume:{change.name}"]
    reference = change.object["spec"].get("claimRef")
    if reference:
        keys.append(f"claim:{reference['namespace']}/{reference['name']}")
    elif (change.object.get("status") or {}).get("phase") == "Available":
        keys.append("pending:")
    return keys


def provisioner(source: Source) -> Watches:
    return {
        "persistentvolumeclaims": mappers.prefixed("claim"),
        "persistentvolumes": mappers.prefixed("volume"),
    }


def expansion(source: Source) -> Watches:
    return {"persistentvolumeclaims": mappers.prefixed("claim")}


def claim_protection(source: Source) -> Watches:
    return {"persistentvolumeclaims": _if_deleting, "pods": _claims_of_lost_pod}


def _if_deleting(change: Change) -> Keys:
    going = change.type != "DELETED" and "deletionTimestamp" in change.object["metadata"]
    return enqueue(change) if going else ()


def _claims_of_lost_pod(change: Change) -> Keys:
    """The claims of a pod that went or finished."""
    pod = change.object
    if change.type != "DELETED" and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
        return ()
    names = []
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            names.append(volume["persistentVolumeClaim"]["claimName"])
        elif "ephemeral" in volume:
            names.append(f"{change.name}-{volume['name']}")
    return [f"{change.namespace}/{name}" for name in names]


def volume_protection(source: Source) -> Watches:
    return {"persistentvolumes": _if_deleting}


def ephemeral_volumes(source: Source) -> Watches:
    return {"pods": _with_ephemeral_volume}


def _with_ephemeral_volume(change: Change) -> Keys:
    if change.type != "ADDED" or all("ephemeral" not in v for v in change.object["spec"].get("volumes") or ()):
        return ()
    return enqueue(change)


def node_lifecycle(source: Source) -> Watches:
    return {"nodes": _node_and_zones, "leases.coordination.k8s.io": _node_of_lease}


def _node_and_zones(change: Change) -> Keys:
    """The node; all zones, too, where it comes, goes, or is or was not ready."""
    if change.type == "MODIFIED" and _is_ready(change.object) and _is_ready(change.old() or {}):
        return (change.name,)
    return (change.name, "zones:")


def _is_ready(node: Obj) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def _node_of_lease(change: Change) -> Keys:
    """The node whose lease it is."""
    return (change.name,) if change.namespace == "kube-node-lease" else ()


def taint_eviction(source: Source) -> Watches:
    index = mappers.TaintedNodes(source)
    return {"nodes": index.node, "pods": index.pod}


def node_ipam(source: Source) -> Watches:
    return {"nodes": _without_range}


def _without_range(change: Change) -> Keys:
    missing = change.type != "DELETED" and not (change.object.get("spec") or {}).get("podCIDR")
    return ("nodes:",) if missing else ()


def pod_garbage(source: Source) -> Watches:
    nodes = mappers.NodeNames(source)
    return {"nodes": nodes.node, "pods": nodes.pod}


def ttl_after_finished(source: Source) -> Watches:
    return {"jobs.batch": enqueue}


def cron_job(source: Source) -> Watches:
    return {"cronjobs.batch": enqueue, "jobs.batch": enqueue_controller("CronJob")}


def disruption(source: Source) -> Watches:
    index = mappers.SelectorIndex(source, "poddisruptionbudgets.policy", _health_of)

    def pod(change: Change) -> Keys:
        conditions = (change.object.get("status") or {}).get("conditions") or ()
        if any(c["type"] == "DisruptionTarget" and c["status"] == "True" for c in conditions):
            return (*index.pod(change), f"stale:{change.namespace}/{change.name}")
        return index.pod(change)

    return {"poddisruptionbudgets.policy": index.owner, "pods": mappers.telling(source, pod)}


def _health_of(pod: Obj) -> object:
    status = pod.get("status") or {}
    ready = [c["status"] for c in status.get("conditions") or () if c["type"] == "Ready"]
    return status.get("phase"), ready, "deletionTimestamp" in pod["metadata"], pod["metadata"].get("ownerReferences")


def role_aggregation(source: Source) -> Watches:
    return {"clusterroles.rbac.authorization.k8s.io": mappers.constant("roles")}


def tokens(source: Source) -> Watches:
    return {"secrets": _token_secret, "serviceaccounts": mappers.prefixed("account")}


def _token_secret(change: Change) -> Keys:
    is_token = change.type != "DELETED" and change.object.get("type") == "kubernetes.io/service-account-token"
    return (f"secret:{change.namespace}/{change.name}",) if is_token else ()


def bootstrap_signer(source: Source) -> Watches:
    return {"configmaps": _cluster_info, "secrets": _signing_token}


def _cluster_info(change: Change) -> Keys:
    return ("cluster-info",) if change.name == "cluster-info" and change.namespace == "kube-public" else ()


def _signing_token(change: Change) -> Keys:
    is_token = change.object.get("type") == "bootstrap.kubernetes.io/token"
    return ("cluster-info",) if is_token and change.namespace == "kube-system" else ()


def bootstrap_tokens(source: Source) -> Watches:
    return {"secrets": _bootstrap_secret}


def _bootstrap_secret(change: Change) -> Keys:
    is_token = change.type != "DELETED" and change.object.get("type") == "bootstrap.kubernetes.io/token"
    return enqueue(change) if is_token and change.namespace == "kube-system" else ()


def service_cidrs(source: Source) -> Watches:
    return {_SERVICE_CIDRS: enqueue, "ipaddresses.networking.k8s.io": _lost_address}


def _lost_address(change: Change) -> Keys:
    return ("*",) if change.type == "DELETED" else ()


def mirroring(source: Source) -> Watches:
    return {"endpoints": _foreign_endpoints, "services": enqueue}


def _foreign_endpoints(change: Change) -> Keys:
    """Endpoints that the endpoint controller does not keep."""
    labels = change.object["metadata"].get("labels") or {}
    return () if "endpoints.kubernetes.io/managed-by" in labels else enqueue(change)


def attachment(source: Source) -> Watches:
    def bound_claim(change: Change) -> Keys:
        """The node where a pod waits for this claim."""
        if not change.object["spec"].get("volumeName"):
            return ()
        waiting = source().state.get(f"{WAITING_FOR_CLAIM}{change.namespace}/{change.name}")
        return (waiting,) if waiting else ()

    def of_attachment(change: Change) -> Keys:
        """Its node; once it is gone, nodes to which the volume has been refused meanwhile."""
        spec = change.object["spec"]
        if change.type != "DELETED":
            return (spec["nodeName"],) if change.type != "ADDED" else ()
        refused = source().state.scan(f"{REFUSED_VOLUME}{spec['source'].get('persistentVolumeName')}/")
        return (spec["nodeName"], *(key.rpartition("/")[2] for key, _ in refused))

    return {
        "pods": _node_with_claims,
        "persistentvolumeclaims": bound_claim,
        "volumeattachments.storage.k8s.io": of_attachment,
    }


def attacher(source: Source) -> Watches:
    return {"volumeattachments.storage.k8s.io": enqueue}


def _node_with_claims(change: Change) -> Keys:
    spec = change.object["spec"]
    node = spec.get("nodeName")
    if not node or all("persistentVolumeClaim" not in v and "ephemeral" not in v for v in spec.get("volumes") or ()):
        return ()
    return (node,)


def admission_policies(source: Source) -> Watches:
    return {"validatingadmissionpolicies.admissionregistration.k8s.io": enqueue}


def resource_claims(source: Source) -> Watches:
    return {"pods": _claimant, "resourceclaims.resource.k8s.io": mappers.prefixed("claim")}


def _claimant(change: Change) -> Keys:
    """A pod with claims; once it is done, its claims."""
    pod = change.object
    entries = pod["spec"].get("resourceClaims")
    if not entries:
        return ()
    keys = [] if change.type == "DELETED" else [f"pod:{change.namespace}/{change.name}"]
    if change.type == "DELETED" or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        statuses = (pod.get("status") or {}).get("resourceClaimStatuses") or ()
        names = {entry["name"]: entry.get("resourceClaimName") for entry in statuses}
        for entry in entries:
            if name := entry.get("resourceClaimName") or names.get(entry["name"]):
                keys.append(f"claim:{change.namespace}/{name}")
    return keys


def csr(source: Source) -> Watches:
    return {"certificatesigningrequests.certificates.k8s.io": enqueue}


def resource_quota(source: Source) -> Watches:
    index = mappers.QuotaNamespaces(source)
    return {"resourcequotas": index.quota, "*": index.anything}


def autoscaler(source: Source) -> Watches:
    return {"horizontalpodautoscalers.autoscaling": enqueue}


def node_ttl(source: Source) -> Watches:
    def keys(change: Change) -> Keys:
        if change.type != "ADDED":
            old = (change.old() or change.object)["metadata"].get("annotations")
            same = old == change.object["metadata"].get("annotations")
            return ("count:",) if change.type == "DELETED" else () if same else (change.name,)
        return ("count:", change.name)

    return {"nodes": keys}


def storage_versions(source: Source) -> Watches:
    return {storageversions.RESOURCE: enqueue, storageversions.LEASES: _lost_server}


def _lost_server(change: Change) -> Keys:
    """The identity Lease of an API server that is gone."""
    return (f"lease:{change.name}",) if change.type == "DELETED" and storageversions.is_identity(change.object) else ()


def storage_migrations(source: Source) -> Watches:
    return {"storageversionmigrations.storagemigration.k8s.io": enqueue}
