"""Probes and lifecycle hooks of containers, and the actions they run.

Counterparts: validateProbe, validateLifecycle, validateHandler in `pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apiserver.validation.names import is_http_header_name, is_valid_port_name, is_valid_port_num
from minikctl.apiserver.validation.pod.checks import Errors, nonnegative, problems

_PROBE_ACTIONS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_ACTIONS = ("exec", "httpGet", "tcpSocket", "sleep")
_PROBE_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_WINDOWS_SIGNALS = frozenset(("SIGKILL", "SIGTERM"))
_PLAIN_SIGNALS = (
    "SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL SIGPIPE SIGPOLL"
    " SIGPROF SIGPWR SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1"
    " SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIGRTMIN SIGRTMAX"
)


def check_port(port: Any, path: str, errors: Errors) -> None:
    """A port by number or by name."""
    if isinstance(port, str):
        problems(is_valid_port_name, port, path, errors)
        return
    number = port or 0
    for text in is_valid_port_num(number):
        errors.append(field.invalid(path, number, text))


def check_probes(container: dict[str, Any], grace: int | None, path: str, errors: Errors) -> None:
    """The three probes of a container that may have them."""
    liveness = container.get("livenessProbe")
    if liveness is not None:
        _check_probe(liveness, grace, f"{path}.livenessProbe", errors)
        _success_once(liveness, f"{path}.livenessProbe", errors)
    readiness = container.get("readinessProbe")
    if readiness is not None:
        _check_probe(readiness, grace, f"{path}.readinessProbe", errors)
        seconds = readiness.get("terminationGracePeriodSeconds")
        if seconds is not None:
            at = f"{path}.readinessProbe.terminationGracePeriodSeconds"
            errors.append(field.invalid(at, seconds, "must not be set for readinessProbes"))
    startup = container.get("startupProbe")
    if startup is not None:
        _check_probe(startup, grace, f"{path}.startupProbe", errors)
        _success_once(startup, f"{path}.startupProbe", errors)


def _success_once(probe: dict[str, Any], path: str, errors: Errors) -> None:
    threshold = probe.get("successThreshold", 0)
    if threshold != 1:
        errors.append(field.invalid(f"{path}.successThreshold", threshold, "must be 1"))


def _check_probe(probe: dict[str, Any], grace: int | None, path: str, errors: Errors) -> None:
    _check_handler(probe, _PROBE_ACTIONS, grace, path, errors)
    for key in _PROBE_COUNTS:
        value = probe.get(key)
        if value is not None and value < 0:
            nonnegative(value, f"{path}.{key}", errors)
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None and seconds <= 0:
        errors.append(field.invalid(f"{path}.terminationGracePeriodSeconds", seconds, "must be greater than 0"))


def check_lifecycle(
    lifecycle: dict[str, Any], grace: int | None, path: str, os: dict[str, Any] | None, errors: Errors
) -> None:
    """The hooks and the stop signal of a container."""
    for key in ("postStart", "preStop"):
        if lifecycle.get(key) is not None:
            _check_handler(lifecycle[key], _HOOK_ACTIONS, grace, f"{path}.{key}", errors)
    signal = lifecycle.get("stopSignal")
    if signal is not None:
        _check_signal(signal, f"{path}.stopSignal", os, errors)


def _check_signal(signal: str, path: str, os: dict[str, Any] | None, errors: Errors) -> None:
    if os is None:
        errors.append(field.forbidden(path, "may not be set for containers with empty `spec.os.name`"))
        return
    if os.get("name") == "windows":
        supported = _WINDOWS_SIGNALS
    elif os.get("name") == "linux":
        realtime = [f"SIGRTMIN+{n}" for n in range(1, 16)] + [f"SIGRTMAX-{n}" for n in range(1, 15)]
        supported = frozenset(_PLAIN_SIGNALS.split()).union(realtime)
    else:
        return
    if signal not in supported:
        errors.append(field.not_supported(path, signal, sorted(supported)))


def _check_handler(
    handler: dict[str, Any], actions: tuple[str, ...], grace: int | None, path: str, errors: Errors
) -> None:
    found = False
    for key in actions:
        action = handler.get(key)
        if action is None:
            continue
        if found:
            errors.append(field.forbidden(f"{path}.{key}", "may not specify more than 1 handler type"))
            continue
        found = True
        if key == "httpGet":
            _check_http(action, f"{path}.httpGet", errors)
        elif key == "exec":
            if not action.get("command"):
                errors.append(field.required(f"{path}.exec.command"))
        elif key == "sleep":
            _check_sleep(action, grace, f"{path}.sleep", errors)
        else:
            check_port(action.get("port"), f"{path}.{key}.port", errors)
    if not found:
        errors.append(field.required(path, "must specify a handler type"))


def _check_sleep(action: dict[str, Any], grace: int | None, path: str, errors: Errors) -> None:
    seconds = action.get("seconds") or 0
    if grace is not None and not 0 <= seconds <= grace:
        text = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
        errors.append(field.invalid(path, seconds, text))


def _check_http(action: dict[str, Any], path: str, errors: Errors) -> None:
    if not action.get("path"):
        errors.append(field.required(f"{path}.path"))
    check_port(action.get("port"), f"{path}.port", errors)
    scheme = action.get("scheme", "")
    if scheme not in ("HTTP", "HTTPS"):
        errors.append(field.not_supported(f"{path}.scheme", scheme, ("HTTP", "HTTPS")))
    for header in action.get("httpHeaders") or ():
        problems(is_http_header_name, header.get("name", ""), f"{path}.httpHeaders", errors)
