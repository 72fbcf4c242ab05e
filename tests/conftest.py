"""Fixtures every test may use: a cluster of its own, whose invariants are checked afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from minikctl.cluster import Cluster
from minikctl.store import check

NOW = "2026-01-02T03:04:05Z"


@pytest.fixture
def make_cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Makes clusters with a frozen clock and a fixed seed; settings as for `cluster create`."""
    opened: list[Cluster] = []

    def make(name: str = "test", clock: str = f"frozen:{NOW}", seed: str = "1", **settings: Any) -> Cluster:
        cluster = Cluster.open(
            str(tmp_path / f"{name}.db"), clock=clock, seed=seed, settings={"profile": "bare", **settings}
        )
        opened.append(cluster)
        return cluster

    yield make
    for cluster in opened:
        assert check.problems(cluster.store) == []
        cluster.close()


@pytest.fixture
def cluster(make_cluster: Callable[..., Cluster]) -> Cluster:
    """A bare cluster of three nodes with the namespace demo."""
    made = make_cluster()
    made.client().create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    made.settle()
    return made
