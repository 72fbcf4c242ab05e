"""Random writes against a model: history, lists and the invariants hold after any of them."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from minikctl.store import check
from minikctl.store.record import index_of
from minikctl.store.sqlite import SQLiteStore

NAMES = st.sampled_from(["a", "b", "c", "d"])
LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["x", "y"]))


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = SQLiteStore(os.path.join(self.folder.name, "x.db"))
        self.model: dict[str, Any] = {}
        self.history: dict[int, dict[str, Any]] = {0: {}}
        self.serial = 0

    def teardown(self) -> None:
        assert check.problems(self.store) == []
        self.store.close()
        self.folder.cleanup()

    def _remember(self) -> None:
        self.history[self.store.revision()] = dict(self.model)

    @rule(name=NAMES, labels=LABELS, node=st.sampled_from(["", "n1"]))
    def put(self, name: str, labels: dict[str, str], node: str) -> None:
        self.serial += 1
        path = f"demo/{name}"
        with self.store.transaction():
            record = self.store.get("pods", path)
            uid = record.object()["metadata"]["uid"] if record else f"uid-{self.serial}"
            meta = {"name": name, "uid": uid, "labels": labels}
            obj = {"metadata": meta, "spec": {"nodeName": node, "serial": self.serial}}
            if record is None:
                self.store.create("pods", path, obj, index_of("pods", obj))
            else:
                self.store.update(record, obj, index_of("pods", obj), index_of("pods", record.object()))
        self.model[path] = self.serial
        self._remember()

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        with self.store.transaction():
            record = self.store.get("pods", f"demo/{name}")
            if record is not None:
                self.store.delete(record, record.object(), index_of("pods", record.object()))
        self.model.pop(f"demo/{name}", None)
        self._remember()

    @rule(keep=st.integers(1, 8))
    def compact(self, keep: int) -> None:
        with self.store.transaction():
            self.store.compact(keep)

    @rule(data=st.data())
    def read_the_past(self, data: st.DataObject) -> None:
        retained = sorted(revision for revision in self.history if revision >= self.store.oldest())
        revision = data.draw(st.sampled_from(retained))
        found = {r.path: r.object()["spec"]["serial"] for r in self.store.list_at(revision, "pods")}
        assert found == self.history[revision]

    @invariant()
    def the_present_is_the_model(self) -> None:
        found = {r.path: r.object()["spec"]["serial"] for r in self.store.list("pods")}
        assert found == self.model

    @invariant()
    def replaying_the_log_gives_the_present(self) -> None:
        start = self.store.oldest()
        state = {r.path: r.object()["spec"]["serial"] for r in self.store.list_at(start, "pods")}
        for change in self.store.changes(start):
            path = f"{change.namespace}/{change.name}"
            if change.type == "DELETED":
                del state[path]
            else:
                state[path] = change.object["spec"]["serial"]
        assert state == self.model


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
