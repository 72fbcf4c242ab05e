"""Strict decoding: what an object loses, gains or is refused on its way through its kind's Go types.

The apiserver calls `decode` for every write. A fast walk, compiled per struct from the schema when
it is first met, accepts nearly everything; only what it doubts is read by `decodeproblems`, which
knows the messages. Counterpart of `sigs.k8s.io/json` and, for custom kinds, of structural pruning.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apimachinery.quantity import QuantityError, canonical

if TYPE_CHECKING:
    from minikctl.apimachinery.openapi import Schema

# (value, what holds it, under which key) -> is it fine? A checker may replace the value by its canonical form.
Check = Callable[[Any, Any, Any], bool]

INT32 = 2147483647
INT64 = 9223372036854775807
TIMES = frozenset(("Time", "MicroTime"))
_SCALARS: dict[str, type] = {"string": str, "integer": int, "boolean": bool}
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Decoded(NamedTuple):
    """`fatal`: why the object cannot be read at all, or "". `strict`: what strict decoding refuses."""

    fatal: str
    strict: list[str]


_FINE = Decoded("", [])


def metadata_problem(value: Any, kind: str, type_: str = "v1.ObjectMeta") -> str:
    """Why `value` cannot be an object's metadata, in encoding/json's words; "" where it can."""
    if value is None or isinstance(value, dict):
        return ""
    names: dict[type, str] = {str: "string", bool: "bool", list: "array"}
    found = names.get(type(value), "number")
    return f"json: cannot unmarshal {found} into Go struct field {kind}.metadata of type {type_}"


def decode(obj: dict[str, Any], schema: Schema) -> Decoded:
    """Bring an object in place to the form its Go types would write, and tell what is wrong with it.

    Quantities become canonical, empty optional fields go, structs that are always on the wire come.
    Unknown fields stay where they are: `prune` drops them.
    """
    if checker(schema)(obj, None, None):
        return _FINE
    from minikctl.apimachinery import decodeproblems

    return decodeproblems.explain(obj, schema, drop=False)


def check(obj: dict[str, Any], schema: Schema) -> list[str]:
    """All that strict decoding refuses, in upstream's words; a fatal problem stands alone."""
    found = decode(obj, schema)
    return [found.fatal] if found.fatal else found.strict


def prune(obj: dict[str, Any], schema: Schema) -> None:
    """Drop unknown fields in place, as decoding without strictness does."""
    if not checker(schema)(obj, None, None):
        from minikctl.apimachinery import decodeproblems

        decodeproblems.explain(obj, schema, drop=True)


def checker(schema: Schema) -> Check:
    """The fast walk of a struct or list or map, kept with the schema node (with the definition it refers to)."""
    owner = schema.base or schema
    found: Check | None = owner.checker
    if found is None:
        found = owner.checker = _compile(owner)
    return found


def _compile(schema: Schema) -> Check:
    if schema.custom:
        return _custom(schema)
    if schema.name == "Quantity":
        return _quantity
    if schema.int_or_string:
        return _int_or_string
    if schema.name in TIMES:
        return _micro_time if schema.name == "MicroTime" else _time
    if schema.name.startswith("JSONSchemaPropsOr"):
        return _schema_or(schema)
    if schema.preserve_unknown or not schema.type:
        return _anything
    if schema.format == "byte":
        return _bytes
    if schema.type == "number":
        return _number
    if schema.type == "array":
        return _list(schema)
    return _map(schema) if schema.additional_raw is not None else _struct(schema)


def _node(schema: Schema) -> Any:
    """What a table holds for a value: a plain class for plain scalars, else a checker."""
    plain = _SCALARS.get(schema.type)
    special = schema.custom or schema.format == "byte" or schema.name in TIMES or schema.int_or_string
    return plain if plain is not None and not special else checker(schema)


def keeps_zero(schema: Schema, required: bool) -> bool:
    """Whether a field at its zero value (or an empty list or map) stays on the wire."""
    if required or schema.pointer or schema.int_or_string or schema.preserve_unknown or "x-go-always" in schema.raw:
        return True
    if schema.name == "Quantity" or schema.name in TIMES or not schema.type:
        return True
    return schema.type == "object" and schema.additional_raw is None


@lru_cache(maxsize=1024)
def always_present(schema: Schema) -> tuple[str, ...]:
    """The fields Go writes even when nobody set them: structs, values that are no pointers, no omitempty."""
    if schema.custom:
        return ()
    return tuple(
        name
        for name, raw in schema._raw_properties.items()
        if "x-go-value" in raw
        or ("default" in raw and "$ref" not in raw and ("x-go-always" in raw or name in schema.required))
        or ("$ref" in raw and raw.get("default") == {} and _is_struct(schema.prop(name)))
    )


