"""Server-side apply: merging, ownership, conflicts."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.managedfields import (
    extract,
    owners_of,
    record_update,
    server_side_apply,
    upgrade_from_client_side,
)
from minikctl.apimachinery.openapi import schema_for

T1, T2, T3 = (f"2026-01-0{n}T00:00:00Z" for n in (1, 2, 3))
LAST = "kubectl.kubernetes.io/last-applied-configuration"


def config_map(data: dict[str, str], **metadata: Any) -> Any:
    meta = {"name": "cm", "namespace": "demo", **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def pod(container: dict[str, Any]) -> Any:
    metadata = {"name": "front", "namespace": "demo"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def apply(live: Any, applied: Any, manager: str = "kubectl", force: bool = False, now: str = T1) -> Any:
    schema = schema_for(applied["apiVersion"], applied["kind"])
    result = server_side_apply(live, applied, manager, applied["apiVersion"], "", force, now, schema)
    result["metadata"].setdefault("uid", "1")
    return result


def update(live: Any, new: Any, manager: str, subresource: str = "", now: str = T2) -> Any:
    new = deep_copy(new)
    schema = schema_for(new["apiVersion"], new["kind"])
    record_update(live, new, manager, new["apiVersion"], subresource, now, schema)
    new["metadata"].setdefault("uid", "1")
    return new


def owned(obj: Any) -> dict[str, Any]:
    return {e["manager"]: e["fieldsV1"] for e in obj["metadata"]["managedFields"]}


def test_applying_creates_and_owns_exactly_what_is_named() -> None:
    obj = apply(None, pod({"name": "web", "image": "i", "ports": [{"containerPort": 80}], "env": []}))
    assert obj["metadata"]["managedFields"][0] == {
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "manager": "kubectl",
        "operation": "Apply",
        "time": T1,
        "fieldsV1": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"web"}': {
                        ".": {},
                        "f:name": {},
                        "f:image": {},
                        "f:ports": {
                            'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}},
                        },
                    }
                }
            }
        },
    }


def test_applying_the_same_again_changes_nothing() -> None:
    manifest = config_map({"a": "1"}, labels={"x": "y"})
    once = apply(None, manifest)
    assert apply(once, manifest, now=T2) == once


def test_fields_given_up_go_unless_somebody_else_owns_them() -> None:
    live = apply(None, config_map({"tea": "3", "coffee": "4"}))
    live = apply(live, config_map({"tea": "3"}), "bar")
    live = apply(live, config_map({"coffee": "4"}))
    assert live["data"] == {"tea": "3", "coffee": "4"}
    live = apply(live, config_map({"coffee": "5"}), "bar", force=True)
    assert live["data"] == {"coffee": "5"}
    assert owned(live) == {"bar": {"f:data": {"f:coffee": {}}}}


def test_defaulted_fields_survive_but_given_up_structs_do_not() -> None:
    live = apply(None, pod({"name": "web", "image": "i", "resources": {"limits": {"cpu": "1"}}}))
    live["spec"]["dnsPolicy"] = "ClusterFirst"
    live["spec"]["containers"][0]["imagePullPolicy"] = "Always"
    live = apply(live, pod({"name": "web", "image": "i"}), now=T2)
    assert live["spec"] == {
        "dnsPolicy": "ClusterFirst",
        "containers": [{"name": "web", "image": "i", "imagePullPolicy": "Always"}],
    }


def test_conflicts_are_reported_as_upstream_does() -> None:
    live = apply(None, config_map({"a": "1", "b": "2"}), "one")
    with pytest.raises(StatusError) as caught:
        apply(live, config_map({"a": "9"}), "two")
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    assert caught.value.code == 409 and caught.value.reason == "Conflict"
    with pytest.raises(StatusError) as caught:
        apply(live, config_map({"a": "9", "b": "9"}), "two")
    assert caught.value.message == 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b'
    assert caught.value.details["causes"][1] == {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "one"',
        "field": ".data.b",
    }
    new = deep_copy(live)
    new["data"]["a"] = "5"
    live = update(live, new, "kubectl-edit", "scale")
    with pytest.raises(StatusError) as caught:
        apply(live, config_map({"a": "9"}), "one")
    assert caught.value.message == (
        'Apply failed with 1 conflict: conflict with "kubectl-edit" with subresource "scale" using v1: .data.a'
    )
    forced = apply(live, config_map({"a": "9"}), "one", force=True)
    assert forced["data"] == {"a": "9"} and list(owned(forced)) == ["one"]


def test_lists_merge_by_key_in_the_live_order() -> None:
    live = apply(None, pod({"name": "a", "image": "1"}), "one")
    live = apply(live, pod({"name": "b", "image": "2"}), "two")
    live = apply(live, pod({"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}), "three")
    assert [c["name"] for c in live["spec"]["containers"]] == ["a", "b"]
    live = apply(live, pod({"name": "c", "image": "3"}), "two")
    assert [c["name"] for c in live["spec"]["containers"]] == ["a", "c"]


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (
            {"name": "web", "env": [{"name": "A"}, {"name": "A"}]},
            '.spec.containers[name="web"].env: duplicate entries for key [name="A"]',
        ),
        (
            {"name": "web", "ports": [{"containerPort": 80}, {"containerPort": 80}]},
            '.spec.containers[name="web"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]',
        ),
        ({"name": "web", "imag": "x"}, '.spec.containers[name="web"].imag: field not declared in schema'),
        (
            {"name": "web", "env": ["x"]},
            '.spec.containers[name="web"].env: element 0: associative list with keys may not have non-map elements',
        ),
        (
            {"name": "web", "image": 5},
            '.spec.containers[name="web"].image: expected string, got &value.valueUnstructured{Value:5}',
        ),
        ({"name": "web", "env": {}}, '.spec.containers[name="web"].env: expected list, got &{map[]}'),
    ],
)
def test_configurations_that_cannot_be_typed(container: dict[str, Any], message: str) -> None:
    with pytest.raises(StatusError) as caught:
        apply(None, pod(container))
    assert caught.value.message == f"failed to create typed patch object (demo/front; /v1, Kind=Pod): {message}"
    assert caught.value.code == 500


def test_objects_without_owners_get_one_entry_for_the_past() -> None:
    live = config_map({"a": "1", "b": "2"}, uid="1")
    obj = apply(live, config_map({"a": "1"}), "one")
    assert owned(obj) == {
        "one": {"f:data": {"f:a": {}}},
        "before-first-apply": {"f:data": {".": {}, "f:a": {}, "f:b": {}}},
    }
    with pytest.raises(StatusError, match='conflict with "before-first-apply" using v1'):
        apply(live, config_map({"a": "9"}), "one")


def test_kubectl_takes_over_what_client_side_apply_left_as_it_was() -> None:
    manifest = '{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"cm"}}'
    new = config_map({"a": "1"}, annotations={LAST: manifest})
    live = update(None, new, "kubectl-client-side-apply")
    same = apply(live, config_map({"a": "1"}))
    assert "time" not in same["metadata"]["managedFields"][0]
    assert same["metadata"]["annotations"][LAST] == (
        '{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"cm","namespace":"demo"}}\n'
    )
    changed = apply(live, config_map({"a": "2"}), now=T3)
    assert changed["data"] == {"a": "2"}
    with pytest.raises(StatusError, match='conflict with "kubectl-client-side-apply" using v1'):
        apply(live, config_map({"a": "2"}), "other")


def test_upgrade_from_client_side() -> None:
    live = update(None, config_map({"a": "1"}, annotations={LAST: "{}"}), "kubectl-client-side-apply")
    fields: dict[str, Any] = {"f:metadata": {"f:annotations": {f"f:{LAST}": {}}}}
    assert [e["manager"] for e in owners_of(live, "Update", fields)] == ["kubectl-client-side-apply"]
    live = apply(live, config_map({"a": "1"}))
    live["metadata"]["managedFields"] = upgrade_from_client_side(live, ["kubectl-client-side-apply"], "kubectl")
    assert list(owned(live)) == ["kubectl"]
    again = apply(live, config_map({"a": "1"}))
    assert owned(again) == {"kubectl": {"f:data": {"f:a": {}}}}
    assert LAST not in again["metadata"].get("annotations", {})


def test_extracting_what_a_manager_owns() -> None:
    live = apply(None, pod({"name": "a", "image": "1"}), "one")
    live = apply(live, pod({"name": "a", "env": [{"name": "X", "value": "1"}]}), "two")
    found = extract(live, "two", schema_for("v1", "Pod"))
    assert found == pod({"name": "a", "env": [{"name": "X", "value": "1"}]})


def test_a_configuration_has_no_managed_fields() -> None:
    with pytest.raises(StatusError, match=r"metadata\.managedFields must be nil"):
        apply(None, config_map({}, managedFields=[]))


def test_a_null_in_the_key_of_an_item_is_its_default() -> None:
    obj = apply(None, pod({"name": "web", "image": "i", "ports": [{"containerPort": 80, "protocol": None}]}))
    container = owned(obj)["kubectl"]["f:spec"]["f:containers"]['k:{"name":"web"}']
    assert list(container["f:ports"]) == ['k:{"containerPort":80,"protocol":"TCP"}']
    assert apply(obj, pod({"name": "web", "image": "j"}))["spec"]["containers"][0]["image"] == "j"
