"""Random workloads for property tests: objects of the kinds that controllers bring about, and what users do to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import MERGE_PATCH
from minikctl.cluster import Cluster

Obj = dict[str, Any]
Action = tuple[str, str, int]

_TASK = {0: "true", 1: "sleep 20", 2: "exit 3"}


def _template(name: str, image: int = 0, **spec: Any) -> Obj:
    container = {"name": "c", "image": f"x:{image}"}
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], **spec}}


def _selecting(name: str, **spec: Any) -> Obj:
    return {"selector": {"matchLabels": {"app": name}}, "template": _template(name), **spec}


def _claim_template(number: int) -> Obj:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "fast"}
    claim = {"metadata": {"name": "data"}, "spec": spec}
    policy = {"whenScaled": ("Retain", "Delete")[number % 2], "whenDeleted": "Delete"}
    return {"volumeClaimTemplates": [claim], "persistentVolumeClaimRetentionPolicy": policy} if number % 3 else {}


def _job(number: int) -> Obj:
    task = {"name": "c", "image": "x:0", "command": ["sh", "-c", _TASK[number % 3]]}
    mode = ("Indexed", "NonIndexed")[number % 2]
    spec: Obj = {"completions": number + 1, "parallelism": 2, "backoffLimit": 2, "completionMode": mode}
    if mode == "Indexed" and number > 2:
        spec |= {"backoffLimitPerIndex": 1, "ttlSecondsAfterFinished": 300}
        del spec["backoffLimit"]
    return {**spec, "template": {"spec": {"containers": [task], "restartPolicy": "Never"}}}


def _deployment(name: str, number: int) -> Obj:
    return _selecting(name, replicas=number, strategy={"type": "Recreate"} if number % 3 == 1 else {})


def _statefulset(name: str, number: int) -> Obj:
    policy = ("OrderedReady", "Parallel")[number % 2]
    more = _claim_template(number)
    return _selecting(name, replicas=number, serviceName="svc", podManagementPolicy=policy, **more)


def _cronjob(name: str, number: int) -> Obj:
    policy = ("Allow", "Forbid", "Replace")[number % 3]
    return {"schedule": "* * * * *", "concurrencyPolicy": policy, "jobTemplate": {"spec": _job(number)}}


def _autoscaler(name: str, number: int) -> Obj:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "deployment"}
    return {"scaleTargetRef": target, "minReplicas": 1 + number % 3, "maxReplicas": 4}


# kind -> (resource, apiVersion, spec of a name and number)
KINDS: dict[str, tuple[str, str, Callable[[str, int], Obj]]] = {
    "Deployment": ("deployments.apps", "apps/v1", _deployment),
    "StatefulSet": ("statefulsets.apps", "apps/v1", _statefulset),
    "DaemonSet": ("daemonsets.apps", "apps/v1", lambda name, _: _selecting(name)),
    "ReplicaSet": ("replicasets.apps", "apps/v1", lambda name, number: _selecting(name, replicas=number)),
    "Job": ("jobs.batch", "batch/v1", lambda _, number: _job(number)),
    "CronJob": ("cronjobs.batch", "batch/v1", _cronjob),
    "Service": ("services", "v1", lambda _, number: {"selector": {"app": "deployment"}, "ports": [{"port": 80}]}),
    "HorizontalPodAutoscaler": ("horizontalpodautoscalers.autoscaling", "autoscaling/v2", _autoscaler),
    "PodDisruptionBudget": (
        "poddisruptionbudgets.policy",
        "policy/v1",
        lambda _, number: {"maxUnavailable": number, "selector": {"matchLabels": {"app": "statefulset"}}},
    ),
    "ResourceQuota": ("resourcequotas", "v1", lambda _, number: {"hard": {"pods": str(8 + 4 * number)}}),
}
_VERBS = ("create", "create", "scale", "image", "delete", "kill-pods", "wait", "suspend", "cordon")

actions = st.lists(st.tuples(st.sampled_from(_VERBS), st.sampled_from(sorted(KINDS)), st.integers(0, 5)), max_size=8)


def prepare(cluster: Cluster) -> None:
    """The namespace, and a class whose claims are provisioned."""
    client = cluster.client()
    client.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    class_ = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "minikctl.dev/emulated"}
    client.create("storageclasses.storage.k8s.io", {**class_, "metadata": {"name": "fast"}})
    cluster.settle()


def act(cluster: Cluster, action: Action) -> None:
    """One user's action; what is refused is refused. Nothing is settled, but by waiting."""
    verb, kind, number = action
    with suppress(StatusError):
        _ACTIONS[verb](cluster, kind, number)


