"""Validation by schema: custom resources, and built-in kinds that have no rules of their own.

A value that passes the plain walk `accepts` costs no more; only a refused one is read again with
`jsonschema`, whose findings become field errors in the words of kube-openapi. Counterparts:
apiextensions-apiserver's `validation` and `schema/listtype`, `kube-openapi/pkg/validation/validate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import field, goregexp, textformats
from minikctl.apimachinery.field import FieldError, go_json
from minikctl.apiserver.schemadefaults import apply_defaults, prune

if TYPE_CHECKING:
    from minikctl.apimachinery.openapi import Schema

__all__ = ["accepts", "apply_defaults", "builtin", "custom", "prune", "validate"]

Node = dict[str, Any]

_NOTHING = object()
_NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_BLOCKING = frozenset(
    ("FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid")
)


def custom(
    new: Node,
    old: Node | None,
    raw: Node,
    warnings: list[str],
    more: Sequence[FieldError] = (),
    part: str = "",
) -> list[FieldError]:
    """All that a CustomResourceDefinition's schema (openAPIV3Schema) has against an object.

    With `old`, what an update leaves as it was is not held against it; rules that it breaks add to `warnings`.
    `more` are problems of other kinds, told after those of single values. `part`: only the values under that key
    are looked at, by themselves.
    """
    before = old if old is not None else _NOTHING
    errors = [*(_validate_part(new, before, raw, part) if part else validate(new, raw, before)), *more]
    duplicates = list(_duplicates(new, raw, ""))
    if duplicates and (old is None or not list(_duplicates(old, raw, ""))):
        errors += duplicates
    if has_rules(raw):
        if any(error.reason in _BLOCKING for error in errors):
            errors.append(field.invalid("<nil>", None, _NOT_CHECKED))
        else:
            from minikctl.apiserver import schemarules

            found, told = schemarules.check(new, old, raw)
            errors += found
            warnings += told
    return errors


def _validate_part(new: Node, old: Any, raw: Node, part: str) -> list[FieldError]:
    schema = (raw.get("properties") or {}).get(part)
    if part not in new or schema is None:
        return []
    return under(part, validate(new[part], schema, old.get(part, _NOTHING)))


def under(path: str, errors: list[FieldError]) -> list[FieldError]:
    """Errors of a value, as those of the object that has the value at that path."""
    for error in errors:
        error.field = path if error.field in ("", "<nil>") else f"{path}.{error.field}"
    return errors


def validate(value: Any, raw: Node, old: Any = _NOTHING) -> list[FieldError]:
    """The errors of a value against a schema, in the order kube-openapi reports them."""
    if accepts(value, raw):
        return []
    from minikctl.apiserver import schemaproblems

    errors = []
    for problem in schemaproblems.find(value, raw):
        if old is _NOTHING or not _unchanged(problem.path, value, old, raw):
            errors.append(problem.error)
    return errors


def has_rules(raw: Node) -> bool:
    """Whether CEL rules stand anywhere in the schema."""
    if raw.get("x-kubernetes-validations"):
        return True
    children = [*(raw.get("properties") or {}).values(), raw.get("items"), raw.get("additionalProperties")]
    children += raw.get("allOf") or ()
    return any(isinstance(child, dict) and has_rules(child) for child in children)


def accepts(value: Any, raw: Node) -> bool:
    """Whether the value satisfies the schema; the verdict only."""
    if value is None:
        return _accepts_null(raw)
    if not type_fits(value, raw) or not _combinations_fit(value, raw):
        return False
    enum = raw.get("enum")
    if enum and not any(same(value, allowed) for allowed in enum):
        return False
    kind = value.__class__
    if kind is dict:
        return _accepts_object(value, raw)
    if kind is str:
        return _accepts_string(value, raw)
    if kind is list:
        return _accepts_list(value, raw)
    return kind is bool or _accepts_number(value, raw)


def _accepts_null(raw: Node) -> bool:
    typed = raw.get("type") or raw.get("x-kubernetes-int-or-string")
    enum = raw.get("enum")
    return (not typed or bool(raw.get("nullable"))) and (not enum or None in enum)


def types_of(raw: Node) -> tuple[str, ...]:
    if raw.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    return (raw["type"],) if raw.get("type") else ()


def type_name(value: Any) -> str:
    """The JSON type of a value, as errors name it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names: dict[type, str] = {int: "integer", float: "number", str: "string", list: "array"}
    return names.get(value.__class__, "object")


def type_fits(value: Any, raw: Node) -> bool:
    types = types_of(raw)
    if not types:
        return True
    name = type_name(value)
    if name in types or (name == "integer" and "number" in types):
        return True
    if name == "string" and raw.get("format") and "number" not in types and "integer" not in types:
        return True
    return name == "number" and "integer" in types and value.is_integer()


def _combinations_fit(value: Any, raw: Node) -> bool:
    if "anyOf" in raw and not any(accepts(value, branch) for branch in raw["anyOf"]):
        return False
    if "oneOf" in raw and sum(accepts(value, branch) for branch in raw["oneOf"]) != 1:
        return False
    if "allOf" in raw and not all(accepts(value, branch) for branch in raw["allOf"]):
        return False
    return not (raw.get("not") is not None and accepts(value, raw["not"]))


def same(left: Any, right: Any) -> bool:
    """Equality of JSON values: 1 and 1.0 are the same, 1 and true are not."""
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


def _accepts_string(value: str, raw: Node) -> bool:
    longest, shortest, pattern = raw.get("maxLength"), raw.get("minLength"), raw.get("pattern")
    if (longest is not None and len(value) > longest) or (shortest is not None and len(value) < shortest):
        return False
    if pattern and not goregexp.matches(pattern, value):
        return False
    format_ = raw.get("format")
    return not format_ or textformats.fits(format_, value)


