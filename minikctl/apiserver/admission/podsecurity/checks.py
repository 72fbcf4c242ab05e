"""The checks behind the Pod Security levels, each as of the minor versions in which it changed.

A check looks at a pod (or template) and gives the detail of its violation, None for a clean one;
reasons and details are upstream's words (`pod-security-admission/policy`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apimachinery.field import quote
from minikctl.apiserver.admission.podsecurity.levels import LevelVersion

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj


_USER_NAMESPACES_SINCE = 35
_DEFAULT_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_SYSCTLS = (
    (0, "kernel.shm_rmid_forced"),
    (0, "net.ipv4.ip_local_port_range"),
    (0, "net.ipv4.tcp_syncookies"),
    (0, "net.ipv4.ping_group_range"),
    (0, "net.ipv4.ip_unprivileged_port_start"),
    (27, "net.ipv4.ip_local_reserved_ports"),
    (29, "net.ipv4.tcp_keepalive_time"),
    (29, "net.ipv4.tcp_fin_timeout"),
    (29, "net.ipv4.tcp_keepalive_intvl"),
    (29, "net.ipv4.tcp_keepalive_probes"),
    (32, "net.ipv4.tcp_rmem"),
    (32, "net.ipv4.tcp_wmem"),
)
_SELINUX_TYPES = ("container_t", "container_init_t", "container_kvm_t")
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP = ("seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/")
_SAFE_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)


class Violation(NamedTuple):
    """One check that failed; `text` is the reason with its detail."""

    reason: str
    detail: str

    @property
    def text(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


Found = str | Violation | None
Check = Callable[[dict[str, Any], int], Found]


def violations(asked: LevelVersion, pod: Obj) -> list[Violation]:
    """What a pod does that the level forbids, in upstream's order."""
    if asked.level == "privileged":
        return []
    rows = BASELINE if asked.level == "baseline" else (*BASELINE, *RESTRICTED)
    replaced = {row.replaces for row in rows if asked.version >= row.since}
    found = []
    for row in rows:
        if asked.version < row.since or row.name in replaced:
            continue
        detail = row.check(pod, asked.version)
        if isinstance(detail, Violation):
            found.append(detail)
        elif detail is not None:
            found.append(Violation(row.reason, detail))
    return found


# What the checks share


def _containers(pod: Obj) -> Iterator[dict[str, Any]]:
    spec = pod.get("spec") or {}
    for group in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(group) or ()


def _context(holder: dict[str, Any]) -> dict[str, Any]:
    return holder.get("securityContext") or {}


def _pod_context(pod: Obj) -> dict[str, Any]:
    return _context(pod.get("spec") or {})


def _quoted(values: Iterable[object]) -> str:
    return ", ".join(quote(str(value)) for value in values)


def _plural(word: str, count: int) -> str:
    return word if count == 1 else word + "s"


def _named(containers: list[str]) -> str:
    return f"{_plural('container', len(containers))} {_quoted(containers)}"


def _those(pod: Obj, bad: Callable[[dict[str, Any]], bool]) -> list[str]:
    return [container["name"] for container in _containers(pod) if bad(container)]


def _setters(pod_is_bad: bool, containers: list[str]) -> str:
    return " and ".join((["pod"] if pod_is_bad else []) + ([_named(containers)] if containers else []))


def _is_windows(pod: Obj) -> bool:
    return bool(((pod.get("spec") or {}).get("os") or {}).get("name") == "windows")


def _relaxed(pod: Obj, version: int) -> bool:
    """Whether the pod's user namespace makes some checks needless."""
    return version >= _USER_NAMESPACES_SINCE and (pod.get("spec") or {}).get("hostUsers") is False


# Baseline


