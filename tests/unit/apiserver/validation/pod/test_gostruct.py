"""Pod specs and volumes as Go structs: every field there is, each with what it shows when it is not set."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery import openapi
from minikctl.apimachinery.field import go_json
from minikctl.apiserver.validation.core import volumes
from minikctl.apiserver.validation.pod import gostruct

_HOST_FIELDS = {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"}
_UNSET = {"string": "=", "integer": "#", "boolean": "!"}


def _entries(kind: str) -> dict[str, tuple[str, str]]:
    """The fields of a type: JSON name -> (sign, type of what is in it)."""
    found = {}
    for entry in gostruct.TYPES[kind].split():
        head, _, nested = entry.partition(":")
        name = head.rstrip("=#!%~").partition(">")[0]
        found[name] = (head[-1] if head[-1] in "=#!%~" else "", nested)
    return found


def _pairs() -> dict[str, Any]:
    """Every type of the table with the schema of the API type it stands for."""
    pod, volume, event = (openapi.schema_for("v1", kind) for kind in ("Pod", "PersistentVolume", "Event"))
    assert pod is not None and volume is not None and event is not None
    spec = volume.properties["spec"]
    pairs: dict[str, Any] = {}
    waiting = [
        ("PodSpec", pod.properties["spec"]),
        ("PersistentVolumeSource", spec),
        ("VolumeAffinity", spec.properties["nodeAffinity"]),
        ("Object", event.properties["involvedObject"]),
        ("EventSource", event.properties["source"]),
    ]
    while waiting:
        kind, schema = waiting.pop()
        if kind in pairs or kind not in gostruct.TYPES:
            continue
        pairs[kind] = schema
        for name, (_, nested) in _entries(kind).items():
            if nested and name in schema.properties:
                below = schema.properties[name]
                waiting.append((nested, below.items if below.type == "array" else below))
    return pairs


PAIRS = _pairs()


def test_every_type_is_reached() -> None:
    assert set(PAIRS) == set(gostruct.TYPES)


@pytest.mark.parametrize("kind", sorted(gostruct.TYPES))
def test_types_have_the_fields_of_the_api(kind: str) -> None:
    properties, entries = PAIRS[kind].properties, _entries(kind)
    expected = set(properties)
    if kind == "PodSpec":
        expected -= {*_HOST_FIELDS, "serviceAccount"}
    elif kind == "PersistentVolumeSource":
        expected -= volumes.NOT_SOURCES
    elif kind == "PodSecurityContext":
        expected |= _HOST_FIELDS
    assert set(entries) == expected
    for name, (sign, _) in entries.items():
        schema = properties.get(name)
        if schema is not None and schema.type in _UNSET and schema.name != "Quantity" and kind != "Token":
            assert sign == ("" if schema.pointer else _UNSET[schema.type]), name


def test_fields_that_are_not_set_show_too() -> None:
    shown = go_json(gostruct.struct_of("Probe", {"grpc": {"port": 80}, "periodSeconds": 10}))
    assert shown == (
        '{"Exec":null,"HTTPGet":null,"TCPSocket":null,"GRPC":{"Port":80,"Service":null},"InitialDelaySeconds":0,'
        '"TimeoutSeconds":0,"PeriodSeconds":10,"SuccessThreshold":0,"FailureThreshold":0,'
        '"TerminationGracePeriodSeconds":null}'
    )


def test_names_are_those_of_the_internal_types() -> None:
    shown = gostruct.struct_of("RBD", {"monitors": ["a"], "image": "i", "pool": "p", "user": "u"})
    assert list(shown)[:5] == ["CephMonitors", "RBDImage", "FSType", "RBDPool", "RadosUser"]
    assert shown["SecretRef"] is None
    assert shown["ReadOnly"] is False


def test_the_hosts_namespaces_are_part_of_the_security_context() -> None:
    context = gostruct.pod_spec_struct({"hostNetwork": True, "hostUsers": False})["SecurityContext"]
    assert (context["HostNetwork"], context["HostPID"], context["HostUsers"]) == (True, False, False)


def test_structs_within_structs_and_inlined_metadata() -> None:
    claim = {"metadata": {"labels": {"a": "b"}}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    shown = gostruct.struct_of("ClaimTemplate", claim)
    assert list(shown) == ["labels", "Spec"]
    assert shown["Spec"]["Resources"] == {"Limits": None, "Requests": None}
    reference = gostruct.struct_of("ResourceRef", {"resource": "limits.cpu"})
    assert reference == {"ContainerName": "", "Resource": "limits.cpu", "Divisor": "0"}
    term = gostruct.struct_of("PodTerm", {"labelSelector": {"matchLabels": {"a": "b"}}, "topologyKey": "k"})
    assert term["LabelSelector"] == {"matchLabels": {"a": "b"}}
