"""--sort-by."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.printers.sorting import SortError, natural_less, sort_objects, sort_table


def order(values: list[Any], field: str = ".v") -> list[Any]:
    items = [{} if value == "missing" else {"v": value} for value in values]
    return [item.get("v", "missing") for item in sort_objects(items, field)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 1, 2], [1, 2, 3]),
        (["b", "a10", "a2"], ["a2", "a10", "b"]),
        (["1Gi", "200Mi", "1G"], ["200Mi", "1G", "1Gi"]),
        (["100m", "1", "20m"], ["20m", "100m", "1"]),
        ([2, "missing", 1], ["missing", 1, 2]),
        ([None, 2, 1], [None, 1, 2]),
        ([2.5, 1.5], [1.5, 2.5]),
        (["x"] * 15 + ["a"], ["a"] + ["x"] * 15),
    ],
)
def test_orders(values: list[Any], expected: list[Any]) -> None:
    assert order(values) == expected


def test_rows_of_a_table() -> None:
    table = {"rows": [{"cells": [name], "object": {"metadata": {"name": name}}} for name in ("b", "a")]}
    sort_table(table, "metadata.name")
    assert [row["cells"] for row in table["rows"]] == [["a"], ["b"]]


def test_refusals() -> None:
    with pytest.raises(SortError, match=r"couldn't find any field with path \"\{\.no\}\" in the list of objects"):
        order([1, 2], ".no")
    with pytest.raises(SortError, match="err: unsortable type: bool"):
        order([True, False])
    with pytest.raises(SortError, match="unsortable interface"):
        order([1, "a"])
    with pytest.raises(SortError, match="sorting error: unclosed action"):
        sort_table({"rows": [{"object": {}}]}, "{.a")
    assert sort_objects([], ".a") == []


def test_natural_order() -> None:
    texts = ["a", "a0", "a00", "a1", "a1b", "a01", "a2", "a10", "b"]
    assert all(natural_less(texts[i], texts[j]) for i in range(len(texts)) for j in range(i + 1, len(texts)))
