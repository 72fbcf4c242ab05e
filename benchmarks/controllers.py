"""What controllers cost per pod they change, at 100, 1,000 and 10,000 pods: it should not grow.

    python benchmarks/controllers.py [--sizes 100,1000,10000] [--only job,statefulset,...]

Each workload has a cluster of its own, with room at every size for the quarter of pods that a rollover has
beyond N: it is controllers that are looked at here, not pods that wait for a node. Time is this process's
user CPU time, until the cluster is settled; scheduler, kubelets and events are part of it.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from minikctl.apimachinery.request import MERGE_PATCH
from minikctl.cluster import Cluster

Obj = dict[str, Any]

_LABELS = {"app": "load"}
_VERSIONS = {"Job": "batch/v1", "Service": "v1", "ResourceQuota": "v1", "PodDisruptionBudget": "policy/v1"}


def pod_template(image: str = "example.com/app:1", **spec: Any) -> Obj:
    container = {"name": "main", "image": image, "resources": {"requests": {"cpu": "1m"}}}
    return {"metadata": {"labels": _LABELS}, "spec": {"containers": [container], **spec}}


def create(cluster: Cluster, resource: str, kind: str, spec: Obj) -> None:
    api_version = _VERSIONS.get(kind, "apps/v1")
    meta = {"name": "load", "namespace": "default"}
    cluster.client().create(resource, {"apiVersion": api_version, "kind": kind, "metadata": meta, "spec": spec})


def selecting(**spec: Any) -> Obj:
    return {"selector": {"matchLabels": _LABELS}, "template": pod_template(), **spec}


def change(cluster: Cluster, resource: str, spec: Obj) -> None:
    cluster.client().patch(resource, "load", {"spec": spec}, MERGE_PATCH, "default")


# Each yields (what, number of pods changed) after a step that has to be settled.
Steps = Iterator[tuple[str, int]]


def job(cluster: Cluster, size: int) -> Steps:
    template = pod_template(restartPolicy="Never")
    spec = {"completions": size, "parallelism": 50, "completionMode": "Indexed", "template": template}
    create(cluster, "jobs.batch", "Job", spec)
    yield "Job of N indexes, 50 at a time", size
    cluster.client().delete("jobs.batch", "load", "default", propagationPolicy="Background")
    yield "  deleted", size


def statefulset(cluster: Cluster, size: int) -> Steps:
    create(cluster, "statefulsets.apps", "StatefulSet", selecting(replicas=size, serviceName="load"))
    yield "StatefulSet of N, in order", size
    change(cluster, "statefulsets.apps", {"template": pod_template("example.com/app:2")})
    yield "  rolled over", size
    change(cluster, "statefulsets.apps", {"replicas": 0})
    yield "  scaled to nothing", size


def headless(cluster: Cluster, size: int) -> Steps:
    spec = {"selector": _LABELS, "ports": [{"port": 80}], "clusterIP": "None"}
    create(cluster, "services", "Service", spec)
    create(cluster, "statefulsets.apps", "StatefulSet", selecting(replicas=size, serviceName="load"))
    yield "StatefulSet of N behind a Service", size
    change(cluster, "statefulsets.apps", {"template": pod_template("example.com/app:2")})
    yield "  rolled over", size
    pod = {"metadata": {"labels": {"app": "aside"}}}
    cluster.client().patch("pods", "load-7", pod, MERGE_PATCH, "default")
    yield "  one pod taken out", 1


def guarded(cluster: Cluster, size: int) -> Steps:
    hard = {"pods": str(2 * size), "requests.cpu": "1000"}
    create(cluster, "resourcequotas", "ResourceQuota", {"hard": hard})
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": _LABELS}}
    create(cluster, "poddisruptionbudgets.policy", "PodDisruptionBudget", budget)
    create(cluster, "statefulsets.apps", "StatefulSet", selecting(replicas=size, serviceName="load"))
    yield "StatefulSet of N, quota and budget", size
    change(cluster, "statefulsets.apps", {"template": pod_template("example.com/app:2")})
    yield "  rolled over", size


def deployment(cluster: Cluster, size: int) -> Steps:
    create(cluster, "deployments.apps", "Deployment", selecting(replicas=size))
    yield "Deployment of N", size
    change(cluster, "deployments.apps", {"template": pod_template("example.com/app:2")})
    yield "  rolled over", size
    cluster.client().delete("deployments.apps", "load", "default", propagationPolicy="Background")
    yield "  deleted", size


def served(cluster: Cluster, size: int) -> Steps:
    spec = {"selector": _LABELS, "ports": [{"port": 80}]}
    create(cluster, "services", "Service", spec)
    create(cluster, "deployments.apps", "Deployment", selecting(replicas=size))
    yield "Deployment of N behind a Service", size
    change(cluster, "deployments.apps", {"template": pod_template("example.com/app:2")})
    yield "  rolled over", size


def daemonset(cluster: Cluster, size: int) -> Steps:
    tolerations = [{"operator": "Exists"}]
    count = len(cluster.client().items("nodes"))
    create(cluster, "daemonsets.apps", "DaemonSet", selecting(template=pod_template(tolerations=tolerations)))
    yield "DaemonSet on N nodes", count
    template = pod_template("example.com/app:2", tolerations=tolerations)
    change(cluster, "daemonsets.apps", {"template": template})
    yield "  rolled over", count


def namespace(cluster: Cluster, size: int) -> Steps:
    client = cluster.client()
    client.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "full"}})
    cluster.settle()
    for number in range(size):
        meta = {"name": f"map-{number}", "namespace": "full"}
        client.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    cluster.settle()
    client.delete("namespaces", "full")
    yield "Namespace of N ConfigMaps deleted", size


WORKLOADS: dict[str, Callable[[Cluster, int], Steps]] = {
    "job": job,
    "statefulset": statefulset,
    "headless": headless,
    "guarded": guarded,
    "deployment": deployment,
    "service": served,
    "daemonset": daemonset,
    "namespace": namespace,
}


def measure(folder: Path, name: str, size: int) -> dict[str, float]:
    """Milliseconds of user CPU time per changed pod, by step."""
    nodes = size if name == "daemonset" else size // 80 + 2
    settings = {"profile": "bare", "nodes": nodes}
    cluster = Cluster.open(str(folder / f"{name}-{size}.db"), clock="frozen", seed="1", settings=settings)
    found: dict[str, float] = {}
    steps = WORKLOADS[name](cluster, size)
    for what, pods in steps:
        before = time.process_time()
        cluster.settle()
        cluster.advance(1)
        found[what] = (time.process_time() - before) * 1e3 / pods
    cluster.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--only", default=",".join(WORKLOADS))
    args = parser.parse_args()
    sizes = [int(size) for size in args.sizes.split(",")]
    folder = Path(tempfile.mkdtemp(prefix="minikctl-bench-"))
    print(f"{'ms per pod, N =':36}" + "".join(f"{size:>9,}" for size in sizes))
    try:
        for name in args.only.split(","):
            columns = [measure(folder, name, size) for size in sizes]
            for what in columns[0]:
                print(f"{what:36}" + "".join(f"{column[what]:9.2f}" for column in columns), flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
