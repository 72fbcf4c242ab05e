"""The profiles of debug: what each changes in the pod with the debugging container.

Upstream counterpart: `profiles.go` of kubectl's `pkg/cmd/debug`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minikctl.apimachinery.request import Obj

NODE, COPY, EPHEMERAL = "node", "copy", "ephemeral"

_HOST_ROOT = "host-root"


class Keep(NamedTuple):
    """What a copy of a pod keeps of the original."""

    labels: bool = False
    annotations: bool = False
    liveness: bool = False
    readiness: bool = False
    startup: bool = False
    init_containers: bool = True


def strip(pod: Obj, keep: Keep) -> None:
    """Take from a copied pod what it shall not keep."""
    for field, kept in (("labels", keep.labels), ("annotations", keep.annotations)):
        if not kept:
            pod["metadata"].pop(field, None)
    probes = (("livenessProbe", keep.liveness), ("readinessProbe", keep.readiness), ("startupProbe", keep.startup))
    for container in pod["spec"].get("containers") or ():
        for probe, kept in probes:
            if not kept:
                container.pop(probe, None)
    if not keep.init_containers:
        pod["spec"].pop("initContainers", None)


def _share_processes(pod: Obj) -> None:
    if pod["spec"].get("shareProcessNamespace") is None:
        pod["spec"]["shareProcessNamespace"] = True


def _use_host(pod: Obj) -> None:
    pod["spec"].update({"hostNetwork": True, "hostPID": True, "hostIPC": True})


def _mount_root(pod: Obj, container: Obj) -> None:
    pod["spec"].setdefault("volumes", []).append({"name": _HOST_ROOT, "hostPath": {"path": "/"}})
    container.setdefault("volumeMounts", []).append({"name": _HOST_ROOT, "mountPath": "/host"})


def _add_capabilities(container: Obj, *names: str) -> None:
    context = container["securityContext"] = container.get("securityContext") or {}
    capabilities = context["capabilities"] = context.get("capabilities") or {}
    there = capabilities.get("add") or []
    capabilities["add"] = there + [name for name in names if name not in there]


def _legacy(pod: Obj, container: Obj, style: str) -> None:
    if style == NODE:
        _mount_root(pod, container)
        _use_host(pod)


def _general(pod: Obj, container: Obj, style: str) -> None:
    if style == NODE:
        _mount_root(pod, container)
        container.pop("securityContext", None)
        _use_host(pod)
        return
    _add_capabilities(container, "SYS_PTRACE")
    if style == COPY:
        _share_processes(pod)


def _baseline(pod: Obj, container: Obj, style: str) -> None:
    container.pop("securityContext", None)
    if style == COPY:
        _share_processes(pod)


def _restricted(pod: Obj, container: Obj, style: str) -> None:
    container["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if style == COPY:
        _share_processes(pod)


def _netadmin(pod: Obj, container: Obj, style: str) -> None:
    _add_capabilities(container, "NET_ADMIN", "NET_RAW")
    if style == NODE:
        _use_host(pod)
    elif style == COPY:
        _share_processes(pod)


def _sysadmin(pod: Obj, container: Obj, style: str) -> None:
    context = container["securityContext"] = container.get("securityContext") or {}
    context["privileged"] = True
    if style == NODE:
        _use_host(pod)
        _mount_root(pod, container)
    elif style == COPY:
        _share_processes(pod)


PROFILES: dict[str, Callable[[Obj, Obj, str], None]] = {
    "legacy": _legacy,
    "general": _general,
    "baseline": _baseline,
    "netadmin": _netadmin,
    "restricted": _restricted,
    "sysadmin": _sysadmin,
}


def apply(profile: str, pod: Obj, container: Obj, style: str, keep: Keep) -> None:
    """Change the pod and its debugging container as the profile says."""
    PROFILES[profile](pod, container, style)
    if style == COPY:
        strip(pod, keep)
