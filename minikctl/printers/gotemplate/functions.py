"""The functions templates may call: Go's predefined ones and kubectl's `exists` and `base64decode`.

Each takes the evaluated arguments and raises TemplateError with Go's complaint. `and`, `or` and `call` are the
executor's, as they are no ordinary functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from minikctl.printers.gofmt import value_text
from minikctl.printers.gotemplate.errors import TemplateError
from minikctl.printers.gotemplate.printf import sprint, sprintf, sprintln
from minikctl.printers.gotemplate.values import (
    INVALID,
    Box,
    GoByte,
    GoInt,
    from_bytes,
    to_bytes,
    truth,
    type_name,
    unbox,
)

_BAD_TYPE = "invalid type for comparison"
_HTML = {"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
_JS = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "<": "\\u003C",
    ">": "\\u003E",
    "&": "\\u0026",
    "=": "\\u003D",
}
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Function(NamedTuple):
    """How a function is called: its fixed parameters ("any" or "string"), whether more may follow."""

    run: Callable[[list[Any]], Any]
    params: tuple[str, ...]
    variadic: bool = False


def index(args: list[Any]) -> Any:
    """`index x 1 "a"`: x[1]["a"]."""
    item = args[0]
    if unbox(item) is INVALID:
        raise TemplateError("index of untyped nil")
    for key in args[1:]:
        key, value = unbox(key), unbox(item)
        if value is INVALID:
            raise TemplateError("index of nil pointer")
        if isinstance(value, (list, str)):
            sequence = to_bytes(value) if isinstance(value, str) else value
            at = _position(key, len(sequence))
            if at == len(sequence):
                kind = "string" if isinstance(value, str) else "slice"
                raise TemplateError(f"reflect: {kind} index out of range")
            item = GoByte(sequence[at]) if isinstance(sequence, bytes) else Box(sequence[at])
        elif isinstance(value, dict):
            item = Box(value.get(_map_key(key)))
        else:
            raise TemplateError(f"can't index item of type {type_name(value)}")
    return item


def _map_key(key: Any) -> str:
    if key is INVALID:
        raise TemplateError("value is nil; should be of type string")
    if not isinstance(key, str):
        raise TemplateError(f"value has type {type_name(key)}; should be string")
    return key


def _position(key: Any, limit: int) -> int:
    if key is INVALID:
        raise TemplateError("cannot index slice/array with nil")
    if not isinstance(key, int) or isinstance(key, bool):
        raise TemplateError(f"cannot index slice/array with type {type_name(key)}")
    if not 0 <= key <= limit:
        raise TemplateError(f"index out of range: {int(key)}")
    return int(key)


def slice_(args: list[Any]) -> Any:
    """`slice x 1 3`: x[1:3]; strings are sliced by bytes."""
    item, bounds = unbox(args[0]), [unbox(arg) for arg in args[1:]]
    if item is INVALID:
        raise TemplateError("slice of untyped nil")
    if len(bounds) > 3:
        raise TemplateError(f"too many slice indexes: {len(bounds)}")
    if not isinstance(item, (str, list)):
        raise TemplateError(f"can't slice item of type {type_name(item)}")
    if isinstance(item, str) and len(bounds) == 3:
        raise TemplateError("cannot 3-index slice a string")
    sequence = to_bytes(item) if isinstance(item, str) else item
    chosen = [_position(bound, len(sequence)) for bound in bounds]
    limits = chosen + [0, len(sequence)][len(chosen) :]
    for i in range(1, len(limits)):
        if limits[i - 1] > limits[i]:
            raise TemplateError(f"invalid slice index: {limits[i - 1]} > {limits[i]}")
    part = sequence[limits[0] : limits[1]]
    return from_bytes(part) if isinstance(part, bytes) else part


def length(args: list[Any]) -> Any:
    """Length of a string (in bytes), list or map."""
    if isinstance(args[0], Box) and args[0].value is None:
        raise TemplateError("len of nil pointer")
    value = unbox(args[0])
    if value is INVALID:
        raise TemplateError("reflect: call of reflect.Value.Type on zero Value")
    if isinstance(value, str):
        return GoInt(len(to_bytes(value)))
    if isinstance(value, (dict, list)):
        return GoInt(len(value))
    raise TemplateError(f"len of type {type_name(value)}")


def _kind(value: Any) -> str:
    """The kind two values must share to be compared; "" for what has no order."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    return "string" if isinstance(value, str) else "float" if isinstance(value, float) else ""


def equal(args: list[Any]) -> bool:
    """Whether the first equals one of the others."""
    first, others = unbox(args[0]), [unbox(arg) for arg in args[1:]]
    if not others:
        raise TemplateError("missing argument for comparison")
    for other in others:
        if _kind(first) != _kind(other):
            if first is not INVALID and other is not INVALID:
                raise _mixed(first, other)
        elif _kind(first):
            if first == other:
                return True
        elif first is INVALID or other is INVALID:
            if first is other:
                return True
        else:
            return _equal_collections(first, other)
    return False


