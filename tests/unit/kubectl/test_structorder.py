"""The order of fields in what kubectl holds as Go structs."""

from __future__ import annotations

from minikctl.kubectl.structorder import in_struct_order

POD = {
    "metadata": {"labels": {"b": "1", "a": "2"}, "uid": "u", "name": "p"},
    "spec": {"containers": [{"image": "i", "resources": {}, "name": "c"}], "volumes": [{"emptyDir": {}, "name": "v"}]},
    "status": {"phase": "Running", "observedGeneration": 1},
}


def keys(value: object) -> list[str]:
    assert isinstance(value, dict)
    return list(value)


def test_structs_are_shown_as_declared_and_maps_by_key() -> None:
    pod = in_struct_order({**POD, "apiVersion": "v1", "kind": "Pod"})
    assert keys(pod) == ["kind", "apiVersion", "metadata", "spec", "status"]
    assert keys(pod["metadata"]) == ["name", "uid", "labels"]
    assert keys(pod["metadata"]["labels"]) == ["a", "b"]
    assert keys(pod["spec"]) == ["volumes", "containers"]
    assert keys(pod["spec"]["volumes"][0]) == ["name", "emptyDir"]  # of an embedded struct
    assert keys(pod["spec"]["containers"][0]) == ["name", "image", "resources"]
    assert keys(pod["status"]) == ["observedGeneration", "phase"]


def test_lists_and_unknown_kinds() -> None:
    listed = in_struct_order(
        {"items": [POD], "apiVersion": "v1", "kind": "PodList", "metadata": {"continue": "c", "resourceVersion": "1"}}
    )
    assert keys(listed) == ["kind", "apiVersion", "metadata", "items"]
    assert keys(listed["metadata"]) == ["resourceVersion", "continue"]
    assert keys(listed["items"][0]) == ["metadata", "spec", "status"]
    custom = {"spec": {"b": 1, "a": 2}, "apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}}
    assert keys(in_struct_order(custom)) == ["kind", "apiVersion", "metadata", "spec"]
    assert keys(in_struct_order(custom)["spec"]) == ["b", "a"]