def _is_struct(field: Schema | None) -> bool:
    return field is not None and field.type == "object" and field.additional_raw is None


def fill(obj: dict[str, Any], schema: Schema, fresh: bool = False) -> None:
    """Add what is always on the wire; in a `fresh` struct, one that was missing, lists and maps (as null) too."""
    for name in always_present(schema):
        if name in obj:
            continue
        field = schema.prop(name)
        if field is None or field.type == "object":
            obj[name] = {}
            if field is not None:
                fill(obj[name], field, True)
        elif "x-go-value" in field.raw:
            obj[name] = "0" if field.name == "Quantity" else None
        else:
            obj[name] = field.default
    if fresh:
        for name, raw in schema._raw_properties.items():
            if name in obj or "$ref" in raw:
                continue
            if "x-go-always" in raw:
                obj[name] = raw.get("default")


def may_be_null(schema: Schema, required: bool) -> bool:
    """Whether Go writes null for an unset field: lists and maps that are never left out, times that are values."""
    if "x-go-value" in schema.raw:
        return schema.name in TIMES
    return (required or "x-go-always" in schema.raw) and (schema.type == "array" or schema.additional_raw is not None)


def _struct(schema: Schema) -> Check:
    table: dict[str, Any] = {}
    keep: set[str] = set()
    get = table.get
    nulls: set[str] = set()
    present = always_present(schema)
    required = set(schema.required)

    def compile_field(key: str) -> Any:
        field = schema.prop(key) if isinstance(key, str) else None
        if field is None:
            return None
        node = table[key] = _node(field)
        if keeps_zero(field, key in required):
            keep.add(key)
        if may_be_null(field, key in required):
            nulls.add(key)
        return node

    def check(obj: Any, _owner: Any, _key: Any) -> bool:
        if obj.__class__ is not dict:
            return False
        dropped = None
        for key, value in obj.items():
            node = get(key)
            if node is None and (node := compile_field(key)) is None:
                return False
            if node is value.__class__:
                if value:
                    if node is not int or -INT32 <= value <= INT32:
                        continue
                    return False
            elif value is None and key in nulls:
                continue
            elif node.__class__ is type or value is None or not node(value, obj, key):
                return False
            if not value and key not in keep:
                if dropped is None:
                    dropped = [key]
                else:
                    dropped.append(key)
        if dropped is not None:
            for key in dropped:
                del obj[key]
        for key in present:
            if key not in obj:
                fill(obj, schema)
                break
        return True

    return check


def _list(schema: Schema) -> Check:
    item: Any = None

    def check(values: Any, _owner: Any, _key: Any) -> bool:
        nonlocal item
        if values.__class__ is not list:
            return False
        if item is None:
            item = _node(schema.items) if schema.items is not None else _anything
        if item.__class__ is type:
            for value in values:
                if value.__class__ is not item:
                    return False
            return item is not int or all(-INT32 <= value <= INT32 for value in values)
        for index, value in enumerate(values):  # noqa: SIM110  (a generator would double the cost)
            if not item(value, values, index):
                return False
        return True

    return check


def _map(schema: Schema) -> Check:
    item: Any = None

    def check(values: Any, _owner: Any, _key: Any) -> bool:
        nonlocal item
        if values.__class__ is not dict:
            return False
        if item is None:
            item = _node(schema.additional) if schema.additional is not None else _anything
        if item.__class__ is type:
            for value in values.values():
                if value.__class__ is not item:
                    return False
            return item is not int or all(-INT32 <= value <= INT32 for value in values.values())
        for key, value in values.items():  # noqa: SIM110
            if not item(value, values, key):
                return False
        return True

    return check


def _custom(schema: Schema, keeps: bool = False) -> Check:
    """Custom kinds: only what pruning looks at. Types are for schema validation to judge.

    `keeps`: fields the schema does not know stay, as x-kubernetes-preserve-unknown-fields wants of it or of
    the list it is the item of.
    """
    keeps = keeps or schema.preserve_unknown
    get = schema.prop
    values: Check | None = None if schema.additional_raw is None else _bare
    items: Check | None = None if keeps else _bare
    if isinstance(schema.additional_raw, dict) and schema.additional is not None:
        values = checker(schema.additional)
    if schema.items is not None:
        items = _custom(schema.items, True) if keeps else checker(schema.items)

    embedded = schema.embedded

    def check(value: Any, _owner: Any, _key: Any) -> bool:
        if value.__class__ is dict:
            if embedded and not all(isinstance(value.get(name, ""), str) for name in ("apiVersion", "kind")):
                return False
            for name, member in value.items():
                field = get(name)
                if field is not None:
                    if not checker(field)(member, value, name):
                        return False
                elif values is not None:
                    if not values(member, value, name):
                        return False
                elif not keeps:
                    return False
        elif value.__class__ is list and items is not None:
            for member in value:
                if not items(member, value, None):
                    return False
        return True

    return check