def _mixed(first: Any, other: Any) -> TemplateError:
    return TemplateError(f"incompatible types for comparison: {type_name(first)} and {type_name(other)}")


def _equal_collections(first: Any, other: Any) -> bool:
    if type(first) is not type(other):
        shown = f"{value_text(first)}: {type_name(first)}, {type_name(other)}: {value_text(other)}"
        raise TemplateError(f"non-comparable types {shown}")
    raise TemplateError(f"non-comparable type {value_text(other)}: {type_name(other)}")


def less(args: list[Any]) -> bool:
    first, second = unbox(args[0]), unbox(args[1])
    kinds = _kind(first), _kind(second)
    if "" in kinds:
        raise TemplateError(_BAD_TYPE)
    if kinds[0] != kinds[1]:
        raise _mixed(first, second)
    if kinds[0] == "bool":
        raise TemplateError(_BAD_TYPE)
    return bool(first < second)


def less_equal(args: list[Any]) -> bool:
    return less(args) or equal(args)


def exists(args: list[Any]) -> bool:
    """kubectl's: whether `index` of the same arguments would find something that is not nil."""
    item = args[0]
    for key in args[1:]:
        value, key = unbox(item), unbox(key)
        if isinstance(value, (list, str)):
            sequence = to_bytes(value) if isinstance(value, str) else value
            if not isinstance(key, int) or isinstance(key, bool) or not 0 <= key < len(sequence):
                return False
            item = Box(sequence[key])
        elif isinstance(value, dict):
            key = "" if key is INVALID else key
            if not isinstance(key, str):
                return False
            item = Box(value.get(key))
        else:
            return False
    return not (isinstance(item, Box) and item.value is None)


def base64decode(args: list[Any]) -> str:
    """kubectl's: the text a base64 string stands for."""
    import binascii

    data = to_bytes(args[0])
    at = _corrupt(args[0])
    if at is not None:
        raise TemplateError(f"base64 decode failed: illegal base64 data at input byte {at}")
    return from_bytes(binascii.a2b_base64(data))


def _corrupt(text: str) -> int | None:
    """The byte at which Go's decoder gives up, None if it does not."""
    known = frozenset(_BASE64)
    data = [(at, char) for at, char in enumerate(to_bytes(text).decode("latin-1")) if char not in "\r\n"]
    size = len(to_bytes(text))
    for start in range(0, len(data), 4):
        group = data[start : start + 4]
        for j, (at, char) in enumerate(group):
            if char in known:
                continue
            if char != "=" or j < 2:
                return at
            if j == 2:
                if len(group) == 3:
                    return size
                if group[3][1] != "=":
                    return group[3][0] - 1
            after = start + 4
            return data[after][0] if after < len(data) else None
        if len(group) < 4:
            return size - len(group)
    return None


def _printable(args: list[Any]) -> str:
    return sprint(["<no value>" if unbox(arg) is INVALID else arg for arg in args])


def html(args: list[Any]) -> str:
    return "".join([_HTML.get(char, char) for char in _printable(args)])


def js(args: list[Any]) -> str:
    out = []
    for char in _printable(args):
        if char in _JS:
            out.append(_JS[char])
        elif char < " ":
            out.append(f"\\u00{ord(char):02X}")
        elif ord(char) >= 0x80 and not char.isprintable():
            out.append(f"\\u{ord(char):04X}")
        else:
            out.append(char)
    return "".join(out)


def urlquery(args: list[Any]) -> str:
    out = []
    for byte in to_bytes(_printable(args)):
        char = chr(byte)
        if byte < 0x80 and (char.isalnum() or char in "-_.~"):
            out.append(char)
        else:
            out.append("+" if char == " " else f"%{byte:02X}")
    return "".join(out)


FUNCTIONS: dict[str, Function] = {
    "index": Function(index, ("any",), True),
    "slice": Function(slice_, ("any",), True),
    "len": Function(length, ("any",)),
    "not": Function(lambda args: not truth(args[0]), ("any",)),
    "print": Function(sprint, (), True),
    "printf": Function(lambda args: sprintf(args[0], args[1:]), ("string",), True),
    "println": Function(sprintln, (), True),
    "html": Function(html, (), True),
    "js": Function(js, (), True),
    "urlquery": Function(urlquery, (), True),
    "eq": Function(equal, ("any",), True),
    "ne": Function(lambda args: not equal(args), ("any", "any")),
    "lt": Function(less, ("any", "any")),
    "le": Function(less_equal, ("any", "any")),
    "gt": Function(lambda args: not less_equal(args), ("any", "any")),
    "ge": Function(lambda args: not less(args), ("any", "any")),
    "exists": Function(exists, ("any",), True),
    "base64decode": Function(base64decode, ("string",)),
    "and": Function(lambda args: args[-1], ("any",), True),
    "or": Function(lambda args: args[-1], ("any",), True),
    "call": Function(lambda args: args[0], ("any",), True),
}
NAMES = frozenset(FUNCTIONS)
