"""The slow half of strict decoding: what exactly is wrong with an object, in the decoder's words.

`structural` calls it for objects its fast walk doubts. It reads fields in the order of their names,
as kubectl sends them. Counterpart of `sigs.k8s.io/json` (a fork of encoding/json).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import structural
from minikctl.apimachinery.field import go_json
from minikctl.apimachinery.jsonsyntax import json_type
from minikctl.apimachinery.quantity import QuantityError, canonical
from minikctl.apimachinery.structural import INT32, INT64, TIMES, Decoded

if TYPE_CHECKING:
    from minikctl.apimachinery.openapi import Schema

_GO_SCALARS = {"string": "string", "boolean": "bool", "number": "float64"}
_ZERO: dict[str, Any] = {"string": "", "integer": 0, "boolean": False, "number": 0}
_GONE = object()


class _Hard(Exception):
    """An error that ends decoding at once and hides those before it."""


class Place:
    """Where the walk is: the path of field errors, and the struct and field names of Go's."""

    __slots__ = ("fields", "path", "struct")

    def __init__(self, path: str = "", struct: str = "", fields: tuple[str, ...] = ()) -> None:
        self.path = path
        self.struct = struct
        self.fields = fields

    def field(self, name: str, struct: str) -> Place:
        return Place(f"{self.path}.{name}" if self.path else name, struct, (*self.fields, name))

    def index(self, position: int) -> Place:
        return Place(f"{self.path}[{position}]", self.struct, self.fields)

    def key(self, name: str) -> Place:
        return Place(f"{self.path}.{name}" if self.path else name, self.struct, self.fields)

    def __str__(self) -> str:
        return f"Go struct field {self.struct}.{'.'.join(self.fields)}" if self.fields else "Go value"


class _Within(Place):
    """A place in what a type's own decoder reads: told of is where that begins."""

    def field(self, name: str, struct: str) -> Place:
        return self

    def index(self, position: int) -> Place:
        return self

    def key(self, name: str) -> Place:
        return self


def explain(obj: dict[str, Any], schema: Schema, drop: bool) -> Decoded:
    """Walk the whole object: its problems; as far as it has none it is brought to Go's form in place."""
    walk = _Walk(drop)
    try:
        if schema.custom:
            walk.custom(obj, schema, Place())
            walk.strict = [*walk.common, *sorted(walk.strict), *sorted(walk.embedded)]
        else:
            walk.struct(obj, schema, Place())
    except _Hard as problem:
        return Decoded(str(problem), [])
    return Decoded(walk.saved, [] if walk.saved else walk.strict)