def _bare(value: Any, _owner: Any, _key: Any) -> bool:
    """What stands where the schema says nothing: a value without any fields."""
    if value.__class__ is list:
        return all(_bare(member, None, None) for member in value)
    return value.__class__ is not dict or not value


def _anything(_value: Any, _owner: Any, _key: Any) -> bool:
    return True


def _quantity(value: Any, owner: Any, key: Any) -> bool:
    if value is None:
        return False
    try:
        text = canonical(value)
    except QuantityError:
        return False
    if text is not value:
        owner[key] = text
    return True


def _int_or_string(value: Any, _owner: Any, _key: Any) -> bool:
    kind = value.__class__
    return kind is str or (kind is int and -INT32 <= value <= INT32)


def _number(value: Any, _owner: Any, _key: Any) -> bool:
    return value.__class__ is int or value.__class__ is float


def _bytes(value: Any, _owner: Any, _key: Any) -> bool:
    """Base64 as it would be written again: plain alphabet, padded, in one line."""
    if value.__class__ is not str or len(value) % 4:
        return False
    core = value.rstrip("=")
    padding = len(value) - len(core)
    if padding > 2 or core.strip(BASE64):
        return False
    return not padding or BASE64.index(core[-1]) & (3 if padding == 1 else 15) == 0


def _time(value: Any, owner: Any, key: Any) -> bool:
    return value.__class__ is str and _canonical_time(value, 0, owner, key)


def _micro_time(value: Any, owner: Any, key: Any) -> bool:
    return value.__class__ is str and _canonical_time(value, 6, owner, key)


def _canonical_time(text: str, digits: int, owner: Any, key: Any) -> bool:
    found = canonical_time(text, digits)
    if not found:
        return False
    if found != text:
        owner[key] = found
    return True


@lru_cache(maxsize=1024)
def canonical_time(text: str, digits: int) -> str:
    """An RFC 3339 time in UTC with that many digits of a second; "" for what is no time."""
    if not text.isascii() or len(text) < 20 or text[4] + text[7] + text[10] + text[13] + text[16] != "--T::":
        return ""
    if digits and text[19] == "." and text[-1] == "Z" and len(text) == 21 + digits and text[20:-1].isdigit():
        return text if canonical_time(text[:19] + "Z", 0) else ""
    if len(text) > 20 or text[19] != "Z":
        return _in_utc(text, digits)
    month, day = text[5:7], text[8:10]
    if not (text[:4] + month + day + text[11:13] + text[14:16] + text[17:19]).isdigit():
        return ""
    fits = "01" <= month <= "12" and "01" <= day <= "28" and text[11:13] <= "23"
    if fits and text[14:16] <= "59" and text[17:19] <= "59":
        return text[:19] + (f".{'0' * digits}Z" if digits else "Z")
    return _in_utc(text, digits)


def _in_utc(text: str, digits: int) -> str:
    from datetime import datetime, timezone

    body, mark, zone = text[:19], text[19:], ""
    fraction = ""
    if mark[:1] == ".":
        fraction = mark[1:].rstrip("Z").partition("+")[0].partition("-")[0]
        mark = mark[1 + len(fraction) :]
        if not fraction.isdigit():
            return ""
    zone = "+00:00" if mark == "Z" else mark
    if len(zone) != 6 or zone[0] not in "+-" or zone[3] != ":" or body[10] != "T":
        return ""
    try:
        at = datetime.fromisoformat(body + zone).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return ""
    whole = at.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return whole + (f".{fraction[:digits].ljust(digits, '0')}Z" if digits else "Z")


def _schema_or(schema: Schema) -> Check:
    """JSONSchemaProps or something simpler; the types' own decoders are never strict."""
    from minikctl.apimachinery import openapi

    props = openapi.definition(schema.source, "JSONSchemaProps")

    def check(value: Any, owner: Any, key: Any) -> bool:
        if props is None:
            return True
        if value.__class__ is bool:
            return schema.name == "JSONSchemaPropsOrBool"
        if value.__class__ is list:
            return schema.name == "JSONSchemaPropsOrStringArray" and all(item.__class__ is str for item in value)
        return checker(props)(value, owner, key)

    return check
