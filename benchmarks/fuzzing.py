"""A fuzzer of objects: real manifests, mutated, sent to a cluster in every way an object can be.

What is sent ends in success or in a StatusError that has changed nothing. `Fuzzer.step` raises
whatever else happens; the caller says with which seed and number it can be had again.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from minikctl.apimachinery import resources
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from minikctl.apimachinery.resources import Resource
from minikctl.cluster import Cluster
from minikctl.kubectl import manifest
from minikctl.kubectl.cmd.describe import ClientLookup
from minikctl.printers import describe

Obj = dict[str, Any]
Path_ = list[Any]
NAMESPACE = "demo"
_PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, 2**63, 10**30, 1.5, -0.0, 1e308),
    *(
        "",
        " ",
        "a",
        "A",
        "-",
        ".",
        "/",
        "a/b/c",
        "x" * 64,
        "x" * 300,
        "0",
        "-1",
        "1e3",
        "1Gi",
        "1.5m",
        "10%",
        "\n",
        "\0",
    ),
    *("é", "🙂", "{{", "$(VAR)", "*", "None", "null", "10.0.0.1", "::1", "10.0.0.0/8", "::/0", "2026-01-02T03:04:05Z"),
    *(
        "a=b,c in (d)",
        "[a-z",
        "(?i)x",
        "self.x > 1",
        "object.metadata.name",
        "default",
        "kube-system",
        "system:masters",
    ),
    *([], {}, [None], [{}], [[]], {"a": None}, {"": ""}, ["a", "a"], [1, "1", None, {}], {"name": "x"}),
)
_COUNTS = ("replicas", "parallelism", "completions", "minReplicas", "maxReplicas")
_ORPHAN = {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
_KEYS = ("name", "kind", "spec", "metadata", "unknown", "", "a b", "labels", "$patch", "type", "key", "é")


def load(paths: Iterable[Path]) -> list[Obj]:
    """Every object of some manifest files."""
    return [item for path in paths for item in manifest.documents(path.read_bytes()) if isinstance(item, dict)]


def places(value: Any, path: Path_ | None = None) -> list[Path_]:
    """Where something is: the path of every part of a JSON value but itself."""
    here = path or []
    found = [here] if here else []
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        found += places(item, [*here, key])
    return found


def mutate(obj: Obj, others: list[Obj], rng: random.Random) -> Obj:
    """A copy of the object with one to four things wrong with it, or at least other than before."""
    changed = copy.deepcopy(obj)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        paths = places(changed)
        if not paths:
            return changed
        *way, key = rng.choice(paths)
        parent: Any = changed
        for step in way:
            parent = parent[step]
        _change(parent, key, others, rng)
    return changed


def _change(parent: Any, key: Any, others: list[Obj], rng: random.Random) -> None:
    value = parent[key]
    kind = rng.randrange(9)
    if kind == 0:
        del parent[key]
    elif kind == 1:
        parent[key] = [value] if rng.random() < 0.5 else {"value": value}
    elif kind == 2 and isinstance(parent, list):
        parent.append(copy.deepcopy(value))
    elif kind == 2:
        parent[rng.choice(_KEYS)] = copy.deepcopy(value)
    elif kind == 3 and isinstance(value, str):
        parent[key] = _scribble(value, rng)
    elif kind == 3 and isinstance(value, int) and not isinstance(value, bool):
        parent[key] = rng.choice((value + 1, -value, value * 1000, str(value), float(value)))
    elif kind == 4:
        parent[key] = copy.deepcopy(_part(rng.choice(others), rng))
    else:
        # Mostly another value of the same type: what does not even decode tests little.
        alike = [one for one in _VALUES if type(one) is type(value)]
        parent[key] = copy.deepcopy(rng.choice(alike if alike and kind > 5 else _VALUES))


def _scribble(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    return rng.choice((text[:at] + rng.choice("aZ0-._/:*\"'{} é\n\t%$") + text[at:], text[:at], text[at:], text * 3))


def _part(obj: Obj, rng: random.Random) -> Any:
    value: Any = obj
    for step in rng.choice(places(obj)):
        value = value[step]
    return value


def _is_vast(spec: Any) -> bool:
    numbers = [spec.get(key) for key in _COUNTS] if isinstance(spec, dict) else []
    return any(isinstance(number, int) and number > 50 for number in numbers)


class Fuzzer:
    """Sends mutated objects to one cluster; `settle_every` steps its controllers look at what was accepted."""

    def __init__(self, cluster: Cluster, seeds: list[Obj], seed: int = 0, settle_every: int = 100) -> None:
        self.cluster = cluster
        self.client = cluster.client()
        self.seeds = seeds
        self.seed = seed
        self.settle_every = settle_every
        self.outcomes: dict[str, int] = {}
        self._made: list[tuple[Resource, str, str]] = []

    def step(self, number: int) -> None:
        """One object: created, read, described, written again in some way; now and then all are deleted."""
        rng = random.Random(f"{self.seed}/{number}")
        original = rng.choice(self.seeds)
        row = self._row(original)
        if row is None:
            return
        obj = mutate(original, self.seeds, rng) if rng.random() < 0.7 else copy.deepcopy(original)
        namespace = NAMESPACE if row.namespaced else ""
        send: Obj = {"namespace": namespace, "body": obj, "options": self._options(rng)}
        created = self._try("create", lambda: self.client.request("create", row, **send))
        if created is not None:
            meta = created["metadata"]
            self._made.append((row, meta["name"], meta.get("namespace", "")))
            if rng.random() < 0.4:
                self._look(row, meta)
            self._write(row, created, rng)
        if number % self.settle_every == self.settle_every - 1:
            self.clean()

    def clean(self) -> None:
        """Let the controllers work on what there is (nothing that asks for very many pods), then delete it."""
        for row, name, namespace in list(self._made):
            found = self.client.find(row, name, namespace)
            if found is not None and _is_vast(found.get("spec")):
                self._try("delete", lambda r=row, n=name, s=namespace: self.client.delete(r, n, s, **_ORPHAN))
        self.cluster.settle()
        for row, name, namespace in self._made:
            self._try("delete", lambda r=row, n=name, s=namespace: self.client.delete(r, n, s, gracePeriodSeconds=0))
        self._made.clear()
        self.cluster.settle()

    def _row(self, obj: Obj) -> Resource | None:
        version, kind = str(obj.get("apiVersion")), str(obj.get("kind"))
        return resources.by_kind(version, kind) or self.cluster.server.resource_set().by_kind(version, kind)

    @staticmethod
    def _options(rng: random.Random) -> Obj:
        options: Obj = {"fieldValidation": rng.choice(("Strict", "Warn", "Ignore"))}
        if rng.random() < 0.1:
            options["dryRun"] = ["All"]
        return options

    def _look(self, row: Resource, meta: Obj) -> None:
        name, namespace = meta["name"], meta.get("namespace", "")
        self._try("table", lambda: self.client.get(row, name, namespace, table=True))
        found = self._try("get", lambda: self.client.get(row, name, namespace))
        if found is not None:
            lookup = ClientLookup(self.client, True, 500)
            self._try("describe", lambda: describe.describe(row.key, found, lookup, self.cluster.clock.now()))

    def _write(self, row: Resource, created: Obj, rng: random.Random) -> None:
        """Put, patch or apply a mutated form, to the object or its status."""
        name, namespace = created["metadata"]["name"], created["metadata"].get("namespace", "")
        changed = mutate(created, self.seeds, rng)
        subresource = "status" if "status" in row.subresources and rng.random() < 0.2 else ""
        if rng.random() < 0.4:
            send: Obj = {"namespace": namespace, "name": name, "subresource": subresource, "body": changed}
            self._try("update", lambda: self.client.request("update", row, options=self._options(rng), **send))
            return
        patch_type = rng.choice(_PATCHES)
        body: Any = changed
        if patch_type == JSON_PATCH:
            body = self._operations(created, rng)
        elif patch_type == APPLY_PATCH:
            body["metadata"] = {"name": name}
            for key in rng.sample(sorted(body), k=len(body) // 2):
                if key not in ("apiVersion", "kind", "metadata"):
                    del body[key]
        else:
            body = {key: value for key, value in changed.items() if rng.random() < 0.7 or key == "spec"}
        options = {**self._options(rng), "fieldManager": "fuzz"}
        if patch_type == APPLY_PATCH:
            options["force"] = rng.random() < 0.5
        self._try(
            f"patch {patch_type}",
            lambda: self.client.patch(row, name, body, patch_type, namespace, subresource=subresource, **options),
        )

    @staticmethod
    def _operations(obj: Obj, rng: random.Random) -> list[Any]:
        operations: list[Any] = []
        for _ in range(rng.randrange(1, 4)):
            path = "/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in rng.choice(places(obj)))
            operation = {"op": rng.choice(("add", "remove", "replace", "test", "move", "copy", "odd")), "path": path}
            operation["value" if rng.random() < 0.8 else "from"] = copy.deepcopy(rng.choice(_VALUES))
            operations.append(operation if rng.random() < 0.95 else rng.choice(_VALUES))
        return operations

    def _try(self, what: str, action: Any) -> Any:
        """What an action gives; None for a StatusError, which must have left the store as it was."""
        before = self.cluster.store.revision()
        try:
            result = action()
        except StatusError as error:
            assert self.cluster.store.revision() == before, f"{what} failed ({error}) and has written"
            self._count(what, error.reason or "error")
            return None
        self._count(what, "ok")
        return result

    def _count(self, what: str, outcome: str) -> None:
        key = f"{what}: {outcome}"
        self.outcomes[key] = self.outcomes.get(key, 0) + 1
