"""Client-side apply's patch: what changes the live object into what the file says.

Fields that the last applied configuration had and the new one lacks are removed. Upstream
counterpart: `patcher.go` of kubectl's `pkg/cmd/apply`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import openapi
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import annotations_of
from minikctl.apimachinery.patch import PatchError, merge_patch, strategic_merge, three_way_merge, three_way_strategic
from minikctl.apimachinery.request import MERGE_PATCH, STRATEGIC_PATCH, Obj
from minikctl.client.client import Client
from minikctl.kubectl import lastapplied
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info
from minikctl.printers.jsonout import compact

_RETRIES = 5


class Patcher:
    """Patches one object; `text` is the last patch as JSON. Without a client what would come out is worked out here."""

    def __init__(self, client: Client | None, info: Info, options: dict[str, Any]) -> None:
        self.client = client
        self.info = info
        self.options = options
        self.text = ""

    def patch(self, modified: Obj) -> Obj | None:
        """Send the patch; the object afterwards, or None when there was nothing to change."""
        for attempt in range(_RETRIES + 1):
            try:
                return self._once(modified)
            except StatusError as error:
                if error.reason != "Conflict" or attempt == _RETRIES or self.client is None:
                    raise
                self.info.get(self.client)
        return None

    def _once(self, modified: Obj) -> Obj | None:
        info = self.info
        patch, patch_type = compute(info, modified)
        self.text = compact(patch)
        if not patch:
            return None
        if self.client is None:
            return _patched(info, patch, patch_type)
        return self.client.patch(info.row, info.name, patch, patch_type, info.namespace, **self.options)


def compute(info: Info, modified: Obj) -> tuple[Obj, str]:
    """The three-way patch from the live object to `modified`, and its content type."""
    live = info.obj
    row = info.row
    try:
        try:
            original = lastapplied.original(live) or {}
        except ValueError:
            raise PatchError("invalid JSON document") from None
        if not row.custom:
            schema = openapi.schema_for(row.api_version, row.kind)
            if schema is not None:
                return three_way_strategic(original, modified, live, schema), STRATEGIC_PATCH
        return three_way_merge(original, modified, live), MERGE_PATCH
    except PatchError as error:
        text = annotations_of(live).get(lastapplied.ANNOTATION, "")
        raise KubectlError(
            f"creating patch with:\noriginal:\n{text}\nmodified:\n{compact(modified)}\n\ncurrent:\n{compact(live)}\n\n"
            f"for: {error}"
        ) from None


def _patched(info: Info, patch: Obj, patch_type: str) -> Obj:
    """What the patch makes of the live object; defaults are not set and nothing is validated."""
    schema = openapi.schema_for(info.row.api_version, info.row.kind)
    if patch_type == STRATEGIC_PATCH and schema is not None:
        return strategic_merge(info.obj, patch, schema)
    patched: Obj = merge_patch(info.obj, patch)
    return patched
