"""Updates of a pod's status.

Counterparts: ValidatePodStatusUpdate and what it calls in `pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation.addresses import ip_for_legacy_field, is_ipv6, parse_ip
from minikctl.apiserver.validation.names import is_dns1123_subdomain
from minikctl.apiserver.validation.pod.annotations import check_annotations
from minikctl.apiserver.validation.pod.checks import Errors, problems, qualified_name, subdomain

Status = dict[str, Any]

_KNOWN_CONDITIONS = frozenset(
    [
        *("PodScheduled", "Ready", "Initialized", "ContainersReady", "PodReadyToStartContainers"),
        *("DisruptionTarget", "PodResizePending", "PodResizeInProgress", "AllContainersRestarting"),
    ]
)
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_NOT_BACK = "may not be transitioned to non-terminated state"
_COUNT = "must be a non-negative integer"


def validate_status_update(new: Obj, old: Obj) -> Errors:
    """A write of /status, by kubelet, scheduler or anybody."""
    from minikctl.apiserver.validation.pod.update import check_annotation_changes

    errors: Errors = []
    status, before, spec = new.get("status") or {}, old.get("status") or {}, new.get("spec") or {}
    check_annotation_changes(new, old, errors)
    annotations = (new.get("metadata") or {}).get("annotations") or {}
    if annotations != ((old.get("metadata") or {}).get("annotations") or {}):
        check_annotations(annotations, spec, "metadata.annotations", errors)
    for index, condition in enumerate(status.get("conditions") or ()):
        if (condition.get("observedGeneration") or 0) < 0:
            path = f"status.conditions[{index}].observedGeneration"
            errors.append(field.invalid(path, condition["observedGeneration"], _COUNT))
        if condition.get("type") not in _KNOWN_CONDITIONS:
            qualified_name(condition.get("type", ""), f"status.conditions[{index}].Type", errors)
    old_node = (old.get("spec") or {}).get("nodeName", "")
    if spec.get("nodeName", "") != old_node:
        errors.append(field.forbidden("status.nodeName", "may not be changed directly"))
    _check_nomination(status.get("nominatedNodeName", ""), before.get("nominatedNodeName", ""), old_node, errors)
    if (status.get("observedGeneration") or 0) < 0:
        errors.append(field.invalid("status.observedGeneration", status["observedGeneration"], _COUNT))
    if status.get("qosClass", "") != before.get("qosClass", ""):
        errors.append(field.invalid("status.qosClass", status.get("qosClass", ""), "field is immutable"))
    _check_transitions(status, before, old.get("spec") or {}, errors)
    if status.get("resourceClaimStatuses"):
        _check_claims(status["resourceClaimStatuses"], spec.get("resourceClaims") or [], errors)
    if status.get("extendedResourceClaimStatus") is not None:
        from minikctl.apiserver.validation.pod.containerstatuses import check_extended_claim

        path = "status.extendedResourceClaimStatus"
        check_extended_claim(status["extendedResourceClaimStatus"], spec, path, errors)
    _check_addresses(status, before, errors)
    if any(key in status for key in _STATUSES):
        from minikctl.apiserver.validation.pod.containerstatuses import check_container_statuses

        check_container_statuses(status, spec, errors)
    return errors


def _check_nomination(new: str, old: str, bound_to: str, errors: Errors) -> None:
    if not new or new == old:
        return
    path = "status.nominatedNodeName"
    problems(is_dns1123_subdomain, new, path, errors)
    if bound_to:
        errors.append(field.forbidden(path, "may not be set on pods that are already bound to a node"))


def _check_transitions(status: Status, before: Status, spec: Obj, errors: Errors) -> None:
    """A container that ended for good does not come back."""
    for key, containers in (("containerStatuses", "containers"), ("initContainerStatuses", "initContainers")):
        ended = _ended(before.get(key) or [])
        if ended:
            _check_ended(ended, status.get(key) or [], spec, containers, f"status.{key}", errors)
    ended = _ended(before.get("ephemeralContainerStatuses") or [])
    now = {entry.get("name"): entry for entry in status.get("ephemeralContainerStatuses") or ()}
    for index, entry, _ in ended:
        current = now.get(entry.get("name"))
        if current is not None and (current.get("state") or {}).get("terminated") is None:
            errors.append(field.forbidden(f"status.ephemeralContainerStatuses[{index}].state", _NOT_BACK))


def _ended(statuses: list[Status]) -> list[tuple[int, Status, int]]:
    found = []
    for index, entry in enumerate(statuses):
        terminated = (entry.get("state") or {}).get("terminated")
        if terminated is not None:
            found.append((index, entry, terminated.get("exitCode") or 0))
    return found


def _check_ended(
    ended: list[tuple[int, Status, int]], statuses: list[Status], spec: Obj, kind: str, path: str, errors: Errors
) -> None:
    now = {entry.get("name"): entry for entry in statuses}
    declared = {container.get("name"): container for container in spec.get(kind) or ()}
    everything = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    if any(_restarts_all(container) for container in everything):
        return
    for index, entry, code in ended:
        current = now.get(entry.get("name"))
        if current is None or (current.get("state") or {}).get("terminated") is not None:
            continue
        container = declared.get(entry.get("name"))
        if container is None or not should_restart(container, spec, code):
            errors.append(field.forbidden(f"{path}[{index}].state", _NOT_BACK))


def _restarts_all(container: Obj) -> bool:
    return any(rule.get("action") == "RestartAllContainers" for rule in container.get("restartPolicyRules") or ())


def should_restart(container: Obj, spec: Obj, exit_code: int) -> bool:
    """Whether a container that ended with this code may start again (podutil.ContainerShouldRestart)."""
    for rule in container.get("restartPolicyRules") or ():
        codes = rule.get("exitCodes") or {}
        listed = exit_code in (codes.get("values") or ())
        if rule.get("action") == "Restart" and listed == (codes.get("operator") == "In"):
            return True
    policy = container.get("restartPolicy") or spec.get("restartPolicy", "Always")
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def _check_claims(statuses: list[Status], claims: list[Obj], errors: Errors) -> None:
    known = {claim.get("name") for claim in claims}
    seen = set()
    for index, entry in enumerate(statuses):
        path, name = f"status.resourceClaimStatuses[{index}]", entry.get("name", "")
        if name not in known:
            text = "must match the name of an entry in `spec.resourceClaims`"
            errors.append(field.invalid(f"{path}.name", name, text))
        if name in seen:
            errors.append(field.duplicate(f"{path}.name", name))
        seen.add(name)
        if entry.get("resourceClaimName") is not None:
            subdomain(entry["resourceClaimName"], f"{path}.name", errors)


def _check_addresses(status: Status, before: Status, errors: Errors) -> None:
    _check_ips(status.get("podIPs") or [], before.get("podIPs") or [], "status.podIPs", errors)
    hosts = status.get("hostIPs") or []
    if hosts and status.get("hostIP", "") != hosts[0].get("ip", ""):
        errors.append(field.invalid("status.hostIPs[0].ip", hosts[0].get("ip", ""), "must be equal to `hostIP`"))
    _check_ips(hosts, before.get("hostIPs") or [], "status.hostIPs", errors)


def _check_ips(entries: list[Status], before: list[Status], path: str, errors: Errors) -> None:
    if entries == before:
        return
    known = [entry.get("ip", "") for entry in before]
    for index, entry in enumerate(entries):
        errors += ip_for_legacy_field(f"{path}[{index}]", entry.get("ip", ""), known)
    if len(entries) > 1:
        unreadable = [index for index, entry in enumerate(entries) if parse_ip(entry.get("ip", "")) is None]
        if unreadable:
            why = f"invalid IP[{unreadable[0]}]: {entries[unreadable[0]].get('ip', '')}"
            errors.append(field.internal(path, f"failed to check for dual stack with error:{why}"))
        families = {is_ipv6(entry.get("ip", "")) for entry in entries}
        if unreadable or len(families) < 2 or len(entries) > 2:
            shown = [field.Struct(IP=entry.get("ip", "")) for entry in entries]
            errors.append(field.invalid(path, shown, "may specify no more than one IP for each IP family"))
