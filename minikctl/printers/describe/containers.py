"""Containers of pods and pod templates: image, ports, state, resources, probes, environment, mounts.

Upstream counterpart: describeContainers and what it calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikctl.apimachinery.quantity import as_int, as_milli, canonical, parse
from minikctl.printers.describe.writer import NONE, Writer, boolean, date, go_list, title_boolean
from minikctl.printers.gofmt import quote

Obj = dict[str, Any]

_PATH_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@")


def describe_containers(
    out: Writer, label: str, containers: list[Obj], statuses: Iterable[Obj] | None, pod: Obj | None, space: str = ""
) -> None:
    """A section of containers; `pod` is where field references point to, None in a template."""
    known = {status["name"]: status for status in statuses or ()}
    out.line(f"{space}{label}:" if containers else f"{space}{label}: {NONE}")
    for container in containers:
        status = known.get(container["name"])
        _basics(out, container, status, space)
        _command(out, "Command", container.get("command"))
        _command(out, "Args", container.get("args"))
        if status is not None:
            _state(out, status)
        describe_resources(out, container.get("resources"), 2)
        for title, key in (("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")):
            if container.get(key):
                out.field(title, probe_text(container[key]), 2)
        if container.get("envFrom"):
            _env_from(out, container["envFrom"])
        _environment(out, container, pod)
        _mounts(out, container)


def _basics(out: Writer, container: Obj, status: Obj | None, space: str) -> None:
    out.line(f"{' ' if space else ''}{container['name']}:", 1)
    if status is not None:
        out.field("Container ID", status.get("containerID", ""), 2)
    out.field("Image", container.get("image", ""), 2)
    if status is not None:
        out.field("Image ID", status.get("imageID", ""), 2)
    ports = container.get("ports") or ()
    _ports(out, "Port", [_port(port, "containerPort") for port in ports])
    _ports(out, "Host Port", [_port(port, "hostPort") for port in ports])
    profile = (container.get("securityContext") or {}).get("seccompProfile")
    if profile:
        out.field("SeccompProfile", profile.get("type", ""), 2)
        if profile.get("type") == "Localhost":
            out.field("LocalhostProfile", profile.get("localhostProfile", ""), 3)


def _port(port: Obj, key: str) -> str:
    text = f"{port.get(key) or 0}/{port.get('protocol', '')}"
    return f"{text} ({port['name']})" if port.get("name") else text


def _ports(out: Writer, label: str, ports: list[str]) -> None:
    out.field(f"{label}s" if len(ports) > 1 else label, ", ".join(ports) or NONE, 2)


def _command(out: Writer, label: str, words: list[str] | None) -> None:
    if words:
        out.line(f"{label}:", 2)
        for word in words:
            for line in word.split("\n"):
                out.line(line, 3)


def _state(out: Writer, status: Obj) -> None:
    _one_state(out, "State", status.get("state") or {})
    last = status.get("lastState") or {}
    if last.get("terminated") is not None:
        _one_state(out, "Last State", last)
    out.field("Ready", title_boolean(bool(status.get("ready"))), 2)
    out.field("Restart Count", status.get("restartCount") or 0, 2)


def _one_state(out: Writer, label: str, state: Obj) -> None:
    running, waiting, terminated = state.get("running"), state.get("waiting"), state.get("terminated")
    if running is not None:
        out.field(label, "Running", 2)
        out.field("Started", date(running.get("startedAt")), 3)
    elif waiting is not None or terminated is None:
        out.field(label, "Waiting", 2)
        if waiting and waiting.get("reason"):
            out.field("Reason", waiting["reason"], 3)
    else:
        out.field(label, "Terminated", 2)
        if terminated.get("reason"):
            out.field("Reason", terminated["reason"], 3)
        if terminated.get("message"):
            out.field("Message", terminated["message"], 3)
        out.field("Exit Code", terminated.get("exitCode") or 0, 3)
        if (terminated.get("signal") or 0) > 0:
            out.field("Signal", terminated["signal"], 3)
        out.field("Started", date(terminated.get("startedAt")), 3)
        out.field("Finished", date(terminated.get("finishedAt")), 3)


def describe_resources(out: Writer, resources: Obj | None, level: int) -> None:
    """Limits and requests of a container or of a pod as a whole."""
    for title, key in (("Limits", "limits"), ("Requests", "requests")):
        amounts = (resources or {}).get(key)
        if amounts:
            out.line(f"{title}:", level)
            for name in sorted(amounts):
                out.field(name, canonical(amounts[name]), level + 1)


def probe_text(probe: Obj) -> str:
    """A probe in one line: what it does and its delays and thresholds."""
    numbers = (
        f"delay={probe.get('initialDelaySeconds') or 0}s timeout={probe.get('timeoutSeconds') or 0}s "
        f"period={probe.get('periodSeconds') or 0}s #success={probe.get('successThreshold') or 0} "
        f"#failure={probe.get('failureThreshold') or 0}"
    )
    if probe.get("exec") is not None:
        return f"exec {go_list(probe['exec'].get('command'))} {numbers}"
    if probe.get("httpGet") is not None:
        return f"http-get {_url(probe['httpGet'])} {numbers}"
    if probe.get("tcpSocket") is not None:
        socket = probe["tcpSocket"]
        return f"tcp-socket {socket.get('host', '')}:{socket.get('port', '')} {numbers}"
    if probe.get("grpc") is not None:
        grpc = probe["grpc"]
        return f"grpc <pod>:{grpc.get('port') or 0} {grpc.get('service') or ''} {numbers}"
    return f"unknown {numbers}"


def _url(get: Obj) -> str:
    host, path = get.get("host", ""), get.get("path", "")
    host = f"[{host}]" if ":" in host or "%" in host else host
    if path and not path.startswith("/"):
        path = f"/{path}"
    if not _PATH_SAFE.issuperset(path):
        path = "".join([char if char in _PATH_SAFE else _percent(char) for char in path])
    scheme = get.get("scheme", "").lower()
    return f"{scheme}{':' if scheme else ''}//{host}:{get.get('port', '')}{path}"


def _percent(char: str) -> str:
    return "".join([f"%{byte:02X}" for byte in char.encode()])


def _env_from(out: Writer, sources: list[Obj]) -> None:
    out.line("Environment Variables from:", 2)
    for source in sources:
        kind, reference = "", {}
        if source.get("configMapRef") is not None:
            kind, reference = "ConfigMap", source["configMapRef"]
        elif source.get("secretRef") is not None:
            kind, reference = "Secret", source["secretRef"]
        if source.get("prefix"):
            kind = f"{kind} with prefix '{source['prefix']}'"
        out.row(reference.get("name", ""), kind, f"Optional: {boolean(reference.get('optional'))}", level=3)


def _environment(out: Writer, container: Obj, pod: Obj | None) -> None:
    variables = container.get("env") or ()
    out.line("Environment:" if variables else f"Environment:\t{NONE}", 2)
    for variable in variables:
        source = variable.get("valueFrom")
        if source is None:
            first, *rest = (variable.get("value") or "").split("\n")
            out.field(variable["name"], first, 3)
            for line in rest:
                out.line(f"\t{line}", 3)
            continue
        text = _source_text(source, container, pod)
        if text is not None:
            out.field(variable["name"], text, 3)


def _source_text(source: Obj, container: Obj, pod: Obj | None) -> str | None:
    if source.get("fieldRef") is not None:
        field = source["fieldRef"]
        path = field.get("fieldPath", "")
        return f"{_pod_field(pod, path)} ({field.get('apiVersion', '')}:{path})"
    if source.get("resourceFieldRef") is not None:
        wanted = source["resourceFieldRef"]
        resource = wanted.get("resource", "")
        value = container_resource(wanted, container)
        if value == "0" and resource in ("limits.cpu", "limits.memory"):
            value = "node allocatable"
        return f"{value} ({resource})"
    for key, what in (("secretKeyRef", "in secret"), ("configMapKeyRef", "of config map")):
        if source.get(key) is not None:
            chosen = source[key]
            optional = boolean(chosen.get("optional"))
            return f"<set to the key '{chosen.get('key', '')}' {what} '{chosen.get('name', '')}'>\tOptional: {optional}"
    return None


def _pod_field(pod: Obj | None, path: str) -> str:
    """What a field reference resolves to; kubectl itself knows no more than the name and the namespace."""
    if pod is not None and path in ("metadata.name", "metadata.namespace"):
        text: str = pod["metadata"].get(path[len("metadata.") :], "")
        return text
    return ""


def container_resource(wanted: Obj, container: Obj) -> str:
    """An amount of a container in units of the divisor, rounded up; empty for what cannot be referred to."""
    kind, _, name = wanted.get("resource", "").partition(".")
    if kind not in ("limits", "requests") or name not in ("cpu", "memory", "ephemeral-storage"):
        return ""
    divisor = parse(wanted.get("divisor") or "0") or parse("1")
    amount = ((container.get("resources") or {}).get(kind) or {}).get(name) or "0"
    if name == "cpu":
        return str(-(-as_milli(amount) // divisor.milli()))
    return str(-(-as_int(amount) // divisor.value()))


def _mounts(out: Writer, container: Obj) -> None:
    mounts = container.get("volumeMounts") or ()
    none = "" if mounts else f"\t{NONE}"
    out.line(f"Mounts:{none}", 2)
    for mount in sorted(mounts, key=lambda each: each.get("mountPath", "")):
        flags = "ro" if mount.get("readOnly") else "rw"
        if mount.get("subPath"):
            flags += f",path={quote(mount['subPath'])}"
        out.line(f"{mount.get('mountPath', '')} from {mount.get('name', '')} ({flags})", 3)
    devices = container.get("volumeDevices")
    if devices:
        out.line(f"Devices:{none}", 2)
        for device in sorted(devices, key=lambda each: each.get("devicePath", "")):
            out.line(f"{device.get('devicePath', '')} from {device.get('name', '')}", 3)