def _app_armor(pod: Obj, version: int) -> Found:
    values = set()
    bad_pod = False
    containers = []
    kind = (_pod_context(pod).get("appArmorProfile") or {}).get("type")
    if kind not in (None, "RuntimeDefault", "Localhost"):
        bad_pod = True
        values.add(quote(kind))
    for container in _containers(pod):
        kind = (_context(container).get("appArmorProfile") or {}).get("type")
        if kind not in (None, "RuntimeDefault", "Localhost"):
            containers.append(container["name"])
            values.add(quote(kind))
    setters = [part for part in (_setters(bad_pod, containers),) if part]
    notes = ((pod.get("metadata") or {}).get("annotations") or {}).items()
    annotations = sorted(
        f"{key}={quote(value)}"
        for key, value in notes
        if key.startswith(_APPARMOR) and not (value in ("", "runtime/default") or value.startswith("localhost/"))
    )
    if annotations:
        setters.append(_plural("annotation", len(annotations)))
    if not setters:
        return None
    every = sorted(values) + annotations
    reason = _plural("forbidden AppArmor profile", len(every))
    return Violation(reason, f"{' and '.join(setters)} must not set AppArmor profile type to {', '.join(every)}")


def _capabilities(pod: Obj, version: int) -> Found:
    bad, added = _adding(pod, _DEFAULT_CAPABILITIES)
    return f"{_named(bad)} must not include {_quoted(added)} in securityContext.capabilities.add" if bad else None


def _adding(pod: Obj, allowed: Iterable[str]) -> tuple[list[str], list[str]]:
    """Containers that add capabilities other than these, and which."""
    bad, found = [], set()
    for container in _containers(pod):
        more = set((_context(container).get("capabilities") or {}).get("add") or ()) - set(allowed)
        if more:
            bad.append(container["name"])
            found |= more
    return bad, sorted(found)


def _host_namespaces(pod: Obj, version: int) -> Found:
    spec = pod.get("spec") or {}
    found = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return ", ".join(found) if found else None


def _host_path(pod: Obj, version: int) -> Found:
    volumes = [v["name"] for v in (pod.get("spec") or {}).get("volumes") or () if v.get("hostPath") is not None]
    return f"{_plural('volume', len(volumes))} {_quoted(volumes)}" if volumes else None


