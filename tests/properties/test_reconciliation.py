"""Whatever happens to workloads: settling comes to rest, and being killed on the way changes nothing in the end."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from randomworkloads import Action, act, actions, prepare, summary

from minikctl.cluster import Cluster
from minikctl.settle import Reconciler
from minikctl.store import check
from minikctl.store.sqlite import SQLiteStore

NOW = "frozen:2026-01-02T03:04:05Z"
FIRST: list[Action] = [("create", "Deployment", 2), ("create", "StatefulSet", 2)]

few = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A settled cluster to copy."""
    path = tmp_path_factory.mktemp("empty") / "c.db"
    cluster = Cluster.open(str(path), clock=NOW, seed="1", settings={"profile": "bare"})
    prepare(cluster)
    cluster.close()
    return path


@few
@given(actions)
def test_settling_twice_changes_nothing(empty: Path, tmp_path: Path, chosen: list[Action]) -> None:
    path = tmp_path / "c.db"
    shutil.copy(empty, path)
    cluster = Cluster.open(str(path), clock=NOW, seed="2")
    for action in [*FIRST, *chosen]:
        act(cluster, action)
        cluster.settle()
        revision = cluster.store.revision()
        cluster.settle()
        assert cluster.store.revision() == revision
    cluster.close()
    # What components keep in memory has told them nothing that the store would not.
    cluster = Cluster.open(str(path), clock=NOW, seed="3")
    cluster.settle()
    assert cluster.store.revision() == revision
    cluster.close()


class KilledError(BaseException):
    """Stands for SIGKILL."""


def kill_at_write(patch: pytest.MonkeyPatch, number: int) -> None:
    """Let the store's write of that number be this process's last instruction."""
    append, left = SQLiteStore._append, [number]

    def dying(self: SQLiteStore, *values: object) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise KilledError
        return append(self, *values)  # type: ignore[arg-type]

    patch.setattr(SQLiteStore, "_append", dying)


def settled(path: Path, action: Action, at_write: int, stepwise: bool, goes_on: bool) -> bool:
    """Do an action, and settle until a write kills the process; then another one goes on. Whether it was killed.

    `stepwise`: each sync is a transaction, so that what was done before the death stays. `goes_on`: it
    was no death but an accident, and the same process tries again.
    """
    cluster = Cluster.open(str(path), clock=NOW, seed="4")
    if action[0] != "wait":
        act(cluster, action)
    killed = False
    with pytest.MonkeyPatch.context() as patch:
        if stepwise:
            work = Reconciler._work
            patch.setattr(Reconciler, "_work", lambda self, until: work(self, -1.0))
        kill_at_write(patch, at_write)
        try:
            act(cluster, action) if action[0] == "wait" else cluster.settle()
        except KilledError:
            killed = True
    if not goes_on:
        cluster.close()
        cluster = Cluster.open(str(path), clock=NOW, seed="5")
    cluster.settle()
    cluster.close()
    return killed


@few
@given(actions, st.integers(0, 40), st.booleans(), st.booleans())
@example([("create", "Job", 4), ("wait", "Job", 2)], 12, True, False)
@example([("create", "CronJob", 3), ("wait", "Job", 5), ("delete", "CronJob", 1)], 7, True, True)
@example([("image", "StatefulSet", 3), ("scale", "StatefulSet", 0)], 5, True, False)
@example([("image", "Deployment", 3), ("create", "Service", 0), ("cordon", "Service", 1)], 9, True, True)
def test_a_killed_settle_is_made_good(
    empty: Path, tmp_path: Path, chosen: list[Action], at_write: int, stepwise: bool, goes_on: bool
) -> None:
    results = []
    for name, writes in (("undisturbed", 10**9), ("killed", at_write)):
        path = tmp_path / f"{name}.db"
        shutil.copy(empty, path)
        for number, action in enumerate([*FIRST, *chosen]):
            settled(path, action, writes + number, stepwise, goes_on)
        cluster = Cluster.open(str(path), clock=NOW, seed="6")
        cluster.advance(120)
        assert check.problems(cluster.store) == []
        results.append(summary(cluster))
        cluster.close()
    assert results[0] == results[1]
