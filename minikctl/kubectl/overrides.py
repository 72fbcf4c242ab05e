"""--overrides: inline JSON laid over a generated object, by one of three kinds of patch.

For run and expose. Upstream counterpart: `override_options.go` of kubectl's `pkg/cmd/util`.
"""

from __future__ import annotations

import json
from typing import Any

from minikctl.apimachinery import openapi, quantity, structural
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.openapi import Schema
from minikctl.apimachinery.patch import PatchError, json_patch, merge_patch, strategic_merge
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.decoding import not_an_object, not_registered
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import STRING, Flag, Values

FLAGS = (
    Flag("override-type", "", STRING, "merge", "How --overrides is laid over the object: json, merge, or strategic."),
    Flag("overrides", "", STRING, "", "Inline JSON that overrides the generated object."),
)


def apply(flags: Values, obj: Obj) -> Obj:
    """The generated object with --overrides laid over it."""
    text, kind = flags["overrides"], flags["override-type"]
    if not text:
        return obj
    if kind not in ("json", "merge", "strategic"):
        raise KubectlError(f"invalid override type: {kind}")
    try:
        patch = json.loads(text)
    except ValueError:
        raise KubectlError("Invalid JSON Patch") from None
    try:
        result = _patched(kind, obj, patch)
    except (PatchError, StatusError) as error:
        raise KubectlError(str(error)) from None
    result = _as_typed(result)
    check_quantities(result)
    return result


def _as_typed(obj: Obj) -> Obj:
    """What the Go type of the object's kind keeps of it, with the fields that are always there."""
    version, kind = obj.get("apiVersion", ""), obj.get("kind", "")
    schema = openapi.schema_for(version, kind)
    if schema is None:
        raise KubectlError(not_registered(version, kind))
    problem = structural.decode(obj, schema).fatal
    if problem:
        raise KubectlError(problem)
    structural.prune(obj, schema)
    _fill(obj, schema)
    return obj


def _fill(value: Any, schema: Schema) -> None:
    if isinstance(value, list) and schema.items is not None:
        for item in value:
            _fill(item, schema.items)
    elif isinstance(value, dict) and schema.properties:
        structural.fill(value, schema)
        for key in schema.required:
            field = schema.prop(key)
            if key not in value and field is not None and field.items is not None:
                value[key] = None
        for key, item in value.items():
            field = schema.prop(key)
            if field is not None:
                _fill(item, field)


def _patched(kind: str, obj: Obj, patch: Any) -> Obj:
    result: Obj
    if kind == "json":
        result = json_patch(obj, patch)
    elif not isinstance(patch, dict):
        raise KubectlError(not_an_object(patch))
    elif kind == "merge":
        result = merge_patch(obj, patch)
    else:
        result = strategic_merge(obj, patch, openapi.schema_for(obj["apiVersion"], obj["kind"]))
    return result


def check_quantities(pod: Obj) -> None:
    """Refuse resource amounts that kubectl itself cannot read."""
    spec = pod.get("spec") if isinstance(pod.get("spec"), dict) else {}
    for container in (spec or {}).get("containers") or ():
        resources = container.get("resources") or {}
        for kind in ("limits", "requests"):
            for amount in (resources.get(kind) or {}).values():
                try:
                    quantity.parse(amount)
                except quantity.QuantityError as error:
                    raise KubectlError(str(error)) from None