class _Walk:
    """One decoding: the first type error, and the fields strict decoding refuses."""

    def __init__(self, drop: bool) -> None:
        self.drop = drop
        self.saved = ""
        self.strict: list[str] = []
        self.common: list[str] = []  # of a custom object's own metadata
        self.embedded: list[str] = []  # of the metadata of objects in it
        self.lenient = 0

    def unknown(self, holder: dict[str, Any], key: str, place: Place) -> None:
        if not self.lenient:
            self.strict.append(f'unknown field "{place.key(key).path}"')
        if self.drop or self.lenient:
            del holder[key]

    def save(self, problem: str) -> None:
        self.saved = self.saved or problem

    def mismatch(self, value: Any, place: Place, go_type: str) -> None:
        self.save(f"json: cannot unmarshal {json_type(value)} into {place} of type {go_type}")

    def struct(self, obj: Any, schema: Schema, place: Place) -> Any:
        if not isinstance(obj, dict):
            self.mismatch(obj, place, go_type(schema))
            return obj
        required = schema.required
        for key in sorted(obj):
            field = schema.prop(key)
            if field is None:
                self.unknown(obj, key, place)
                continue
            value = self.value(obj[key], field, place.field(key, schema.name), key in required)
            empty = value is not None and not value and value.__class__ is not float
            if value is _GONE or (empty and not structural.keeps_zero(field, key in required)):
                del obj[key]
            else:
                obj[key] = value
        structural.fill(obj, schema)
        return obj

    def value(self, value: Any, schema: Schema, place: Place, required: bool = True) -> Any:
        """The value as Go would write it; what is wrong with it is noted."""
        if value is None:
            return self.null(schema, required)
        if schema.name == "Quantity":
            return _quantity(value)
        if schema.int_or_string:
            return value if isinstance(value, str) else self.integer(value, place, "int32")
        if schema.name in TIMES:
            return self.time(value, schema, place)
        if schema.name.startswith("JSONSchemaPropsOr"):
            return self.schema_or(value, schema, place)
        if schema.preserve_unknown or not schema.type:
            return value
        if schema.type == "array":
            return self.list(value, schema, place)
        if schema.type == "object":
            return self.struct(value, schema, place) if schema.additional is None else self.map(value, schema, place)
        return self.scalar(value, schema, place)

    def null(self, schema: Schema, required: bool) -> Any:
        if structural.may_be_null(schema, required):
            return None
        if not required or schema.type not in _ZERO:
            return _GONE if not required else _zero(schema)
        return _ZERO[schema.type]

    def scalar(self, value: Any, schema: Schema, place: Place) -> Any:
        if schema.type == "integer":
            return self.integer(value, place, schema.format or "int64")
        if schema.type == "number":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        else:
            fits = value.__class__ is (str if schema.type == "string" else bool)
        if not fits:
            self.mismatch(value, place, go_type(schema))
        elif schema.format == "byte":
            return self.bytes(value)
        return value

    def integer(self, value: Any, place: Place, go_type: str) -> Any:
        if value.__class__ is float and value.is_integer():
            value = int(value)
        limit = INT32 if go_type == "int32" else INT64
        if value.__class__ is int and -limit - 1 <= value <= limit:
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.save(f"json: cannot unmarshal number {value} into {place} of type {go_type}")
        else:
            self.mismatch(value, place, go_type)
        return value

    def bytes(self, text: str) -> str:
        at = illegal_base64(text)
        if at is not None:
            self.save(f"illegal base64 data at input byte {at}")
            return text
        from base64 import b64decode, b64encode

        return b64encode(b64decode(text)).decode()

    def time(self, value: Any, schema: Schema, place: Place) -> Any:
        if not isinstance(value, str):
            raise _Hard(f"json: cannot unmarshal {json_type(value)} into {place} of type string")
        found = structural.canonical_time(value, 6 if schema.name == "MicroTime" else 0)
        if not found:
            from minikctl.apimachinery import gotime

            raise _Hard(gotime.problem(value, micro=schema.name == "MicroTime"))
        return found

    def list(self, values: Any, schema: Schema, place: Place) -> Any:
        if not isinstance(values, list):
            self.mismatch(values, place, go_type(schema))
            return values
        if schema.items is not None:
            for position, value in enumerate(values):
                values[position] = self.value(value, schema.items, place.index(position))
        return values

    def map(self, values: Any, schema: Schema, place: Place) -> Any:
        if not isinstance(values, dict):
            self.mismatch(values, place, go_type(schema))
            return values
        if schema.additional is not None:
            for key in sorted(values):
                value = self.value(values[key], schema.additional, place.key(key))
                values[key] = None if value is _GONE else value
        return values

    def schema_or(self, value: Any, schema: Schema, place: Place) -> Any:
        """A schema or something simpler, read by its type's own decoder: what that cannot read ends all decoding."""
        from minikctl.apimachinery import openapi

        props = openapi.definition(schema.source, "JSONSchemaProps")
        listed = isinstance(value, list) and schema.name != "JSONSchemaPropsOrBool"
        if props is not None and (listed or isinstance(value, dict)):
            inside, at = _Walk(self.drop), _Within(place.path, place.struct, place.fields)
            inside.lenient = 1
            for position, item in enumerate(value) if listed else ():
                if schema.name == "JSONSchemaPropsOrArray":
                    value[position] = inside.struct(item, props, at)
                elif not isinstance(item, str):
                    inside.mismatch(item, at, "string")
            if not listed:
                inside.struct(value, props, at)
            if inside.saved:
                raise _Hard(inside.saved)
            return value or _GONE if listed else value
        if schema.name == "JSONSchemaPropsOrBool":
            if not isinstance(value, bool):
                raise _Hard("boolean or JSON schema expected")
            return value
        return _GONE

    def custom(self, value: Any, schema: Schema | None, place: Place, keeps: bool = False) -> None:
        """Structural pruning: only unknown fields matter, and metadata is Go's.

        Without a schema no field is known. `keeps`: unknown fields stay.
        """
        keeps = keeps or (schema is not None and schema.preserve_unknown)
        if isinstance(value, list):
            items = schema.items if schema is not None else None
            if items is not None or not keeps:
                for position, item in enumerate(value):
                    self.custom(item, items, place.index(position), keeps)
            return
        if not isinstance(value, dict):
            return
        for key in sorted(value):
            field = schema.prop(key) if schema is not None else None
            if schema is not None and schema.embedded and key in ("apiVersion", "kind"):
                if not isinstance(value[key], str):
                    raise _Hard(f"{place.key(key).path}: Invalid value: {go_json(value[key])}: must be a string")
            elif field is not None and not field.custom:
                self.metadata(value, key, field, place)
            elif field is not None:
                self.custom(value[key], field, place.key(key))
            elif schema is not None and schema.additional_raw is not None:
                known = schema.additional if isinstance(schema.additional_raw, dict) else None
                self.custom(value[key], known, place.key(key))
            elif not keeps:
                self.unknown(value, key, place)

    def metadata(self, holder: dict[str, Any], key: str, schema: Schema, place: Place) -> None:
        """The metadata of the object, or of one that is embedded, whose problems tell where it is."""
        value, inside = holder[key], _Walk(self.drop)
        if value is None:
            holder[key] = {}
            return
        at = Place(place.key(key).path, key)
        try:
            holder[key] = inside.value(value, schema, at)
        except _Hard as problem:
            inside.saved = str(problem)
        if inside.saved and place.path:
            raise _Hard(f"{at.path}: Invalid value: {go_json(value)}: {inside.saved}")
        self.save(inside.saved)
        self.common += [] if place.path else inside.strict
        self.embedded += inside.strict if place.path else []


