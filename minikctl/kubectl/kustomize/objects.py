"""Reading objects from the text of a file.

Upstream counterpart: kustomize's resource factory.
"""

from __future__ import annotations

from typing import Any

from minikctl.kubectl.kustomize.nodes import is_null, parse, text
from minikctl.kubectl.kustomize.problem import KustomizeError
from minikctl.kubectl.kustomize.resource import Resource


def read_objects(data: bytes) -> list[Resource]:
    """The objects of a YAML or JSON stream; Lists are taken apart."""
    pending = [node for node in parse(data) if _wanted(node)]
    found = []
    while pending:
        node = pending.pop(0)
        kind = text(node["kind"])
        if not kind.endswith("List"):
            found.append(Resource(node))
            continue
        items = node.get("items")
        if "items" not in node or is_null(items):
            continue
        if not isinstance(items, list):
            raise KustomizeError(f"expected array in {kind}/items, but found {_go_type(items)}")
        pending.extend(item for item in items if _wanted(item))
    return found


def _wanted(node: Any) -> bool:
    """Check an object; False for what a build leaves out."""
    if not node:
        return False
    if not isinstance(node, dict):
        raise KustomizeError("missing Resource metadata")
    metadata = node.get("metadata")
    kind = node.get("kind")
    if not kind and not node.get("apiVersion") and not metadata:
        raise KustomizeError("missing Resource metadata")
    shown = _shown(node)
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not kind:
        raise KustomizeError(f"missing kind in object {shown}")
    if not name and not text(kind).endswith("List"):
        raise KustomizeError(f"missing metadata.name in object {shown}")
    return True


def _shown(node: dict[str, Any]) -> str:
    """The metadata as %v prints the struct."""
    metadata = node.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}

    def words(field: str) -> str:
        found = metadata.get(field)
        found = found if isinstance(found, dict) else {}
        return "map[" + " ".join(f"{key}:{text(found[key])}" for key in sorted(found)) + "]"

    def word(where: dict[str, Any], field: str) -> str:
        return text(where[field]) if where.get(field) else ""

    return (
        f"{{{{{word(node, 'apiVersion')} {word(node, 'kind')}}} "
        f"{{{{{word(metadata, 'name')} {word(metadata, 'namespace')}}} {words('labels')} {words('annotations')}}}}}"
    )


def _go_type(value: Any) -> str:
    kinds = {str: "string", bool: "bool", dict: "map[string]interface {}"}
    return kinds.get(type(value), "float64")
