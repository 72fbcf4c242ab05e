"""Short ways to say what most controller tests need."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import MERGE_PATCH
from minikctl.cluster import Cluster

Obj = dict[str, Any]


class World:
    """The namespace demo of a settled cluster, as its administrator."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.client = cluster.client()

    def create(self, resource: str, obj: Obj) -> Obj:
        made = self.client.create(resource, obj)
        self.cluster.settle()
        return made

    def get(self, resource: str, name: str, namespace: str = "demo") -> Obj:
        return self.client.get(resource, name, namespace)

    def status(self, resource: str, name: str, namespace: str = "demo") -> Obj:
        status: Obj = self.get(resource, name, namespace).get("status") or {}
        return status

    def merge(self, resource: str, name: str, patch: Obj, namespace: str = "demo") -> None:
        self.client.patch(resource, name, patch, MERGE_PATCH, namespace)
        self.cluster.settle()

    def delete(self, resource: str, name: str, namespace: str = "demo", **options: Any) -> None:
        self.client.delete(resource, name, namespace, **options)
        self.cluster.settle()

    def items(self, resource: str, **selection: Any) -> list[Obj]:
        return self.client.items(resource, "demo", **selection)

    def names(self, resource: str, **selection: Any) -> list[str]:
        return [obj["metadata"]["name"] for obj in self.items(resource, **selection)]

    def events(self, kind: str, name: str = "") -> list[str]:
        """ "Reason: message" of the events about a kind, in order."""
        found = [
            event
            for event in self.client.items("events")
            if event["involvedObject"]["kind"] == kind and name in ("", event["involvedObject"]["name"])
        ]
        found.sort(key=lambda event: event["metadata"]["name"].rpartition(".")[2])
        return [f"{event['reason']}: {event['message']}" for event in found]

    def conditions(self, resource: str, name: str, namespace: str = "demo") -> dict[str, str]:
        """Condition type -> "status reason"."""
        conditions = self.status(resource, name, namespace).get("conditions") or []
        return {entry["type"]: f"{entry['status']} {entry.get('reason', '')}".strip() for entry in conditions}

    def settles(self) -> bool:
        """Whether settling once more changes nothing."""
        before = self.cluster.store.revision()
        self.cluster.settle()
        return self.cluster.store.revision() == before


def pod_spec(command: list[str] | None = None, **more: Any) -> Obj:
    container: Obj = {"name": "main", "image": "example.com/app:1"}
    if command:
        container["command"] = command
    return {"containers": [container], "terminationGracePeriodSeconds": 0, **more}


def workload(kind: str, name: str, **spec: Any) -> Obj:
    """A Deployment, ReplicaSet, StatefulSet or DaemonSet with the label app=NAME."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": spec.pop("pod", None) or pod_spec()}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def new_image(tag: str) -> Obj:
    """A patch that changes the template's image."""
    container = {"name": "main", "image": f"example.com/app:{tag}"}
    return {"spec": {"template": {"spec": {"containers": [container]}}}}
