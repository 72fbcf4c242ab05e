"""Client-side apply's patch: what changes the live object into what the file says.

Fields that the last applied configuration had and the new one lacks are removed. Upstream
counterpart: `patcher.go` of kubectl's `pkg/cmd/apply`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import openapi
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.patch import PatchError, three_way_merge, three_way_strategic
from minikctl.apimachinery.request import MERGE_PATCH, STRATEGIC_PATCH, Obj
from minikctl.client.client import Client
from minikctl.kubectl import lastapplied
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info
from minikctl.printers.jsonout import compact

_RETRIES = 5


class Patcher:
    """Patches one object; `text` is the last patch as JSON."""

    def __init__(self, client: Client, info: Info, options: dict[str, Any]) -> None:
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
                if error.reason != "Conflict" or attempt == _RETRIES:
                    raise
                self.info.get(self.client)
        return None

    def _once(self, modified: Obj) -> Obj | None:
        info = self.info
        patch, patch_type = compute(info, modified)
        self.text = compact(patch)
        if not patch:
            return None
        return self.client.patch(info.row, info.name, patch, patch_type, info.namespace, **self.options)


def compute(info: Info, modified: Obj) -> tuple[Obj, str]:
    """The three-way patch from the live object to `modified`, and its content type."""
    live = info.obj
    original = lastapplied.original(live) or {}
    row = info.row
    try:
        if not row.custom:
            schema = openapi.schema_for(row.api_version, row.kind)
            if schema is not None:
                return three_way_strategic(original, modified, live, schema), STRATEGIC_PATCH
        return three_way_merge(original, modified, live), MERGE_PATCH
    except PatchError as error:
        raise KubectlError(f"creating patch with:\noriginal:\n{compact(original)}\nmodified:\n{compact(modified)}\n"
                           f"current:\n{compact(live)}\nfor: {error}") from None  # fmt: skip
