"""--overrides: inline JSON laid over a generated object, by one of three kinds of patch.

For run and expose. Upstream counterpart: `override_options.go` of kubectl's `pkg/cmd/util`.
"""

from __future__ import annotations

import json
from typing import Any

from minikctl.apimachinery import openapi, quantity
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.patch import PatchError, json_patch, merge_patch, strategic_merge
from minikctl.apimachinery.request import Obj
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
        raise KubectlError(f'invalid override type: {kind}, expected "json", "merge" or "strategic"')
    try:
        patch = json.loads(text)
    except ValueError:
        raise KubectlError("Invalid JSON Patch") from None
    try:
        result = _patched(kind, obj, patch)
    except (PatchError, StatusError) as error:
        raise KubectlError(str(error)) from None
    check_quantities(result)
    return result


def _patched(kind: str, obj: Obj, patch: Any) -> Obj:
    result: Obj
    if kind == "json":
        result = json_patch(obj, patch)
    elif not isinstance(patch, dict):
        raise KubectlError("Invalid JSON Patch")
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
