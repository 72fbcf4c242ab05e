"""Claims, classes and slices of devices that are refused."""

from __future__ import annotations

from typing import Any

import pytest
from validationlab import changed, made, refused, status_changed

from minikctl.apiserver import validation

GROUP = "resource.k8s.io"
VERSION = f"{GROUP}/v1"
CLAIMS = f"resourceclaims.{GROUP}"
SLICES = f"resourceslices.{GROUP}"
POOL = {"name": "pool", "resourceSliceCount": 1}


def slice_of(*devices: dict[str, Any], **spec: Any) -> list[str]:
    spec = {"driver": "d.example.com", "pool": POOL, "nodeName": "n", "devices": list(devices), **spec}
    return refused(SLICES, VERSION, spec={key: value for key, value in spec.items() if value is not None})


def test_claims() -> None:
    requests = [{"name": "one", "exactly": {"deviceClassName": ""}}, {"name": "two"}]
    constraints = [{"requests": ["three"], "matchAttribute": "example.com/model"}, {"matchAttribute": "model"}]
    spec = {"devices": {"requests": requests, "constraints": constraints, "config": [{"opaque": {"driver": "d"}}]}}
    assert refused(CLAIMS, VERSION, spec=spec) == [
        "spec.devices.requests[0].exactly.deviceClassName: Required value",
        "spec.devices.requests[1]: Required value: exactly one of `exactly` or `firstAvailable` is required",
        'spec.devices.constraints[0].requests[0]: Invalid value: "three": must be the name of a request in the claim'
        " or the name of a request and a subrequest separated by '/'",
        'spec.devices.constraints[1].matchAttribute: Invalid value: "model": a fully qualified name must be a domain'
        " and a name separated by a slash",
        "spec.devices.config[0].opaque.parameters: Required value",
    ]


def test_too_many_requests_are_not_looked_at() -> None:
    requests = [{"name": "same"}] * 33
    assert refused(CLAIMS, VERSION, spec={"devices": {"requests": requests}}) == [
        "spec.devices.requests: Too many: 33: must have at most 32 items"
    ]
    requests = [{"name": "a", "exactly": {"deviceClassName": "c"}}] * 2
    assert refused(CLAIMS, VERSION, spec={"devices": {"requests": requests}}) == [
        'spec.devices.requests[1]: Duplicate value: "a"'
    ]


def test_what_a_driver_reports() -> None:
    devices = {"requests": [{"name": "a", "exactly": {"deviceClassName": "c"}}]}
    claim = made(CLAIMS, VERSION, spec={"devices": devices})
    result = {"request": "a", "driver": "d.example.com", "pool": "p", "device": "dev", "shareID": "no"}
    report = {"driver": "d.example.com", "pool": "p", "device": "other", "networkData": {"ips": ["10.0.0.1"]}}
    assert status_changed(
        CLAIMS,
        claim,
        allocation={"devices": {"results": [result]}},
        devices=[{**report, "conditions": [{"type": "A"}]}],
    ) == [
        'status.devices[0]: Invalid value: "d.example.com/p/other": must be an allocated device in the claim',
        'status.devices[0].conditions[0].status: Unsupported value: "": supported values: "False", "True", "Unknown"',
        "status.devices[0].conditions[0].lastTransitionTime: Required value: must be set",
        "status.devices[0].conditions[0].reason: Required value: must be set",
        'status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form,'
        " (e.g. 10.9.8.7/24 or 2001:db8::1/64)",
        'status.allocation.devices.results[0].shareID: Invalid value: "no": error validating uid: invalid UUID'
        " length: 2",
    ]


def test_slices() -> None:
    assert slice_of({"name": "a", "attributes": {"x/y": {"int": 1}, "/z": {}}}, nodeName=None) == [
        "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is"
        " required",
        'spec.devices[0].attributes: Invalid value: "": the domain must not be empty',
        'spec.devices[0].attributes[/z]: Invalid value: "": exactly one value must be specified',
    ]
    counters = {"counterSet": "", "counters": {}}
    assert slice_of({"name": "a", "consumesCounters": [counters], "bindingConditions": ["x"]}, sharedCounters=[]) == [
        'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed',
        "spec.devices[0].consumesCounters[0].counterSet: Required value",
        "spec.devices[0].consumesCounters[0].counters: Required value",
        "spec.devices[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use"
        " bindingConditions",
    ]


def test_slices_show_structs_as_go_names_them() -> None:
    terms = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}] * 2}
    device = {"name": "a", "attributes": {"x": {"int": 1, "string": "b"}}}
    assert slice_of(device, nodeName=None, nodeSelector=terms) == [
        f"spec.nodeSelector.nodeSelectorTerms: Invalid value: [{TERM},{TERM}]: "
        "must have exactly one node selector term",
        'spec.devices[0].attributes[x]: Invalid value: {"IntValue":1,"BoolValue":null,"StringValue":"b",'
        '"VersionValue":null,"IntValues":null,"BoolValues":null,"StringValues":null,"VersionValues":null}:'
        " exactly one value must be specified",
    ]