def _host_ports(pod: Obj, version: int) -> Found:
    bad, ports = [], set()
    for container in _containers(pod):
        used = {str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")}
        if used:
            bad.append(container["name"])
            ports |= used
    if not bad:
        return None
    verb = "uses" if len(bad) == 1 else "use"
    return f"{_named(bad)} {verb} {_plural('hostPort', len(ports))} {', '.join(sorted(ports))}"


def _host_handlers(pod: Obj, version: int) -> Found:
    bad, hosts = set(), set()
    for container in _containers(pod):
        lifecycle = container.get("lifecycle") or {}
        handlers = [container.get(f"{kind}Probe") for kind in ("liveness", "readiness", "startup")]
        handlers += [lifecycle.get("postStart"), lifecycle.get("preStop")]
        for handler in handlers:
            for action in ("httpGet", "tcpSocket"):
                host = ((handler or {}).get(action) or {}).get("host")
                if host:
                    bad.add(container["name"])
                    hosts.add(host)
    if not bad:
        return None
    verb = "uses" if len(bad) == 1 else "use"
    return f"{_named(sorted(bad))} {verb} {_plural('probe or lifecycle host', len(hosts))} {_quoted(sorted(hosts))}"


def _privileged(pod: Obj, version: int) -> Found:
    bad = _those(pod, lambda c: bool(_context(c).get("privileged")))
    return f"{_named(bad)} must not set securityContext.privileged=true" if bad else None


def _proc_mount(pod: Obj, version: int) -> Found:
    return None if _relaxed(pod, version) else _any_proc_mount(pod, version)


def _any_proc_mount(pod: Obj, version: int) -> Found:
    bad = _those(pod, lambda c: _context(c).get("procMount") not in (None, "Default"))
    if not bad:
        return None
    kinds = {_context(c)["procMount"] for c in _containers(pod) if c["name"] in bad}
    return f"{_named(bad)} must not set securityContext.procMount to {_quoted(sorted(kinds))}"


def _selinux(pod: Obj, version: int) -> Found:
    allowed = {None, "", *_SELINUX_TYPES, *(("container_engine_t",) if version >= 31 else ())}
    types: set[str] = set()
    fields: set[str] = set()

    def bad(holder: dict[str, Any]) -> bool:
        options = _context(holder).get("seLinuxOptions") or {}
        wrong = options.get("type") not in allowed
        if wrong:
            types.add(options["type"])
        own = {name for name in ("user", "role") if options.get(name)}
        fields.update(own)
        return wrong or bool(own)

    setters = _setters(bad(pod.get("spec") or {}), _those(pod, bad))
    if not setters:
        return None
    data = [f"{_plural('type', len(types))} {_quoted(sorted(types))}"] if types else []
    data += [f"{name} may not be set" for name in ("user", "role") if name in fields]
    return f"{setters} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"


def _seccomp_annotations(pod: Obj) -> Found:
    notes = (pod.get("metadata") or {}).get("annotations") or {}
    keys = [_SECCOMP[0], *(_SECCOMP[1] + container["name"] for container in _containers(pod))]
    bad = {
        f"{key}={quote(notes[key])}"
        for key in keys
        if key in notes
        and notes[key] not in ("runtime/default", "docker/default")
        and not notes[key].startswith("localhost/")
    }
    return f"forbidden {_plural('annotation', len(bad))} {', '.join(sorted(bad))}" if bad else None


def _seccomp_type(holder: dict[str, Any]) -> Any:
    profile = _context(holder).get("seccompProfile")
    return None if profile is None else profile.get("type", "")


def _bad_seccomp(pod: Obj) -> str | None:
    def bad(holder: dict[str, Any]) -> bool:
        return _seccomp_type(holder) not in (None, "RuntimeDefault", "Localhost")

    spec = pod.get("spec") or {}
    setters = _setters(bad(spec), _those(pod, bad))
    if not setters:
        return None
    values = {_seccomp_type(holder) for holder in (spec, *_containers(pod)) if bad(holder)}
    return f"{setters} must not set securityContext.seccompProfile.type to {_quoted(sorted(values))}"


def _seccomp(pod: Obj, version: int) -> Found:
    return _bad_seccomp(pod) if version >= 19 else _seccomp_annotations(pod)


def _sysctls(pod: Obj, version: int) -> Found:
    allowed = {name for since, name in _SYSCTLS if version >= since}
    used = [sysctl["name"] for sysctl in _pod_context(pod).get("sysctls") or ()]
    bad = [name for name in used if name not in allowed]
    return ", ".join(bad) if bad else None


def _host_process(pod: Obj, version: int) -> Found:
    def bad(holder: dict[str, Any]) -> bool:
        return bool((_context(holder).get("windowsOptions") or {}).get("hostProcess"))

    setters = _setters(bad(pod.get("spec") or {}), _those(pod, bad))
    return f"{setters} must not set securityContext.windowsOptions.hostProcess=true" if setters else None


# Restricted


def _escalation(pod: Obj, version: int) -> Found:
    if version >= 25 and _is_windows(pod):
        return None
    bad = _those(pod, lambda c: _context(c).get("allowPrivilegeEscalation") is not False)
    return f"{_named(bad)} must set securityContext.allowPrivilegeEscalation=false" if bad else None


def _few_capabilities(pod: Obj, version: int) -> Found:
    if version >= 25 and _is_windows(pod):
        return None
    keeping = _those(pod, lambda c: "ALL" not in ((_context(c).get("capabilities") or {}).get("drop") or ()))
    adding, added = _adding(pod, ("NET_BIND_SERVICE",))
    found = [f'{_named(keeping)} must set securityContext.capabilities.drop=["ALL"]'] if keeping else []
    if adding:
        found.append(f"{_named(adding)} must not include {_quoted(added)} in securityContext.capabilities.add")
    return "; ".join(found) if found else None


def _volume_types(pod: Obj, version: int) -> Found:
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    bad = [volume for volume in volumes if not _SAFE_VOLUMES.intersection(volume)]
    if not bad:
        return None
    names = [volume["name"] for volume in bad]
    kinds = sorted({kind for volume in bad for kind in volume if kind != "name"}) or ["unknown"]
    uses = f"{'uses' if len(bad) == 1 else 'use'} {_plural('restricted volume type', len(kinds))}"
    return f"{_plural('volume', len(bad))} {_quoted(names)} {uses} {_quoted(kinds)}"


def _non_root(pod: Obj, version: int) -> Found:
    if _relaxed(pod, version):
        return None
    whole = _pod_context(pod).get("runAsNonRoot")
    setters = _setters(whole is False, _those(pod, lambda c: _context(c).get("runAsNonRoot") is False))
    if setters:
        return f"{setters} must not set securityContext.runAsNonRoot=false"
    silent = [] if whole else _those(pod, lambda c: _context(c).get("runAsNonRoot") is None)
    return f"pod or {_named(silent)} must set securityContext.runAsNonRoot=true" if silent else None


def _not_user_zero(pod: Obj, version: int) -> Found:
    if _relaxed(pod, version):
        return None
    root = _those(pod, lambda c: _context(c).get("runAsUser") == 0)
    setters = _setters(_pod_context(pod).get("runAsUser") == 0, root)
    return f"{setters} must not set runAsUser=0" if setters else None


def _some_seccomp(pod: Obj, version: int) -> Found:
    if version >= 25 and _is_windows(pod):
        return None
    if wrong := _bad_seccomp(pod):
        return wrong
    silent = [] if _seccomp_type(pod.get("spec") or {}) else _those(pod, lambda c: _seccomp_type(c) is None)
    if not silent:
        return None
    return f'pod or {_named(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'


class Row(NamedTuple):
    """A check: its name (upstream's id), reason, the minor version it begins with, what it stands in for."""

    name: str
    reason: str
    check: Check
    since: int = 0
    replaces: str = ""


BASELINE = (
    Row("appArmorProfile", "forbidden AppArmor profile", _app_armor),
    Row("capabilities_baseline", "non-default capabilities", _capabilities),
    Row("hostNamespaces", "host namespaces", _host_namespaces),
    Row("hostPathVolumes", "hostPath volumes", _host_path),
    Row("hostPorts", "hostPort", _host_ports),
    Row("hostProbesAndHostLifecycle", "probe or lifecycle host", _host_handlers, 34),
    Row("privileged", "privileged", _privileged),
    Row("procMount", "procMount", _proc_mount),
    Row("seLinuxOptions", "seLinuxOptions", _selinux),
    Row("seccompProfile_baseline", "seccompProfile", _seccomp),
    Row("sysctls", "forbidden sysctls", _sysctls),
    Row("windowsHostProcess", "hostProcess", _host_process),
)
RESTRICTED = (
    Row("allowPrivilegeEscalation", "allowPrivilegeEscalation != false", _escalation, 8),
    Row("capabilities_restricted", "unrestricted capabilities", _few_capabilities, 22, "capabilities_baseline"),
    Row("procMount_restricted", "procMount", _any_proc_mount, 35, "procMount"),
    Row("restrictedVolumes", "restricted volume types", _volume_types, 0, "hostPathVolumes"),
    Row("runAsNonRoot", "runAsNonRoot != true", _non_root),
    Row("runAsUser", "runAsUser=0", _not_user_zero, 23),
    Row("seccompProfile_restricted", "seccompProfile", _some_seccomp, 19, "seccompProfile_baseline"),
)
