"""A schema node in a few words, with the interface of `openapi.Schema`."""

from __future__ import annotations

from typing import Any


class Node:
    """Built from nested dicts as OpenAPI documents have them, or with keyword arguments."""

    def __init__(self, doc: dict[str, Any] | None = None, **more: Any) -> None:
        doc = {**(doc or {}), **more}
        self.type: str = doc.get("type", "")
        self.format: str = doc.get("format", "")
        self.default: Any = doc.get("default")
        self.properties: dict[str, Node] = {k: node(v) for k, v in doc.get("properties", {}).items()}
        self.items: Node | None = node(doc["items"]) if "items" in doc else None
        self.additional: Node | None = node(doc["additionalProperties"]) if "additionalProperties" in doc else None
        self.patch_strategy: str | None = doc.get("x-kubernetes-patch-strategy")
        self.patch_merge_key: str | None = doc.get("x-kubernetes-patch-merge-key")
        self.list_type: str | None = doc.get("x-kubernetes-list-type")
        self.list_map_keys: list[str] = doc.get("x-kubernetes-list-map-keys", [])
        self.map_type: str | None = doc.get("x-kubernetes-map-type")
        self.preserve_unknown: bool = doc.get("x-kubernetes-preserve-unknown-fields", False)
        self.int_or_string: bool = doc.get("x-kubernetes-int-or-string", False)

    def prop(self, name: str) -> Node | None:
        return self.properties.get(name)


def node(doc: dict[str, Any] | Node) -> Node:
    return doc if isinstance(doc, Node) else Node(doc)


STRING = Node(type="string")
INT = Node(type="integer")


def obj(**properties: Any) -> Node:
    return Node(type="object", properties=properties)


def map_of(values: Node, **more: Any) -> Node:
    return Node({"type": "object", "additionalProperties": values, **more})


def list_of(items: Node, keys: list[str] | None = None, strategy: str = "merge", list_type: str = "") -> Node:
    """A list: with keys an associative one, merged by the first of them in strategic patches."""
    doc: dict[str, Any] = {"type": "array", "items": items}
    if keys:
        doc["x-kubernetes-list-type"] = "map"
        doc["x-kubernetes-list-map-keys"] = keys
        doc["x-kubernetes-patch-merge-key"] = keys[0]
        doc["x-kubernetes-patch-strategy"] = strategy
    if list_type:
        doc["x-kubernetes-list-type"] = list_type
        if list_type == "set":
            doc["x-kubernetes-patch-strategy"] = strategy
    return Node(doc)


PORT = obj(containerPort=INT, name=STRING, protocol=Node(type="string", default="TCP"))
ENV = obj(name=STRING, value=STRING)
CONTAINER = obj(
    name=STRING,
    image=STRING,
    args=list_of(STRING, list_type="atomic"),
    env=list_of(ENV, ["name"]),
    ports=list_of(PORT, ["containerPort", "protocol"]),
)
SPEC = obj(
    replicas=INT,
    strategy=Node(
        {
            "type": "object",
            "properties": {"type": STRING, "rollingUpdate": obj(maxSurge=INT)},
            "x-kubernetes-patch-strategy": "retainKeys",
        }
    ),
    selector=map_of(STRING, **{"x-kubernetes-map-type": "atomic"}),
    containers=list_of(CONTAINER, ["name"]),
    volumes=list_of(
        obj(name=STRING, emptyDir=obj(medium=STRING), hostPath=obj(path=STRING)), ["name"], "merge,retainKeys"
    ),
)
METADATA = obj(
    name=STRING,
    namespace=STRING,
    labels=map_of(STRING),
    annotations=map_of(STRING),
    finalizers=list_of(STRING, list_type="set"),
)
KIND = obj(apiVersion=STRING, kind=STRING, metadata=METADATA, spec=SPEC, status=obj(replicas=INT), data=map_of(STRING))
