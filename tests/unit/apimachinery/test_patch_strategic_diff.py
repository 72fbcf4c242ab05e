"""Making strategic patches, as kubectl apply sends them."""

from __future__ import annotations

import pytest
from fakeschema import KIND

from minikctl.apimachinery.patch import PatchConflict, strategic_merge, three_way_strategic, two_way_strategic


def test_two_way_orders_changed_lists() -> None:
    a = {"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}}
    b = {"spec": {"containers": [{"name": "b", "image": "2"}, {"name": "c", "image": "1"}]}}
    assert two_way_strategic(a, b, KIND) == {
        "spec": {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "c"}],
            "containers": [{"name": "b", "image": "2"}, {"name": "c", "image": "1"}, {"name": "a", "$patch": "delete"}],
        }
    }


def test_two_way_of_primitives_and_retained_keys() -> None:
    a = {"metadata": {"finalizers": ["a", "b"]}, "spec": {"strategy": {"type": "R", "rollingUpdate": {"maxSurge": 1}}}}
    b = {"metadata": {"finalizers": ["b", "c"]}, "spec": {"strategy": {"type": "Recreate"}}}
    patch = two_way_strategic(a, b, KIND)
    assert patch == {
        "metadata": {
            "finalizers": ["c"],
            "$deleteFromPrimitiveList/finalizers": ["a"],
            "$setElementOrder/finalizers": ["b", "c"],
        },
        "spec": {"strategy": {"type": "Recreate", "rollingUpdate": None, "$retainKeys": ["type"]}},
    }
    assert strategic_merge(a, patch, KIND) == b


def test_three_way_deletes_only_what_was_applied() -> None:
    applied = {
        "spec": {"replicas": 1, "containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}]}
    }
    manifest = {"spec": {"containers": [{"name": "a", "image": "2"}]}}
    live = {
        "spec": {
            "replicas": 5,
            "selector": {"app": "x"},
            "containers": [
                {"name": "side", "image": "9"},
                {"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
            ],
        }
    }
    patch = three_way_strategic(applied, manifest, live, KIND)
    assert patch == {
        "spec": {
            "replicas": None,
            "$setElementOrder/containers": [{"name": "a"}],
            "containers": [{"name": "a", "image": "2", "env": None}],
        }
    }
    result = strategic_merge(live, patch, KIND)
    assert [c["name"] for c in result["spec"]["containers"]] == ["side", "a"]


def test_three_way_without_changes_is_empty() -> None:
    manifest = {"spec": {"replicas": 1, "containers": [{"name": "a", "ports": [{"containerPort": 80}]}]}}
    live = {
        "spec": {
            "replicas": 1,
            "containers": [{"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"}], "image": "x"}],
        }
    }
    assert three_way_strategic(manifest, manifest, live, KIND) == {}


def test_conflicts_when_not_overwriting() -> None:
    original, modified, current = ({"spec": {"replicas": n}} for n in (1, 2, 3))
    with pytest.raises(PatchConflict, match="conflicts with changes made from original to current"):
        three_way_strategic(original, modified, current, KIND, overwrite=False)
    assert three_way_strategic(original, modified, original, KIND, overwrite=False) == {"spec": {"replicas": 2}}
