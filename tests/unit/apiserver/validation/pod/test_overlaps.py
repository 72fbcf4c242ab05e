"""Remarks about files of one volume that get in each other's way."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apiserver.validation.pod.overlaps import overlapping_paths


def items(*paths: str) -> dict[str, Any]:
    return {"items": [{"key": "k", "path": path} for path in paths]}


@pytest.mark.parametrize(
    ("volume", "told"),
    [
        ({"configMap": {"name": "c", **items("a", "b/c", "b/d", "ab")}}, []),
        ({"configMap": {"name": "c"}}, []),
        (
            {"configMap": {"name": "c", **items("a", "a/b")}},
            ['volume "v" (ConfigMap "c"): overlapping paths: "a/b" with "a"'],
        ),
        (
            {"configMap": {"name": "c", **items("a", "a-b", "a.b", "a/c")}},
            ['volume "v" (ConfigMap "c"): overlapping paths: "a/c" with "a"'],
        ),
        (
            {"secret": {"secretName": "s", **items("a/b", "a")}},
            ['volume "v" (Secret "s"): overlapping paths: "a" with "a/b"'],
        ),
        ({"downwardAPI": items("a", "a/")}, ['volume "v" (DownwardAPI): overlapping paths: "a" with "a"']),
        ({"projected": {"sources": [{}]}}, ['volume "v" (Projected) has no sources provided']),
        (
            {
                "projected": {
                    "sources": [{"secret": {"name": "s", **items("t/x")}}, {"serviceAccountToken": {"path": "t"}}]
                }
            },
            ['volume "v" (Projected ServiceAccountToken): overlapping paths: "t/x" with "t"'],
        ),
        (
            {"projected": {"sources": [{"configMap": {"name": "a", **items("t")}}, {"configMap": {"name": "b"}}]}},
            [],
        ),
    ],
)
def test_overlaps(volume: dict[str, Any], told: list[str]) -> None:
    assert overlapping_paths({"name": "v", **volume}) == told
