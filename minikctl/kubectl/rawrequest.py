"""--raw: one request to a path, its answer printed as the server sends it.

Upstream counterpart: kubectl's `pkg/rawhttp`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apimachinery import wireform
from minikctl.apimachinery.errors import StatusError, bad_request
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.streaming import HttpAnswer, HttpRequest
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import Values, quote

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource, ResourceSet
    from minikctl.kubectl.factory import Factory

_VERBS = {"get": "get", "create": "create", "replace": "update", "delete": "delete"}
_COLLECTION_VERBS = {"get": "list", "delete": "deletecollection"}
_UPGRADES = ("exec", "attach", "portforward")
_NAMESPACE_SUBRESOURCES = ("status", "finalize")
# What client-go makes of the answers that are no Status objects (NewGenericServerResponse).
_FAILURES = {
    400: ("BadRequest", "the server rejected our request for an unknown reason"),
    401: ("Unauthorized", "the server has asked for the client to provide credentials"),
    403: ("Forbidden", ""),
    404: ("NotFound", "the server could not find the requested resource"),
    405: ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
    409: ("Conflict", "the server reported a conflict"),
    422: ("Invalid", "the server rejected our request due to an error in our request"),
    429: ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: (
        "Timeout",
        "the server was unable to return a response in the time allotted, but may still be processing the request",
    ),
}
_INTEGERS = ("limit", "timeoutSeconds", "gracePeriodSeconds", "tailLines", "limitBytes", "sinceSeconds")


class Target(NamedTuple):
    """The resource a path names."""

    row: Resource
    namespace: str
    name: str
    subresource: str


def resource_path(path: str, resources: ResourceSet) -> Target | None:
    """Take a URL path apart; None where it is no resource's."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
        namespace, rest = rest[1], rest[2:]
    row = resources.by_path(group, version, rest[0])
    if row is None:
        return None
    return Target(row, namespace, rest[1] if len(rest) > 1 else "", "/".join(rest[2:]))


def check_raw(flags: Values, others: Sequence[str]) -> None:
    """What create, replace and delete refuse beside --raw; `others` are flags that do not go with it."""
    files = flags["filename"]
    if files and (len(files) > 1 or not files[0]):
        raise KubectlError("--raw can only use a single local file or stdin")
    if files and files[0].startswith(("http://", "https://")):
        raise KubectlError("--raw cannot read from a url")
    for flag in others:
        if flags[flag]:
            shown = f"--{flag} (-l)" if flag == "selector" else f"--{flag}"
            raise KubectlError(f"--raw and {shown} are mutually exclusive")
    uri = flags["raw"]
    if not uri.startswith("/") and "://" not in uri:
        raise KubectlError(f"--raw must be a valid URL path: parse {quote(uri)}: invalid URI for request")


def request(factory: Factory, command: str, uri: str, body: bytes | None = None) -> None:
    """Send the request that `kubectl COMMAND --raw URI` stands for and print the answer."""
    from urllib.parse import parse_qsl, unquote, urlsplit

    split = urlsplit(uri)
    target = resource_path(unquote(split.path), factory.resources)
    proxied = target is not None and target.subresource.partition("/")[0] == "proxy"
    options: dict[str, Any] = dict(parse_qsl(split.query, keep_blank_values=True))
    if not proxied:
        options = {key: _typed(key, value) for key, value in options.items()}
    fields: dict[str, Any] = {"options": options}
    if body is not None and target is not None:
        from minikctl.apiserver.http import bodies

        if command != "delete":
            fields["body"] = bodies.from_json(body, target.row.kind)
        elif body:
            options.update(bodies.delete_options(bodies.from_json(body, "DeleteOptions")))
    verb = _VERBS[command]
    if target is None:
        answer = factory.client.request(verb, None, path=split.path, **fields)
    else:
        row, namespace, name, subresource = target
        if not name:
            verb = _COLLECTION_VERBS.get(command, verb)
        if verb == "list" and options.pop("watch", "") in ("true", "1"):
            verb = "watch"
        if row.key == "pods" and subresource in _UPGRADES:
            wanted = any(options.get(stream) for stream in ("stdin", "stdout", "stderr"))
            needed = "you must specify at least 1 of stdin, stdout, stderr"
            raise bad_request("Upgrade request required" if wanted or subresource == "portforward" else needed)
        if subresource == "log":
            options.pop("follow", None)
        if proxied:
            fields["body"] = _carried(command, split.path, split.query, body)
            subresource = "proxy"
        fields.update(namespace=namespace, name=name, subresource=subresource)
        answer = factory.client.request(verb, row, **fields)
        if verb in ("list", "deletecollection") and not row.custom:
            _strip_types(answer)
    if split.path.rstrip("/") in wireform.ALWAYS_INDENTED:
        factory.streams.out.write(wireform.indented(answer).decode())
    else:
        _print(factory, answer)


def _carried(command: str, path: str, query: str, body: bytes | None) -> HttpRequest:
    """The request that the proxy of a pod or a service is to carry on."""
    rest = path.partition("/proxy")[2] or "/"
    method = {"get": "GET", "create": "POST", "replace": "PUT", "delete": "DELETE"}[command]
    headers = (("User-Agent", "kubectl"), ("Accept", "application/json, */*"))
    return HttpRequest(method, f"{rest}?{query}" if query else rest, headers, body or b"")


def _strip_types(listed: Obj) -> None:
    """Items of a built-in kind's list do not say what they are: the list does."""
    for item in listed.get("items") or ():
        item.pop("apiVersion", None)
        item.pop("kind", None)


def _typed(key: str, value: str) -> Any:
    if key in _INTEGERS and value:
        from minikctl.apiserver.http import queryoptions

        return queryoptions.integer(value)
    if key == "dryRun":
        return [value]
    return value


def _print(factory: Factory, answer: Any) -> None:
    write = factory.streams.out.write
    if isinstance(answer, HttpAnswer):
        _check_answer(answer)
        write(answer.body.decode("utf-8", "surrogateescape"))
    elif isinstance(answer, str):
        write(answer)
    elif isinstance(answer, bytes):
        write(answer.decode("utf-8", "surrogateescape"))
    elif isinstance(answer, list):
        for event in answer:
            write(_encode(event) + "\n")
    else:
        write(_encode(answer) + "\n")


def _check_answer(answer: HttpAnswer) -> None:
    """Refuse what a proxied server did not answer with success."""
    if answer.status < 400:
        return
    text = answer.body.decode("utf-8", "replace").strip()
    reason, message = _FAILURES.get(answer.status, ("", ""))
    if reason == "Forbidden":
        message = text
    elif not reason and answer.status >= 500:
        reason = "InternalError"
        message = f"an error on the server ({quote(text)}) has prevented the request from succeeding"
    elif not reason:
        message = f"the server responded with the status code {answer.status} but did not return more information"
    raise StatusError(reason, message, code=answer.status)


def _encode(value: Any) -> str:
    text = json.dumps(wireform.ordered(value), separators=(",", ":"), ensure_ascii=False)
    return wireform.escaped(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
