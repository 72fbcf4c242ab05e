"""The reconcile loop: it ends where a component never comes to rest, unless the cluster is large enough to mean it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from minikctl import settle
from minikctl.client.component import Mapper, enqueue
from minikctl.cluster import Cluster
from minikctl.store.sqlite import SQLiteStore


class Restless:
    """Wants to be called again at once, so many times."""

    name = "restless"
    watches: Mapping[str, Mapper] = {"configmaps": enqueue}

    def __init__(self, cluster: Cluster, times: int) -> None:
        self._cluster = cluster
        self.left = times

    def sync(self, key: str) -> float | None:
        self.left -= 1
        return self._cluster.clock.now() if self.left > 0 else None


@pytest.mark.parametrize("times", [60, 10**6])
def test_a_component_that_never_rests_is_named(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setattr(settle, "_SYNCS_AT_ONE_INSTANT", 20)
    restless = Restless(cluster, times)
    reconciler = settle.Reconciler(cluster.server, cluster.clock, [restless])
    meta = {"name": "c", "namespace": "demo"}
    reconciler.settle()
    cluster.client().create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    if times == 60:
        reconciler.settle()
        assert restless.left == 0
    else:
        with pytest.raises(settle.LivelockError, match="restless does not come to rest on 'demo/c' at cluster time"):
            reconciler.settle()
        assert 10**6 - restless.left > 2 * cluster.store.size() - 20


class Prolific:
    """Writes more in one sync than the store retains, and sees all of it afterwards."""

    name = "prolific"
    watches: Mapping[str, Mapper] = {"configmaps": enqueue}

    def __init__(self, cluster: Cluster) -> None:
        self._client = cluster.client()
        self.seen: set[str] = set()

    def sync(self, key: str) -> float | None:
        self.seen.add(key)
        if key == "demo/first":
            for number in range(40):
                meta = {"name": f"made-{number}", "namespace": "demo"}
                self._client.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        return None


def test_what_one_sync_wrote_is_kept_until_it_is_seen(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting, value in (("RETAINED_REVISIONS", 10), ("_SAVE_SECONDS", -1.0), ("_BATCH_SECONDS", 0.0)):
        monkeypatch.setattr(settle, setting, value)
    cluster.clock.frozen_at = None  # a clock that stands still makes all of it one batch
    prolific = Prolific(cluster)
    reconciler = settle.Reconciler(cluster.server, cluster.clock, [prolific])
    reconciler.settle()
    meta = {"name": "first", "namespace": "demo"}
    cluster.client().create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    reconciler.settle()
    assert {f"demo/made-{number}" for number in range(40)} <= prolific.seen


class Attentive(Prolific):
    """Counts how often it is told to forget what it has read."""

    told = 0

    def refresh(self) -> None:
        self.told += 1


def test_components_look_anew_only_where_others_may_have_written(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "_BATCH_SECONDS", 0.0)
    cluster.clock.frozen_at = None
    attentive = Attentive(cluster)
    reconciler = settle.Reconciler(cluster.server, cluster.clock, [attentive])
    reconciler.settle()
    told = attentive.told
    client = cluster.client()
    client.create("configmaps", {"metadata": {"name": "first", "namespace": "demo"}})
    reconciler.settle()  # in forty batches
    assert attentive.told == told + 1
    other = SQLiteStore(cluster.store.path)
    batches = []

    def batch() -> bool:
        if batches:
            with other.transaction():
                other.set_meta("x", str(len(batches)))
        batches.append(attentive.told)
        return batched()

    batched = reconciler._batch
    monkeypatch.setattr(reconciler, "_batch", batch)
    for name in ("a", "b"):
        client.create("configmaps", {"metadata": {"name": name, "namespace": "demo"}})
    reconciler.settle()
    other.close()
    assert attentive.told == told + 1 + len(batches)
    assert len(batches) > 2
