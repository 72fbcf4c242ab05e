"""Whatever happens to workloads: settling comes to rest, and being killed on the way changes nothing in the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import MERGE_PATCH
from minikctl.cluster import Cluster
from minikctl.settle import Reconciler

NOW = "frozen:2026-01-02T03:04:05Z"
KINDS = {"Deployment": "deployments.apps", "StatefulSet": "statefulsets.apps", "DaemonSet": "daemonsets.apps"}

Obj = dict[str, Any]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A settled cluster to copy."""
    path = tmp_path_factory.mktemp("empty") / "c.db"
    cluster = Cluster.open(str(path), clock=NOW, seed="1", settings={"profile": "bare"})
    cluster.client().create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    cluster.settle()
    cluster.close()
    return path


def workload(kind: str, name: str, replicas: int) -> Obj:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "x:0"}]}}
    spec: Obj = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if kind != "DaemonSet":
        spec["replicas"] = replicas
    meta = {"name": name, "namespace": "demo"}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}


def act(cluster: Cluster, step: tuple[str, int, int]) -> None:
    """One user's action; what is refused is refused."""
    what, which, number = step
    kind = sorted(KINDS)[which]
    resource, name, client = KINDS[kind], f"w{which}", cluster.client()
    try:
        if what == "create":
            client.create(resource, workload(kind, name, number))
        elif what == "scale" and kind != "DaemonSet":
            client.patch(resource, name, {"spec": {"replicas": number}}, MERGE_PATCH, "demo")
        elif what == "image":
            container = {"name": "c", "image": f"x:{number}"}
            client.patch(
                resource, name, {"spec": {"template": {"spec": {"containers": [container]}}}}, MERGE_PATCH, "demo"
            )
        elif what == "delete":
            client.delete(resource, name, "demo", propagationPolicy=("Background", "Foreground")[number % 2])
        elif what == "kill-pods":
            for pod in client.items("pods", "demo", label_selector=f"app={name}")[:number]:
                client.delete("pods", pod["metadata"]["name"], "demo", gracePeriodSeconds=0)
    except StatusError:
        pass


def summary(cluster: Cluster) -> list[tuple[Any, ...]]:
    """What must not depend on the way: workloads with their counts, and pods without their random names."""
    client, found = cluster.client(), []
    for resource in KINDS.values():
        for obj in client.items(resource, "demo"):
            status = {k: v for k, v in obj["status"].items() if isinstance(v, int) and k != "observedGeneration"}
            found.append((obj["metadata"]["name"], str(sorted(status.items()))))
    pods = client.items("pods", "demo")
    found += sorted(
        (p["metadata"]["labels"]["app"], p["spec"]["containers"][0]["image"], p["status"]["phase"]) for p in pods
    )
    return found


steps = st.lists(
    st.tuples(
        st.sampled_from(["create", "scale", "image", "delete", "kill-pods"]), st.integers(0, 2), st.integers(0, 5)
    ),
    min_size=1,
    max_size=8,
)
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@few
@given(steps)
def test_settling_twice_changes_nothing(empty: Path, tmp_path: Path, actions: list[tuple[str, int, int]]) -> None:
    path = tmp_path / "c.db"
    shutil.copy(empty, path)
    cluster = Cluster.open(str(path), clock=NOW, seed="2")
    for action in [("create", 0, 2), ("create", 2, 2), *actions]:
        act(cluster, action)
        cluster.settle()
        revision = cluster.store.revision()
        cluster.settle()
        assert cluster.store.revision() == revision
    cluster.advance(120)
    assert all(pod["status"]["phase"] == "Running" for pod in cluster.client().items("pods", "demo"))
    cluster.close()


class KilledError(BaseException):
    """Stands for SIGKILL."""


def interrupted(after: int) -> Callable[..., None]:
    """A `_sync` that dies when it has been called so often."""
    plain, left = Reconciler._sync, [after]

    def sync(self: Reconciler, component: Any, key: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KilledError
        plain(self, component, key)

    return sync


@few
@given(steps, st.integers(0, 60))
def test_a_killed_settle_is_made_good(
    empty: Path, tmp_path: Path, actions: list[tuple[str, int, int]], after: int
) -> None:
    results = []
    for name in ("undisturbed", "killed"):
        path = tmp_path / f"{name}.db"
        shutil.copy(empty, path)
        cluster = Cluster.open(str(path), clock=NOW, seed="3")
        for action in [("create", 0, 2), ("create", 2, 2), *actions]:
            act(cluster, action)
            if name == "killed":
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(Reconciler, "_sync", interrupted(after))
                    try:
                        cluster.settle()
                    except KilledError:
                        cluster.close()
                        cluster = Cluster.open(str(path), clock=NOW, seed="4")
            cluster.settle()
        cluster.advance(120)
        results.append(summary(cluster))
        cluster.close()
    assert results[0] == results[1]
