"""What statuses of containers may say about users, devices and claims."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.validation.pod.containerstatuses import check_container_statuses, check_extended_claim

CLAIMS = [{"name": "gpu"}, {"name": "net", "request": "nic"}]
CONTAINER = {"name": "a", "resources": {"requests": {"example.com/gpu": "1"}, "claims": CLAIMS}}
SPEC = {"containers": [CONTAINER]}


def told(status: dict[str, Any], **spec: Any) -> list[str]:
    errors: list[Any] = []
    check_container_statuses(status, {**SPEC, **spec}, errors)
    return [str(error) for error in errors]


def test_devices_belong_to_what_was_asked_for() -> None:
    names = ["example.com/gpu", "claim:gpu", "claim:net/nic", "claim:net", "cpu"]
    devices = [{"name": name} for name in names]
    assert told({"containerStatuses": [{"name": "a", "allocatedResourcesStatus": devices}]}) == [
        'status.containerStatuses[0].allocatedResourcesStatus[3].name: Invalid value: "claim:net": must match one of'
        " the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request"
        " is empty",
        'status.containerStatuses[0].allocatedResourcesStatus[4].name: Invalid value: "cpu": must match one of the'
        " container's resource requests",
    ]
    assert told({"initContainerStatuses": [{"name": "a", "allocatedResourcesStatus": devices}]}) == []


def test_devices_have_a_health_and_an_id_of_their_own() -> None:
    resources = [{"resourceID": "x", "health": "Healthy"}, {"resourceID": "x", "health": "Fine"}]
    device = {"name": "claim:gpu", "resources": resources}
    at = "status.containerStatuses[0].allocatedResourcesStatus[0].resources[1]"
    assert told({"containerStatuses": [{"name": "a", "allocatedResourcesStatus": [device]}]}) == [
        f'{at}.health: Unsupported value: "Fine": supported values: "Healthy", "Unhealthy", "Unknown"',
        f'{at}.resourceID: Duplicate value: "x"',
    ]
    at = "status.ephemeralContainerStatuses[0].allocatedResourcesStatus"
    assert told({"ephemeralContainerStatuses": [{"name": "e", "allocatedResourcesStatus": [{"name": "x"}]}]}) == [
        f"{at}: Forbidden: must not be specified in container status"
    ]
    assert told({"ephemeralContainerStatuses": [{"name": "e", "allocatedResourcesStatus": []}]}) == []


def test_messages_about_devices_say_something_and_end() -> None:
    healths = [{"resourceID": str(index), "health": "Unhealthy"} for index in range(3)]
    resources = [{**health, "message": text} for health, text in zip(healths, ("", "x" * 1025, "hot"), strict=True)]
    device = {"name": "claim:gpu", "resources": resources}
    at = "status.containerStatuses[0].allocatedResourcesStatus[0].resources"
    assert told({"containerStatuses": [{"name": "a", "allocatedResourcesStatus": [device]}]}) == [
        f"{at}[0].message: Required value: must be non-empty if specified",
        f"{at}[1].message: Too long: may not be more than 1024 bytes",
    ]


def test_users() -> None:
    status = {
        "containerStatuses": [{"name": "a", "user": {"linux": {"uid": -1, "gid": 1, "supplementalGroups": [-2]}}}]
    }
    range_text = "must be between 0 and 2147483647, inclusive"
    assert told(status) == [
        f"status.containerStatuses[0].user.linux.uid: Invalid value: -1: {range_text}",
        f"status.containerStatuses[0].user.linux.supplementalGroups[0]: Invalid value: -2: {range_text}",
    ]
    assert told(status, os={"name": "windows"}) == [
        "status.containerStatuses[0].user.linux: Forbidden: cannot be set for a windows pod"
    ]


def test_claims_for_extended_resources() -> None:
    errors: list[Any] = []
    good = {"containerName": "a", "resourceName": "example.com/gpu", "requestName": "r"}
    check_extended_claim({"requestMappings": [good], "resourceClaimName": "c"}, SPEC, "s", errors)
    assert errors == []
    wrong = [good, good, {**good, "containerName": "b"}, {**good, "resourceName": "cpu"}]
    check_extended_claim({"requestMappings": wrong}, SPEC, "s", errors)
    check_extended_claim({"resourceClaimName": "C"}, SPEC, "s", errors)
    assert [str(error).partition(": must")[0] for error in errors[:-1]] == [
        's.requestMappings[1].containerName: Duplicate value: "a"',
        's.requestMappings[1].resourceName: Duplicate value: "example.com/gpu"',
        's.requestMappings[1].requestName: Duplicate value: "r"',
        's.requestMappings[2].containerName: Invalid value: "b"',
        's.requestMappings[3].resourceName: Invalid value: "cpu"',
        "s.resourceClaimName: Required value",
        "s.requestMappings: Required value: at least one request mapping is required",
    ]
    assert str(errors[-1]).startswith('s.resourceClaimName: Invalid value: "C": a lowercase RFC 1123 subdomain')