TERM = '{"MatchExpressions":null,"MatchFields":[{"Key":"metadata.name","Operator":"In","Values":["n"]}]}'


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        (
            "device.attributs['a'].b",
            "Invalid value: \"device.attributs['a'].b\": compilation failed: ERROR: <input>:1:7:",
        ),
        ("device.driver", 'Invalid value: "device.driver": must evaluate to bool or the unknown type, not string'),
        (
            "device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d,"
            " a == b && c == d))))",
            "Forbidden: too complex, exceeds cost limit",
        ),
        ("device.attributes['a'].b.exists(x, x)", "expression of type 'any' cannot be range of a comprehension"),
    ],
)
def test_selectors_of_devices_are_typed(expression: str, told: str) -> None:
    pytest.importorskip("cel", reason="the engine is an extra")
    found = refused(f"deviceclasses.{GROUP}", VERSION, spec={"selectors": [{"cel": {"expression": expression}}]})
    assert len(found) == 1
    assert told in found[0]


def test_changes_of_what_is_asked_for() -> None:
    request = {"name": "a", "exactly": {"deviceClassName": "c"}}
    claim = made(CLAIMS, VERSION, spec={"devices": {"requests": [request]}})
    other = {"name": "b", "exactly": {"deviceClassName": "c", "allocationMode": "ExactCount", "count": 1}}
    shown = (
        '{"Devices":{"Requests":[{"Name":"b","Exactly":{"DeviceClassName":"c","Selectors":null,'
        '"AllocationMode":"ExactCount","Count":1,"AdminAccess":null,"Tolerations":null,"Capacity":null},'
        '"FirstAvailable":null}],"Constraints":null,"Config":null}}'
    )
    assert changed(CLAIMS, claim, spec={"devices": {"requests": [other]}}) == [
        f"spec: Invalid value: {shown}: field is immutable"
    ]
    templates = f"resourceclaimtemplates.{GROUP}"
    template = made(templates, VERSION, spec={"spec": claim["spec"]})
    new = {"metadata": {"labels": {"x": "y"}}, "spec": {"devices": {"requests": [other]}}}
    assert changed(templates, template, spec=new) == [
        'spec: Invalid value: {"labels":{"x":"y"},"Spec":' + shown + "}: field is immutable"
    ]
    assert refused(templates, VERSION, spec={**new, "metadata": {"uid": "u", "name": "n"}}) == [
        "spec.metadata.Name: Forbidden: cannot be set",
        "spec.metadata.UID: Forbidden: cannot be set",
    ]


def test_drivers_in_capitals_are_remarked_on() -> None:
    obj = made(SLICES, VERSION, spec={"driver": "D.example.com"})
    assert validation.warnings(SLICES, obj) == [
        'spec.driver: driver names should be lowercase; "D.example.com" contains uppercase characters'
    ]


def test_capacity_that_is_shared() -> None:
    policy = {"default": "3", "validRange": {"min": "2", "max": "7", "step": "2"}}
    device = {"name": "a", "allowMultipleAllocations": True, "capacity": {"m": {"value": "8", "requestPolicy": policy}}}
    path = "spec.devices[0].capacity[m].requestPolicy"
    assert slice_of(device) == [
        f'{path}.validRange.step: Invalid value: "3": value is not a multiple of a given step (2) from (2)',
        f'{path}.validRange.step: Invalid value: "7": value is not a multiple of a given step (2) from (2)',
    ]
    policy.pop("validRange")
    assert slice_of(
        {**device, "capacity": {"m": {"value": "8", "requestPolicy": {**policy, "validValues": ["9"]}}}}
    ) == [
        f'{path}.validValues[0]: Invalid value: "9": option is larger than capacity value: 8',
        f'{path}.validValues: Invalid value: "3": default value is not valid according to the requestPolicy',
    ]
    assert slice_of({**device, "allowMultipleAllocations": None}) == [
        f"{path}: Forbidden: allowMultipleAllocations must be true"
    ]


def test_old_taints_are_not_looked_at_again() -> None:
    device = {"name": "a", "taints": [{"key": "x", "effect": "Odd"}]}
    spec = {"driver": "d.example.com", "pool": POOL, "nodeName": "n", "devices": [device]}
    old = made(SLICES, VERSION, spec=spec)
    assert changed(SLICES, old, spec={**spec, "pool": {**POOL, "generation": 2}}) == []
    assert changed(SLICES, old, spec={**spec, "driver": "e.example.com"}) == [
        'spec.driver: Invalid value: "e.example.com": field is immutable'
    ]
