"""A small API for scheduler tests: objects by resource, as the scheduler's client reads and writes them."""

from __future__ import annotations

import copy
import json
from collections.abc import Container
from typing import Any

from minikctl.apimachinery.clock import Clock
from minikctl.apimachinery.rand import Rand
from minikctl.apimachinery.request import Change
from minikctl.client.component import Env
from minikctl.scheduler.scheduler import Scheduler

Obj = dict[str, Any]


def make_node(name: str, cpu: str = "4", memory: str = "8Gi", pods: str = "110", **fields: Any) -> Obj:
    labels = {"kubernetes.io/hostname": name, **fields.pop("labels", {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": fields,
        "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods}},
    }


def make_pod(name: str, cpu: str = "", memory: str = "", labels: Any = None, priority: int = 0, **spec: Any) -> Obj:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    container: Obj = {"name": "app", "image": "shop/app:1", "resources": {"requests": requests} if requests else {}}
    if ports := spec.pop("ports", None):
        container["ports"] = ports
    meta = {"name": name, "namespace": "demo", "uid": f"uid-{name}", "generation": 1, "labels": labels or {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {"containers": [container], "priority": priority, **spec},
        "status": {"phase": "Pending"},
    }


class FakeState:
    """A component's storage, as JSON."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get(self, key: str) -> Any:
        return json.loads(self.values[key]) if key in self.values else None

    def put(self, key: str, value: Any) -> None:
        self.values[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


class FakeApi:
    """Stores objects; every write is also fed to the scheduler as a change."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[tuple[str, str], Obj]] = {}
        self.events: list[tuple[str, str, str, str]] = []
        self.version = 0
        self.scheduler: Scheduler | None = None
        self.queue: dict[str, None] = {}
        self.log: list[tuple[int, str, str, Obj]] = []
        self.state = FakeState()
        self.finds = 0
        self.keep_terminating = False  # whether deleted objects take their time

    # what the scheduler asks of its client

    def items(
        self,
        resource: str,
        namespace: str = "",
        label_selector: Any = None,
        owner: Any = None,
        node: Any = None,
        without: Container[str] = (),
    ):
        found = self.objects.get(resource, {}).values()
        return [
            copy.deepcopy(obj)
            for obj in found
            if (not namespace or obj["metadata"].get("namespace") == namespace)
            and f"{obj['metadata'].get('namespace')}/{obj['metadata']['name']}" not in without
            and (node is None or obj["spec"].get("nodeName", "") == node)
        ]

    def find(self, resource: str, name: str, namespace: str = "") -> Obj | None:
        self.finds += 1
        return copy.deepcopy(self.objects.get(resource, {}).get((namespace, name)))

    def create(
        self, resource: str, obj: Obj, namespace: str = "", subresource: str = "", name: str = "", trusted: bool = False
    ) -> Obj:
        if resource == "events":
            return obj
        if not subresource:
            name = f"{obj['metadata']['generateName']}{len(self.objects.get(resource, ())):03}"
            return self.put(resource, {**obj, "metadata": {**obj["metadata"], "name": name, "uid": f"uid-{name}"}})
        assert subresource == "binding"
        pod = self.objects["pods"][namespace, name]
        pod["spec"]["nodeName"] = obj["target"]["name"]
        return self._changed("MODIFIED", "pods", pod)

    def patch(self, resource: str, name: str, patch: Obj, kind: str, namespace: str = "", subresource: str = "") -> Obj:
        obj = self.objects[resource][namespace, name]
        for part, fields in patch.items():
            for field, value in fields.items():
                if field == "conditions":
                    kept = [c for c in obj[part].get(field, []) if c["type"] != value[0]["type"]]
                    obj[part][field] = [*kept, *value]
                elif value is None:
                    obj[part].pop(field, None)
                elif isinstance(value, dict):
                    obj[part].setdefault(field, {}).update(value)
                else:
                    obj[part][field] = value
        return self._changed("MODIFIED", resource, obj)

    def update(self, resource: str, obj: Obj, subresource: str = "") -> Obj:
        meta = obj["metadata"]
        stored = self.objects[resource][meta.get("namespace", ""), meta["name"]]
        assert obj["metadata"].get("resourceVersion") == stored["metadata"].get("resourceVersion"), "conflict"
        part = "status" if subresource else "metadata"
        stored[part] = copy.deepcopy(obj[part])
        return self._changed("MODIFIED", resource, stored)

    def delete(self, resource: str, name: str, namespace: str = "", **options: Any) -> Obj:
        if self.keep_terminating:
            self.objects[resource][namespace, name]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            return self._changed("MODIFIED", resource, self.objects[resource][namespace, name])
        return self._changed("DELETED", resource, self.objects[resource].pop((namespace, name)))

    def watch(self, resource: str, since: str):
        for revision, kind, changed, obj in self.log:
            if changed == resource and revision > int(since):
                yield {"type": kind, "object": copy.deepcopy(obj)}

    def event_v1(self, obj: Obj, related: Any, type_: str, reason: str, action: str, message: str) -> None:
        self.events.append((obj["metadata"]["name"], type_, reason, message))

    # what tests do

    def put(self, resource: str, obj: Obj) -> Obj:
        meta = obj["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        known = key in self.objects.setdefault(resource, {})
        self.objects[resource][key] = obj
        return self._changed("MODIFIED" if known else "ADDED", resource, obj)

    def _changed(self, kind: str, resource: str, obj: Obj) -> Obj:
        self.version += 1
        meta = obj["metadata"]
        meta["resourceVersion"] = str(self.version)
        self.log.append((self.version, kind, resource, copy.deepcopy(obj)))
        mapper = self.scheduler.watches.get(resource) if self.scheduler else None
        if mapper:
            change = Change(
                self.version, kind, resource, meta.get("namespace", ""), meta["name"], copy.deepcopy(obj), None
            )
            self.queue.update(dict.fromkeys(mapper(change)))
        return copy.deepcopy(obj)

    def settle(self) -> None:
        assert self.scheduler is not None
        while self.queue:
            keys = self.scheduler.order(list(self.queue))
            self.queue.clear()
            for key in keys:
                self.scheduler.sync(key)
        self.scheduler.flush()

    def node_of(self, name: str) -> str:
        return self.objects["pods"]["demo", name]["spec"].get("nodeName", "")

    def message(self, name: str) -> str:
        conditions = self.objects["pods"]["demo", name]["status"].get("conditions", [])
        return next((c["message"] for c in conditions if c["type"] == "PodScheduled"), "")


def environment(api: FakeApi, settings: dict[str, Any] | None = None) -> Env:
    return Env(api, Clock(frozen_at=1e9), Rand("x"), api, api.state, settings or {})  # type: ignore[arg-type]


def start(api: FakeApi, settings: dict[str, Any] | None = None) -> Scheduler:
    api.scheduler = Scheduler(environment(api, settings))
    return api.scheduler
