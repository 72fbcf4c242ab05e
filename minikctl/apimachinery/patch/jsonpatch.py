"""JSON patches (RFC 6902), with the errors of evanphx/json-patch v4 (which the apiserver hides)."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.patch.error import PatchError, TestFailedError, same
from minikctl.apimachinery.patch.malformed import Malformed

_KINDS = {dict: "object", str: "string", bool: "bool", int: "number", float: "number"}
_MISSING = "missing value"


def json_patch(doc: Any, operations: Any) -> Any:
    """The document after all operations. PatchError: code 400 for no patch at all, 422 for one that fails."""
    doc = deep_copy(doc)
    for operation in check_operations(operations):
        kind = operation.get("op")
        apply = _OPERATIONS.get(kind) if isinstance(kind, str) else None
        if apply is None:
            raise _failed(f"Unexpected kind: {kind if isinstance(kind, str) else 'unknown'}")
        apply(doc, deep_copy(operation))
    return doc


def check_operations(operations: Any) -> list[dict[str, Any]]:
    """The operations, if they are a list of objects."""
    if isinstance(operations, Malformed):
        raise PatchError(operations.problem, 400)
    if not isinstance(operations, list):
        kind = _KINDS.get(type(operations), "null")
        raise PatchError(f"json: cannot unmarshal {kind} into Go value of type jsonpatch.Patch", 400)
    for operation in operations:
        if not isinstance(operation, dict):
            kind = "array" if isinstance(operation, list) else _KINDS.get(type(operation), "null")
            raise PatchError(f"json: cannot unmarshal {kind} into Go value of type jsonpatch.Operation", 400)
    return operations


def _failed(message: str) -> PatchError:
    return PatchError(message, 422)


def _path(operation: dict[str, Any], member: str, kind: str) -> str:
    path = operation.get(member)
    if not isinstance(path, str):
        raise _failed(f"{kind} operation failed to decode {member}: {_MISSING}")
    return path


def _find(doc: Any, path: str) -> tuple[Any, str]:
    """The container a pointer's last part is in (None if there is none), and that part."""
    parts = path.split("/")
    if len(parts) < 2:
        return None, ""
    for part in parts[1:-1]:
        try:
            doc = _get(doc, _decode(part))
        except PatchError:
            return None, ""
        if not isinstance(doc, dict | list):
            return None, ""
    return doc, _decode(parts[-1])


def _decode(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _get(container: Any, key: str) -> Any:
    if isinstance(container, list):
        return container[_index(container, key)]
    if key not in container:
        raise _failed(f"unable to get nonexistent key: {key}: {_MISSING}")
    return container[key]


def _number(key: str) -> int:
    body = key[1:] if key[:1] in ("-", "+") else key
    if not (body.isascii() and body.isdecimal()):
        raise _failed(f'strconv.Atoi: parsing "{key}": invalid syntax')
    return int(key)


def _index(container: list[Any], key: str) -> int:
    at = _number(key)
    if not -len(container) <= at < len(container):
        raise _failed(f"Unable to access invalid index: {at}: invalid index referenced")
    return at


def _add(container: Any, key: str, value: Any) -> None:
    if not isinstance(container, list):
        container[key] = value
        return
    if key == "-":
        container.append(value)
        return
    try:
        at = _number(key)
    except PatchError as error:
        raise _failed(f"value was not a proper array index: '{key}': {error}") from None
    size = len(container)
    if not -size - 1 <= at <= size:
        raise _failed(f"Unable to access invalid index: {at}: invalid index referenced")
    container.insert(at if at >= 0 else at + size + 1, value)


def _remove(container: Any, key: str) -> None:
    if isinstance(container, list):
        del container[_index(container, key)]
    elif key in container:
        del container[key]
    else:
        raise _failed(f"Unable to remove nonexistent key: {key}: {_MISSING}")


def _op_add(doc: Any, operation: dict[str, Any]) -> None:
    path = _path(operation, "path", "add")
    container, key = _find(doc, path)
    if container is None:
        raise _failed(f'add operation does not apply: doc is missing path: "{path}": {_MISSING}')
    try:
        _add(container, key, operation.get("value"))
    except PatchError as error:
        raise _failed(f"error in add for path: '{path}': {error}") from None


def _op_remove(doc: Any, operation: dict[str, Any]) -> None:
    path = _path(operation, "path", "remove")
    container, key = _find(doc, path)
    if container is None:
        raise _failed(f'remove operation does not apply: doc is missing path: "{path}": {_MISSING}')
    try:
        _remove(container, key)
    except PatchError as error:
        raise _failed(f"error in remove for path: '{path}': {error}") from None


def _op_replace(doc: Any, operation: dict[str, Any]) -> None:
    path = _path(operation, "path", "replace")
    container, key = _find(doc, path)
    if container is None:
        raise _failed(f"replace operation does not apply: doc is missing path: {path}: {_MISSING}")
    try:
        _get(container, key)
    except PatchError:
        raise _failed(f"replace operation does not apply: doc is missing key: {path}: {_MISSING}") from None
    container[_index(container, key) if isinstance(container, list) else key] = operation.get("value")


def _op_move(doc: Any, operation: dict[str, Any]) -> None:
    source = _path(operation, "from", "move")
    container, key = _find(doc, source)
    if container is None:
        raise _failed(f"move operation does not apply: doc is missing from path: {source}: {_MISSING}")
    try:
        value = _get(container, key)
        _remove(container, key)
    except PatchError as error:
        raise _failed(f"error in move for path: '{key}': {error}") from None
    _put(doc, operation, value, "move", "error in move for path: '{}'")


def _op_copy(doc: Any, operation: dict[str, Any]) -> None:
    source = _path(operation, "from", "copy")
    container, key = _find(doc, source)
    if container is None:
        raise _failed(f"copy operation does not apply: doc is missing from path: {source}: {_MISSING}")
    try:
        value = _get(container, key)
    except PatchError as error:
        raise _failed(f"error in copy for key: '{key}': {error}") from None
    _put(doc, operation, deep_copy(value), "copy", "error while adding value during copy: '{}'")


def _put(doc: Any, operation: dict[str, Any], value: Any, kind: str, failure: str) -> None:
    path = _path(operation, "path", kind)
    container, key = _find(doc, path)
    if container is None:
        raise _failed(f"{kind} operation does not apply: doc is missing destination path: {path}: {_MISSING}")
    try:
        _add(container, key, value)
    except PatchError as error:
        raise _failed(f"{failure.format(path)}: {error}") from None


def _op_test(doc: Any, operation: dict[str, Any]) -> None:
    path = _path(operation, "path", "test")
    container, key = _find(doc, path)
    if container is None:
        raise _failed(f"test operation does not apply: is missing path: {path}: {_MISSING}")
    try:
        value = _get(container, key)
    except PatchError as error:
        if isinstance(container, list):
            raise _failed(f"error in test for path: '{path}': {error}") from None
        value = None
    if not same(value, operation.get("value")):
        raise TestFailedError(f"testing value {path} failed: test failed", 422)


_OPERATIONS = {
    "add": _op_add,
    "remove": _op_remove,
    "replace": _op_replace,
    "move": _op_move,
    "copy": _op_copy,
    "test": _op_test,
}
