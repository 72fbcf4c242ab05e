"""The full list of what a value's schema has against it; the one user of `jsonschema`.

`schemavalidation` comes here with values it has refused. Keywords are put in the order in which
kube-openapi's validators run, so that errors come out in upstream's order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from jsonschema import Draft4Validator, validators
from jsonschema.exceptions import ValidationError

from minikctl.apimachinery import field, goregexp, textformats
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver import schemavalidation

Node = dict[str, Any]
Found = Iterator[ValidationError]

_ORDER = (
    "type", "anyOf", "oneOf", "allOf", "not", "maxLength", "minLength", "pattern", "format", "multipleOf", "minimum",
    "maximum", "items", "minItems", "maxItems", "uniqueItems", "enum", "exclusiveMaximum", "exclusiveMinimum",
)  # fmt: skip
_STRING_RULES = ("maxLength", "minLength", "pattern")
# The rules of objects are applied together: who has too many or too few properties hears of nothing else.
_OBJECT_RULES = ("minProperties", "maxProperties", "additionalProperties", "properties", "required")


class Problem(NamedTuple):
    """A field error, and where the value stands whose schema was not satisfied."""

    path: tuple[str | int, ...]
    error: FieldError


def find(value: Any, raw: Node) -> list[Problem]:
    """Everything wrong with the value; nothing is said twice."""
    problems: list[Problem] = []
    strings: set[tuple[str | int, ...]] = set()
    told: set[str] = set()
    for error in _Validator(_translate(raw)).iter_errors(value):
        path = tuple(error.absolute_path)
        if error.validator in _STRING_RULES:
            if path in strings:
                continue
            strings.add(path)
        found = _field_error(error, _name(path))
        if str(found) not in told:
            told.add(str(found))
            problems.append(Problem(path, found))
    return problems


def _translate(raw: Node) -> Node:
    """The schema for our keywords: ordered, with types as kube-openapi sees them."""
    result: Node = {}
    types = schemavalidation.types_of(raw)
    for key in _ORDER:
        value = raw.get(key)
        if key == "type":
            if types:
                result["type"] = {"types": types, "nullable": bool(raw.get("nullable")), "format": raw.get("format")}
        elif value is None or (key == "enum" and not value):
            continue
        elif key in ("anyOf", "oneOf", "allOf"):
            result[key] = [_translate(branch or {}) for branch in value]
        elif key in ("items", "not"):
            if isinstance(value, dict):
                result[key] = _translate(value)
        else:
            result[key] = value
    rules = {key: raw[key] for key in _OBJECT_RULES if raw.get(key) not in (None, [], {})}
    if rules:
        known = rules.get("properties") or {}
        rules["properties"] = {name: _translate(known[name] or {}) for name in sorted(known)}
        if isinstance(rules.get("additionalProperties"), dict):
            rules["additionalProperties"] = _translate(rules["additionalProperties"])
        result["object"] = rules
    return result


def _type(_validator: Any, wanted: Node, value: Any, _schema: Node) -> Found:
    types, format_ = wanted["types"], wanted["format"]
    if value is None:
        if not wanted["nullable"]:
            yield ValidationError("null", validator_value=",".join(types), cause=None)
        return
    raw = {"type": types[0], "format": format_}
    if len(types) > 1:
        raw["x-kubernetes-int-or-string"] = True
    if schemavalidation.type_fits(value, raw):
        return
    name = schemavalidation.type_name(value)
    if format_ and name not in ("string", "array"):
        number = {"integer": "int64", "number": "double"}.get(name, "")
        if number != format_:
            yield ValidationError(number, validator_value=format_)
            return
    yield ValidationError(name, validator_value=",".join(types))


def _any_of(validator: Any, branches: list[Node], value: Any, _schema: Node) -> Found:
    if value is None:
        return
    results = [list(validator.descend(value, branch, schema_path=at)) for at, branch in enumerate(branches)]
    if all(results):
        yield ValidationError("must validate at least one schema (anyOf)")
        yield from _closest(validator, branches, results, value)


def _one_of(validator: Any, branches: list[Node], value: Any, _schema: Node) -> Found:
    if value is None:
        return
    results = [list(validator.descend(value, branch, schema_path=at)) for at, branch in enumerate(branches)]
    valid = sum(not errors for errors in results)
    if valid != 1:
        found = f"Found {valid} valid alternatives" if valid else "Found none valid"
        yield ValidationError(f"must validate one and only one schema (oneOf). {found}")
        if not valid:
            yield from _closest(validator, branches, results, value)


def _closest(validator: Any, branches: list[Node], results: list[list[ValidationError]], value: Any) -> Found:
    """The errors of the branch whose validators had most to look at, the first of several."""
    counts = [_matches(validator, branch, value) for branch in branches]
    yield from results[counts.index(max(counts))]


def _matches(validator: Any, node: Node, value: Any) -> int:
    """kube-openapi's MatchCount: how many validators have looked at a value and what is in it."""
    wanted = node.get("type")
    fits = not wanted or not any(_type(validator, wanted, value, node))
    if value is None:
        return int(fits)
    # The validators of type, of junctors and of enums, and the whole.
    total = (1 + fits if wanted else 0) + 2 + _junctor_matches(validator, node, value) + 2
    if isinstance(value, str):
        total += 2 if "format" in node and textformats.known(node["format"]) else 1
    elif isinstance(value, list):
        items = node.get("items")
        total += 2 + (sum(_matches(validator, items, item) for item in value) if items is not None else 0)
    elif isinstance(value, dict):
        total += 1 + _member_matches(validator, node.get("object") or {}, value)
    elif not isinstance(value, bool):
        total += 2
    return total


