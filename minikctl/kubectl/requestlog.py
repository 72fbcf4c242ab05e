"""-v: the requests on standard error, as client-go's `transport/round_trippers.go` and `rest/request.go` log them.

Scripts grep these lines for paths and `limit=`. Hooked into the client by the factory. What a level adds:
1 feature gates, 4 the Status behind an error, 6 the kubeconfig and a line per response, 7 the request with its
headers, 8 bodies (cut off) and the response's headers, 9 a curl command in place of the request, 10 whole bodies.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from minikctl.apimachinery import wireform
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Request, Response
from minikctl.kubectl import klog
from minikctl.kubectl.errors import flattened
from minikctl.kubectl.flags import quote

_METHODS = {
    "get": "GET", "list": "GET", "watch": "GET", "create": "POST", "update": "PUT", "patch": "PATCH",
    "delete": "DELETE", "deletecollection": "DELETE",
}  # fmt: skip
_TEXTS = {
    200: "OK", 201: "Created", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 410: "Gone", 413: "Request Entity Too Large",
    415: "Unsupported Media Type", 422: "Unprocessable Entity", 429: "Too Many Requests",
    500: "Internal Server Error", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip
_QUERY = ("allowWatchBookmarks", "container", "continue", "dryRun", "fieldManager", "fieldSelector", "fieldValidation",
          "follow", "force", "labelSelector", "limit", "limitBytes", "previous", "resourceVersion", "sinceSeconds",
          "sinceTime", "tailLines", "timeoutSeconds", "timestamps", "watch")  # fmt: skip
# What a DELETE says in its body (metav1.DeleteOptions), in the order of its type.
_DELETE_OPTIONS = ("gracePeriodSeconds", "preconditions", "propagationPolicy", "dryRun")
_SERVER = "https://minikctl"
# client-go's feature gates (`features/known_features.go`), which kubectl tells in no certain order.
_GATES = {
    "AtomicFIFO": True, "ClientsAllowCARotation": True, "ClientsAllowCBOR": False, "ClientsAllowTLSCacheGC": True,
    "ClientsPreferCBOR": False, "InOrderInformers": True, "InOrderInformersBatchProcess": True,
    "InformerResourceVersion": True, "UnlockWhileProcessingFIFO": True, "WatchListClient": True,
}  # fmt: skip
_TABLE = ",".join(
    [f"application/json;as=Table;v={version};g=meta.k8s.io" for version in ("v1", "v1beta1")] + ["application/json"]
)
# How much of a body is shown.
_SHOWN = {8: 1024, 9: 10240}
_PLACES = {"list": 113, "get": 105, "create": 246, "update": 287, "patch": 269, "delete": 202}


class RequestLog:
    """Prints requests and responses in the detail of `level`; `files` are the kubeconfigs that were read."""

    def __init__(self, err: TextIO, level: int, files: Iterable[str] = ()) -> None:
        self.err = err
        self.level = level
        self.started = time.monotonic()
        if level >= 6:
            for path in files:
                self._line("loader.go:407", f"Config loaded from file:  {path}")
        for gate, enabled in _GATES.items():
            state = f'feature="{gate}" enabled={str(enabled).lower()}'
            self._line("envvar.go:195", f'"Feature gate default state" {state}')

    def __call__(self, request: Request, response: Response | StatusError) -> None:
        """Print one request and its outcome."""
        if self.level < 6:
            return
        took = int((time.monotonic() - self.started) * 1000)
        self.started = time.monotonic()
        place = f"helper.go:{_PLACES.get(request.verb, 105)}"
        if self.level >= 8:
            self._body(place, "Request", _request_body(request))
        if self.level >= 7:
            self._request(request)
        answer = _response_body(response)
        self._response(request, response.code, answer, took)
        if self.level >= 8 and answer is not None:
            self._body(place, "Response", answer)

    def _line(self, place: str, text: str) -> None:
        self.err.write(klog.line("I", place, text) + "\n")

    def _request(self, request: Request) -> None:
        headers = _headers(request)
        if self.level < 9:
            told = f"{_verb_and_url(request)} headers={_block(f'{key}: {value}' for key, value in headers)}"
        else:
            given = " ".join(f'-H "{key}: {value}"' for key, value in headers)
            command = f"curl -v -X{_method(request)}  {given} '{_SERVER}{request_uri(request)}'"
            told = f"curlCommand={_block([command])}"
        self._line("round_trippers.go:527", f'"Request" {told}')

    def _response(self, request: Request, code: int, answer: str | None, took: int) -> None:
        told = ['"Response"']
        if self.level not in (7, 8):  # those have just named the request
            told.append(_verb_and_url(request))
        status = f"{code} {_TEXTS.get(code, '')}".strip()
        told.append(f'status="{status}"')
        if self.level >= 8:
            told.append(f"headers={_block(_response_headers(answer))}")
        told.append(f"milliseconds={took}")
        if self.level >= 9:
            told.append(f"getConnectionMilliseconds=0 serverProcessingMilliseconds={took}")
        self._line("round_trippers.go:632", " ".join(told))

    def _body(self, place: str, title: str, text: str) -> None:
        limit = _SHOWN.get(self.level, len(text))
        if len(text) > limit:
            text = f"{text[:limit]} [truncated {len(text) - limit} chars]"
        shown = _block(text[:-1].split("\n")) if text.endswith("\n") else quote(text)
        self._line(place, f'"{title} Body" body={shown}')


def tell_statuses(error: BaseException, write: Callable[[str], object]) -> None:
    """The Status objects behind an error, before the words about it."""
    for one in flattened([error]) if isinstance(error, Exception) else ():
        if isinstance(one, StatusError):
            status = wireform.indented(one.status()).decode("utf-8", "surrogatepass")
            # kubectl leaves the verb of its format in.
            write(klog.line("I", "helpers.go:246", f"server response object: %s[{status}]") + "\n")


def _block(lines: Iterable[str]) -> str:
    """A value of several lines, as klog sets it apart."""
    return "<\n" + "".join(f"\t{line}\n" for line in lines) + " >"


def _method(request: Request) -> str:
    return _METHODS.get(request.verb, request.verb.upper())


def _verb_and_url(request: Request) -> str:
    return f'verb="{_method(request)}" url="{_SERVER}{request_uri(request)}"'


def _headers(request: Request) -> list[tuple[str, str]]:
    """The headers that kubectl sends, by name."""
    from minikctl.kubectl.cmd.version import client_version

    typed = request.resource is None or request.subresource == "log"
    accept = _TABLE if request.accept == "table" else "application/json, */*" if typed else "application/json"
    found = [("Accept", accept)]
    if _request_body(request):
        found.append(("Content-Type", request.patch_type or "application/json"))
    told = client_version()
    found.append(("User-Agent", f"kubectl/{told['gitVersion']} ({told['platform']}) kubernetes/$Format"))
    return found


def _response_headers(answer: str | None) -> list[str]:
    from email.utils import formatdate

    found = ["Cache-Control: no-cache, private"]
    if answer is not None:
        found += [f"Content-Length: {len(answer.encode('utf-8', 'surrogatepass'))}", "Content-Type: application/json"]
    return [*found, f"Date: {formatdate(usegmt=True)}"]


def _request_body(request: Request) -> str:
    """The body as it would be sent: Go's maps have their keys sorted. A patch ends without a newline."""
    body = request.body
    if body is None and _method(request) == "DELETE":
        given = {name: request.options.get(name) for name in _DELETE_OPTIONS}
        return _json({name: value for name, value in given.items() if value not in (None, "", [])}, sort=False) + "\n"
    if body is None:
        return ""
    return _json(body, sort=True) + ("" if request.verb == "patch" else "\n")


def _response_body(response: Response | StatusError) -> str | None:
    """The answer as the server would send it; None for what streams."""
    body = response.status() if isinstance(response, StatusError) else response.object
    return _json(wireform.ordered(body), sort=False) + "\n" if isinstance(body, (dict, list)) else None


def _json(value: Any, sort: bool) -> str:
    import json

    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=sort)
    return wireform.escaped(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def request_uri(request: Request) -> str:
    """The path and query of a request as the HTTP API has them."""
    if request.resource is None:
        return request.path
    # An object is posted to its collection; DELETE has its options in the body.
    name = "" if request.verb == "create" and not request.subresource else request.name
    path = request.resource.path(request.namespace, name, request.subresource)
    pairs = []
    for key in _QUERY:
        value = request.options.get(key)
        if value in (None, "", False, 0) or (request.verb == "delete" and key in _DELETE_OPTIONS):
            continue
        from urllib.parse import quote_plus

        text = "true" if value is True else ",".join(value) if isinstance(value, list) else str(value)
        pairs.append(f"{key}={quote_plus(text)}")
    if request.verb == "watch" and "watch" not in request.options:
        pairs.append("watch=true")
    return path + ("?" + "&".join(pairs) if pairs else "")
