"""Strategic merge patches: directives, merge lists, ordering."""

from __future__ import annotations

from typing import Any

import pytest
from fakeschema import KIND

from minikctl.apimachinery.patch import PatchError, strategic_merge


def patched(spec: dict[str, Any], patch: dict[str, Any]) -> Any:
    return strategic_merge({"spec": spec}, {"spec": patch}, KIND)["spec"]


def test_lists_merge_by_key_and_new_elements_go_first() -> None:
    spec = {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}
    result = patched(spec, {"containers": [{"name": "c", "image": "c:1"}, {"name": "b", "image": "b:2"}]})
    assert [c["name"] for c in result["containers"]] == ["c", "a", "b"]
    assert result["containers"][2] == {"name": "b", "image": "b:2"}
    assert spec["containers"][1]["image"] == "b:1"


def test_delete_replace_and_merge_directives() -> None:
    spec = {"containers": [{"name": "a"}, {"name": "b"}], "strategy": {"type": "X", "rollingUpdate": {"maxSurge": 1}}}
    assert patched(spec, {"containers": [{"name": "a", "$patch": "delete"}]})["containers"] == [{"name": "b"}]
    assert patched(spec, {"containers": [{"$patch": "replace"}, {"name": "z"}]})["containers"] == [{"name": "z"}]
    assert patched(spec, {"strategy": {"$patch": "replace", "type": "Y"}})["strategy"] == {"type": "Y"}
    assert patched(spec, {"strategy": {"$patch": "delete"}})["strategy"] == {}
    assert patched(spec, {"strategy": {"$retainKeys": ["type"], "type": "Y"}})["strategy"] == {"type": "Y"}
    with pytest.raises(PatchError, match=r"unknown patch type: drop in map: map\[\$patch:drop\]"):
        patched(spec, {"strategy": {"$patch": "drop"}})
    with pytest.raises(PatchError, match=r"map: map\[image:x\] does not contain declared merge key: name"):
        patched(spec, {"containers": [{"image": "x"}]})
    with pytest.raises(PatchError, match="invalid patch format of retainKeys"):
        patched(spec, {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {}}})


def test_element_order() -> None:
    spec = {"containers": [{"name": "x"}, {"name": "a"}, {"name": "b"}]}
    order = [{"name": "b"}, {"name": "a"}]
    result = patched(spec, {"$setElementOrder/containers": order, "containers": [{"name": "a", "image": "1"}]})
    assert result["containers"] == [{"name": "x"}, {"name": "b"}, {"name": "a", "image": "1"}]
    with pytest.raises(PatchError, match="The order in patch list"):
        patched(spec, {"$setElementOrder/containers": order, "containers": [{"name": "c"}]})


def test_primitive_lists() -> None:
    doc = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {"metadata": {"finalizers": ["c"], "$deleteFromPrimitiveList/finalizers": ["a"]}}
    assert strategic_merge(doc, patch, KIND) == {"metadata": {"finalizers": ["c", "b"]}}
    absent = strategic_merge({"metadata": {}}, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}, KIND)
    assert absent == {"metadata": {}}


def test_nulls_delete_and_do_not_arrive() -> None:
    doc = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    assert strategic_merge(doc, {"metadata": {"labels": {"a": None}}}, KIND) == {"metadata": {"labels": {"b": "2"}}}
    assert strategic_merge({}, {"metadata": {"labels": {"a": None}}}, KIND) == {"metadata": {"labels": {}}}


def test_lists_without_strategy_are_replaced() -> None:
    doc = {"containers": [{"name": "a", "args": ["1", "2"]}]}
    assert patched(doc, {"containers": [{"name": "a", "args": ["3"]}]})["containers"][0]["args"] == ["3"]
