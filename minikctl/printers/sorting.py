"""`--sort-by`: orders objects or the rows of a Table by a JSONPath.

Quantities compare as quantities, other texts naturally (numbers within them by value); objects without the field
come first. Upstream counterpart: kubectl's get/sorter.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.quantity import QuantityError
from minikctl.apimachinery.quantity import parse as parse_quantity
from minikctl.printers.gofmt import quote
from minikctl.printers.jsonpath import JSONPath, JSONPathError, relaxed

# Up to this many elements Go sorts by insertion, which shows in the order of equal ones.
_INSERTION = 12


class SortError(ValueError):
    """A field that is not there or cannot be ordered; the message is kubectl's."""


class Unsortable(SortError):
    """A field whose values have no order."""


def sort_objects(items: list[Any], field: str) -> list[Any]:
    """The items ordered by the field. Raises SortError, JSONPathError."""
    if not items:
        return items
    path = relaxed(field)
    keys = _keys(items, path, JSONPath(path, allow_missing_keys=True))
    return [items[i] for i in _order(keys, path)]


def sort_table(table: dict[str, Any], field: str) -> None:
    """Order the rows of a Table by a field of their objects. Raises SortError."""
    rows = table.get("rows") or []
    try:
        path = relaxed(field)
    except JSONPathError:
        path = field
    try:
        parsed = JSONPath(path, allow_missing_keys=True)
    except JSONPathError as error:
        raise SortError(f"sorting error: {error}") from None
    if rows:
        keys = _keys([row["object"] for row in rows], path, parsed)
        table["rows"] = [rows[i] for i in _order(keys, path)]


def _keys(items: list[Any], path: str, parsed: JSONPath) -> list[list[Any]]:
    """For each item a list with the value of the field, empty where it has none."""
    found = [parsed.find(item) for item in items]
    keys = [results[0][:1] if results else [] for results in found]
    if not any(keys):
        raise SortError(f"couldn't find any field with path {quote(path)} in the list of objects")
    return keys


def _order(keys: list[list[Any]], path: str) -> list[int]:
    def less(i: int, j: int) -> bool:
        if not keys[i]:
            return True
        if not keys[j]:
            return False
        try:
            return _less(keys[i][0], keys[j][0])
        except TypeError as error:
            raise Unsortable(
                f"Field {path} in [][][]reflect.Value is an unsortable type: interface, err: {error}"
            ) from None

    order = list(range(len(keys)))
    if len(keys) <= _INSERTION:
        return _insertion_sort(order, less)
    from functools import cmp_to_key

    def compare(i: int, j: int) -> int:
        if not keys[i] and not keys[j]:
            return 0
        return -1 if less(i, j) else 1 if less(j, i) else 0

    return sorted(order, key=cmp_to_key(compare))


def _insertion_sort(order: list[int], less: Callable[[int, int], bool]) -> list[int]:
    for i in range(1, len(order)):
        j = i
        while j > 0 and less(order[j], order[j - 1]):
            order[j], order[j - 1] = order[j - 1], order[j]
            j -= 1
    return order


def _less(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is None and right is not None
    kind = type(left)
    if kind not in (str, int, float):
        shown = {bool: "bool", dict: "map[string]interface {}", list: "[]interface {}"}[kind]
        raise TypeError(f"unsortable type: {shown}")
    if kind is not type(right):
        raise TypeError("unsortable interface: interface")
    if kind is not str:
        return bool(left < right)
    try:
        return parse_quantity(left) < parse_quantity(right)
    except QuantityError:
        return natural_less(left, right)


def natural_less(left: str, right: str) -> bool:
    """Whether a text comes before another when runs of digits count as numbers."""
    i = j = 0
    while i < len(left) and j < len(right):
        a, b = left[i], right[j]
        a_digit, b_digit = "0" <= a <= "9", "0" <= b <= "9"
        if a_digit != b_digit:
            return a_digit
        if not a_digit:
            if a != b:
                return a < b
            i, j = i + 1, j + 1
            continue
        i, i_start, first = _number(left, i)
        j, j_start, second = _number(right, j)
        if len(first) != len(second):
            return len(first) < len(second)
        if first != second:
            return first < second
        if i_start != j_start:
            return i_start < j_start
    return len(left) < len(right)


def _number(text: str, at: int) -> tuple[int, int, str]:
    """Where a run of digits ends, where its zeros end, and its digits without them."""
    while at < len(text) and text[at] == "0":
        at += 1
    start = at
    while at < len(text) and "0" <= text[at] <= "9":
        at += 1
    return at, start, text[start:at]
