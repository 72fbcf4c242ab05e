"""Typed values for server-side apply: checking, merging, field sets, and taking fields out.

The counterparts of structured-merge-diff's typed.TypedValue methods of the same names. Nothing here
changes its arguments; results share parts with them.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.managedfields.fieldset import Fields, element_text, is_member
from minikctl.apimachinery.managedfields.plan import ListKeyError, Plan

Obj = dict[str, Any]

_SCALARS = {
    "string": ((str,), "string"),
    "boolean": ((bool,), "boolean"),
    "integer": ((int, float), "numeric (int or float)"),
    "number": ((int, float), "numeric (int or float)"),
}


# --- checking ----------------------------------------------------------------------------------


def problems(value: Any, plan: Plan, path: str = "") -> list[str]:
    """What keeps the value from being typed by its schema, as "path: message"."""
    if value is None:
        return []
    schema = plan.schema
    if plan.open or schema.int_or_string or (schema.type == "" and not isinstance(value, dict | list)):
        return []
    if schema.type == "array":
        return _list_problems(value, plan, path)
    if schema.type == "object" or schema.type == "":
        return _map_problems(value, plan, path)
    classes, name = _SCALARS.get(schema.type, ((object,), ""))
    if isinstance(value, classes) and (bool in classes or not isinstance(value, bool)):
        return []
    return [f"{_at(path)}expected {name}, got {_got(value, name)}"]


def _map_problems(value: Any, plan: Plan, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{_at(path)}expected map, got &{{{_go_value(value)}}}"]
    found: list[str] = []
    for key, inner in value.items():
        child = plan.child(key)
        if not child.declared and plan.additional is None:
            found.append(f"{path}.{key}: field not declared in schema")
        else:
            found += problems(inner, child, f"{path}.{key}")
    return found


def _list_problems(value: Any, plan: Plan, path: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{_at(path)}expected list, got &{{{_go_value(value)}}}"]
    found: list[str] = []
    seen = set()
    for at, item in enumerate(value):
        element = f"[{at}]"
        if plan.keys is not None:
            try:
                key = plan.item_key(item)
            except ListKeyError as error:
                return [*found, f"{_at(path)}element {at}: {error}"]
            element = element_text(key)
            if key in seen:
                found.append(f"{_at(path)}duplicate entries for key {element}")
            seen.add(key)
        found += problems(item, plan.element, path + element)
    return found


def problems_text(found: list[str]) -> str:
    """All problems as one error's text."""
    if len(found) == 1:
        return found[0]
    return "\n".join(["errors:", *[f"  {text}" for text in found]])


def _at(path: str) -> str:
    return f"{path}: " if path else ""


def _got(value: Any, wanted: str) -> str:
    if wanted == "string":
        return f"&value.valueUnstructured{{Value:{_go_syntax(value)}}}"
    return f"&{{{_go_value(value)}}}" if isinstance(value, dict | list) or wanted == "boolean" else _go_value(value)


def _go_value(value: Any) -> str:
    from minikctl.apimachinery.patch.error import go_text

    return go_text(value)


def _go_syntax(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f'"{key}":{_go_syntax(value[key])}' for key in sorted(value))
        return f"map[string]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(_go_syntax(item) for item in value) + "}"
    if isinstance(value, str):
        return f'"{value}"'
    return _go_value(value)


# --- field sets --------------------------------------------------------------------------------


def field_set(value: Any, plan: Plan) -> Fields:
    """The set of fields a configuration names (ToFieldSet)."""
    return _fields(value, plan) or {}


def _fields(value: Any, plan: Plan) -> Fields | None:
    """The node of a value: {} a leaf, None where nothing of it is owned."""
    if value.__class__ is dict:
        if plan.atomic:
            return {}
        node: Fields = {}
        for key, inner in value.items():
            child = plan.child(key)
            found = _fields(inner, child)
            if inner is None or inner == {} or not child.declared:
                found = {".": {}, **found} if found else {}
            if found is not None:
                node["f:" + key] = found
        return node or None
    if value.__class__ is list:
        if plan.keys is None:
            return {}
        node = {}
        for item in value:
            try:
                key = plan.item_key(item)
            except ListKeyError:
                continue
            found = _fields(item, plan.element)
            node[key] = {} if key in node or not found else {".": {}, **found}
        return node or None
    return {}


