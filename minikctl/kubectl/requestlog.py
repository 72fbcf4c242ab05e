"""-v=6 and above: one line per request on standard error, in klog's form.

Scripts grep these lines for paths and `limit=`. Hooked into the client by the factory.
"""

from __future__ import annotations

import os
import time
from typing import Any, TextIO

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Request, Response

_METHODS = {
    "get": "GET", "list": "GET", "watch": "GET", "create": "POST", "update": "PUT", "patch": "PATCH",
    "delete": "DELETE", "deletecollection": "DELETE",
}  # fmt: skip
_TEXTS = {200: "OK", 201: "Created", 404: "Not Found", 409: "Conflict", 403: "Forbidden", 400: "Bad Request"}
_QUERY = ("allowWatchBookmarks", "continue", "dryRun", "fieldManager", "fieldSelector", "fieldValidation", "force",
          "labelSelector", "limit", "resourceVersion", "timeoutSeconds", "watch")  # fmt: skip
_SERVER = "https://minikctl"


class RequestLog:
    """Prints requests at `level` 6 (one line), 8 and above also bodies."""

    def __init__(self, err: TextIO, level: int) -> None:
        self.err = err
        self.level = level
        self.started = time.monotonic()

    def __call__(self, request: Request, response: Response | StatusError) -> None:
        """Print one request and its outcome."""
        took = int((time.monotonic() - self.started) * 1000)
        self.started = time.monotonic()
        verb = _METHODS.get(request.verb, request.verb.upper())
        code = response.code
        status = f"{code} {_TEXTS.get(code, '')}".strip()
        url = _SERVER + request_uri(request)
        self._line(f"{verb} {url} {status} in {took} milliseconds")
        if self.level >= 8:
            self._bodies(request, response)

    def _line(self, text: str) -> None:
        now = time.time()
        stamp = time.strftime("%m%d %H:%M:%S", time.localtime(now)) + f".{int(now % 1 * 1_000_000):06d}"
        self.err.write(f"I{stamp} {os.getpid():7d} round_trippers.go:632] {text}\n")

    def _bodies(self, request: Request, response: Response | StatusError) -> None:
        import json

        def show(title: str, body: Any) -> None:
            text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
            if self.level < 10 and len(text) > 1024:
                text = f"{text[:1024]} [truncated {len(text) - 1024} chars]"
            self._line(f"{title} Body: {text}")

        if request.body is not None:
            show("Request", request.body)
        body = response.status() if isinstance(response, StatusError) else response.object
        if isinstance(body, (dict, list, str)):  # a connection has none
            show("Response", body)


def request_uri(request: Request) -> str:
    """The path and query of a request as the HTTP API has them."""
    if request.resource is None:
        return request.path
    path = request.resource.path(request.namespace, request.name, request.subresource)
    pairs = []
    for name in _QUERY:
        value = request.options.get(name)
        if value not in (None, "", False, 0):
            from urllib.parse import quote_plus

            text = "true" if value is True else ",".join(value) if isinstance(value, list) else str(value)
            pairs.append(f"{name}={quote_plus(text)}")
    if request.verb == "watch" and "watch" not in request.options:
        pairs.append("watch=true")
    return path + ("?" + "&".join(pairs) if pairs else "")
