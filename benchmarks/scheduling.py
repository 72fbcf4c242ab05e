"""How many pods per second the scheduler places on 5,000 nodes, after upstream's scheduler_perf workloads.

    python benchmarks/scheduling.py [WORKLOAD...] [--nodes 5000] [--pods 1000]

Workloads: basic (goal 700 pods a second), affinity (220), spreading over zones (200) and over zones and
hosts (200), antiaffinity (60), preemption (30), and indexed: pods with labels of their own, as StatefulSets
make them (no goal).

Two figures each. *scheduler*: time spent in the scheduler component (its mappers, its syncs with the
requests they make: bindings, status patches, events) from the first pod's creation to the last
binding, which is what scheduler_perf's throughput measures. *end to end*: everything, from the
requests that create the pods to their running on the kubelets, with controllers and transactions.
Both in CPU time, which says something on a busy machine too; wall time is printed beside it.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from minikctl import bootstrap
from minikctl.apimachinery.request import MERGE_PATCH
from minikctl.client.component import Component, Keys, Mapper
from minikctl.cluster import Cluster
from minikctl.scheduler.scheduler import Scheduler

Obj = dict[str, Any]

ZONE = "topology.kubernetes.io/zone"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class Workload(NamedTuple):
    """Pods that are there before (`initial`) and those that are measured."""

    goal: int
    zones: int  # how many zones the nodes are spread over
    initial: Callable[[], Obj]
    measured: Callable[[], Obj]
    initial_per_node: int = 0  # these are placed by name; 0: as many as are measured, for the scheduler to place


class Stopwatch:
    """CPU and wall seconds spent between `start` and `stop`."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0

    def start(self) -> None:
        self.cpu -= time.process_time()
        self.wall -= time.perf_counter()

    def stop(self) -> None:
        self.cpu += time.process_time()
        self.wall += time.perf_counter()


class TimedScheduler:
    """The scheduler with a stopwatch around everything the reconcile loop asks of it."""

    name = Scheduler.name

    def __init__(self, scheduler: Scheduler, watch: Stopwatch) -> None:
        self._scheduler = scheduler
        self._watch = watch
        self.order = self._timed(scheduler.order)
        self.sync = self._timed(scheduler.sync)
        self.flush = self._timed(scheduler.flush)

    @property
    def watches(self) -> Mapping[str, Mapper]:
        return {resource: self._timed(mapper) for resource, mapper in self._scheduler.watches.items()}

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Keys | float | None:
            self._watch.start()
            try:
                found: Keys | float | None = function(*args)
                return found
            finally:
                self._watch.stop()

        return call


class TimedCluster(Cluster):
    """A cluster whose scheduler is timed."""

    watch = Stopwatch()

    def components(self) -> list[Component]:
        return [TimedScheduler(c, self.watch) if isinstance(c, Scheduler) else c for c in super().components()]