def _accepts_number(value: Any, raw: Node) -> bool:
    high, low, factor = raw.get("maximum"), raw.get("minimum"), raw.get("multipleOf")
    if high is not None and (value > high or (raw.get("exclusiveMaximum") and value == high)):
        return False
    if low is not None and (value < low or (raw.get("exclusiveMinimum") and value == low)):
        return False
    return not factor or is_multiple(value, factor)


def is_multiple(value: float, factor: float) -> bool:
    if isinstance(value, int) and isinstance(factor, int):
        return value % factor == 0
    return (value / factor).is_integer() if abs(value / factor) < 1e300 else False


def _accepts_list(value: list[Any], raw: Node) -> bool:
    longest, shortest, items = raw.get("maxItems"), raw.get("minItems"), raw.get("items")
    if (longest is not None and len(value) > longest) or (shortest is not None and len(value) < shortest):
        return False
    if raw.get("uniqueItems") and any(same(a, b) for at, a in enumerate(value) for b in value[:at]):
        return False
    return not items or all(accepts(item, items) for item in value)


def _accepts_object(value: Node, raw: Node) -> bool:
    most, fewest = raw.get("maxProperties"), raw.get("minProperties")
    if (most is not None and len(value) > most) or (fewest is not None and len(value) < fewest):
        return False
    for name in raw.get("required") or ():
        if name not in value:
            return False
    properties, additional = raw.get("properties") or {}, raw.get("additionalProperties")
    for name, member in value.items():
        schema = properties.get(name)
        if schema is None and additional is False:
            return False
        if schema is None:
            schema = additional if isinstance(additional, dict) else None
        if schema is not None and not accepts(member, schema):
            return False
    return True


def _duplicates(value: Any, raw: Node, path: str) -> Iterator[FieldError]:
    """Repeated items of sets, repeated keys of list-maps."""
    if isinstance(value, dict):
        properties, additional = raw.get("properties") or {}, raw.get("additionalProperties")
        for name in sorted(value):
            schema = properties.get(name, additional)
            if isinstance(schema, dict):
                inner = f"{path}.{name}" if path else name
                yield from _duplicates(value[name], schema, f"{path}[{name}]" if name not in properties else inner)
    elif isinstance(value, list):
        kind = raw.get("x-kubernetes-list-type")
        if kind in ("set", "map"):
            yield from _repeated(value, path, raw.get("x-kubernetes-list-map-keys") or () if kind == "map" else None)
        if isinstance(raw.get("items"), dict):
            for at, item in enumerate(value):
                yield from _duplicates(item, raw["items"], f"{path}[{at}]")


def _repeated(items: list[Any], path: str, keys: Sequence[str] | None) -> Iterator[FieldError]:
    """What stands in a list a second time, by the whole of it or by its keys; a third time is not told."""
    odd = next((at for at, item in enumerate(items) if item is not None and not isinstance(item, dict)), None)
    if keys is not None and odd is not None:
        text = "must be an object for an array of list-type map"
        yield field.invalid(f"{path}[{odd}]", items[odd], text)
        return
    seen: dict[tuple[type, str], int] = {}
    for at, item in enumerate(items):
        identity = _identity(item or {} if keys is not None else item, keys)
        known = (type(identity), go_json(identity))
        seen[known] = seen.get(known, 0) + 1
        if seen[known] == 2:
            yield field.duplicate(f"{path}[{at}]", identity)


def _identity(item: Any, keys: Sequence[str] | None) -> Any:
    if keys is None or not isinstance(item, dict):
        return item
    return {key: item[key] for key in keys if key in item}


def _unchanged(path: Sequence[str | int], new: Any, old: Any, raw: Node) -> bool:
    """Whether the value at a path is the old one (ratcheting); lists other than maps count as a whole."""
    schema: Node | None = raw
    for step in path:
        if new == old:
            return True
        if isinstance(step, int):
            keys = (schema or {}).get("x-kubernetes-list-map-keys")
            if not keys or not isinstance(old, list):
                return False
            wanted = _identity(new[step], keys)
            old = next((item for item in old if _identity(item, keys) == wanted), _NOTHING)
            schema = (schema or {}).get("items")
        else:
            old = old.get(step, _NOTHING) if isinstance(old, dict) else _NOTHING
            inner = (schema or {}).get("properties") or {}
            additional = (schema or {}).get("additionalProperties")
            schema = inner.get(step, additional if isinstance(additional, dict) else None)
        new = new[step]
        if old is _NOTHING:
            return False
    return bool(new == old)


def builtin(obj: Node, schema: Schema, path: str = "") -> list[FieldError]:
    """Missing required fields and values outside an enum, for a built-in kind without rules of its own."""
    errors: list[FieldError] = []
    for name in schema.required:
        if obj.get(name) in (None, ""):
            errors.append(field.required(f"{path}.{name}" if path else name))
    for name in sorted(obj):
        node = schema.child(name)
        if node is not None:
            inside = f"{path}[{name}]" if schema.prop(name) is None else f"{path}.{name}" if path else name
            errors += _builtin_value(obj[name], node, inside)
    return errors


def _builtin_value(value: Any, schema: Schema, path: str) -> list[FieldError]:
    if isinstance(value, dict) and not schema.preserve_unknown:
        return builtin(value, schema, path)
    if isinstance(value, list) and schema.items is not None:
        found = [_builtin_value(item, schema.items, f"{path}[{at}]") for at, item in enumerate(value)]
        return [error for errors in found for error in errors]
    if schema.enum and value and value not in schema.enum:
        return [field.not_supported(path, value, [allowed for allowed in schema.enum if allowed])]
    return []
