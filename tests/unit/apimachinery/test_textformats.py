"""Formats in the schemas of definitions."""

from __future__ import annotations

from minikctl.apimachinery.textformats import unknown_formats


def test_unknown_formats_are_told_in_the_order_in_which_upstream_walks_a_schema() -> None:
    odd = {place: {"type": "string", "format": place} for place in ("c", "d", "f")}
    node = {
        "additionalProperties": odd["f"],
        "properties": {"e": {"type": "string", "format": "e"}},
        "not": odd["d"],
        "allOf": [odd["c"]],
        "items": {"type": "string", "format": "b"},
    }
    assert unknown_formats(node) == ["b", "c", "d", "e", "f"]
