"""Dumps of Go structures and their hashes: pod-template-hash and controller-revision-hash to the letter of ComputeHash.

Upstream hashes a dump of the Go structure (spew's "%#v" without pointers), so that is written here
from the JSON and the table of types. A template that uses a type the table leaves out gets a stable
hash of its JSON instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apimachinery.rand import safe_encode

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_BASE, _PRIME = 2166136261, 16777619
_QUANTITY_SCALES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_NIL = "<nil>"


class _UnknownTypeError(Exception):
    """The table has no such type."""


class _Field(NamedTuple):
    name: str
    json: str  # "" for an embedded structure whose fields are the parent's
    type: str


def pod_template_hash(template: Obj, collisions: int | None = None) -> str:
    """ComputeHash of a pod template; a collision count is hashed too where there is one."""
    try:
        text = dump("v1.PodTemplateSpec", template)
    except _UnknownTypeError:
        text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    data = text.encode()
    if collisions is not None:
        data += collisions.to_bytes(8, "little")
    return safe_encode(str(_fnv32a(data)))


def dump(type_: str, value: Any) -> str:
    """A value of a Go type of the table as spew prints it for hashing (DeepHashObject)."""
    return f"({type_}){_struct(type_, value)}"


def revision_hash(data: Obj, collisions: int) -> str:
    """HashControllerRevision of a StatefulSet's revision data: FNV-1 over its JSON and the collision count."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for char, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(char, escaped)
    return safe_encode(str(_fnv32(f"{text}{collisions}".encode())))


def _fnv32a(data: Iterable[int]) -> int:
    value = _BASE
    for byte in data:
        value = (value ^ byte) * _PRIME & 0xFFFFFFFF
    return value


def _fnv32(data: Iterable[int]) -> int:
    value = _BASE
    for byte in data:
        value = value * _PRIME & 0xFFFFFFFF ^ byte
    return value


@lru_cache(maxsize=256)
def _fields(type_: str) -> tuple[_Field, ...]:
    from minikctl.controllers.gotypes import TYPES

    if type_ not in TYPES:
        raise _UnknownTypeError(type_)
    found = []
    for entry in TYPES[type_].split("|"):
        names, _, kind = entry.partition(" ")
        name, given, json_name = names.partition("=")
        found.append(_Field(name, json_name if given else name[0].lower() + name[1:], kind))
    return tuple(found)


def _struct(type_: str, value: Any) -> str:
    parts = []
    for field in _fields(type_):
        inner = value.get(field.json) if field.json else value
        parts.append(f"{field.name}:({field.type}){_value(field.type, inner)}")
    return "{" + " ".join(parts) + "}"


def _value(type_: str, value: Any) -> str:
    """What follows the type in parentheses."""
    if type_.startswith("*"):
        return _NIL if value is None else _value(type_[1:], value)
    if type_.startswith("[]"):
        return _list(type_[2:], value)
    if type_ == "map[string]string":
        return _map("string", value)
    if type_ == "v1.ResourceList":
        return _map("resource.Quantity", value)
    special = _SPECIAL.get(type_)
    if special is not None:
        return special(value)
    if type_ == "string" or isinstance(value, str):
        return value or ""
    if type_ in ("int32", "int64"):
        return str(value or 0)
    if type_ == "bool":
        return "true" if value else "false"
    if value is None and not _is_structure(type_):
        return ""
    return _struct(type_, value or {})


def _is_structure(type_: str) -> bool:
    """Named types that are not in the table are strings, if their value is unset."""
    from minikctl.controllers.gotypes import TYPES

    return type_ in TYPES


def _list(type_: str, values: Any) -> str:
    if not values:
        return _NIL
    return "[" + " ".join(_value(type_, value) for value in values) + "]"


def _map(type_: str, values: Any) -> str:
    if not values:
        return _NIL
    return "map[" + " ".join(f"{key}:{_value(type_, values[key])}" for key in sorted(values)) + "]"


def _time(value: Any) -> str:
    """Only ever unset in a template."""
    if value:
        raise _UnknownTypeError("v1.Time")
    return "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"


def _int_or_string(value: Any) -> str:
    if isinstance(value, str):
        return f"{{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string){value}}}"
    return f"{{Type:(intstr.Type)0 IntVal:(int32){value or 0} StrVal:(string)}}"


def _quantity(value: Any) -> str:
    number, scale, format_, text = _amount(str(value)) if value is not None else (0, 0, "", "")
    amount = f"{{value:(int64){number} scale:(resource.Scale){scale}}}"
    decimal = "{Dec:(*inf.Dec)<nil>}"
    return (
        f"{{i:(resource.int64Amount){amount} d:(resource.infDecAmount){decimal}"
        f" s:(string){text} Format:(resource.Format){format_}}}"
    )


def _amount(text: str) -> tuple[int, int, str, str]:
    """(value, scale, format, cached text) as ParseQuantity's fast path leaves them.

    The text is kept only where ParseQuantity sees at once that it is canonical: a multiple of eight Mi is not.
    """
    if text == "0":
        return 0, 0, "DecimalSI", text
    suffix = text.lstrip("+-0123456789.")
    whole, _, denominator = text[: len(text) - len(suffix)].partition(".")
    digits = whole.lstrip("+-0") + denominator
    if suffix in _BINARY and not denominator:
        return int(whole) << _BINARY[suffix], 0, "BinarySI", text if int(whole) & 7 else ""
    if suffix in _QUANTITY_SCALES:
        scale, format_ = _QUANTITY_SCALES[suffix] - len(denominator), "DecimalSI"
    elif suffix[:1] in ("e", "E") and suffix[1:].lstrip("+-").isdigit():
        scale, format_ = int(suffix[1:]) - len(denominator), "DecimalExponent"
    else:
        raise _UnknownTypeError(text)
    canonical = scale % 3 == 0 and not digits.endswith("000") and digits[:1] not in ("", "0")
    return int((whole or "0") + denominator), scale, format_, text if canonical else ""


_SPECIAL = {
    "v1.Time": _time,
    "intstr.IntOrString": _int_or_string,
    "resource.Quantity": _quantity,
}
