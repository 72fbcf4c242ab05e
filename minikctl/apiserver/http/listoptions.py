"""ListOptions: which combinations a list or watch may ask for, and whether the revision of a list is there.

Counterparts: apimachinery's `meta/internalversion/validation` and the revision checks of `storage/cacher`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.registry import watching

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Request
    from minikctl.store.sqlite import SQLiteStore

_KIND = "ListOptions.meta.k8s.io"
_EXACT, _NOT_OLDER = "Exact", "NotOlderThan"


def check(request: Request) -> None:
    """Refuse (Invalid) options that do not go together."""
    options = request.options
    found = _watch(options) if request.verb == "watch" else _list(options)
    if found:
        raise errors.invalid(_KIND, "", found)


def _list(options: dict[str, Any]) -> list[FieldError]:
    found = []
    match, version = options.get("resourceVersionMatch") or "", options.get("resourceVersion") or ""
    if match:
        if not version:
            why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            found.append(field.forbidden("resourceVersionMatch", why))
        if options.get("continue"):
            found.append(_no_continue())
        if match not in (_EXACT, _NOT_OLDER):
            found.append(field.not_supported("resourceVersionMatch", match, [_EXACT, _NOT_OLDER, ""]))
        if match == _EXACT and version == "0":
            why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            found.append(field.forbidden("resourceVersionMatch", why))
    if "sendInitialEvents" in options:
        found.append(field.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return found


def _watch(options: dict[str, Any]) -> list[FieldError]:
    found = []
    match = options.get("resourceVersionMatch") or ""
    if "sendInitialEvents" in options and match != _NOT_OLDER:
        why = f"sendInitialEvents requires setting resourceVersionMatch to {_NOT_OLDER}"
        found.append(field.forbidden("resourceVersionMatch", why))
    if match:
        if "sendInitialEvents" not in options:
            why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            found.append(field.forbidden("resourceVersionMatch", why))
        if match != _NOT_OLDER:
            found.append(field.not_supported("resourceVersionMatch", match, [_NOT_OLDER]))
        if options.get("continue"):
            found.append(_no_continue())
    return found


def _no_continue() -> FieldError:
    why = "resourceVersionMatch is forbidden when continue is provided"
    return field.forbidden("resourceVersionMatch", why)


def present(request: Request, store: SQLiteStore) -> None:
    """Refuse a read that wants a revision which is no number or has not been reached."""
    text = request.options.get("resourceVersion")
    if not text or text == "0":
        return
    problem = watching.revision_problem(text)
    if problem is not None:
        raise errors.StatusError("", str(problem), code=500)
    newest = store.revision()
    if int(text) > newest:
        causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
        message = f"Too large resource version: {text}, current: {newest}"
        raise errors.StatusError("Timeout", message, {"causes": causes, "retryAfterSeconds": 1})
