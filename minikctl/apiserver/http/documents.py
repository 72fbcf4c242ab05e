"""Discovery and OpenAPI documents, encoded once and told apart by their ETags.

They change only with what is served. Counterparts: apiserver's aggregated discovery handler, kube-openapi's
`handler` and `handler3`.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha512
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apimachinery.wireform import indented
from minikctl.apiserver import openapiproto
from minikctl.apiserver.http import negotiation
from minikctl.apiserver.http.answers import CODEC, Answer, to_yaml

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Request
    from minikctl.apimachinery.resources import ResourceSet
    from minikctl.apiserver.server import Server

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_FORMS = frozenset({"object", "discovery"})
_ROOTS = frozenset({"api", "apis", "openapi"})
_OPENAPI_TYPES = {
    "application/com.github.proto-openapi.spec.v2.v1.0+json": negotiation.JSON,
    "application/com.github.proto-openapi.spec.v3.v1.0+json": negotiation.JSON,
}
_ENCODERS: dict[str, Callable[[Any], bytes]] = {negotiation.YAML: to_yaml, openapiproto.MEDIA_TYPE: openapiproto.encode}
_CONTENT_TYPES = {openapiproto.MEDIA_TYPE: openapiproto.CONTENT_TYPE}
_FOREVER = [(b"cache-control", b"public, immutable"), (b"vary", b"Accept")]


class _Document(NamedTuple):
    etag: str
    body: bytes
    content_type: str
    kept: dict[str, list[bytes]]


class Documents:
    """The documents of one server, remembered until what is served changes."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._resources: ResourceSet | None = None
        self._known: dict[tuple[str, str, str, bool], _Document] = {}

    def has(self, path: str) -> bool:
        """Whether a path is one of discovery or OpenAPI."""
        return path.strip("/").partition("/")[0] in _ROOTS

    def answer(self, request: Request, accept: str, known_etag: str, pretty: bool) -> Answer:
        """The document at the request's path; StatusError (NotFound too) as `Server.handle` raises it."""
        path = request.path.strip("/")
        if path == "openapi/v2" and openapiproto.MEDIA_TYPE in accept:
            wanted = negotiation.Wanted(openapiproto.MEDIA_TYPE, "object")
        else:
            wanted = negotiation.wanted(_plain(accept), _FORMS)
        aggregated = wanted.form == "discovery" and path in ("api", "apis")
        request.accept = "discovery" if aggregated else "object"
        document = self._document(
            request, path, aggregated, wanted.media_type, pretty and not path.startswith("openapi")
        )
        headers = [(b"etag", f'"{document.etag}"'.encode()), (b"vary", b"Accept")]
        asked = request.options.get("hash")
        if path.startswith("openapi/v3/") and asked:
            if asked != document.etag:
                location = f"/{path}?hash={document.etag}"
                return Answer(301, b"", document.content_type, [(b"location", location.encode())])
            headers = [headers[0], *_FOREVER]
        else:
            headers.append((b"cache-control", b"no-cache, private"))
        if known_etag and known_etag.strip().removeprefix("W/").strip('"') == document.etag:
            answer = Answer(304, b"", document.content_type, headers)
            answer.headers = headers
            return answer
        answer = Answer(200, document.body, document.content_type, headers)
        answer.kept = document.kept
        return answer

    def _document(self, request: Request, path: str, aggregated: bool, media_type: str, pretty: bool) -> _Document:
        self._server.admit(request)
        resources = self._server.resource_set()
        if resources is not self._resources:
            self._known.clear()
            self._resources = resources
        key = (path, request.accept, media_type, pretty)
        found = self._known.get(key)
        if found is None:
            obj = self._server.handle(request).object
            body = _ENCODERS.get(media_type, indented if pretty else CODEC.dumps)(obj)
            content_type = _AGGREGATED if aggregated else _CONTENT_TYPES.get(media_type, media_type)
            found = self._known[key] = _Document(self._etag(path, body), body, content_type, {})
        return found

    def _etag(self, path: str, body: bytes) -> str:
        """Of an OpenAPI v3 document the hash that the index names, else that of its bytes."""
        if path.startswith("openapi/v3/"):
            from minikctl.apiserver import openapidocs

            crds = self._server.reader.list("customresourcedefinitions.apiextensions.k8s.io")
            return openapidocs.document_hash(path.removeprefix("openapi/v3/"), crds)
        return sha512(body).hexdigest().upper()


def _plain(accept: str) -> str:
    """OpenAPI's own names for JSON as JSON."""
    for name, plain in _OPENAPI_TYPES.items():
        accept = accept.replace(name, plain)
    return accept