def _junctor_matches(validator: Any, node: Node, value: Any) -> int:
    total = 0
    for key in ("anyOf", "oneOf"):
        counts = [_matches(validator, branch, value) for branch in node.get(key, ())]
        good = [at for at, branch in enumerate(node.get(key, ())) if validator.evolve(schema=branch).is_valid(value)]
        if counts and (key == "anyOf" or len(good) < 2):
            total += counts[good[0]] if good else max(counts)
    return total + sum(_matches(validator, branch, value) for branch in node.get("allOf", ()))


def _member_matches(validator: Any, rules: Node, value: Node) -> int:
    if any(_size(rules, value)):
        return 0
    known, extra = rules.get("properties") or {}, rules.get("additionalProperties")
    below = {name: known.get(name, extra if isinstance(extra, dict) else None) for name in value}
    return sum(_matches(validator, node, value[name]) for name, node in below.items() if node is not None)


def _all_of(validator: Any, branches: list[Node], value: Any, _schema: Node) -> Found:
    if value is None:
        return
    results = [list(validator.descend(value, branch, schema_path=at)) for at, branch in enumerate(branches)]
    for errors in results:
        yield from errors
    if any(results):
        none = ". None validated" if all(results) else ""
        yield ValidationError(f"must validate all the schemas (allOf){none}")


def _not(validator: Any, branch: Node, value: Any, _schema: Node) -> Found:
    if value is not None and validator.evolve(schema=branch).is_valid(value):
        yield ValidationError("must not validate the schema (not)")


def _format(_validator: Any, format_: str, value: Any, _schema: Node) -> Found:
    if isinstance(value, str) and not textformats.fits(format_, value):
        yield ValidationError(value, validator_value=format_)


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Node) -> Found:
    if isinstance(value, str) and not goregexp.matches(pattern, value):
        yield ValidationError("pattern")


def _enum(_validator: Any, allowed: list[Any], value: Any, _schema: Node) -> Found:
    if not any(schemavalidation.same(value, one) for one in allowed):
        yield ValidationError("enum")


