"""Rows of custom resources, as additionalPrinterColumns of their definition ask for them.

Upstream counterpart: apiextensions-apiserver's tableconvertor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apiserver.tables.cells import Column, Obj, Row, name, since

Finder = Callable[[Obj], list[Any]]


def table(printer_columns: list[Obj]) -> tuple[list[Column], Row]:
    """Column definitions and row function for a CRD version's additionalPrinterColumns (not empty)."""
    definitions = [_definition("Name", "string", "name", "", 0)]
    cells: list[tuple[str, Finder]] = []
    for column in printer_columns:
        kind = column.get("type", "string")
        path = column.get("jsonPath", "")
        definitions.append(
            _definition(
                column["name"],
                kind,
                column.get("format", ""),
                column.get("description") or f"Custom resource definition column (in JSONPath format): {path}",
                column.get("priority", 0),
            )
        )
        cells.append((kind, _finder(path)))

    def row(obj: Obj, now: float) -> list[Any]:
        return [name(obj), *[_cell(kind, find(obj), now) for kind, find in cells]]

    return definitions, row


def _definition(title: str, kind: str, form: str, description: str, priority: int) -> Column:
    return {"name": title, "type": kind, "format": form, "description": description, "priority": priority}


def _finder(path: str) -> Finder:
    """Looks up a jsonPath such as `.spec.size`; plain chains of fields without the jsonpath machinery."""
    fields = path.split(".")[1:]
    if path.startswith(".") and all(field.replace("-", "").replace("_", "").isalnum() for field in fields):

        def walk(value: Any) -> list[Any]:
            for field in fields:
                if not isinstance(value, dict) or field not in value:
                    return []
                value = value[field]
            return [value]

        return walk
    from minikctl.printers.jsonpath import JSONPath, JSONPathError

    try:
        parsed = JSONPath("{" + path + "}", allow_missing_keys=True)
    except JSONPathError:
        return lambda obj: []

    def find(obj: Obj) -> list[Any]:
        try:
            results = parsed.find(obj)
        except JSONPathError:
            return []
        return results[0] if results else []

    return find


def _cell(kind: str, results: list[Any], now: float) -> Any:
    if not results:
        return None
    value = results[0]
    if value is None:
        return "<no value>" if kind == "string" else None
    if kind == "string":
        if isinstance(value, str):
            return value
        from minikctl.printers.jsonpath import value_text

        return value_text(value)
    if kind == "date":
        return _since(value, now) if isinstance(value, str) else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if kind == "integer" else float(value)


def _since(text: str, now: float) -> str:
    if not text:
        return "<unknown>"
    try:
        return since(text, now)
    except ValueError:
        return "<invalid>"
