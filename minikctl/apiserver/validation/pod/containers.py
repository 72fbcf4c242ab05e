"""Containers of all three kinds: regular, init (with sidecars) and ephemeral.

Counterparts: validateContainers, validateInitContainers, validateEphemeralContainers,
validateContainerCommon in `pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apiserver.validation.names import is_dns1123_label, is_valid_port_name, is_valid_port_num
from minikctl.apiserver.validation.pod.checks import Errors
from minikctl.apiserver.validation.pod.env import check_env, check_env_from
from minikctl.apiserver.validation.pod.handlers import check_lifecycle, check_probes
from minikctl.apiserver.validation.pod.mounts import Volumes, check_devices, check_mounts
from minikctl.apiserver.validation.pod.resources import check_requirements
from minikctl.apiserver.validation.pod.security import check_container_security

Container = dict[str, Any]

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_RESTART_POLICIES = ("Always", "Never", "OnFailure")
_RESTART_ACTIONS = ("Restart", "RestartAllContainers")
# Upstream forgets the other one when it lists them.
_LISTED_ACTIONS = ("Restart",)
_RESTART_OPERATORS = ("In", "NotIn")
_RULES_LIMIT = 20
_EXIT_CODES_LIMIT = 255
_SIDECAR_ONLY = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_NOT_EPHEMERAL = (
    *("ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules"),
    *("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"),
)
# Of these even an empty struct counts as set.
_POINTERS = frozenset(("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"))


class PodContext:
    """What checks of one container need to know of its pod."""

    __slots__ = ("claim_names", "grace", "host_users", "os", "restart_policy", "volumes")

    def __init__(self, spec: dict[str, Any], volumes: Volumes, claim_names: frozenset[str]) -> None:
        self.volumes = volumes
        self.claim_names = claim_names
        self.grace: int | None = spec.get("terminationGracePeriodSeconds")
        self.restart_policy: str = spec.get("restartPolicy", "")
        self.os: dict[str, Any] | None = spec.get("os")
        self.host_users = spec.get("hostUsers") is not False


def check_containers(containers: list[Container], pod: PodContext, path: str, errors: Errors) -> None:
    """The regular containers; there must be one."""
    if not containers:
        errors.append(field.required(path))
        return
    names: set[str] = set()
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        _check_common(container, pod, at, errors)
        name = container.get("name", "")
        if name in names:
            errors.append(field.duplicate(f"{at}.name", name))
        names.add(name)
        _check_hooks(container, pod, at, errors)
        if "restartPolicy" in container or "restartPolicyRules" in container:
            _check_restart(container, at, errors)
    _check_host_ports(containers, path, errors)


def _check_hooks(container: Container, pod: PodContext, path: str, errors: Errors) -> None:
    if container.get("lifecycle") is not None:
        check_lifecycle(container["lifecycle"], pod.grace, f"{path}.lifecycle", pod.os, errors)
    check_probes(container, pod.grace, path, errors)


def check_init_containers(spec: dict[str, Any], pod: PodContext, path: str, errors: Errors) -> None:
    """Init containers, and among them the sidecars (restartPolicy Always)."""
    names = {container.get("name", "") for container in spec.get("containers") or ()}
    for index, container in enumerate(spec["initContainers"]):
        at = f"{path}[{index}]"
        _check_common(container, pod, at, errors)
        if container.get("restartPolicy") is not None or container.get("restartPolicyRules"):
            _check_restart(container, at, errors, rules_alone=False)
        name = container.get("name", "")
        if name in names:
            errors.append(field.duplicate(f"{at}.name", name))
        elif name:
            names.add(name)
        _check_host_ports([container], path, errors)
        if container.get("restartPolicy") == "Always":
            _check_hooks(container, pod, at, errors)
            continue
        for key in _SIDECAR_ONLY:
            if container.get(key) is not None:
                text = "may not be set for init containers without restartPolicy=Always"
                errors.append(field.forbidden(f"{at}.{key}", text))
        for position, policy in enumerate(container.get("resizePolicy") or ()):
            if policy.get("restartPolicy") == "RestartContainer":
                text = "must not be set to 'RestartContainer' for non-sidecar initContainers"
                where = f"{at}.resizePolicy[{position}].restartPolicy"
                errors.append(field.invalid(where, "RestartContainer", text))


def check_ephemeral_containers(spec: dict[str, Any], pod: PodContext, path: str, errors: Errors) -> None:
    """Ephemeral containers: names unique among all, and no field that promises anything."""
    others = {
        container.get("name", "") for key in ("containers", "initContainers") for container in spec.get(key) or ()
    }
    names = set(others)
    for index, container in enumerate(spec["ephemeralContainers"]):
        at = f"{path}[{index}]"
        _check_common(container, pod, at, errors)
        check_image_padding(container, at, errors)
        name = container.get("name", "")
        if name in names:
            errors.append(field.duplicate(f"{at}.name", name))
        names.add(name)
        target = container.get("targetContainerName")
        if target and target not in others:
            errors.append(field.not_found(f"{at}.targetContainerName", target))
        for key in _NOT_EPHEMERAL:
            value = container.get(key)
            if value is not None and (value or key in _POINTERS):
                errors.append(field.forbidden(f"{at}.{key}", "cannot be set for an Ephemeral Container"))
        for position, mount in enumerate(container.get("volumeMounts") or ()):
            for key in ("subPath", "subPathExpr"):
                if mount.get(key):
                    where = f"{at}.volumeMounts[{position}].{key}"
                    errors.append(field.forbidden(where, "cannot be set for an Ephemeral Container"))


def check_image_padding(container: Container, path: str, errors: Errors) -> None:
    """In pods (not in templates) an image may not be padded."""
    image = container.get("image", "")
    if image != image.strip():
        errors.append(field.invalid(f"{path}.image", image, "must not have leading or trailing whitespace"))


def check_pull_policy(policy: str, path: str, errors: Errors) -> None:
    if not policy:
        errors.append(field.required(path))
    elif policy not in _PULL_POLICIES:
        errors.append(field.not_supported(path, policy, _PULL_POLICIES))


def _check_common(container: Container, pod: PodContext, path: str, errors: Errors) -> None:
    name = container.get("name", "")
    if not name:
        errors.append(field.required(f"{path}.name"))
    else:
        for text in is_dns1123_label(name):
            errors.append(field.invalid(f"{path}.name", name, text))
    if not container.get("image"):
        errors.append(field.required(f"{path}.image"))
    policy = container.get("terminationMessagePolicy", "")
    if not policy:
        errors.append(field.required(f"{path}.terminationMessagePolicy"))
    elif policy not in _MESSAGE_POLICIES:
        errors.append(field.not_supported(f"{path}.terminationMessagePolicy", policy, _MESSAGE_POLICIES))
    if container.get("ports"):
        _check_ports(container["ports"], f"{path}.ports", errors)
    if container.get("env"):
        check_env(container["env"], f"{path}.env", errors)
    if container.get("envFrom"):
        check_env_from(container["envFrom"], f"{path}.envFrom", errors)
    if container.get("volumeMounts"):
        check_mounts(container, pod.volumes, f"{path}.volumeMounts", errors)
    if container.get("volumeDevices"):
        check_devices(container, pod.volumes, f"{path}.volumeDevices", errors)
    check_pull_policy(container.get("imagePullPolicy", ""), f"{path}.imagePullPolicy", errors)
    if container.get("resources"):
        check_requirements(container["resources"], pod.claim_names, f"{path}.resources", errors)
    if container.get("resizePolicy"):
        _check_resize_policy(container["resizePolicy"], pod.restart_policy, f"{path}.resizePolicy", errors)
    if container.get("securityContext"):
        check_container_security(container["securityContext"], pod.host_users, f"{path}.securityContext", errors)


def _check_ports(ports: list[dict[str, Any]], path: str, errors: Errors) -> None:
    names = set()
    for index, port in enumerate(ports):
        name = port.get("name")
        if name:
            wrong = is_valid_port_name(name)
            if wrong:
                errors += [field.invalid(f"{path}[{index}].name", name, text) for text in wrong]
            elif name in names:
                errors.append(field.duplicate(f"{path}[{index}].name", name))
            else:
                names.add(name)
        number = port.get("containerPort")
        if not number:
            errors.append(field.required(f"{path}[{index}].containerPort"))
        else:
            errors += [
                field.invalid(f"{path}[{index}].containerPort", number, text) for text in is_valid_port_num(number)
            ]
        host = port.get("hostPort")
        if host:
            errors += [field.invalid(f"{path}[{index}].hostPort", host, text) for text in is_valid_port_num(host)]
        protocol = port.get("protocol", "")
        if not protocol:
            errors.append(field.required(f"{path}[{index}].protocol"))
        elif protocol not in _PROTOCOLS:
            errors.append(field.not_supported(f"{path}[{index}].protocol", protocol, _PROTOCOLS))


def _check_host_ports(containers: list[Container], path: str, errors: Errors) -> None:
    """No two ports of these containers may ask for the same port of the node."""
    seen = set()
    for index, container in enumerate(containers):
        for position, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort")
            if not number:
                continue
            key = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{number}"
            if key in seen:
                errors.append(field.duplicate(f"{path}[{index}].ports[{position}].hostPort", key))
            seen.add(key)


def _check_resize_policy(policies: list[dict[str, Any]], restart_policy: str, path: str, errors: Errors) -> None:
    seen = set()
    for index, policy in enumerate(policies):
        name, restart = policy.get("resourceName", ""), policy.get("restartPolicy", "")
        if name in seen:
            errors.append(field.duplicate(f"{path}[{index}]", name))
        seen.add(name)
        if not name:
            errors.append(field.required(path))
        elif name not in ("cpu", "memory"):
            errors.append(field.not_supported(path, name, ("cpu", "memory")))
        if not restart:
            errors.append(field.required(path))
        elif restart not in ("NotRequired", "RestartContainer"):
            errors.append(field.not_supported(path, restart, ("NotRequired", "RestartContainer")))
        if restart_policy == "Never" and restart != "NotRequired":
            text = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            errors.append(field.invalid(path, restart, text))


def _check_restart(container: Container, path: str, errors: Errors, rules_alone: bool = True) -> None:
    """A container's own restart policy and the rules that refine it, looked at also without a policy or not."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or []
    if policy is None:
        text = "must specify restartPolicy when restart rules are used"
        if rules:
            errors.append(field.required(f"{path}.restartPolicy", text))
        if not rules_alone:
            return
    elif policy not in _RESTART_POLICIES:
        errors.append(field.not_supported(f"{path}.restartPolicy", policy, _RESTART_POLICIES))
    if len(rules) > _RULES_LIMIT:
        errors.append(field.too_many(f"{path}.restartPolicyRules", len(rules), _RULES_LIMIT))
    for index, rule in enumerate(rules):
        at = f"{path}.restartPolicyRules[{index}]"
        action = rule.get("action", "")
        if action not in _RESTART_ACTIONS:
            errors.append(field.not_supported(f"{at}.action", action, _LISTED_ACTIONS))
        codes = rule.get("exitCodes")
        if codes is None:
            errors.append(field.required(f"{at}.exitCodes", "must be specified"))
            continue
        operator = codes.get("operator", "")
        if operator not in _RESTART_OPERATORS:
            errors.append(field.not_supported(f"{at}.exitCodes.operator", operator, _RESTART_OPERATORS))
        values = codes.get("values") or []
        if len(values) > _EXIT_CODES_LIMIT:
            errors.append(field.too_many(f"{at}.exitCodes.values", len(values), _EXIT_CODES_LIMIT))
