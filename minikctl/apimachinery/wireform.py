"""Objects as a Go apiserver writes them: fields of the head in struct order, HTML's characters escaped.

For answers over HTTP, and for what `kubectl --raw` prints of them.
"""

from __future__ import annotations

import json
from typing import Any

# What a server writes for the eye, whoever asks.
ALWAYS_INDENTED = frozenset({"/", "/version"})

# The order of fields in Go's ObjectMeta.
_METADATA = (
    "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    "managedFields",
)  # fmt: skip


def ordered(value: Any) -> Any:
    """An object, a list of them or a watch event with kind, apiVersion and metadata first."""
    if not isinstance(value, dict):
        return value
    head = {key: value[key] for key in ("kind", "apiVersion") if key in value}
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        head["metadata"] = {**{key: metadata[key] for key in _METADATA if key in metadata}, **metadata}
    rest = {key: item for key, item in value.items() if key not in head}
    if isinstance(rest.get("items"), list):
        rest["items"] = [ordered(item) for item in rest["items"]]
    if isinstance(rest.get("object"), dict):
        rest["object"] = ordered(rest["object"])
    return {**head, **rest}


def escaped(data: bytes) -> bytes:
    """JSON with &, < and > as Go's encoder writes them."""
    if b"&" in data:
        data = data.replace(b"&", b"\\u0026")
    if b"<" in data:
        data = data.replace(b"<", b"\\u003c")
    return data.replace(b">", b"\\u003e") if b">" in data else data


def indented(value: Any) -> bytes:
    """JSON for the eye, as Go's MarshalIndent writes it: two spaces a level, no newline at the end."""
    return escaped(json.dumps(ordered(value), indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass"))
