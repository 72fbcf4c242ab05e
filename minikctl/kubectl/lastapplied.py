"""The last-applied-configuration annotation: reading it, computing it, setting it.

Used by apply, create --save-config, replace, edit and the like. Upstream counterpart: kubectl's
`pkg/util/apply.go`.
"""

from __future__ import annotations

import json

from minikctl.apimachinery.meta import annotations_of, metadata_of
from minikctl.apimachinery.request import Obj
from minikctl.printers.jsonout import compact

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def original(obj: Obj) -> Obj | None:
    """The configuration that was applied last, None where there is none; ValueError where it is no JSON."""
    text = annotations_of(obj).get(ANNOTATION)
    if not text:
        return None
    value: Obj = json.loads(text)
    return value


def has_annotation(obj: Obj) -> bool:
    """Whether the object was applied."""
    return ANNOTATION in annotations_of(obj)


def bare(obj: Obj) -> Obj:
    """The object without the annotation (and with the map of annotations, even if empty)."""
    annotations = {key: value for key, value in _texts(obj).items() if key != ANNOTATION}
    return {**obj, "metadata": {**metadata_of(obj), "annotations": annotations}}


def _texts(obj: Obj) -> Obj:
    """The annotations as Go reads them: one that is null is an empty text."""
    return {key: "" if value is None else value for key, value in annotations_of(obj).items()}


def configuration(obj: Obj) -> str:
    """The object as it is kept in the annotation."""
    return compact(bare(obj)) + "\n"


def annotated(obj: Obj) -> Obj:
    """A copy of the object that carries its own configuration as annotation."""
    annotations = {**_texts(obj), ANNOTATION: configuration(obj)}
    return {**obj, "metadata": {**metadata_of(obj), "annotations": annotations}}


def updated(obj: Obj, create: bool) -> Obj:
    """The object with a fresh annotation if it has one, or if `create` asks for one."""
    return annotated(obj) if create or has_annotation(obj) else obj


def annotated_typed(obj: Obj) -> Obj:
    """The same for an object that kubectl made itself, which it encodes as a Go struct: in the fields' order."""
    head = {key: obj[key] for key in ("kind", "apiVersion", "metadata") if key in obj}
    text = json.dumps({**head, **obj}, separators=(",", ":"), ensure_ascii=False)
    for char, escaped in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")):
        text = text.replace(char, escaped)
    metadata = obj["metadata"]
    annotations = {**(metadata.get("annotations") or {}), ANNOTATION: text + "\n"}
    return {**obj, "metadata": {**metadata, "annotations": annotations}}
