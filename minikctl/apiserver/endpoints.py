"""Non-resource paths: version, health and discovery.

Counterpart of the generic apiserver's installed routes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl import KUBERNETES_VERSION
from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Request, Response
from minikctl.apiserver import health

if TYPE_CHECKING:
    from minikctl.apiserver.server import Server


def version() -> dict[str, str]:
    """/version, as a v1.36 apiserver on linux answers it."""
    major, minor, _ = KUBERNETES_VERSION.lstrip("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": KUBERNETES_VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "",
        "goVersion": "",
        "compiler": "",
        "platform": "linux/amd64",
    }


def handle(server: Server, request: Request) -> Response:
    """Answer a GET of a path that is no resource."""
    path = request.path.rstrip("/") or "/"
    if request.verb != "get":
        raise errors.no_route(True)
    fixed = _FIXED.get(path)
    if fixed is not None:
        return Response(fixed(server, request))
    parts = path.strip("/").split("/")
    if parts[0] in health.ENDPOINTS:
        return health.handle(server, parts[0], "/".join(parts[1:]), request.options)
    if parts[0] in ("api", "apis"):
        from minikctl.apiserver import discovery

        found = discovery.document(server.resource_set(), path, request.accept == "discovery")
        if found is not None:
            return Response(found)
    if parts[0] == "openapi":
        found = _openapi(server, parts[1:])
        if found is not None:
            return Response(found)
    raise errors.StatusError("NotFound", "the server could not find the requested resource", code=404)


def _openapi(server: Server, parts: list[str]) -> Any:
    from minikctl.apiserver import openapidocs

    resources = server.resource_set()
    crds = server.reader.list("customresourcedefinitions.apiextensions.k8s.io")
    if parts == ["v3"]:
        return openapidocs.index(resources, crds)
    if parts == ["v2"]:
        return openapidocs.swagger(resources, crds)
    return openapidocs.document(resources, "/".join(parts[1:]), crds) if parts[:1] == ["v3"] else None


def _openid() -> dict[str, Any]:
    """The discovery document of the service account issuer."""
    issuer = "https://kubernetes.default.svc.cluster.local"
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/openid/v1/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


_FIXED: dict[str, Callable[[Server, Request], Any]] = {
    "/version": lambda server, request: version(),
    "/.well-known/openid-configuration": lambda server, request: _openid(),
    "/": lambda server, request: {"paths": sorted({"/api", "/apis", "/healthz", "/livez", "/readyz", "/version"})},
}
