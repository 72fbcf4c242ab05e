"""A container's environment: literals, ConfigMaps, Secrets, the downward API, and $(VAR) references.

Counterpart of kubelet's `kubelet_pods.go` (makeEnvironmentVariables). What is missing and not
optional keeps the container from being created (CreateContainerConfigError).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.podresources import amount
from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.client.client import Client

Env = dict[str, str]


class ConfigError(Exception):
    """The container cannot be created; `needs` is what may appear later ("configmaps/NAME")."""

    def __init__(self, message: str, needs: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.needs = needs


def make(client: Client, pod: Obj, container: Obj, ip: str, node: Obj | None) -> Env:
    """The environment as the container sees it; ConfigError where something is missing."""
    env: Env = {}
    namespace = pod["metadata"]["namespace"]
    for source in container.get("envFrom") or ():
        env.update(_from_all(client, namespace, source))
    for entry in container.get("env") or ():
        source = entry.get("valueFrom")
        if source:
            value = _from_one(client, pod, container, source, ip, node)
            if value is not None:
                env[entry["name"]] = value
        else:
            env[entry["name"]] = expand(entry.get("value") or "", env)
    return env


def of_services(client: Client, pod: Obj, started: float) -> Env:
    """The variables that tell of the Services of a pod's namespace (and of the API) when a container started."""
    namespace = pod["metadata"]["namespace"]
    found: Env = {}
    if pod["spec"].get("enableServiceLinks", True):
        for service in sorted(client.items("services", namespace), key=lambda each: each["metadata"]["name"]):
            if parse_time(service["metadata"]["creationTimestamp"]) <= started:
                found.update(_of_service(service))
    api = client.find("services", "kubernetes", "default")
    return {**(_of_service(api) if api is not None else {}), **found}


def _of_service(service: Obj) -> Env:
    spec = service["spec"]
    ip, ports = spec.get("clusterIP") or "None", spec.get("ports") or ()
    if ip == "None" or not ports:
        return {}
    name = service["metadata"]["name"].upper().replace("-", "_")
    host = f"[{ip}]" if ":" in ip else ip
    found = {f"{name}_SERVICE_HOST": ip, f"{name}_SERVICE_PORT": str(ports[0]["port"])}
    for entry in ports:
        if entry.get("name"):
            found[f"{name}_SERVICE_PORT_{entry['name'].upper().replace('-', '_')}"] = str(entry["port"])
    for number, entry in enumerate(ports):
        protocol, port = entry.get("protocol") or "TCP", entry["port"]
        url, prefix = f"{protocol.lower()}://{host}:{port}", f"{name}_PORT_{port}_{protocol}"
        if not number:
            found[f"{name}_PORT"] = url
        found |= {prefix: url, f"{prefix}_PROTO": protocol.lower(), f"{prefix}_PORT": str(port), f"{prefix}_ADDR": ip}
    return found


def of_run(client: Client, pod: Obj, container: Obj, kept: Env | None, ip: str, node: Obj | None) -> Env:
    """The environment of a container that runs: as it was `kept` at the start, or as it must have been."""
    return make(client, pod, container, ip, node) if kept is None else dict(kept)


def may_change(container: Obj) -> bool:
    """Whether the environment would be another one at another time."""
    if container.get("envFrom"):
        return True
    return any(entry.get("valueFrom") for entry in container.get("env") or ())


def expand(text: str, env: Mapping[str, str]) -> str:
    """Replace $(NAME) of known names; $$ is a dollar, unknown references stay as they are."""
    if "$" not in text:
        return text
    parts = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        parts.append(text[at:dollar])
        following = text[dollar + 1 : dollar + 2]
        end = text.find(")", dollar) if following == "(" else -1
        if following == "$":
            parts.append("$")
            at = dollar + 2
        elif end >= 0:
            name = text[dollar + 2 : end]
            parts.append(env.get(name, text[dollar : end + 1]))
            at = end + 1
        else:
            parts.append("$")
            at = dollar + 1
    return "".join(parts) + text[at:]


