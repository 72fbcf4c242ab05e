"""The proxy subresources: an HTTP request that is carried on to a pod or a service.

Counterpart: apiserver's `util/proxy` (UpgradeAwareHandler), without upgrades.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.streaming import HttpAnswer, HttpRequest
from minikctl.apiserver.http import bodies
from minikctl.apiserver.http.handling import handled

if TYPE_CHECKING:
    from minikctl.apiserver.http.connections import Connection

_DROPPED = frozenset(("authorization", "connection", "host", "keep-alive", "transfer-encoding", "upgrade"))


async def serve(connection: Connection) -> None:
    """Carry one request on and its answer back."""
    if connection.upgraded:
        raise errors.bad_request("upgrades are not carried on to emulated pods")
    scope, request = connection.scope, connection.request
    path = "/" + connection.info.rest.lstrip("/")
    if scope["query_string"]:
        path += "?" + scope["query_string"].decode("latin-1")
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    kept = tuple((name, value) for name, value in headers if name.lower() not in _DROPPED)
    body = await bodies.read(connection.receive, dict(headers).get("content-length", ""))
    request.body = HttpRequest(scope["method"], path, kept, body)
    answer: HttpAnswer = (await handled(connection.server, request)).object
    sent = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers]
    sent.append((b"content-length", str(len(answer.body)).encode()))
    await connection.send({"type": "http.response.start", "status": answer.status, "headers": sent})
    data = b"" if scope["method"] == "HEAD" else answer.body
    await connection.send({"type": "http.response.body", "body": data})
