"""From client-side to server-side apply: hands kubectl's old field ownership to the new manager.

Done after a server-side apply of an object that client-side apply made. Upstream counterpart:
client-go's `util/csaupgrade` and the migration steps of kubectl's `pkg/cmd/apply`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import JSON_PATCH, Obj
from minikctl.kubectl.info import Info
from minikctl.kubectl.lastapplied import ANNOTATION

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

_CLIENT_SIDE = "kubectl-client-side-apply"
_LAST_APPLIED = "kubectl-last-applied"
_RETRIES = 5


def migrate(factory: Factory, info: Info, manager: str) -> bool:
    """Move ownership over; True when the apply must be sent again."""
    try:
        _keep_annotation(factory, info, manager)
    except StatusError as error:
        factory.err(
            "Warning: failed to migrate kubectl.kubernetes.io/last-applied-configuration for Server-Side Apply. This is "
            f"non-fatal and will be retried next time you apply. Error: {error}"
        )
        return False
    try:
        return _upgrade(factory, info, manager)
    except StatusError as error:
        factory.err(
            "Warning: server rejected managed fields migration to Server-Side Apply. This is non-fatal and will be "
            f"retried next time you apply. Error: {error}"
        )
        return False


def _keep_annotation(factory: Factory, info: Info, manager: str) -> None:
    """With the default manager the last-applied annotation lives on, owned by a manager of its own."""
    metadata = info.obj["metadata"]
    text = (metadata.get("annotations") or {}).get(ANNOTATION)
    if manager != "kubectl" or text is None:
        return
    for entry in metadata.get("managedFields") or ():
        if entry.get("manager") == _LAST_APPLIED and entry.get("operation") == "Apply":
            return
    only: Obj = {
        "apiVersion": info.row.api_version,
        "kind": info.row.kind,
        "metadata": {"name": info.name, "annotations": {ANNOTATION: text}},
    }
    if info.namespace:
        only["metadata"]["namespace"] = info.namespace
    info.refresh(factory.client.apply(info.row, only, _LAST_APPLIED, False, namespace=info.namespace))


def _upgrade(factory: Factory, info: Info, manager: str) -> bool:
    for attempt in range(_RETRIES):
        metadata = info.obj["metadata"]
        entries = metadata.get("managedFields") or []
        upgraded = upgraded_entries(entries, {_CLIENT_SIDE, *_annotation_owners(entries)}, manager)
        if upgraded == entries:
            return False
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": upgraded},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        ]
        try:
            info.refresh(factory.client.patch(info.row, info.name, patch, JSON_PATCH, info.namespace))
            return True
        except StatusError as error:
            if error.reason != "Conflict" or attempt == _RETRIES - 1:
                raise
            info.get(factory.client)
    return False


def _annotation_owners(entries: Iterable[Obj]) -> set[str]:
    """Managers whose updates own the last-applied annotation."""
    owners = set()
    for entry in entries:
        fields = entry.get("fieldsV1") or {}
        annotations = (fields.get("f:metadata") or {}).get("f:annotations") or {}
        if entry.get("operation") == "Update" and f"f:{ANNOTATION}" in annotations and not entry.get("subresource"):
            owners.add(entry.get("manager", ""))
    return owners


def upgraded_entries(entries: list[Obj], client_side: Iterable[str], manager: str) -> list[Obj]:
    """managedFields with the fields of the client-side managers given to the server-side `manager`."""
    result = [dict(entry) for entry in entries]
    for old in sorted(client_side):
        index = _find(result, manager, "Apply")
        if index is None:
            index = _find(result, old, "Update")
            if index is None:
                continue
            result[index]["operation"] = "Apply"
            result[index]["manager"] = manager
        keeper = result[index]
        for entry in result:
            if _is(entry, old, "Update") and entry.get("apiVersion") == keeper.get("apiVersion"):
                keeper["fieldsV1"] = _union(keeper.get("fieldsV1") or {}, entry.get("fieldsV1") or {})
        result = [entry for entry in result if not _is(entry, old, "Update")]
    return result


def _is(entry: Obj, manager: str, operation: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == operation and not entry.get("subresource")


def _find(entries: list[Obj], manager: str, operation: str) -> int | None:
    return next((index for index, entry in enumerate(entries) if _is(entry, manager, operation)), None)


def _union(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    result = dict(left)
    for key, value in right.items():
        result[key] = _union(result[key], value) if key in result else value
    return result
