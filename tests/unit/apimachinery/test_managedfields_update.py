"""Ownership after ordinary writes."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.managedfields import record_update
from minikctl.apimachinery.openapi import from_crd, schema_for

T1, T2, T3 = (f"2026-01-0{n}T00:00:00Z" for n in (1, 2, 3))

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "p",
        "namespace": "demo",
        "uid": "1",
        "generateName": "p-",
        "labels": {"a": "b"},
        "finalizers": ["x/y"],
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "u"}],
    },
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "i",
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "resources": {"limits": {"cpu": "1"}},
                "args": ["x"],
            }
        ],
        "nodeSelector": {"k": "v"},
        "securityContext": {},
        "volumes": [{"name": "v", "emptyDir": {}}],
    },
    "status": {"phase": "Pending"},
}


def recorded(live: Any, new: Any, manager: str, subresource: str = "", now: str = T1, resets: Any = ()) -> Any:
    new = deep_copy(new)
    schema = schema_for(new["apiVersion"], new["kind"])
    record_update(live, new, manager, new["apiVersion"], subresource, now, schema, resets)
    return new


def entries(obj: Any) -> dict[tuple[str, str], Any]:
    return {(e["manager"], e.get("subresource", "")): e["fieldsV1"] for e in obj["metadata"].get("managedFields", [])}


def test_create_owns_what_the_object_has_but_no_go_structs() -> None:
    pod = recorded(None, POD, "kcm", resets=("status",))
    assert pod["metadata"]["managedFields"] == [
        {
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "manager": "kcm",
            "operation": "Update",
            "time": T1,
            "fieldsV1": {
                "f:metadata": {
                    "f:generateName": {},
                    "f:labels": {".": {}, "f:a": {}},
                    "f:finalizers": {".": {}, 'v:"x/y"': {}},
                    "f:ownerReferences": {".": {}, 'k:{"uid":"u"}': {}},
                },
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {
                            ".": {},
                            "f:name": {},
                            "f:image": {},
                            "f:args": {},
                            "f:ports": {
                                ".": {},
                                'k:{"containerPort":80,"protocol":"TCP"}': {
                                    ".": {},
                                    "f:containerPort": {},
                                    "f:protocol": {},
                                },
                            },
                            "f:resources": {".": {}, "f:limits": {".": {}, "f:cpu": {}}},
                        }
                    },
                    "f:nodeSelector": {},
                    "f:securityContext": {},
                    "f:volumes": {".": {}, 'k:{"name":"v"}': {".": {}, "f:name": {}, "f:emptyDir": {}}},
                },
            },
        }
    ]


def test_changes_move_ownership_and_removals_end_it() -> None:
    live = recorded(None, POD, "a", resets=("status",))
    new = deep_copy(live)
    new["metadata"]["labels"] = {"c": "d"}
    new["spec"]["containers"][0]["image"] = "other"
    live2 = recorded(live, new, "b", now=T2, resets=("status",))
    found = entries(live2)
    assert found[("b", "")] == {
        "f:metadata": {"f:labels": {"f:c": {}}},
        "f:spec": {"f:containers": {'k:{"name":"c"}': {"f:image": {}}}},
    }
    a = found[("a", "")]
    assert a["f:metadata"]["f:labels"] == {}
    assert "f:image" not in a["f:spec"]["f:containers"]['k:{"name":"c"}']
    assert "f:name" in a["f:spec"]["f:containers"]['k:{"name":"c"}']


def test_one_entry_per_manager_and_subresource() -> None:
    live = recorded(None, POD, "kubelet", resets=("status",))
    new = deep_copy(live)
    new["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    live = recorded(live, new, "kubelet", "status", T2, ("spec",))
    assert entries(live)[("kubelet", "status")] == {
        "f:status": {
            "f:phase": {},
            "f:conditions": {".": {}, 'k:{"type":"Ready"}': {".": {}, "f:type": {}, "f:status": {}}},
        }
    }
    new = deep_copy(live)
    new["status"]["phase"] = "Failed"
    live = recorded(live, new, "kubelet", "status", T3, ("spec",))
    assert [e["time"] for e in live["metadata"]["managedFields"]] == [T1, T3]
    assert recorded(live, live, "other", now=T3) == live


def test_reset_and_tracking_that_never_began() -> None:
    live = recorded(None, POD, "a")
    new = deep_copy(live)
    new["metadata"]["managedFields"] = [{}]
    reset = recorded(live, new, "b")
    assert "managedFields" not in reset["metadata"]
    changed = deep_copy(reset)
    changed["metadata"]["labels"]["z"] = "1"
    assert "managedFields" not in recorded(reset, changed, "b")["metadata"]


def test_requests_without_or_with_broken_entries_keep_the_live_ones() -> None:
    live = recorded(None, POD, "a")
    for given in (None, [{"manager": "x", "operation": "Nonsense", "apiVersion": "v1"}]):
        new = deep_copy(live)
        new["metadata"].pop("managedFields")
        if given:
            new["metadata"]["managedFields"] = given
        assert entries(recorded(live, new, "b")) == entries(live)


def test_more_than_ten_updaters_are_merged() -> None:
    obj: Any = recorded(
        None, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": "v"}}, "m"
    )
    obj["metadata"]["uid"] = "1"
    for n in range(12):
        new = deep_copy(obj)
        new["data"][f"k{n}"] = "v"
        obj = recorded(obj, new, f"m{n:02}", now=f"2026-01-01T00:00:{n:02}Z")
    managers = [e["manager"] for e in obj["metadata"]["managedFields"]]
    assert len(managers) == 10
    ancient = entries(obj)[("ancient-changes", "")]
    assert set(ancient["f:data"]) == {".", "f:k", "f:k0", "f:k1", "f:k2"}


def test_events_do_not_own_empty_fields() -> None:
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e", "namespace": "demo"},
        "involvedObject": {"kind": "Pod", "name": "p"},
        "source": {"component": "kubelet"},
        "reason": "Started",
        "eventTime": None,
        "reportingComponent": "kubelet",
        "reportingInstance": "",
    }
    assert entries(recorded(None, event, "kubelet"))[("kubelet", "")] == {
        "f:involvedObject": {},
        "f:source": {"f:component": {}},
        "f:reason": {},
        "f:reportingComponent": {},
    }


def test_custom_resources_have_no_go_structs() -> None:
    schema = from_crd(
        {
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "properties": {
                        "a": {"type": "integer"},
                        "l": {"type": "array", "items": {"type": "string"}},
                        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    },
                }
            },
        }
    )
    spec = {"a": 1, "l": ["x"], "any": {"b": {"c": [1]}}}
    obj: Any = {"apiVersion": "g/v1", "kind": "K", "metadata": {"name": "x"}, "spec": spec}
    record_update(None, obj, "m", "g/v1", "", T1, schema)
    assert entries(obj)[("m", "")] == {
        "f:spec": {
            ".": {},
            "f:a": {},
            "f:l": {},
            "f:any": {".": {}, "f:b": {".": {}, "f:c": {}}},
        }
    }


def test_a_time_that_is_written_unset_is_part_of_what_is_new() -> None:
    condition = {"type": "Ready", "status": "True", "lastProbeTime": None}
    status = {**POD, "status": {"conditions": [condition]}}
    pod = recorded(None, status, "kubelet")
    fields = pod["metadata"]["managedFields"][0]["fieldsV1"]["f:status"]["f:conditions"]['k:{"type":"Ready"}']
    assert fields == {".": {}, "f:lastProbeTime": {}, "f:status": {}, "f:type": {}}
