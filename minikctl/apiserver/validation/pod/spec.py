"""The spec of a pod as a whole, in pods and in templates.

Other kinds' validation calls `check_template`. Counterparts: ValidatePodSpec,
ValidatePodTemplateSpec in `pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apiserver.validation.addresses import ip_for_legacy_field
from minikctl.apiserver.validation.metadata import validate_annotations, validate_labels
from minikctl.apiserver.validation.names import (
    inclusive_range,
    is_dns1123_label,
    is_dns1123_subdomain,
    is_dns1123_subdomain_with_underscore,
)
from minikctl.apiserver.validation.pod.annotations import check_annotations, check_profiles_match
from minikctl.apiserver.validation.pod.checks import Errors, problems, subdomain
from minikctl.apiserver.validation.pod.containers import (
    PodContext,
    check_containers,
    check_ephemeral_containers,
    check_init_containers,
)
from minikctl.apiserver.validation.pod.env import check_file_refs
from minikctl.apiserver.validation.pod.resources import check_claims, check_pod_resources, check_requirements
from minikctl.apiserver.validation.pod.scheduling import (
    check_affinity,
    check_readiness_gates,
    check_scheduling_gates,
    check_spread_constraints,
    check_tolerations,
)
from minikctl.apiserver.validation.pod.security import check_host_users, check_pod_security
from minikctl.apiserver.validation.pod.volumes import check_volumes

Spec = dict[str, Any]

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")
_NAMESERVERS_LIMIT = 3
_SEARCHES_LIMIT = 32
_SEARCH_CHARS_LIMIT = 2048
_HOSTNAME_LIMIT = 64
_DEADLINE_LIMIT = 2**31 - 1
_NO_NAMES: frozenset[str] = frozenset()


def check_template(template: dict[str, Any], path: str, errors: Errors) -> None:
    """A pod template: labels, annotations and the spec."""
    meta = template.get("metadata") or {}
    spec = template.get("spec") or {}
    annotations = meta.get("annotations") or {}
    if meta.get("labels"):
        errors += validate_labels(meta["labels"], f"{path}.labels")
    if annotations:
        errors += validate_annotations(annotations, f"{path}.annotations")
        check_annotations(annotations, spec, f"{path}.annotations", errors)
    check_pod_spec(spec, None, f"{path}.spec", errors)
    if annotations:
        check_profiles_match(annotations, spec, f"{path}.spec", errors)
    if spec.get("ephemeralContainers"):
        text = "ephemeral containers not allowed in pod template"
        errors.append(field.forbidden(f"{path}.spec.ephemeralContainers", text))


def check_pod_spec(spec: Spec, meta: dict[str, Any] | None, path: str, errors: Errors) -> None:
    """The whole spec; `meta` is the metadata of the pod, None for a template."""
    if spec.get("terminationGracePeriodSeconds") is None:
        errors.append(field.required(f"{path}.terminationGracePeriodSeconds"))
    volumes = check_volumes(spec["volumes"], meta, f"{path}.volumes", errors) if spec.get("volumes") else {}
    claim_names = _NO_NAMES
    if spec.get("resourceClaims"):
        claim_names = frozenset([claim["name"] for claim in spec["resourceClaims"] if claim.get("name")])
        check_claims(spec["resourceClaims"], meta, f"{path}.resourceClaims", errors)
    context = PodContext(spec, volumes, claim_names)
    check_containers(spec.get("containers") or [], context, f"{path}.containers", errors)
    if spec.get("initContainers"):
        check_init_containers(spec, context, f"{path}.initContainers", errors)
    if spec.get("ephemeralContainers"):
        check_ephemeral_containers(spec, context, f"{path}.ephemeralContainers", errors)
    if spec.get("resources") is not None:
        check_pod_resources(spec, claim_names, path, errors)
    _check_policies(spec, meta is not None, path, errors)
    _check_placement(spec, path, errors)
    _check_names(spec, path, errors)
    _check_rest(spec, path, errors)


def _check_policies(spec: Spec, is_pod: bool, path: str, errors: Errors) -> None:
    if spec.get("hostNetwork"):
        _check_host_ports(spec, is_pod, f"{path}.containers", errors)
    _check_choice(spec, "restartPolicy", _RESTART_POLICIES, path, errors)
    _check_choice(spec, "dnsPolicy", _DNS_POLICIES, path, errors)
    if spec.get("nodeSelector"):
        errors += validate_labels(spec["nodeSelector"], f"{path}.nodeSelector")
    if spec.get("securityContext") or spec.get("shareProcessNamespace"):
        check_pod_security(spec, path, errors)


def _check_placement(spec: Spec, path: str, errors: Errors) -> None:
    if spec.get("affinity"):
        check_affinity(spec["affinity"], f"{path}.affinity", errors)
    if spec.get("dnsConfig") is not None or spec.get("dnsPolicy") == "None":
        _check_dns(spec, f"{path}.dnsConfig", errors)
    if spec.get("readinessGates"):
        check_readiness_gates(spec["readinessGates"], f"{path}.readinessGates", errors)
    if spec.get("schedulingGates"):
        check_scheduling_gates(spec["schedulingGates"], f"{path}.schedulingGates", errors)
    if spec.get("topologySpreadConstraints"):
        check_spread_constraints(spec["topologySpreadConstraints"], f"{path}.topologySpreadConstraints", errors)
    if _mentions_windows(spec):
        from minikctl.apiserver.validation.pod.windows import check_host_process

        check_host_process(spec, path, errors)
    check_host_users(spec, path, errors)
    if spec.get("hostnameOverride") is not None:
        _check_hostname_override(spec, f"{path}.hostnameOverride", errors)


def _mentions_windows(spec: Spec) -> bool:
    if (spec.get("securityContext") or {}).get("windowsOptions") is not None:
        return True
    for key in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(key) or ():
            if container.get("securityContext") and "windowsOptions" in container["securityContext"]:
                return True
    return False


def _check_names(spec: Spec, path: str, errors: Errors) -> None:
    for key, check in (("serviceAccountName", is_dns1123_subdomain), ("nodeName", is_dns1123_subdomain)):
        if spec.get(key):
            problems(check, spec[key], f"{path}.{key}", errors)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _DEADLINE_LIMIT:
        text = inclusive_range(1, _DEADLINE_LIMIT)
        errors.append(field.invalid(f"{path}.activeDeadlineSeconds", deadline, text))
    for key in ("hostname", "subdomain"):
        if spec.get(key):
            problems(is_dns1123_label, spec[key], f"{path}.{key}", errors)
    if spec.get("tolerations"):
        check_tolerations(spec["tolerations"], f"{path}.tolerations", errors)
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        at = f"{path}.hostAliases[{index}]"
        errors += ip_for_legacy_field(f"{at}.ip", alias.get("ip", ""))
        for position, name in enumerate(alias.get("hostnames") or ()):
            subdomain(name, f"{at}.hostnames[{position}]", errors)


def _check_rest(spec: Spec, path: str, errors: Errors) -> None:
    if spec.get("priorityClassName"):
        subdomain(spec["priorityClassName"], f"{path}.priorityClassName", errors)
    if spec.get("runtimeClassName") is not None:
        subdomain(spec["runtimeClassName"], f"{path}.runtimeClassName", errors)
    if spec.get("preemptionPolicy") is not None:
        _check_choice(spec, "preemptionPolicy", _PREEMPTION_POLICIES, path, errors)
    if spec.get("overhead"):
        check_requirements({"limits": spec["overhead"]}, _NO_NAMES, f"{path}.overhead", errors)
    if spec.get("os") is not None:
        from minikctl.apiserver.validation.pod.windows import check_os

        check_os(spec, path, errors)
    group = spec.get("schedulingGroup")
    if group is not None:
        at = f"{path}.schedulingGroup.podGroupName"
        if group.get("podGroupName") is None:
            errors.append(field.invalid(at, None, "must specify one of: `podGroupName`"))
        else:
            subdomain(group["podGroupName"], at, errors)
    check_file_refs(spec, path, errors)


def _check_choice(spec: Spec, key: str, supported: tuple[str, ...], path: str, errors: Errors) -> None:
    value = spec.get(key, "")
    if not value:
        errors.append(field.required(f"{path}.{key}"))
    elif value not in supported:
        errors.append(field.not_supported(f"{path}.{key}", value, supported))


def _check_host_ports(spec: Spec, is_pod: bool, path: str, errors: Errors) -> None:
    """In the host's network a port is the same inside and outside."""
    for index, container in enumerate(spec.get("containers") or ()):
        for position, port in enumerate(container.get("ports") or ()):
            host = port.get("hostPort") or 0
            if (is_pod or host) and host != (port.get("containerPort") or 0):
                text = "must match `containerPort` when `hostNetwork` is true"
                errors.append(field.invalid(f"{path}[{index}].ports[{position}].hostPort", host, text))


