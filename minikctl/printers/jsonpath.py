"""kubectl's JSONPath: evaluates templates such as `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

Used by `-o jsonpath`, custom columns, --sort-by, `wait --for=jsonpath` and the printer columns of custom resources.
Upstream counterpart: client-go's util/jsonpath.
"""

from __future__ import annotations

from typing import Any

from minikctl.printers import jsonout
from minikctl.printers.gofmt import float_text, go_syntax, quote
from minikctl.printers.gofmt import value_text as go_text
from minikctl.printers.jsonpathparser import JSONPathError, Node, parse, relaxed

__all__ = ["JSONPath", "JSONPathError", "explain_failure", "relaxed", "value_text"]

_TYPES = {str: "string", bool: "bool", int: "int64", float: "float64", dict: "map[string]interface {}"}


class _Nothing:
    """What a range over nothing walks its body with: no value at all."""

    def __str__(self) -> str:
        return "<invalid reflect.Value>"


_NOTHING = _Nothing()


class JSONPath:
    """A parsed template. `allow_missing_keys` turns an unknown field into an empty result instead of an error."""

    def __init__(self, template: str, allow_missing_keys: bool = False, json_output: bool = False) -> None:
        self.template = template
        self._nodes = parse(template)
        self._lenient = allow_missing_keys
        self._json_output = json_output
        self._begin = self._inside = self._end = 0
        self._last_end = -1

    def find(self, data: Any) -> list[list[Any]]:
        """The results of each node of the template; raises JSONPathError."""
        self._begin = self._inside = self._end = 0
        self._last_end = -1
        return self._find(data, 0)

    def render(self, data: Any) -> str:
        """The results as text: within a node separated by spaces."""
        found = self.find(data)
        if self._json_output:
            return "".join([jsonout.dump(results) for results in found])
        return "".join([" ".join([value_text(value) for value in results]) for results in found])

    def _find(self, data: Any, start: int) -> list[list[Any]]:
        full: list[list[Any]] = []
        at = start
        while at < len(self._nodes):
            results = self._walk([data], self._nodes[at])
            if 0 < self._end <= self._inside:
                self._end -= 1
                self._last_end = at
                break
            if self._begin > 0:
                self._begin -= 1
                self._inside += 1
                for value in results:
                    full += self._find(value, at + 1)
                if not results:
                    self._find(_NOTHING, at + 1)
                self._inside -= 1
                at = max(at, self._last_end)
            else:
                full.append(results)
            at += 1
        return full

    def _walk(self, values: list[Any], node: Node) -> list[Any]:
        kind = node[0]
        if kind == "field":
            return self._field(values, node[1])
        if kind == "list":
            return self._list(values, node[1])
        if kind == "text":
            return [node[1]]
        if kind == "array":
            return _slice(values, node)
        if kind == "filter":
            return self._filter(values, node)
        if kind == "wildcard":
            return [child for value in values for child in _children(value)]
        if kind == "recursive":
            return _descend(values)
        if kind == "union":
            return [result for nodes in node[1] for result in self._list(values, nodes)]
        if kind == "identifier":
            return self._identifier(values, node[1])
        return [node[1]] * len(values)

    def _list(self, values: list[Any], nodes: list[Node]) -> list[Any]:
        for node in nodes:
            values = self._walk(values, node)
        return values

    def _identifier(self, values: list[Any], name: str) -> list[Any]:
        if name == "range":
            self._begin += 1
            return values
        if name != "end":
            raise JSONPathError(f"unrecognized identifier {name}")
        if self._inside <= 0:
            raise JSONPathError("not in range, nothing to end")
        self._end += 1
        return []

    def _field(self, values: list[Any], name: str) -> list[Any]:
        if not values:
            return values
        results = [value[name] for value in values if isinstance(value, dict) and name in value]
        if not results and not self._lenient:
            raise JSONPathError(f"{name} is not found")
        return results

    def _filter(self, values: list[Any], node: Node) -> list[Any]:
        _, left, operator, right = node
        results = []
        for value in values:
            if not isinstance(value, list):
                shown = value if isinstance(value, _Nothing) else go_text(value)
                raise JSONPathError(f"{shown} is not array or slice and cannot be filtered")
            for item in value:
                if operator == "exists":
                    if self._exists(item, left):
                        results.append(item)
                    continue
                lefts, rights = self._list([item], left), self._list([item], right)
                if len(lefts) > 1 or (lefts and len(rights) > 1):
                    raise JSONPathError("can only compare one element at a time")
                if lefts and rights and compare(lefts[0], operator, rights[0]):
                    results.append(item)
        return results

    def _exists(self, item: Any, nodes: list[Node]) -> bool:
        try:
            return bool(self._list([item], nodes))
        except JSONPathError:
            return False


