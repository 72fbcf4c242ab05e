"""Defaults of pods and of pod specs wherever they occur (templates, jobs).

Besides setting defaults this writes a pod spec as it looks after a round trip through the typed API:
empty fields that Go would omit are dropped, quantities are canonical. Counterparts: kubernetes
`pkg/apis/core/v1/defaults.go` and its generated callers.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.images import default_pull_policy
from minikctl.apiserver.defaults.quantities import requirements, resource_list
from minikctl.apiserver.defaults.volumes import default_volume

# Fields that the typed API leaves out when they are zero.
_SPEC_OMITTED = frozenset(
    [
        *("ephemeralContainers", "hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets"),
        *("initContainers", "nodeName", "nodeSelector", "overhead", "priorityClassName", "readinessGates"),
        *("resourceClaims", "schedulingGates", "serviceAccount", "serviceAccountName", "subdomain", "tolerations"),
        *("topologySpreadConstraints", "volumes"),
    ]
)
_CONTAINER_OMITTED = frozenset(
    [
        *("args", "command", "env", "envFrom", "image", "ports", "resizePolicy", "restartPolicyRules", "stdin"),
        *("stdinOnce", "targetContainerName", "tty", "volumeDevices", "volumeMounts", "workingDir"),
    ]
)
_MOUNT_OMITTED = frozenset(("readOnly", "subPath", "subPathExpr"))
_PORT_OMITTED = frozenset(("name", "hostPort", "hostIP"))
_TOLERATION_OMITTED = frozenset(("key", "operator", "value", "effect"))
_PROBE_OMITTED = frozenset(("initialDelaySeconds",))
_META_OMITTED = frozenset(("name", "generateName", "namespace", "labels", "annotations", "finalizers"))
_HANDLER_DEFAULTS = (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3))


def drop_empty(obj: dict[str, Any], names: frozenset[str]) -> None:
    """Remove nulls, and those of the named fields that are zero."""
    for key in [key for key, value in obj.items() if not value and (value is None or key in names)]:
        del obj[key]


def default_pod(pod: dict[str, Any], version: str = "v1") -> None:
    """A whole Pod: the spec, requests from limits, host ports, service links."""
    spec = pod.get("spec")
    if spec is None:
        spec = pod["spec"] = {}
    default_pod_spec(spec)
    for key in ("containers", "initContainers"):
        for container in spec.get(key) or ():
            _requests_from_limits(container.get("resources"))
    if spec.get("resources"):
        from minikctl.apiserver.defaults.podlevel import default_pod_level

        default_pod_level(spec)
    if "enableServiceLinks" not in spec:
        spec["enableServiceLinks"] = True
    if spec.get("hostNetwork"):
        for key in ("containers", "initContainers"):
            for container in spec.get(key) or ():
                for port in container.get("ports") or ():
                    if not port.get("hostPort") and port.get("containerPort"):
                        port["hostPort"] = port["containerPort"]


def default_template(template: dict[str, Any]) -> None:
    """A PodTemplateSpec."""
    meta = template.get("metadata")
    if meta is None:
        template["metadata"] = {}
    elif meta:
        drop_empty(meta, _META_OMITTED)
    spec = template.get("spec")
    if spec is None:
        spec = template["spec"] = {}
    default_pod_spec(spec)


def default_pod_spec(spec: dict[str, Any]) -> None:
    """Everything that holds for the spec of a pod and of a template alike."""
    drop_empty(spec, _SPEC_OMITTED)
    if not spec.get("dnsPolicy"):
        spec["dnsPolicy"] = "ClusterFirst"
    if not spec.get("restartPolicy"):
        spec["restartPolicy"] = "Always"
    if "securityContext" not in spec:
        spec["securityContext"] = {}
    if "terminationGracePeriodSeconds" not in spec:
        spec["terminationGracePeriodSeconds"] = 30
    if not spec.get("schedulerName"):
        spec["schedulerName"] = "default-scheduler"
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        # the old name of the field is always kept alongside
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    if "overhead" in spec:
        resource_list(spec, "overhead")
    if "resources" in spec:
        requirements(spec["resources"])
    for container in spec.get("containers") or ():
        default_container(container)
    for container in spec.get("initContainers") or ():
        default_container(container)
    for container in spec.get("ephemeralContainers") or ():
        default_container(container)
    for volume in spec.get("volumes") or ():
        default_volume(volume)
    if "tolerations" in spec:
        for toleration in spec["tolerations"]:
            drop_empty(toleration, _TOLERATION_OMITTED)


def default_container(container: dict[str, Any]) -> None:
    """A container of any kind."""
    drop_empty(container, _CONTAINER_OMITTED)
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = default_pull_policy(container.get("image", ""))
    if not container.get("terminationMessagePath"):
        container["terminationMessagePath"] = "/dev/termination-log"
    if not container.get("terminationMessagePolicy"):
        container["terminationMessagePolicy"] = "File"
    resources = container.get("resources")
    if resources is None:
        container["resources"] = {}
    elif resources:
        requirements(resources)
    for port in container.get("ports") or ():
        drop_empty(port, _PORT_OMITTED)
        if not port.get("protocol"):
            port["protocol"] = "TCP"
    for mount in container.get("volumeMounts") or ():
        drop_empty(mount, _MOUNT_OMITTED)
    for variable in container.get("env") or ():
        _default_variable(variable)
    for source in container.get("envFrom") or ():
        if not source.get("prefix", True):
            del source["prefix"]
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        if key in container:
            _default_probe(container[key])
    lifecycle = container.get("lifecycle")
    if lifecycle:
        for hook in lifecycle.values():
            if isinstance(hook, dict):
                _default_handler(hook)


def _default_variable(variable: dict[str, Any]) -> None:
    if not variable.get("value", True):
        del variable["value"]
    source = variable.get("valueFrom")
    if not source:
        return
    if "fieldRef" in source:
        default_field_ref(source["fieldRef"])
    if "resourceFieldRef" in source:
        default_resource_ref(source["resourceFieldRef"])
    if "fileKeyRef" in source and source["fileKeyRef"].get("optional") is None:
        source["fileKeyRef"]["optional"] = False


def default_field_ref(reference: dict[str, Any]) -> None:
    if not reference.get("apiVersion"):
        reference["apiVersion"] = "v1"


def default_resource_ref(reference: dict[str, Any]) -> None:
    """The divisor is always written out, "0" when it is not set."""
    from minikctl.apimachinery.quantity import canonical

    reference["divisor"] = canonical(reference.get("divisor"))


def _default_probe(probe: dict[str, Any]) -> None:
    drop_empty(probe, _PROBE_OMITTED)
    for key, value in _HANDLER_DEFAULTS:
        if not probe.get(key):
            probe[key] = value
    _default_handler(probe)


def _default_handler(handler: dict[str, Any]) -> None:
    http = handler.get("httpGet")
    if http is not None:
        if not http.get("path"):
            http["path"] = "/"
        if not http.get("scheme"):
            http["scheme"] = "HTTP"
    grpc = handler.get("grpc")
    if grpc is not None and grpc.get("service") is None:
        grpc["service"] = ""


def _requests_from_limits(resources: dict[str, Any] | None) -> None:
    if not resources:
        return
    limits = resources.get("limits")
    if limits:
        requests = resources.get("requests")
        if requests is None:
            resources["requests"] = dict(limits)
        else:
            for name, value in limits.items():
                if name not in requests:
                    requests[name] = value


DEFAULTS = {"pods": default_pod}