def _check_dns(spec: Spec, path: str, errors: Errors) -> None:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            errors.append(field.required(path, "must provide `dnsConfig` when `dnsPolicy` is None"))
            return
        if not config.get("nameservers"):
            text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            errors.append(field.required(f"{path}.nameservers", text))
            return
    config = config or {}
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if len(servers) > _NAMESERVERS_LIMIT:
        text = f"must not have more than {_NAMESERVERS_LIMIT} nameservers"
        errors.append(field.invalid(f"{path}.nameservers", servers, text))
    for index, server in enumerate(servers):
        errors += ip_for_legacy_field(f"{path}.nameservers[{index}]", server)
    _check_searches(searches, f"{path}.searches", errors)
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(field.required(f"{path}.options[{index}]", "must not be empty"))


def _check_searches(searches: list[str], path: str, errors: Errors) -> None:
    if len(searches) > _SEARCHES_LIMIT:
        errors.append(field.invalid(path, searches, f"must not have more than {_SEARCHES_LIMIT} search paths"))
    if len(" ".join(searches).encode()) > _SEARCH_CHARS_LIMIT:
        text = f"must not have more than {_SEARCH_CHARS_LIMIT} characters (including spaces) in the search list"
        errors.append(field.invalid(path, searches, text))
    for index, search in enumerate(searches):
        if search != ".":
            problems(is_dns1123_subdomain_with_underscore, search.removesuffix("."), f"{path}[{index}]", errors)


def _check_hostname_override(spec: Spec, path: str, errors: Errors) -> None:
    if spec.get("setHostnameAsFQDN"):
        errors.append(field.forbidden(path, "may not be specified when setHostnameAsFQDN is true"))
    if spec.get("hostNetwork"):
        errors.append(field.forbidden(path, "may not be specified when hostNetwork is true"))
    if len(spec["hostnameOverride"].encode()) > _HOSTNAME_LIMIT:
        errors.append(field.too_long(path, _HOSTNAME_LIMIT))
    subdomain(spec["hostnameOverride"], path, errors)
