"""JSON and merge patches, and their errors."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.patch import PatchError, diff_merge, json_patch, merge_patch, three_way_merge

_DOC = {"a": {"b": [1, 2], "x/y": "z"}}


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ({"op": "add", "path": "/a/b/-", "value": 3}, {"a": {"b": [1, 2, 3], "x/y": "z"}}),
        ({"op": "add", "path": "/a/b/0", "value": 0}, {"a": {"b": [0, 1, 2], "x/y": "z"}}),
        ({"op": "remove", "path": "/a/x~1y"}, {"a": {"b": [1, 2]}}),
        ({"op": "replace", "path": "/a/b/1", "value": 5}, {"a": {"b": [1, 5], "x/y": "z"}}),
        ({"op": "move", "from": "/a/b", "path": "/c"}, {"a": {"x/y": "z"}, "c": [1, 2]}),
        ({"op": "copy", "from": "/a/b", "path": "/c"}, {**_DOC, "c": [1, 2]}),
        ({"op": "test", "path": "/a/b", "value": [1, 2]}, _DOC),
    ],
)
def test_operations(operation: dict[str, Any], result: Any) -> None:
    assert json_patch(_DOC, [operation]) == result
    assert _DOC == {"a": {"b": [1, 2], "x/y": "z"}}


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (
            {"op": "remove", "path": "/q"},
            "error in remove for path: '/q': Unable to remove nonexistent key: q: missing value",
        ),
        (
            {"op": "remove", "path": "/q/r"},
            'remove operation does not apply: doc is missing path: "/q/r": missing value',
        ),
        (
            {"op": "replace", "path": "/q", "value": 1},
            "replace operation does not apply: doc is missing key: /q: missing value",
        ),
        ({"op": "test", "path": "/a/b/0", "value": True}, "testing value /a/b/0 failed: test failed"),
        (
            {"op": "add", "path": "/a/b/7", "value": 1},
            "error in add for path: '/a/b/7': Unable to access invalid index: 7: invalid index referenced",
        ),
        ({"op": "frob", "path": "/a"}, "Unexpected kind: frob"),
    ],
)
def test_failing_operations(operation: dict[str, Any], message: str) -> None:
    with pytest.raises(PatchError) as caught:
        json_patch(_DOC, [operation])
    assert str(caught.value) == message
    assert caught.value.status().message == "the server rejected our request due to an error in our request"


def test_no_list_of_operations() -> None:
    with pytest.raises(PatchError, match="json: cannot unmarshal object into Go value of type") as caught:
        json_patch(_DOC, {"op": "add"})
    assert caught.value.status().reason == "BadRequest"


def test_merge_patch() -> None:
    assert merge_patch({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": {"e": None}}}) == {"a": {"c": 2, "d": {}}}
    assert merge_patch({"a": [1]}, {"a": [2]}) == {"a": [2]}
    assert diff_merge({"a": {"b": 1, "c": True}}, {"a": {"c": 1}, "d": []}) == {"a": {"b": None, "c": 1}, "d": []}


def test_three_way_merge() -> None:
    original, modified = {"spec": {"a": 1, "b": 2}}, {"spec": {"a": 3}}
    assert three_way_merge(original, modified, {"spec": {"a": 1, "b": 2, "z": 0}}) == {"spec": {"a": 3, "b": None}}
    assert three_way_merge(modified, modified, {"spec": {"a": 3, "z": 0}}) == {}
