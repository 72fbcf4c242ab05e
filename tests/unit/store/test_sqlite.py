"""The embedded store: revisions, indexes, history, compaction, refusals."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from minikctl.store import check
from minikctl.store.errors import CompactedError, ExistsError, StoreError
from minikctl.store.record import index_of
from minikctl.store.sqlite import SQLiteStore


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = SQLiteStore(str(tmp_path / "x.db"))
    yield opened
    assert check.problems(opened) == []
    opened.close()


def pod(name: str, node: str = "", owner: str = "", **labels: str) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "namespace": "demo", "uid": f"uid-{name}", "labels": labels}
    if owner:
        meta["ownerReferences"] = [{"uid": owner}]
    return {"metadata": meta, "spec": {"nodeName": node} if node else {}}


def add(store: SQLiteStore, obj: dict[str, Any], resource: str = "pods") -> int:
    with store.transaction():
        path = f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"
        return store.create(resource, path, obj, index_of(resource, obj))


def change(store: SQLiteStore, name: str, **spec: Any) -> int:
    with store.transaction():
        record = store.get("pods", f"demo/{name}")
        assert record
        obj = record.object()
        before = index_of("pods", obj)
        obj["spec"].update(spec)
        return store.update(record, obj, index_of("pods", obj), before)


def remove(store: SQLiteStore, name: str) -> None:
    with store.transaction():
        record = store.get("pods", f"demo/{name}")
        assert record
        store.delete(record, record.object(), index_of("pods", record.object()))


def names(records: list[Any]) -> list[str]:
    return [record.path for record in records]


def test_each_write_raises_the_revision_by_one(store: SQLiteStore) -> None:
    assert store.revision() == 0
    assert add(store, pod("a")) == 1
    assert change(store, "a", x=1) == 2
    record = store.get("pods", "demo/a")
    assert record and record.object()["metadata"]["resourceVersion"] == "2"


def test_lists_come_in_etcd_key_order(store: SQLiteStore) -> None:
    for namespace in ("demo", "demo-2", "a"):
        obj = pod("x")
        obj["metadata"].update(namespace=namespace, uid=namespace)
        add(store, obj)
    assert names(store.list("pods")) == ["a/x", "demo-2/x", "demo/x"]
    assert names(store.list("pods", "demo")) == ["demo/x"]


def test_indexes_find_by_label_owner_and_node(store: SQLiteStore) -> None:
    add(store, pod("a", node="n1", owner="rs", app="web"))
    add(store, pod("b", owner="rs", app="db"))
    add(store, pod("c", node="n1"))
    assert names(store.list("pods", label=("app", "web"))) == ["demo/a"]
    assert names(store.list("pods", "demo", owner="rs")) == ["demo/a", "demo/b"]
    assert names(store.list("pods", node="n1")) == ["demo/a", "demo/c"]
    assert names(store.list("pods", node="")) == ["demo/b"]
    change(store, "b", nodeName="n1")
    assert names(store.list("pods", node="")) == []


def test_shared_lists_follow_changes(store: SQLiteStore) -> None:
    def spec_of(obj: dict[str, Any]) -> dict[str, Any]:
        return {"metadata": obj["metadata"], "x": obj["spec"].get("x")}

    for number in range(12):
        add(store, pod(f"p{number:02}", node="n1" if number % 2 else "n2", owner="set", app="web"))
    for index in ({"owner": "set"}, {"label": ("app", "web")}, {"node": "n1"}, {}):
        for part in (None, spec_of):
            with store.transaction():
                before = store.shared("pods", "demo", part, (), **index)
                assert store.shared("pods", "demo", part, ["demo/p03"], **index) == [
                    obj for obj in before if obj["metadata"]["name"] != "p03"
                ]
                assert all(a is b for a, b in zip(before, store.shared("pods", "demo", part, (), **index), strict=True))
                change(store, "p01", x=f"{index}{part}")
                after = store.shared("pods", "demo", part, (), **index)
            records = store.list("pods", "demo", **index)
            assert after == [record.object() if part is None else part(record.object()) for record in records]
            assert after != before
            assert store.shared("pods", "demo", part, (), **index) == after  # outside a transaction: read anew
    assert store.shared("pods", "elsewhere", None, ()) == []


def test_a_list_at_an_older_revision_is_the_list_of_then(store: SQLiteStore) -> None:
    for name in "abc":
        add(store, pod(name))
    then = store.revision()
    remove(store, "a")
    change(store, "b", x=2)
    add(store, pod("d"))
    add(store, pod("a"))
    old = store.list_at(then, "pods")
    assert names(old) == ["demo/a", "demo/b", "demo/c"]
    assert [record.object()["spec"] for record in old] == [{}, {}, {}]
    assert names(store.list_at(then, "pods", after="demo/a")) == ["demo/b", "demo/c"]


def test_changes_are_gap_free_and_know_what_was_before(store: SQLiteStore) -> None:
    add(store, pod("a"))
    change(store, "a", x=1)
    remove(store, "a")
    changes = store.changes(0)
    assert [(c.revision, c.type) for c in changes] == [(1, "ADDED"), (2, "MODIFIED"), (3, "DELETED")]
    assert changes[0].old() is None
    old = changes[1].old()
    assert old is not None and old["spec"] == {}
    assert changes[2].object["spec"] == {"x": 1}


def test_of_what_only_tells_news_the_deletions_are_changes(store: SQLiteStore) -> None:
    add(store, pod("a"))
    add(store, pod("news"), "events")
    change(store, "a", x=1)
    with store.transaction():
        record = store.get("events", "demo/news")
        assert record
        store.delete(record, record.object(), index_of("pods", record.object()))
    assert [c.revision for c in store.changes(0)] == [1, 2, 3, 4]
    assert [c.revision for c in store.changes(0, but_news_of="events")] == [1, 3, 4]
    assert [c.revision for c in store.changes(0, 2, "events")] == [1, 3]


def test_a_name_is_given_once(store: SQLiteStore) -> None:
    add(store, pod("a"))
    with store.transaction():
        with pytest.raises(ExistsError):
            store.create("pods", "demo/a", pod("a", owner="somebody"), index_of("pods", pod("a")))
        store.create("pods", "demo/b", pod("b"), index_of("pods", pod("b")))
    assert [(c.revision, c.name) for c in store.changes(0)] == [(1, "a"), (2, "b")]


def test_compaction_keeps_the_present_and_refuses_the_past(store: SQLiteStore) -> None:
    add(store, pod("still"))
    add(store, pod("busy"))
    for i in range(20):
        change(store, "busy", x=i)
    with store.transaction():
        store.compact(5)
    oldest = store.oldest()
    assert oldest == store.revision() - 5
    assert [c.revision for c in store.changes(oldest)] == list(range(oldest + 1, oldest + 6))
    assert names(store.list_at(oldest, "pods")) == ["demo/busy", "demo/still"]
    with pytest.raises(CompactedError):
        store.changes(oldest - 1)
    (rows,) = next(store.rows("SELECT count(*) FROM log"))
    assert rows == 7  # five retained, what they started from, and the one never changed


def test_a_failed_transaction_leaves_nothing(store: SQLiteStore) -> None:
    with pytest.raises(RuntimeError), store.transaction():
        add(store, pod("a"))
        raise RuntimeError
    assert store.revision() == 0
    assert store.list("pods") == []


def test_due_work_comes_in_order_of_time(store: SQLiteStore) -> None:
    with store.transaction():
        store.set_due("job", "a", 20.0)
        store.set_due("job", "b", 10.0)
        store.set_due("job", "a", 5.0)
        store.set_due("cron", "x", 7.0)
        store.set_due("cron", "x", None)
    assert store.next_due() == 5.0
    assert store.due(10.0) == [("job", "a", 5.0), ("job", "b", 10.0)]


def test_state_is_kept_per_component(store: SQLiteStore) -> None:
    with store.transaction():
        store.state("kubelet").put("pod/1", {"ip": "10.0.0.1"})
        store.state("kubelet").put("pod/2", [1])
        store.state("other").put("pod/1", 0)
    assert store.state("kubelet").scan("pod/") == [("pod/1", {"ip": "10.0.0.1"}), ("pod/2", [1])]
    assert store.state("kubelet").get("none") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"this is no database at all, not at all", "not a minikctl cluster"),
        (b"SQLite format 3\x00 and then garbage" * 50, "damaged"),
    ],
)
def test_foreign_and_damaged_files_are_refused_and_left_alone(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=message):
        SQLiteStore(str(path))
    assert path.read_bytes() == content


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t(x)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a minikctl cluster"):
        SQLiteStore(str(path))
    assert path.read_bytes() == before


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    SQLiteStore(str(path)).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(StoreError, match="newer minikctl"):
        SQLiteStore(str(path))


def test_a_missing_file_is_only_made_where_allowed(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such cluster"):
        SQLiteStore(str(tmp_path / "x.db"), create=False)
    assert not (tmp_path / "x.db").exists()
