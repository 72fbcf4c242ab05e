"""What the server remarks about a valid pod or template (`Warning:` lines).

Counterparts: kubernetes `pkg/api/pod/warnings.go`, `pkg/api/node`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import quantity
from minikctl.apimachinery.field import quote
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation.addresses import ip_warnings
from minikctl.apiserver.validation.core.volumewarnings import claim_spec_warnings
from minikctl.apiserver.validation.names import is_dns1123_label
from minikctl.apiserver.validation.pod.annotations import APPARMOR_CONTAINER, SECCOMP_CONTAINER, SECCOMP_POD
from minikctl.apiserver.validation.pod.checks import containers_with_paths
from minikctl.apiserver.validation.pod.overlaps import overlapping_paths

Warnings = list[str]

_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}
_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
_VOLUMES = {
    "photonPersistentDisk": ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    "gitRepo": ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    "scaleIO": ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    "flocker": ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    "storageos": ("storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    "quobyte": ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    "glusterfs": ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    "cephfs": ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    "rbd": ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
}
_SECCOMP_TEXT = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_APPARMOR_TEXT = 'deprecated since v1.30; use the "appArmorProfile" field instead'
_HOSTNAME_TEXT = (
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior;"
    " a DNS label is recommended: "
)
_NULL_SELECTOR = "a null labelSelector results in matching no pod"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def pod_warnings(pod: Obj) -> Warnings:
    """About a new pod."""
    name = (pod.get("metadata") or {}).get("name", "")
    wrong = is_dns1123_label(name) if name else []
    if wrong:
        return [f"{_HOSTNAME_TEXT}[{' '.join(wrong)}]", *_warnings(pod.get("spec") or {}, pod["metadata"], "")]
    return _warnings(pod.get("spec") or {}, pod.get("metadata") or {}, "")


def status_warnings(status: Obj) -> Warnings:
    """About a status that somebody writes."""
    found: Warnings = []
    for key in ("podIPs", "hostIPs"):
        for index, entry in enumerate(status.get(key) or ()):
            found += ip_warnings(f"status.{key}[{index}].ip", entry.get("ip", ""))
    return found


def template_warnings(template: Obj | None, path: str) -> Warnings:
    """About a pod template at the path ("spec.template")."""
    template = template or {}
    return _warnings(template.get("spec") or {}, template.get("metadata") or {}, path + ".")


def _warnings(spec: Obj, meta: Obj, prefix: str) -> Warnings:
    found: Warnings = []
    path = f"{prefix}spec"
    for key in spec.get("nodeSelector") or ():
        if key in _NODE_LABELS:
            found.append(f"{path}.nodeSelector[{key}]: {_NODE_LABELS[key]}")
    if spec.get("affinity"):
        _node_affinity(spec["affinity"].get("nodeAffinity") or {}, f"{path}.affinity.nodeAffinity", found)
    _spreading(spec.get("topologySpreadConstraints") or [], f"{path}.topologySpreadConstraints", found)
    annotations = meta.get("annotations") or {}
    if annotations:
        for key, text in _ANNOTATIONS.items():
            if key in annotations:
                found.append(f"{prefix}metadata.annotations[{key}]: {text}")
    if spec.get("volumes"):
        _volumes(spec["volumes"], f"{path}.volumes", found)
    _duplicates(spec.get("hostAliases") or [], "ip", f"{path}.hostAliases", found)
    _duplicates(spec.get("imagePullSecrets") or [], "name", f"{path}.imagePullSecrets", found)
    for index, secret in enumerate(spec.get("imagePullSecrets") or ()):
        if not secret.get("name"):
            found.append(f'{path}.imagePullSecrets[{index}].name: invalid empty name ""')
    if spec.get("overhead"):
        _fractions(spec["overhead"], f"{path}.overhead", found)
    context = spec.get("securityContext") or {}
    if SECCOMP_POD in annotations and context.get("seccompProfile") is None:
        found.append(f"{prefix}metadata.annotations[{SECCOMP_POD}]: {_SECCOMP_TEXT}")
    for container, at in containers_with_paths(spec, path):
        _container(container, at, annotations, context, prefix, found)
    _ports(spec, path, found)
    grace = spec.get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0:
        text = "must be >= 0; negative values are invalid and will be treated as 1"
        found.append(f"{path}.terminationGracePeriodSeconds: {text}")
    if spec.get("affinity"):
        _pod_affinity(spec["affinity"], f"{path}.affinity", found)
    _addresses(spec, path, found)
    return found


def _node_affinity(affinity: Obj, path: str, found: Warnings) -> None:
    terms = (affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or []
    for index, term in enumerate(terms):
        _node_term(term, f"{path}.{_REQUIRED}.nodeSelectorTerms[{index}]", found)
    for index, weighted in enumerate(affinity.get(_PREFERRED) or ()):
        _node_term(weighted.get("preference") or {}, f"{path}.{_PREFERRED}[{index}].preference", found)


def _node_term(term: Obj, path: str, found: Warnings) -> None:
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        key = expression.get("key", "")
        if key in _NODE_LABELS:
            found.append(f"{path}.matchExpressions[{index}].key: {key} is {_NODE_LABELS[key]}")


def _spreading(constraints: list[Obj], path: str, found: Warnings) -> None:
    for index, constraint in enumerate(constraints):
        key = constraint.get("topologyKey", "")
        if key in _NODE_LABELS:
            found.append(f"{path}[{index}].topologyKey: {key} is {_NODE_LABELS[key]}")
        if constraint.get("labelSelector") is None:
            found.append(f"{path}[{index}].labelSelector: {_NULL_SELECTOR}")


def _volumes(volumes: list[Obj], path: str, found: Warnings) -> None:
    for index, volume in enumerate(volumes):
        for key, (name, text) in _VOLUMES.items():
            if volume.get(key) is not None:
                found.append(f"{path}[{index}].{name}: {text}")
        claim = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
        if claim is not None:
            at = f"{path}[{index}].ephemeral.volumeClaimTemplate.spec"
            found += claim_spec_warnings(claim.get("spec") or {}, at)
    for volume in volumes:
        found += overlapping_paths(volume)


def _duplicates(items: list[Obj], key: str, path: str, found: Warnings) -> None:
    if len(items) < 2:
        return
    seen = set()
    for index, item in enumerate(items):
        value = item.get(key, "")
        if value in seen:
            found.append(f"{path}[{index}].{key}: duplicate {key} {quote(value)}")
        seen.add(value)


def _fractions(amounts: dict[str, str], path: str, found: Warnings) -> None:
    for name in ("memory", "ephemeral-storage"):
        text = amounts.get(name)
        if text is not None and quantity.as_milli(text) % 1000:
            shown = quote(quantity.canonical(text))
            found.append(f"{path}[{name}]: fractional byte value {shown} is invalid, must be an integer")


def _container(container: Obj, path: str, annotations: Obj, context: Obj, prefix: str, found: Warnings) -> None:
    if annotations:
        _profile_annotations(container, annotations, context, prefix, found)
    resources = container.get("resources")
    if resources:
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in ("memory", "ephemeral-storage"):
            for kind, amounts in (("limits", limits), ("requests", requests)):
                if name in amounts:
                    _fractions({name: amounts[name]}, f"{path}.resources.{kind}", found)
    variables = container.get("env")
    if variables and len(variables) > 1:
        _hidden_variables(variables, f"{path}.env", found)


def _profile_annotations(container: Obj, annotations: Obj, context: Obj, prefix: str, found: Warnings) -> None:
    own = container.get("securityContext") or {}
    key = SECCOMP_CONTAINER + container.get("name", "")
    if key in annotations and own.get("seccompProfile") is None:
        found.append(f"{prefix}metadata.annotations[{key}]: {_SECCOMP_TEXT}")
    key = APPARMOR_CONTAINER + container.get("name", "")
    # Of pods this was said when the annotation was copied to the field.
    missing = own.get("appArmorProfile") is None and context.get("appArmorProfile") is None
    if prefix and key in annotations and missing:
        found.append(f"{prefix}metadata.annotations[{key}]: {_APPARMOR_TEXT}")


def _hidden_variables(variables: list[Obj], path: str, found: Warnings) -> None:
    seen = set()
    for index, variable in enumerate(variables):
        name = variable.get("name", "")
        if name not in seen:
            seen.add(name)
            continue
        reference, value = f"$({name})", variable.get("value", "")
        if variable.get("valueFrom") is not None or value == reference or reference not in value:
            text = f"hides previous definition of {quote(name)}, which may be dropped when using apply"
            found.append(f"{path}[{index}]: {text}")


def _ports(spec: Obj, path: str, found: Warnings) -> None:
    """Ports that repeat or contradict each other, across all containers."""
    seen: dict[tuple[Any, Any], list[tuple[str, Any, Any]]] = {}
    for container, at in containers_with_paths(spec, path):
        for index, port in enumerate(container.get("ports") or ()):
            where, ip, host = f"{at}.ports[{index}]", port.get("hostIP") or "", port.get("hostPort") or 0
            if ip and not host:
                found.append(f"{where}: hostIP set without hostPort: {_port_text(port)}")
            others = seen.setdefault((port.get("containerPort"), port.get("protocol")), [])
            for other, other_ip, other_host in others:
                if ip == other_ip and host == other_host:
                    found.append(f"{where}: duplicate port definition with {other}")
                elif not host or not other_host:
                    found.append(f"{where}: overlapping port definition with {other}")
                elif host == other_host and (not ip) != (not other_ip):
                    found.append(f"{where}: dangerously ambiguous port definition with {other}")
            others.append((where, ip, host))


def _port_text(port: Obj) -> str:
    """A port as Go's %+v shows the struct."""
    parts = (
        ("Name", port.get("name", "")),
        ("HostPort", port.get("hostPort", 0)),
        ("ContainerPort", port.get("containerPort", 0)),
        ("Protocol", port.get("protocol", "")),
        ("HostIP", port.get("hostIP", "")),
    )
    return "{" + " ".join([f"{name}:{value}" for name, value in parts]) + "}"


def _pod_affinity(affinity: Obj, path: str, found: Warnings) -> None:
    for key in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(key) or {}
        for index, term in enumerate(terms.get(_REQUIRED) or ()):
            if term.get("labelSelector") is None:
                found.append(f"{path}.{key}.{_REQUIRED}[{index}].labelSelector: {_NULL_SELECTOR}")
        for index, weighted in enumerate(terms.get(_PREFERRED) or ()):
            if (weighted.get("podAffinityTerm") or {}).get("labelSelector") is None:
                found.append(f"{path}.{key}.{_PREFERRED}[{index}].podAffinityTerm.labelSelector: {_NULL_SELECTOR}")


def _addresses(spec: Obj, path: str, found: Warnings) -> None:
    for index, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        found += ip_warnings(f"{path}.dnsConfig.nameservers[{index}]", server)
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        found += ip_warnings(f"{path}.hostAliases[{index}].ip", alias.get("ip", ""))