def _from_all(client: Client, namespace: str, source: Obj) -> Env:
    prefix = source.get("prefix", "")
    if (reference := source.get("configMapRef")) is not None:
        data = _config_map(client, namespace, reference)
    elif (reference := source.get("secretRef")) is not None:
        data = _secret(client, namespace, reference)
    else:
        data = None
    return {prefix + key: value for key, value in (data or {}).items()}


def _from_one(client: Client, pod: Obj, container: Obj, source: Obj, ip: str, node: Obj | None) -> str | None:
    namespace = pod["metadata"]["namespace"]
    if (reference := source.get("configMapKeyRef")) is not None:
        return _key(_config_map(client, namespace, reference), reference, "ConfigMap", "configmaps", namespace)
    if (reference := source.get("secretKeyRef")) is not None:
        return _key(_secret(client, namespace, reference), reference, "Secret", "secrets", namespace)
    if (reference := source.get("fieldRef")) is not None:
        return field_value(pod, reference.get("fieldPath", ""), ip, node)
    if (reference := source.get("resourceFieldRef")) is not None:
        return resource_value(pod, container, reference, node)
    return None


def _key(data: Env | None, reference: Obj, kind: str, resource: str, namespace: str) -> str | None:
    if data is not None and reference["key"] in data:
        return data[reference["key"]]
    if reference.get("optional"):
        return None
    name = reference.get("name", "")
    raise ConfigError(f"couldn't find key {reference['key']} in {kind} {namespace}/{name}", f"{resource}/{name}")


def _config_map(client: Client, namespace: str, reference: Obj) -> Env | None:
    found = client.find("configmaps", reference.get("name", ""), namespace)
    if found is None:
        _missing("configmap", reference)
        return None
    return dict(found.get("data") or {})


def _secret(client: Client, namespace: str, reference: Obj) -> Env | None:
    found = client.find("secrets", reference.get("name", ""), namespace)
    if found is None:
        _missing("secret", reference)
        return None
    return decode_secret(found)


def decode_secret(secret: Obj) -> Env:
    """The data of a Secret as text."""
    from base64 import b64decode

    return {key: b64decode(value).decode("utf-8", "replace") for key, value in (secret.get("data") or {}).items()}


def _missing(kind: str, reference: Obj) -> None:
    if not reference.get("optional"):
        name = reference.get("name", "")
        raise ConfigError(f'{kind} "{name}" not found', f"{kind}s/{name}")


def field_value(pod: Obj, path: str, ip: str, node: Obj | None) -> str:
    """What a fieldRef resolves to on the node."""
    meta, spec = pod["metadata"], pod["spec"]
    base, _, subscript = path.partition("[")
    if subscript:
        entries = meta.get("labels" if base == "metadata.labels" else "annotations") or {}
        return str(entries.get(subscript.strip("]'\""), ""))
    host_ip = node_ip(node)
    values: dict[str, Any] = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta["namespace"],
        "metadata.uid": meta["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.podIP": ip,
        "status.podIPs": ip,
        "status.hostIP": host_ip,
        "status.hostIPs": host_ip,
    }
    if path in ("metadata.labels", "metadata.annotations"):
        entries = meta.get(path.rpartition(".")[2]) or {}
        return "\n".join(f'{key}="{_escaped(value)}"' for key, value in sorted(entries.items()))
    return str(values.get(path, ""))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def node_ip(node: Obj | None) -> str:
    """The node's InternalIP."""
    for address in (node or {}).get("status", {}).get("addresses") or ():
        if address["type"] == "InternalIP":
            return str(address["address"])
    return ""


def resource_value(pod: Obj, container: Obj, reference: Obj, node: Obj | None) -> str:
    """What a resourceFieldRef resolves to; a missing limit is the node's allocatable."""
    named = reference.get("containerName")
    if named:
        every = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())]
        container = next((c for c in every if c["name"] == named), container)
    kind, _, name = reference["resource"].partition(".")
    resources = container.get("resources") or {}
    text = (resources.get(kind) or {}).get(name)
    if text is None and kind == "limits":
        text = (node or {}).get("status", {}).get("allocatable", {}).get(name)
    # "cpu" sums are in thousandths, on both sides of the division
    divisor = reference.get("divisor") or "1"
    unit = amount(name, divisor) or amount(name, "1")
    return str(-(-amount(name, text or "0") // unit))
