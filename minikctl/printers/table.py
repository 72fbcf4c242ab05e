"""Prints server Tables as `kubectl get` does: headers, wide and label columns, several kinds, watches.

Called by the get family of commands; the columns and cells come from the apiserver. Upstream counterpart:
cli-runtime's printers.HumanReadablePrinter plus the writers of kubectl's get command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minikctl.printers.tabwriter import MIN_WIDTH, PADDING, align_rows

Table = dict[str, Any]


class TablePrinter:
    """Writes Tables one after the other, aligned together until `flush` or the next `begin`.

    `written` tells whether anything has been printed at all (get says "No resources found" otherwise).
    """

    def __init__(
        self,
        write: Callable[[str], object],
        wide: bool = False,
        no_headers: bool = False,
        show_labels: bool = False,
        label_columns: Iterable[str] = (),
    ) -> None:
        self._write = write
        self._wide = wide
        self._no_headers = no_headers
        self._show_labels = show_labels
        self._label_columns = tuple(label_columns)
        self._kind = ""
        self._namespace = False
        self._widths: list[int] = []
        self._rows: list[list[str]] = []
        self._columns: list[dict[str, Any]] = []
        self._headers_due = not no_headers
        self._separate = False
        self._begun = False
        self.written = False

    def begin(self, kind: str = "", namespace: bool = False) -> None:
        """Start the next kind. `kind` ("Deployment.apps") prefixes names; `namespace` adds that column."""
        self.flush()
        self._widths = []
        self._columns = []
        self._headers_due = not self._no_headers
        if self._begun and not self._no_headers and self.written:
            self._separate = True
        self._begun = True
        self._kind = kind.lower()
        self._namespace = namespace

    def add(self, table: Table, event: str = "") -> None:
        """Queue a Table for printing; `event` is the type of a watch event when its column is asked for."""
        columns = table.get("columnDefinitions") or self._columns
        if columns != self._columns:
            self._columns = columns
            self._headers_due = not self._no_headers
        rows = table.get("rows") or []
        if not rows:
            return
        shown = [i for i, column in enumerate(columns) if self._wide or not column.get("priority")]
        if self._headers_due:
            self._headers_due = False
            self._rows.append(self._header([columns[i]["name"] for i in shown], event))
        name_at = self._name_column(columns)
        plain = len(shown) == len(columns)
        for row in rows:
            cells = row["cells"]
            if plain and len(cells) <= len(columns):
                texts = [cell if cell.__class__ is str else cell_text(cell) for cell in cells]
                self._rows.append(self._decorate(texts, row, shown, name_at, event))
                continue
            texts = [cell_text(cells[i]) for i in shown if i < len(cells)]
            # Cells beyond the columns, as IPAddresses have them, show where labels have columns of their own.
            texts += [cell_text(cell) for cell in cells[len(columns) :]]
            self._rows.append(self._decorate(texts, row, shown, name_at, event)[: self._width(shown, event)])

    def flush(self) -> None:
        """Write what is queued; widths are remembered so that a later row of the same kind lines up."""
        rows, self._rows = self._rows, []
        if not rows:
            return
        for i, row in enumerate(rows):
            if not "".join(row).isprintable():
                rows[i] = [part for cell in row for part in _escape(cell).split("\t")]
        text = align_rows(rows, MIN_WIDTH, PADDING, self._widths)
        if self._separate:
            self._separate = False
            text = "\n" + text
        self.written = True
        self._write(text)

    def _width(self, shown: list[int], event: str) -> int:
        """How many cells a row has."""
        added = bool(event) + self._namespace + len(self._label_columns) + self._show_labels
        return len(shown) + added

    def _name_column(self, columns: list[dict[str, Any]]) -> int:
        if self._kind:
            for i, column in enumerate(columns):
                if column.get("format") == "name" and column.get("type") == "string":
                    return i
        return -1

    def _header(self, names: list[str], event: str) -> list[str]:
        header = ["EVENT"] if event else []
        if self._namespace:
            header.append("NAMESPACE")
        header += [name.upper() for name in names]
        header += [label.rsplit("/", 1)[-1].upper() for label in self._label_columns]
        if self._show_labels:
            header.append("LABELS")
        return header

    def _decorate(self, texts: list[str], row: dict[str, Any], shown: list[int], name_at: int, event: str) -> list[str]:
        if name_at >= 0 and name_at in shown:
            at = shown.index(name_at)
            texts[at] = f"{self._kind}/{texts[at]}"
        if not (self._namespace or self._label_columns or self._show_labels or event):
            return texts
        metadata = (row.get("object") or {}).get("metadata") or {}
        labels = metadata.get("labels") or {}
        before = [event.ljust(8)] if event else []
        if self._namespace:
            before.append(metadata.get("namespace", ""))
        texts = before + texts + [labels.get(label, "") for label in self._label_columns]
        if self._show_labels:
            texts.append(format_labels(labels))
        return texts


def format_labels(labels: dict[str, str] | None) -> str:
    """Labels as `a=b,c=d`, sorted; `<none>` without any."""
    if not labels:
        return "<none>"
    return ",".join([f"{key}={labels[key]}" for key in sorted(labels)])


def cell_text(cell: Any) -> str:
    """A Table cell as printed: nothing for null, only the first line of a text, numbers as Go prints them."""
    if cell.__class__ is str:
        text: str = cell
        return text
    if cell is None:
        return ""
    if cell is True or cell is False:
        return "true" if cell else "false"
    if isinstance(cell, float):
        from minikctl.printers.gofmt import float_text

        return float_text(cell)
    if isinstance(cell, (dict, list)):
        from minikctl.printers.gofmt import value_text

        return value_text(cell)
    return str(cell)


def _escape(text: str) -> str:
    for i, char in enumerate(text):
        if char in "\f\n\r":
            text = text[:i] + "..."
            break
    return text.replace("\x1b", "^[")
