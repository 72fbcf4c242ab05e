"""The snapshot survives the end of the program: what is stored and replayed equals what is read anew."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from schedulerlab import FakeApi, make_node, make_pod, start

from minikctl.scheduler.podinfo import Shapes
from minikctl.scheduler.snapshot import Cluster
from minikctl.scheduler.storage import SnapshotStorage

NODES = [f"n{index}" for index in range(4)]


def _facts(cluster: Cluster) -> dict[str, Any]:
    """Everything scheduling looks at, comparable."""
    return {
        node.name: (
            dict(node.labels), node.taints, node.unschedulable, node.cpu, node.memory, node.count, node.used_cpu,
            node.used_memory, node.nonzero_cpu, {k: v for k, v in node.others_used.items() if v}, dict(node.ports),
            {(guest.shape.key, guest.terminating): count for guest, count in node.guests.items()},
            {key: (pod.shape.key, pod.terminating) for key, pod in node.pods.items()},
        )
        for node in cluster.nodes.values()
    }  # fmt: skip


_steps = st.one_of(
    st.tuples(st.just("node"), st.sampled_from(NODES), st.booleans()),
    st.tuples(st.just("lose"), st.sampled_from(NODES)),
    st.tuples(st.just("pod"), st.integers(0, 6), st.sampled_from(NODES), st.sampled_from(("", "500m")), st.booleans()),
    st.tuples(st.just("end"), st.integers(0, 6)),
    st.tuples(st.just("leave"), st.integers(0, 6)),
    st.tuples(st.just("delete"), st.integers(0, 6)),
    st.tuples(st.just("settle")),
    st.tuples(st.just("restart")),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(_steps, max_size=30))
def test_stored_equals_read_anew(steps: list[Any]) -> None:
    api = FakeApi()
    start(api)
    for kind, *rest in steps:
        if kind == "node":
            api.put("nodes", make_node(rest[0], unschedulable=rest[1]))
        elif kind == "lose" and ("", rest[0]) in api.objects.get("nodes", {}):
            api.delete("nodes", rest[0])
        elif kind == "settle":
            api.settle()
        elif kind == "restart":
            start(api)
            api.queue.clear()
        elif kind == "pod" and ("demo", f"p{rest[0]}") not in api.objects.get("pods", {}):
            ports = [{"containerPort": 1, "hostPort": 80}] if rest[3] else None
            api.put("pods", make_pod(f"p{rest[0]}", cpu=rest[2], nodeName=rest[1], ports=ports))
        elif (pod := api.find("pods", f"p{rest[0]}", "demo")) is not None:
            if kind == "end":
                pod["status"]["phase"] = "Succeeded"
                api.put("pods", pod)
            elif kind == "leave":
                pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
                api.put("pods", pod)
            elif kind == "delete":
                api.delete("pods", f"p{rest[0]}", "demo")
        if kind == "settle":
            api.scheduler._load()
            api.scheduler._storage.patience = 0
            api.scheduler.flush()
    kept = SnapshotStorage(api, api.state, Shapes()).load(())  # type: ignore[arg-type]
    fresh = SnapshotStorage(api, None, Shapes()).load(())  # type: ignore[arg-type]
    assert _facts(kept) == _facts(fresh)
    assert {shape.key: count for shape, count in kept.shapes.items()} == {
        shape.key: count for shape, count in fresh.shapes.items()
    }
