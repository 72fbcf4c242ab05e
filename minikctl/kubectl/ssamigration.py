"""From client-side to server-side apply: hands kubectl's old field ownership to the new manager.

Done after a server-side apply of an object that client-side apply made. Upstream counterpart:
client-go's `util/csaupgrade` and the migration steps of kubectl's `pkg/cmd/apply`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.managedfields import owners_of, upgrade_from_client_side
from minikctl.apimachinery.request import JSON_PATCH, Obj
from minikctl.kubectl.info import Info
from minikctl.kubectl.lastapplied import ANNOTATION

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

_LAST_APPLIED = "kubectl-last-applied"
_RETRIES = 5


def migrate(factory: Factory, info: Info, manager: str, options: dict[str, Any], subresource: str = "") -> bool:
    """Move ownership over; True when the apply must be sent again. `options` say whether this is a dry run.

    Of a subresource there is nothing to move: client-side apply writes none.
    """
    try:
        where = {"subresource": subresource} if subresource else {}
        _keep_annotation(factory, info, manager, {**options, **where})
    except StatusError as error:
        factory.err(
            "Warning: failed to migrate kubectl.kubernetes.io/last-applied-configuration for Server-Side Apply. This "
            f"is non-fatal and will be retried next time you apply. Error: {error}"
        )
        return False
    if subresource:
        return False
    try:
        return _upgrade(factory, info, manager, options)
    except StatusError as error:
        factory.err(
            "Warning: server rejected managed fields migration to Server-Side Apply. This is non-fatal and will be "
            f"retried next time you apply. Error: {error}"
        )
        return False


def _keep_annotation(factory: Factory, info: Info, manager: str, options: dict[str, Any]) -> None:
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
    info.refresh(factory.client.apply(info.row, only, _LAST_APPLIED, False, namespace=info.namespace, **options))


def _upgrade(factory: Factory, info: Info, manager: str, options: dict[str, Any]) -> bool:
    for attempt in range(_RETRIES):
        metadata = info.obj["metadata"]
        entries = metadata.get("managedFields") or []
        clients = sorted(_annotation_owners(info.obj))
        upgraded = upgrade_from_client_side(info.obj, clients, manager)
        if upgraded == entries:
            return False
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": upgraded},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        ]
        try:
            info.refresh(factory.client.patch(info.row, info.name, patch, JSON_PATCH, info.namespace, **options))
            return True
        except StatusError as error:
            if error.reason != "Conflict" or attempt == _RETRIES - 1:
                raise
            info.get(factory.client)
    return False


def _annotation_owners(obj: Obj) -> set[str]:
    """Managers whose updates own the last-applied annotation."""
    fields: dict[str, Any] = {"f:metadata": {"f:annotations": {f"f:{ANNOTATION}": {}}}}
    return {entry.get("manager", "") for entry in owners_of(obj, "Update", fields)}