def go_type(schema: Schema) -> str:
    """The Go type of a field, as decoding errors name it: int32, []v1.Container, map[string]string."""
    if schema.go_type:
        return schema.go_type
    if schema.type == "array":
        return f"[]{go_type(schema.items)}" if schema.items else "[]interface {}"
    if schema.additional is not None:
        return f"map[string]{go_type(schema.additional)}"
    if schema.type == "integer":
        return schema.format or "int64"
    if schema.format == "byte":
        return "[]uint8"
    return _GO_SCALARS.get(schema.type, "interface {}")


def illegal_base64(text: str) -> int | None:
    """Where Go's decoder finds the first fault, None where it finds none."""
    place, size = 0, len(text)
    count = 0
    while place < size:
        letter = text[place]
        place += 1
        if letter in "\r\n":
            continue
        if letter != "=":
            if letter not in structural.BASE64:
                return len(text[: place - 1].encode())
            count += 1
            continue
        return _bad_padding(text, place, count % 4)
    if count % 4:
        return size - count % 4
    return None


def _bad_padding(text: str, place: int, seen: int) -> int | None:
    """The fault after the first "=" of a last quantum of which `seen` letters have come."""
    size = len(text)
    if seen < 2:
        return place - 1
    if seen == 2:
        while place < size and text[place] in "\r\n":
            place += 1
        if place == size:
            return size
        if text[place] != "=":
            return place - 1
        place += 1
    while place < size and text[place] in "\r\n":
        place += 1
    return place if place < size else None


def _zero(schema: Schema) -> Any:
    if schema.name == "Quantity":
        return "0"
    if schema.name in TIMES or schema.preserve_unknown or not schema.type:
        return None
    zero: dict[str, Any] = {}
    structural.fill(zero, schema, True)
    return zero


def _quantity(value: Any) -> str:
    try:
        return canonical(value)
    except QuantityError as problem:
        raise _Hard(str(problem)) from None


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys came more than once."""

    twice: list[str]


def _remember(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    result = _Object(found)
    names = [name for name, _ in pairs]
    result.twice = [name for name in found if names.count(name) > 1]
    return result


def loads(text: str | bytes) -> tuple[Any, list[str]]:
    """A JSON text as a value (the last of equal keys wins), and what strict decoding says of equal keys."""
    import json

    value = json.loads(text, object_pairs_hook=_remember)
    return value, list(_duplicates(value, Place()))


def _duplicates(value: Any, place: Place) -> Iterator[str]:
    if isinstance(value, _Object):
        for name in value.twice:
            yield f'duplicate field "{place.key(name).path}"'
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _duplicates(member, place.key(name))
    elif isinstance(value, list):
        for position, member in enumerate(value):
            yield from _duplicates(member, place.index(position))
