"""What the statuses of containers say about users and devices, and the claims made for extended resources.

Imported only where a write of /status has such statuses. Counterparts: validateContainerStatusUsers,
validateContainerStatusAllocatedResourcesStatus, validatePodExtendedResourceClaimStatus in
`pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation.names import is_dns1123_subdomain, is_valid_group_id, is_valid_user_id
from minikctl.apiserver.validation.pod.checks import Errors, dns_label, problems

Status = dict[str, Any]

_KEYS = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_HEALTH = ("Healthy", "Unhealthy", "Unknown")
_MESSAGE_LIMIT = 1024


def check_extended_claim(claim: Status | None, spec: Obj, path: str, errors: Errors) -> None:
    """`extendedResourceClaimStatus`: which request stands for which resource of which container."""
    if claim is None:
        return
    containers = {c.get("name"): c for key in ("initContainers", "containers") for c in spec.get(key) or ()}
    mappings = claim.get("requestMappings") or []
    if not mappings:
        errors.append(field.required(f"{path}.requestMappings", "at least one request mapping is required"))
    seen = set()
    for index, mapping in enumerate(mappings):
        at = f"{path}.requestMappings[{index}]"
        key = tuple(mapping.get(name, "") for name in ("containerName", "resourceName", "requestName"))
        container = containers.get(key[0])
        if container is None:
            text = "must match the name of an entry in spec.initContainers.name or spec.containers.name"
            errors.append(field.invalid(f"{at}.containerName", key[0], text))
        elif key[1] not in ((container.get("resources") or {}).get("requests") or ()):
            text = (
                "must match the extended resource name of an entry in spec.initContainers.resources.requests"
                " or spec.containers.resources.requests"
            )
            errors.append(field.invalid(f"{at}.resourceName", key[1], text))
        dns_label(key[2], f"{path}.requestName", errors)
        if key in seen:
            names = ("containerName", "resourceName", "requestName")
            errors += [field.duplicate(f"{at}.{name}", value) for name, value in zip(names, key, strict=True)]
        seen.add(key)
    name = claim.get("resourceClaimName", "")
    if not name:
        errors.append(field.required(f"{path}.resourceClaimName"))
    else:
        problems(is_dns1123_subdomain, name, f"{path}.resourceClaimName", errors)


def check_container_statuses(status: Status, spec: Obj, errors: Errors) -> None:
    """The statuses of all containers: who they run as, how the devices are that they were given."""
    windows = (spec.get("os") or {}).get("name") == "windows"
    for key in _KEYS:
        for index, entry in enumerate(status.get(key) or ()):
            _check_user((entry.get("user") or {}).get("linux"), windows, f"status.{key}[{index}].user.linux", errors)
    for key, containers in (("containerStatuses", "containers"), ("initContainerStatuses", "initContainers")):
        declared = {container.get("name"): container for container in spec.get(containers) or ()}
        for index, entry in enumerate(status.get(key) or ()):
            for position, device in enumerate(entry.get("allocatedResourcesStatus") or ()):
                path = f"status.{key}[{index}].allocatedResourcesStatus[{position}]"
                _check_device(device, declared.get(entry.get("name")), path, errors)
    for index, entry in enumerate(status.get("ephemeralContainerStatuses") or ()):
        if entry.get("allocatedResourcesStatus"):
            path = f"status.ephemeralContainerStatuses[{index}].allocatedResourcesStatus"
            errors.append(field.forbidden(path, "must not be specified in container status"))


def _check_user(user: Status | None, windows: bool, path: str, errors: Errors) -> None:
    if user is None:
        return
    if windows:
        errors.append(field.forbidden(path, "cannot be set for a windows pod"))
        return
    for key, check in (("uid", is_valid_user_id), ("gid", is_valid_group_id)):
        errors += [field.invalid(f"{path}.{key}", user.get(key, 0), text) for text in check(user.get(key, 0))]
    for index, group in enumerate(user.get("supplementalGroups") or ()):
        at = f"{path}.supplementalGroups[{index}]"
        errors += [field.invalid(at, group, text) for text in is_valid_group_id(group)]


def _check_device(device: Status, container: Obj | None, path: str, errors: Errors) -> None:
    """Devices whose health is reported belong to what the container asked for."""
    if container is not None:
        _check_asked_for(device.get("name", ""), container.get("resources") or {}, f"{path}.name", errors)
    seen = set()
    for index, resource in enumerate(device.get("resources") or ()):
        at, health, identity = f"{path}.resources[{index}]", resource.get("health", ""), resource.get("resourceID", "")
        if health not in _HEALTH:
            errors.append(field.not_supported(f"{at}.health", health, _HEALTH))
        message = resource.get("message")
        if message == "":
            errors.append(field.required(f"{at}.message", "must be non-empty if specified"))
        elif message is not None and len(message.encode()) > _MESSAGE_LIMIT:
            errors.append(field.too_long(f"{at}.message", _MESSAGE_LIMIT))
        if identity in seen:
            errors.append(field.duplicate(f"{at}.resourceID", identity))
        seen.add(identity)


def _check_asked_for(name: str, resources: Obj, path: str, errors: Errors) -> None:
    if name.startswith("claim:"):
        claims = [(claim.get("name", ""), claim.get("request", "")) for claim in resources.get("claims") or ()]
        known = [f"claim:{claim}/{request}" if request else f"claim:{claim}" for claim, request in claims]
        text = (
            "must match one of the container's resource claims in a format 'claim:<claimName>/<request>'"
            " or 'claim:<claimName>' if request is empty"
        )
    else:
        known = list(resources.get("requests") or ())
        text = "must match one of the container's resource requests"
    if name not in known:
        errors.append(field.invalid(path, name, text))