def _create(cluster: Cluster, kind: str, number: int) -> None:
    resource, api_version, spec = KINDS[kind]
    name = kind.lower()
    meta = {"name": name, "namespace": "demo"}
    body = {"apiVersion": api_version, "kind": kind, "metadata": meta, "spec": spec(name, number)}
    cluster.client().create(resource, body)


def _patch(cluster: Cluster, kind: str, spec: Obj) -> None:
    cluster.client().patch(KINDS[kind][0], kind.lower(), {"spec": spec}, MERGE_PATCH, "demo")


def _kill_pods(cluster: Cluster, kind: str, number: int) -> None:
    for pod in cluster.client().items("pods", "demo", label_selector=f"app={kind.lower()}")[:number]:
        cluster.client().delete("pods", pod["metadata"]["name"], "demo", gracePeriodSeconds=0)


def _delete(cluster: Cluster, kind: str, number: int) -> None:
    policy = ("Background", "Foreground")[number % 2]
    cluster.client().delete(KINDS[kind][0], kind.lower(), "demo", propagationPolicy=policy)


def _cordon(cluster: Cluster, kind: str, number: int) -> None:
    taint = [{"key": "broken", "effect": "NoExecute"}] if number % 2 else None
    patch = {"spec": {"unschedulable": bool(number % 3), "taints": taint}}
    cluster.client().patch("nodes", "node-2", patch, MERGE_PATCH)


_ACTIONS: dict[str, Callable[[Cluster, str, int], None]] = {
    "create": _create,
    "scale": lambda cluster, kind, number: _patch(cluster, kind, {"replicas": number}),
    "image": lambda cluster, kind, number: _patch(cluster, kind, {"template": _template(kind.lower(), number)}),
    "delete": _delete,
    "kill-pods": _kill_pods,
    "wait": lambda cluster, kind, number: cluster.advance(25.0 * number),
    "suspend": lambda cluster, kind, number: _patch(cluster, kind, {"suspend": bool(number % 2)}),
    "cordon": _cordon,
}

# What tells the way there: random names and identities, and which of two alike pods was deleted.
_UNSTABLE = ("uid", "resourceVersion", "observedGeneration", "podIP", "podIPs", "hostIP", "hostIPs", "containerID")


def summary(cluster: Cluster) -> list[str]:
    """What must not depend on the way: specs and statuses with their conditions and times, and pods without names."""
    client, found = cluster.client(), []
    for resource, _, _ in KINDS.values():
        found += [_describe(obj) for obj in client.items(resource, "demo") if not _is_random(obj)]
    for claim in client.items("persistentvolumeclaims", "demo"):
        owners = [owner["kind"] for owner in claim["metadata"].get("ownerReferences") or ()]
        found.append(f"claim {claim['metadata']['name']} {claim['status']['phase']} {owners}")
    for slice_ in client.items("endpointslices.discovery.k8s.io", "demo"):
        found.append(f"slice {[endpoint['conditions'] for endpoint in slice_['endpoints'] or ()]}")
    pods = []
    for pod in client.items("pods", "demo"):
        meta, owner = pod["metadata"], pod["metadata"].get("ownerReferences", [{}])[0]
        image = pod["spec"]["containers"][0]["image"]
        index = (meta.get("annotations") or {}).get("batch.kubernetes.io/job-completion-index")
        pods.append(f"pod of {owner.get('kind')} {image} {index} {pod['status'].get('phase')} {meta.get('finalizers')}")
    return found + sorted(pods)


def _is_random(obj: Obj) -> bool:
    return "generateName" in obj["metadata"]


def _describe(obj: Obj) -> str:
    status = {key: value for key, value in (obj.get("status") or {}).items() if key not in _UNSTABLE}
    for reference in status.get("active") or () if isinstance(status.get("active"), list) else ():
        for field in ("uid", "resourceVersion"):
            reference.pop(field, None)
    shown = [obj["kind"], obj["metadata"]["name"], obj["spec"].get("replicas"), status]
    return json.dumps(shown, sort_keys=True)