def named_members(fields: Fields, plan: Plan) -> Fields:
    """The set with every struct field on its paths a member (EnsureNamedFieldsAreMembers)."""
    result: Fields = {}
    for key, node in fields.items():
        if key == "." or not node:
            result[key] = node
            continue
        named = False
        if key[0] == "f":
            child = plan.child(key[2:])
            named = child.declared
        else:
            child = plan.element
        inner = named_members(node, child)
        result[key] = {".": {}, **inner} if named else inner
    return result


def reconciled(fields: Fields, plan: Plan) -> Fields:
    """A set made when what is atomic now was not: who owned parts of it owns it whole (ReconcileFieldSetWithSchema)."""
    result = fields
    for key, node in fields.items():
        if key == "." or not node:
            continue
        child = plan.child(key[2:]) if key[0] == "f" else plan.element
        has_elements = any(inner[0] in "kv" for inner in node)
        whole = child.atomic or (has_elements and child.keys is None and child.schema is not None)
        new = {} if whole else reconciled(node, child)
        if new is not node:
            result = dict(fields) if result is fields else result
            result[key] = new
    return result


# --- taking out --------------------------------------------------------------------------------


def remove(value: Any, fields: Fields, plan: Plan) -> Any:
    """The value without the set's members (RemoveItems). What becomes empty goes (None)."""
    if value.__class__ is dict and value:
        if plan.atomic:
            return None
        result: Any = {}
        for key, inner in value.items():
            element = "f:" + key
            node = fields.get(element)
            if node is None:
                result[key] = inner
            elif not is_member(fields, element):
                left = remove(inner, node, plan.child(key))
                if left is not None:
                    result[key] = left
        return result or None
    if value.__class__ is list and value:
        if plan.keys is None:
            return None
        result = []
        for item in value:
            element = plan.item_key(item)
            node = fields.get(element)
            if node is None:
                result.append(item)
            elif not is_member(fields, element):
                left = remove(item, node, plan.element)
                if left is not None:
                    result.append(left)
        return result or None
    return value


def extract(value: Any, fields: Fields, plan: Plan) -> Any:
    """Only what the set has of the value (ExtractItems)."""
    if value.__class__ is dict:
        if plan.atomic:
            return value
        result: Any = {}
        for key, inner in value.items():
            node = fields.get("f:" + key)
            if node is not None:
                result[key] = extract(inner, node, plan.child(key)) if node else inner
        return result
    if value.__class__ is list and plan.keys is not None:
        result = []
        for item in value:
            node = fields.get(plan.item_key(item))
            if node is not None:
                result.append(extract(item, node, plan.element) if node else item)
        return result
    return value


# --- merging -----------------------------------------------------------------------------------


def merge(live: Any, applied: Any, plan: Plan) -> Any:
    """The live value with the applied one merged over it."""
    if applied.__class__ is dict and live.__class__ is dict:
        if plan.atomic or not live:
            return applied
        result = dict(live)
        for key, value in applied.items():
            old = live.get(key)
            result[key] = value if old is None else merge(old, value, plan.child(key))
        return result
    if applied.__class__ is list and live.__class__ is list and plan.keys is not None:
        return _merge_lists(live, applied, plan) if live or applied else applied
    if applied is None and live.__class__ in (dict, list) and not plan.atomic:
        return live
    return applied


def _merge_lists(live: list[Any], applied: list[Any], plan: Plan) -> list[Any]:
    """Live elements keep their place, applied ones their own order; shared ones are merged."""
    left = [(plan.item_key(item), item) for item in live]
    right = [(plan.item_key(item), item) for item in applied]
    ours, theirs = dict(reversed(left)), dict(right)
    shared = [key for key, _ in right if key in ours]
    wanted = 0
    done: set[str] = set()
    out: list[Any] = []
    i = j = 0

    def take_applied() -> None:
        nonlocal wanted, j
        key, item = right[j]
        done.add(key)
        out.append(merge(ours[key], item, plan.element) if key in ours else item)
        j += 1
        if wanted < len(shared) and shared[wanted] == key:
            wanted += 1

    while i < len(left) or j < len(right):
        if i < len(left) and j < len(right):
            key = left[i][0]
            if key == right[j][0]:
                take_applied()
                i += 1
                continue
            if key in theirs and wanted < len(shared) and shared[wanted] != key:
                i += 1  # a shared element, but not the one whose turn it is
                continue
        if i < len(left):
            key, item = left[i]
            if key not in theirs:
                out.append(item)
                i += 1
                continue
            if key in done:
                i += 1
        if j < len(right):
            take_applied()
    return out