def pod(cpu: str = "100m", memory: str = "500Mi", labels: Mapping[str, str] | None = None, **spec: Any) -> Obj:
    requests = {"cpu": cpu, "memory": memory}
    container = {"name": "pause", "image": "registry.k8s.io/pause:3.10.1", "resources": {"requests": requests}}
    body = {"containers": [{**container, "ports": [{"containerPort": 80}]}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": dict(labels or {})}, "spec": body}


def in_zones() -> Obj:
    expression = {"key": ZONE, "operator": "In", "values": ["zone-0", "zone-1"]}
    return pod(affinity={"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}})


def spread() -> Obj:
    selector = {"matchLabels": {"color": "blue"}}
    rule = {"maxSkew": 5, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector}
    return pod(labels={"color": "blue"}, topologySpreadConstraints=[rule])


def spread_over_hosts() -> Obj:
    found = spread()
    rules = found["spec"]["topologySpreadConstraints"]
    rules.append({**rules[0], "maxSkew": 2, "topologyKey": "kubernetes.io/hostname"})
    return found


def apart() -> Obj:
    term = {"labelSelector": {"matchLabels": {"color": "green"}}, "topologyKey": "kubernetes.io/hostname"}
    return pod(labels={"color": "green"}, affinity={"podAntiAffinity": {REQUIRED: [term]}})


def urgent() -> Obj:
    return pod("3", priorityClassName="urgent")


class Indexed:
    """Makes pods each of which has a label that no other has."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Obj:
        self.made += 1
        return pod(labels={"app": "db", "apps.kubernetes.io/pod-index": str(self.made)})


WORKLOADS = {
    "basic": Workload(700, 1, pod, pod),
    "affinity": Workload(220, 1, pod, in_zones),
    "spreading": Workload(200, 3, pod, spread),
    "spreading-hosts": Workload(200, 3, pod, spread_over_hosts),
    "antiaffinity": Workload(60, 1, apart, apart),
    "indexed": Workload(0, 1, pod, Indexed()),
    "preemption": Workload(30, 1, lambda: pod("900m"), urgent, initial_per_node=4),
}


class Bench:
    """One cluster in a temporary folder, with nodes in as many zones as the workload wants."""

    def __init__(self, folder: Path, nodes: int, zones: int) -> None:
        settings = {"nodes": nodes + 1, "memory": "32Gi", "profile": "bare"}
        self.cluster = TimedCluster.open(str(folder / "cluster.db"), clock="frozen", seed="bench", settings=settings)
        self.client = self.cluster.client()
        self.names = [bootstrap.node_name(index) for index in range(1, nodes + 1)]
        with self.cluster.store.transaction():
            self._label(zones)
            value = {"metadata": {"name": "urgent"}, "value": 1000}
            kind = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
            self.client.create("priorityclasses.scheduling.k8s.io", {**kind, **value})
        self.cluster.settle()

    def _label(self, zones: int) -> None:
        for index, name in enumerate(self.names):
            labels = {"metadata": {"labels": {ZONE: f"zone-{index % zones}"}}}
            self.client.patch("nodes", name, labels, MERGE_PATCH)

    def create(self, make: Callable[[], Obj], names: list[str], nodes: list[str] | None = None) -> None:
        """Create pods, on nodes by turns where some are given, and let the cluster settle."""
        with self.cluster.store.transaction():
            for index, name in enumerate(names):
                found = make()
                found["metadata"].update(name=name, namespace="default")
                if nodes:
                    found["spec"]["nodeName"] = nodes[index % len(nodes)]
                self.client.create("pods", found, "default")
        self.cluster.settle()

    def bound(self, prefix: str) -> int:
        pods = self.client.items("pods", "default")
        return sum(1 for p in pods if p["metadata"]["name"].startswith(prefix) and p["spec"].get("nodeName"))


def measure(workload: Workload, nodes: int, pods: int, folder: Path) -> str:
    bench = Bench(folder, nodes, workload.zones)
    if workload.initial_per_node:
        initial = [f"initial-{number}" for number in range(nodes * workload.initial_per_node)]
        bench.create(workload.initial, initial, bench.names)
    else:
        bench.create(workload.initial, [f"initial-{number}" for number in range(pods)])
    bench.create(workload.measured, ["warm-up"])
    watch, whole = TimedCluster.watch, Stopwatch()
    watch.cpu = watch.wall = 0.0
    whole.start()
    bench.create(workload.measured, [f"measured-{number}" for number in range(pods)])
    whole.stop()
    bound = bench.bound("measured-")
    bench.cluster.close()
    if bound != pods:
        raise SystemExit(f"only {bound} of {pods} pods were bound")
    return (
        f"scheduler {pods / watch.cpu:.0f} pods/s (goal {workload.goal}; by the wall clock {pods / watch.wall:.0f}),"
        f" end to end {pods / whole.cpu:.0f} (by the wall clock {pods / whole.wall:.0f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(WORKLOADS))
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--pods", type=int, default=1000)
    args = parser.parse_args()
    for name in args.workloads or WORKLOADS:
        folder = Path(tempfile.mkdtemp(prefix="minikctl-bench-"))
        try:
            print(f"{name:13} {measure(WORKLOADS[name], args.nodes, args.pods, folder)}", flush=True)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