def _object(validator: Any, rules: Node, value: Any, _schema: Node) -> Found:
    if not isinstance(value, dict):
        return
    for error in _size(rules, value):
        yield error
        return
    known, extra = rules.get("properties") or {}, rules.get("additionalProperties", True)
    for name in sorted(value):
        if name in known:
            continue
        if extra is False:
            yield ValidationError(name, validator="additionalProperties", validator_value=False)
        elif isinstance(extra, dict):
            yield from validator.descend(value[name], extra, path=name)
    for name, node in known.items():
        if name in value:
            yield from validator.descend(value[name], node, path=name)
    for name in rules.get("required") or ():
        if name not in value:
            yield ValidationError(name, validator="required", validator_value=name)


def _size(rules: Node, value: Node) -> Found:
    fewest, most = rules.get("minProperties"), rules.get("maxProperties")
    if fewest is not None and len(value) < fewest:
        yield ValidationError("few", validator="minProperties", validator_value=fewest)
    elif most is not None and len(value) > most:
        yield ValidationError("many", validator="maxProperties", validator_value=most)


def _multiple_of(_validator: Any, factor: float, value: Any, _schema: Node) -> Found:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not schemavalidation.is_multiple(value, factor):
        yield ValidationError("multipleOf")


_RULES: Any = {
    **{key: rule for key, rule in Draft4Validator.VALIDATORS.items() if key in _ORDER},
    "type": _type,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "not": _not,
    "format": _format,
    "pattern": _pattern,
    "enum": _enum,
    "object": _object,
    "multipleOf": _multiple_of,
}
_Validator = validators.create(meta_schema={}, validators=_RULES, type_checker=Draft4Validator.TYPE_CHECKER)


def _name(path: tuple[str | int, ...]) -> str:
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else step
    return name


def _field_error(error: ValidationError, name: str) -> FieldError:
    rule = str(error.validator)
    value: Any = error.instance
    limit: Any = error.validator_value
    if rule in ("type", "format"):
        wrong = error.message
        detail = f"{name} in body must be of type {limit}: {field.quote(wrong)}"
        return FieldError("FieldValueTypeInvalid", name, wrong, detail)
    if rule == "additionalProperties":
        return field.invalid(name, error.message, f"{name}.{error.message} in body is a forbidden property")
    if rule == "required":
        return field.required(f"{name}.{error.message}" if name else error.message)
    if rule == "enum":
        return field.not_supported(name, value, [one if isinstance(one, str) else json.dumps(one) for one in limit])
    if rule == "maxLength":
        return field.too_long(name, limit)
    if rule in ("maxItems", "maxProperties"):
        return field.too_many(name, len(value), limit)
    if rule in ("anyOf", "oneOf", "allOf", "not"):
        return field.invalid("<nil>", "", f"{field.quote(name)} {error.message}")
    if rule in ("minItems", "minProperties"):
        value = len(value)
    elif rule == "uniqueItems":
        value = ""
    if rule in ("minimum", "maximum") and isinstance(value, int):
        limit = int(limit)
    return field.invalid(name, value, f"{name} in body {_detail(rule, limit, error.schema)}")


def _detail(rule: str, limit: Any, schema: Any) -> str:
    if rule == "maximum":
        return f"should be less than {'' if schema.get('exclusiveMaximum') else 'or equal to '}{_number(limit)}"
    if rule == "minimum":
        return f"should be greater than {'' if schema.get('exclusiveMinimum') else 'or equal to '}{_number(limit)}"
    return {
        "multipleOf": f"should be a multiple of {_number(limit)}" if rule == "multipleOf" else "",
        "minLength": f"should be at least {limit} chars long",
        "minItems": f"should have at least {limit} items",
        "minProperties": f"should have at least {limit} properties",
        "uniqueItems": "shouldn't contain duplicates",
        "pattern": f"should match '{limit}'",
    }[rule]


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e21 else repr(value)
