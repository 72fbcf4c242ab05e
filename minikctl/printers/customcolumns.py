"""`-o custom-columns=NAME:.metadata.name,...` and `-o custom-columns-file`.

Upstream counterpart: kubectl's get/customcolumn.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.printers.gofmt import value_text
from minikctl.printers.jsonpath import JSONPath, JSONPathError, relaxed
from minikctl.printers.tabwriter import align

_TEMPLATE = "Expected format is one line of space separated headers, one line of space separated column specs."


class CustomColumns:
    """Prints chosen fields of objects as a table; headers come once per kind of thing (list or object)."""

    def __init__(self, columns: list[tuple[str, str]], no_headers: bool = False) -> None:
        self._headers = [header for header, _ in columns]
        self._paths = [path for _, path in columns]
        self._parsed: list[JSONPath] | None = None
        self._no_headers = no_headers
        self._printed: bool | None = None

    def __call__(self, obj: Any, write: Callable[[str], object]) -> None:
        """Print an object, or the items of a list; raises JSONPathError."""
        is_list = isinstance(obj.get("items"), list)
        lines: list[str] = []
        try:
            self._add(obj["items"] if is_list else [obj], is_list, lines)
        finally:  # what was made before something failed is shown
            if lines:
                write(align("\n".join(lines) + "\n"))

    def _add(self, items: list[Any], is_list: bool, lines: list[str]) -> None:
        if not self._no_headers and self._printed != is_list:
            lines.append("\t".join(self._headers))
            self._printed = is_list
        if self._parsed is None:
            self._parsed = [JSONPath(path, allow_missing_keys=True) for path in self._paths]
        for item in items:
            lines.append("\t".join([_cell(path, item) for path in self._parsed]))


def from_spec(spec: str, no_headers: bool = False) -> CustomColumns:
    """The printer of a `HEADER:path,...` specification."""
    columns = []
    for part in spec.split(","):
        header, colon, path = part.partition(":")
        if not colon:
            raise JSONPathError(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        columns.append((header, relaxed(path)))
    return CustomColumns(columns, no_headers)


def from_template(text: str) -> CustomColumns:
    """The printer of a file with one line of headers and one of paths."""
    lines = text.splitlines()
    for index, missing in enumerate(("header", "spec")):
        if len(lines) <= index:
            raise JSONPathError(f"invalid template, missing {missing} line. {_TEMPLATE}")
    headers, paths = lines[0].split(), lines[1].split()
    if len(headers) != len(paths):
        raise JSONPathError(f"number of headers ({len(headers)}) and field specifications ({len(paths)}) don't match")
    return CustomColumns([(header, relaxed(path)) for header, path in zip(headers, paths, strict=True)])


def _cell(path: JSONPath, item: Any) -> str:
    found = path.find(item)
    texts = [] if found and found[0] else ["<none>"]
    for results in found:
        for value in results:
            texts.append(value_text(value).replace("\x1b", "^[").replace("\r", "\\r"))
    return ",".join(texts)