def value_text(value: Any) -> str:
    """A result as printed: collections as JSON, other values as Go's fmt prints them."""
    if value.__class__ is str:
        text: str = value
        return text
    if isinstance(value, (dict, list)):
        return jsonout.compact(value)
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    return float_text(value) if isinstance(value, float) else str(value)


def explain_failure(template: str, error: JSONPathError, data: Any) -> str:
    """The message kubectl ends with when a template cannot be executed on an object."""
    detail = (
        f"Error executing template: {error}. Printing more information for debugging the template:\n"
        f"\ttemplate was:\n\t\t{template}\n\tobject given to jsonpath engine was:\n\t\t{go_syntax(data)}\n\n"
    )
    return f"error executing jsonpath {quote(template)}: {detail}\n"


def _slice(values: list[Any], node: Node) -> list[Any]:
    _, first, last, step, derived = node
    results = []
    for value in values:
        if value is None:
            continue
        if not isinstance(value, list):
            raise JSONPathError(f"{_TYPES[type(value)]} is not array or slice")
        length = len(value)
        start = first or 0
        start += length if start < 0 else 0
        stop = length if last is None else last
        stop += length if stop < 0 or (stop == 0 and derived) else 0
        if start == stop:
            continue
        for bound, index in ((start, start), (stop - 1, stop - 1)):
            if not 0 <= index < length:
                raise JSONPathError(f"array index out of bounds: index {bound}, length {length}")
        if start > stop:
            raise JSONPathError(f"starting index {start} is greater than ending index {stop}")
        if step is not None and step <= 0:
            raise JSONPathError("step must be > 0")
        results += value[start : stop : step or 1]
    return results


def _children(value: Any) -> list[Any]:
    """Values of a map (by key), items of a list, bytes of a string."""
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    if isinstance(value, list):
        return value
    return list(value.encode()) if isinstance(value, str) else []


def _descend(values: list[Any]) -> list[Any]:
    results = []
    for value in values:
        children = _children(value)
        if children:
            results.append(value)
            if not isinstance(value, str):
                results += _descend(children)
    return results


def _kind(value: Any) -> str:
    kind = type(value)
    if kind not in _TYPES or kind is dict:
        raise JSONPathError("invalid type for comparison")
    return _TYPES[kind]


def compare(left: Any, operator: str, right: Any) -> bool:
    """A filter's comparison; only values of one kind can be compared."""
    left_kind, right_kind = _kind(left), _kind(right)
    if operator not in ("==", "!=", "<", ">", "<=", ">="):
        raise JSONPathError(f"unrecognized filter operator {operator}")
    if left_kind != right_kind:
        raise JSONPathError("incompatible types for comparison")
    if operator in ("==", "!="):
        return bool((left == right) == (operator == "=="))
    if left_kind == "bool":
        raise JSONPathError("invalid type for comparison")
    less, equal = left < right, left == right
    return bool({"<": less, "<=": less or equal, ">": not (less or equal), ">=": not less}[operator])
