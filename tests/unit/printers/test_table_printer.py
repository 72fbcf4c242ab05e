"""Tables as kubectl get prints them."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import define
from minikctl.printers.table import TablePrinter, cell_text, format_labels
from minikctl.printers.tabwriter import align, align_rows


def table(columns: list[Any], *rows: list[Any], metadata: Any = None) -> dict[str, Any]:
    objects = [{"metadata": metadata or {}} for _ in rows]
    return {
        "columnDefinitions": columns,
        "rows": [{"cells": cells, "object": obj} for cells, obj in zip(rows, objects, strict=True)],
    }


def printed(*tables: Any, event: str = "", kind: str = "", namespace: bool = False, **options: Any) -> str:
    out: list[str] = []
    printer = TablePrinter(out.append, **options)
    printer.begin(kind, namespace)
    for each in tables:
        printer.add(each, event)
    printer.flush()
    return "".join(out)


PODS = define("Name", "Ready", "Restarts:integer", "Age", "IP+")


def test_columns_are_padded_by_three_and_at_least_six_wide() -> None:
    text = printed(table(PODS, ["a", "1/1", 0, "5s", "10.0.0.1"], ["longer-name", "0/1", 12, "3d", "<none>"]))
    assert text == (
        "NAME          READY   RESTARTS   AGE\n"
        "a             1/1     0          5s\n"
        "longer-name   0/1     12         3d\n"
    )


def test_wide_shows_all_columns() -> None:
    assert printed(table(PODS, ["a", "1/1", 0, "5s", "10.0.0.1"]), wide=True) == (
        "NAME   READY   RESTARTS   AGE   IP\na      1/1     0          5s    10.0.0.1\n"
    )


def test_no_headers_and_empty_tables() -> None:
    assert printed(table(PODS, ["a", "1/1", 0, "5s", ""]), no_headers=True) == "a     1/1   0     5s\n"
    assert printed(table(PODS)) == ""


def test_headers_come_once_for_equal_columns() -> None:
    text = printed(table(PODS), table(PODS, ["a", "1/1", 0, "5s", ""]), table(PODS, ["bb", "1/1", 0, "5s", ""]))
    assert text.count("NAME") == 1


def test_namespace_labels_and_kind() -> None:
    metadata = {"namespace": "demo", "labels": {"app": "web", "x.io/tier": "front"}}
    text = printed(
        table(define("Name", "Age"), ["a", "5s"], metadata=metadata),
        kind="Deployment.apps",
        namespace=True,
        label_columns=["x.io/tier", "none"],
        show_labels=True,
    )
    header, row = text.splitlines()
    assert header.split() == ["NAMESPACE", "NAME", "AGE", "TIER", "NONE", "LABELS"]
    assert row.split() == ["demo", "deployment.apps/a", "5s", "front", "app=web,x.io/tier=front"]


def test_kinds_are_separated_by_a_blank_line() -> None:
    out: list[str] = []
    printer = TablePrinter(out.append)
    for columns in (define("Name", "Age"), define("Name", "Data", "Age")):
        printer.begin("ConfigMap")
        printer.add(table(columns, ["a"] * len(columns)))
    printer.begin("Secret")
    printer.add(table(define("Name")))
    printer.flush()
    assert "".join(out) == ("NAME          AGE\nconfigmap/a   a\n\nNAME          DATA   AGE\nconfigmap/a   a      a\n")
    assert printer.written


def test_watch_events_keep_widths() -> None:
    out: list[str] = []
    printer = TablePrinter(out.append)
    printer.begin()
    for event, name in (("ADDED", "a-long-name-here"), ("DELETED", "a")):
        printer.add(table(define("Name", "Age"), [name, "1s"]), event)
        printer.flush()
    assert out == [
        "EVENT      NAME               AGE\nADDED      a-long-name-here   1s\n",
        "DELETED    a                  1s\n",
    ]


def test_cells_keep_their_first_line_and_hide_escapes() -> None:
    assert printed(table(define("Name", "M"), ["a\nb", "\x1b[1m"]), no_headers=True) == "a...   ^[[1m\n"
    assert [cell_text(cell) for cell in (None, True, 3, 2.5, 1e21)] == ["", "true", "3", "2.5", "1e+21"]


def test_labels_are_sorted() -> None:
    assert format_labels({"b": "1", "a": ""}) == "a=,b=1"
    assert format_labels(None) == "<none>"


def test_ragged_rows_make_blocks_of_their_own() -> None:
    assert align("a\tb\nlong-word\tx\nalone\nq\tr\n", 0, 2) == "a          b\nlong-word  x\nalone\nq  r\n"
    assert align_rows([["a", "b", "c"], ["dd", "e"]], 0, 1) == "a  b c\ndd e\n"
    assert align_rows([["only"], ["one"]], 6, 3) == "only\none\n"


def test_cells_beyond_the_columns_take_the_place_of_labels() -> None:
    columns = [{"name": "Name", "type": "string", "format": "name"}]
    rows = [{"cells": ["a", "3d"], "object": {"metadata": {"name": "a", "labels": {"x": "y"}}}}]
    for show_labels, expected in ((False, "NAME\na\n"), (True, "NAME   LABELS\na      3d\n")):
        out: list[str] = []
        printer = TablePrinter(out.append, show_labels=show_labels)
        printer.add({"columnDefinitions": columns, "rows": rows})
        printer.flush()
        assert "".join(out) == expected
