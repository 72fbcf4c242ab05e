"""/healthz, /livez and /readyz: the checks of a server, one by one or all together.

Counterpart of apiserver's `server/healthz`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Response

if TYPE_CHECKING:
    from minikctl.apiserver.server import Server

ENDPOINTS = ("healthz", "livez", "readyz")

_Check = Callable[["Server"], bool]


def handle(server: Server, endpoint: str, check: str, options: dict[str, Any]) -> Response:
    """Answer ENDPOINT, or ENDPOINT/CHECK where a check is named; NotFound where there is none of that name."""
    if check:
        if check not in _CHECKS:
            raise errors.StatusError("NotFound", "the server could not find the requested resource", code=404)
        fine = _CHECKS[check](server)
        return Response("ok" if fine else f"internal server error: {check} failed: reason withheld\n", _code(fine))
    excluded = options.get("exclude") or ()
    excluded = {excluded} if isinstance(excluded, str) else set(excluded)
    lines, fine = [], True
    for name, passes in _CHECKS.items():
        if name in excluded:
            lines.append(f"[+]{name} excluded: ok\n")
        elif passes(server):
            lines.append(f"[+]{name} ok\n")
        else:
            lines.append(f"[-]{name} failed: reason withheld\n")
            fine = False
    unknown = sorted(excluded - set(_CHECKS))
    if unknown:
        quoted = ", ".join(f'"{name}"' for name in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {quoted}\n")
    if not fine:
        return Response("".join(lines) + f"{endpoint} check failed\n", 500)
    if "verbose" not in options:
        return Response("ok")
    return Response("".join(lines) + f"{endpoint} check passed\n")


def _code(fine: bool) -> int:
    return 200 if fine else 500


def _store(server: Server) -> bool:
    return server.storage.store.revision() > 0


def _roles(server: Server) -> bool:
    return server.reader.get("clusterroles.rbac.authorization.k8s.io", "", "cluster-admin") is not None


# What answers at all passes the first two.
_CHECKS: dict[str, _Check] = {
    "ping": lambda server: True,
    "log": lambda server: True,
    "etcd": _store,
    "poststarthook/rbac/bootstrap-roles": _roles,
}
