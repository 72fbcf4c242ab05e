"""The ASGI application: every request of the network, from its path to its answer.

`Server.handle` is called straight on the event loop: it takes a fraction of a millisecond, and one SQLite
connection serves one thread. Counterpart of the generic apiserver's handler chain (`server/config.go`).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Request, Response, UserInfo
from minikctl.apiserver.http import (
    answers,
    bodies,
    connections,
    credentials,
    forms,
    listoptions,
    negotiation,
    queryoptions,
    requestinfo,
    watches,
)
from minikctl.apiserver.http.activity import Activity
from minikctl.apiserver.http.answers import Answer

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.http.credentials import Authenticator
    from minikctl.apiserver.http.requestinfo import RequestInfo
    from minikctl.apiserver.server import Server

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CERTIFICATE = "certificate"  # under this name scope["state"] holds the verified client certificate's user

# What a client's next requests may stand on: reconciled at once where reconciling waits otherwise.
_STOOD_ON = frozenset({"namespaces", "customresourcedefinitions.apiextensions.k8s.io"})
_READING = frozenset({"get", "list", "watch"})
_FORMS = {
    "get": frozenset({"object", "table", "metadata"}),
    "list": frozenset({"object", "table", "metadata"}),
    "watch": frozenset({"object", "table", "metadata"}),
}
_WRITTEN_FORMS = frozenset({"object", "table", "metadata"})
_PATHS = frozenset({"object", "discovery"})
_AGGREGATED = b"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_WITH_BODY = frozenset({"create", "update", "patch", "delete", "deletecollection"})

log = logging.getLogger("minikctl.serve")


class Reconciling(Protocol):
    """Who lets the controllers work while the server serves."""

    def wrote(self, at_once: bool) -> None:
        """A request has written: there may be work. `at_once`: a client's next requests stand on its outcome."""

    async def settled(self, connection: Any) -> None:
        """A request of a client's connection begins; return once it may be carried out."""

    def foreign(self) -> None:
        """Another process has written."""


class Application:
    """The apiserver as an ASGI application."""

    def __init__(self, server: Server, authenticator: Authenticator, reconciling: Reconciling) -> None:
        self.server = server
        self.authenticator = authenticator
        self.reconciling = reconciling
        self.activity = Activity()
        self.hub = watches.Hub(server, self.activity, reconciling.foreign)

    def wrote(self, resource: Resource) -> None:
        """A request has written to a kind: feed the watches, wake the controllers."""
        self.hub.changed()
        self.reconciling.wrote(resource.key in _STOOD_ON)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        exchange = _Exchange(self, scope, receive, send)
        self.activity.begin()
        try:
            answer = await exchange.run()
        except bodies.Disconnected:
            return
        except errors.StatusError as error:
            answer = answers.of_error(error, exchange.media_type)
        except _NoSuchPath:
            answer = answers.not_found_page()
        except _NoSuchMethod:
            answer = answers.text(405, "405: Method Not Allowed")
        except Exception as error:
            log.exception("%s %s", scope.get("method"), scope["path"])
            answer = answers.of_error(errors.internal(str(error)), exchange.media_type)
        finally:
            self.activity.end()
        if answer is not None and not exchange.started:
            await exchange.reply(answer)


class _NoSuchPath(Exception):
    """Nobody serves this path: upstream's plain "404 page not found"."""


class _NoSuchMethod(Exception):
    """The path is served, but not with this method."""


class _Exchange:
    """One request and its answer."""

    __slots__ = ("app", "headers", "media_type", "receive", "scope", "send", "started", "user")

    def __init__(self, app: Application, scope: Scope, receive: Receive, send: Send) -> None:
        self.app = app
        self.scope = scope
        self.receive = receive
        self.send = send
        self.started = False
        self.media_type = negotiation.JSON
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.user: UserInfo = credentials.ANONYMOUS

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    async def reply(self, answer: Answer) -> None:
        """Send a whole answer; a WebSocket that was refused gets it too, as the handshake's answer."""
        if self.scope["type"] == "websocket":
            start, body = "websocket.http.response.start", "websocket.http.response.body"
        else:
            start, body = "http.response.start", "http.response.body"
        await self.send({"type": start, "status": answer.code, "headers": answer.headers})
        data = b"" if self.scope.get("method") == "HEAD" else answer.body
        await self.send({"type": body, "body": data})

    async def run(self) -> Answer | None:
        """Carry the request out; None where it has been answered already (a watch, a stream)."""
        app, scope = self.app, self.scope
        certificate = scope["state"].get(CERTIFICATE)
        self.user = app.authenticator.user(self.header(b"authorization"), certificate)
        query = queryoptions.parse(scope["query_string"])
        watch = "watch" in query and queryoptions.true(query["watch"][0])
        name = queryoptions.field_name(query) if "fieldSelector" in query else ""
        method = scope.get("method", "GET")
        info = requestinfo.parse(method, scope["path"], watch, name)
        await app.reconciling.settled(scope.get("client"))
        request = self._request(info, query)
        if request.resource is None:
            return self._non_resource(request, query)
        return await self._resource(request, info, query)

    def _request(self, info: RequestInfo, query: queryoptions.Query) -> Request:
        """The Request a path stands for; NotFound or a missing method where nothing serves it."""
        resource = None
        if info.plural:
            resource = self._lookup(info)
        request = Request(
            info.verb,
            self.user,
            resource,
            info.namespace,
            info.name,
            info.subresource,
            path=info.path,
            user_agent=self.header(b"user-agent"),
            impersonate=credentials.impersonated(self.scope["headers"]),
        )
        if resource is not None:
            _check_method(info, resource)
            request.options = queryoptions.options(query)
            if info.verb in ("list", "watch", "deletecollection"):
                _select_name(request)
        return request

    def _lookup(self, info: RequestInfo) -> Resource:
        found = self.app.server.resource_set().by_path(info.group, info.version, info.plural)
        if found is None or (info.subresource and info.subresource not in found.subresources):
            raise _NoSuchPath
        return found

    def _non_resource(self, request: Request, query: queryoptions.Query) -> Answer:
        wanted = negotiation.wanted(self.header(b"accept"), _PATHS)
        self.media_type = wanted.media_type
        request.accept = wanted.form
        request.options = {name: values[0] for name, values in query.items()}
        try:
            response = self.app.server.handle(request)
        except errors.StatusError as error:
            if error.reason == "NotFound":
                return answers.not_found_page()
            raise
        answer = answers.of_response(response, wanted.media_type)
        if wanted.form == "discovery" and request.path.rstrip("/") in ("/api", "/apis"):
            answer.headers[0] = (b"content-type", _AGGREGATED)
        return answer

    async def _resource(self, request: Request, info: RequestInfo, query: queryoptions.Query) -> Answer | None:
        app = self.app
        upgraded = self.scope["type"] == "websocket"
        if info.subresource:
            handler = connections.handler(request)
            if handler is not None:
                app.server.admit(request)
                with app.activity.aside():
                    await handler(self._connection(request, info))
                assert request.resource is not None
                app.wrote(request.resource)
                return None
        if upgraded:
            raise errors.bad_request("this request cannot be upgraded")
        wanted = negotiation.wanted(self.header(b"accept"), _FORMS.get(request.verb, _WRITTEN_FORMS))
        self.media_type, request.accept = wanted.media_type, wanted.form
        if request.verb in _READING:
            listoptions.check(request)
        if request.verb == "watch":
            await self._watch(request)
            return None
        if request.verb in _READING:
            listoptions.present(request, app.server.storage.store.revision())
        if request.verb in _WITH_BODY:
            await self._read_body(request)
        response = app.server.handle(request)
        if request.verb not in _READING and request.resource is not None:
            app.wrote(request.resource)
        return answers.of_object(_formed(request, response), response.code, wanted.media_type, response.warnings)

    def _connection(self, request: Request, info: RequestInfo) -> connections.Connection:
        return connections.Connection(
            self.scope, self.receive, self._sending, request, info, self.app.server, self.app.hub.change
        )

    async def _sending(self, message: MutableMapping[str, Any]) -> None:
        self.started = True
        await self.send(message)

    async def _watch(self, request: Request) -> None:
        server = self.app.server
        server.admit(request)
        if "watch" not in (request.resource.verbs if request.resource else ()):
            raise _NoSuchMethod
        context = server.context(request, "")
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-cache, private")]
        with self.app.activity.aside():
            await watches.serve(self.app.hub, context, self.receive, self._sending, headers)

    async def _read_body(self, request: Request) -> None:
        data = await bodies.read(self.receive, self.header(b"content-length"))
        content_type = self.header(b"content-type")
        resource = request.resource
        assert resource is not None
        if request.verb == "patch":
            request.patch_type = content_type.split(";", 1)[0].strip().lower()
            if request.patch_type.startswith("application/"):
                request.body = bodies.decode(data, content_type)
            return
        if not data:
            if request.verb in ("create", "update"):
                request.body = {}
            return
        body = bodies.decode(data, content_type, resource.kind)
        if request.verb in ("delete", "deletecollection"):
            _delete_options(request, body)
        else:
            request.body = body


def _check_method(info: RequestInfo, resource: Resource) -> None:
    """Refuse a method that the path does not have (POST to an object, PUT to a collection)."""
    if not info.verb:
        raise _NoSuchMethod
    if info.subresource:
        return
    named = info.verb in ("update", "patch", "delete", "get")
    if named != bool(info.name) and info.verb not in ("list", "watch", "deletecollection"):
        raise _NoSuchMethod
    if info.verb not in resource.verbs:
        raise _NoSuchMethod


def _select_name(request: Request) -> None:
    """A collection's request with a name in its path selects by it: /api/v1/watch/namespaces/NS/pods/NAME."""
    if request.name:
        request.options.setdefault("fieldSelector", f"metadata.name={request.name}")
        request.name = ""


def _delete_options(request: Request, body: Any) -> None:
    """What the body of a delete (DeleteOptions) says beside the query parameters."""
    if not isinstance(body, dict):
        raise errors.bad_request("the object provided is unrecognized (must be of type DeleteOptions)")
    for name in ("gracePeriodSeconds", "propagationPolicy", "orphanDependents", "preconditions", "dryRun"):
        if body.get(name) is not None:
            request.options.setdefault(name, body[name])


def _formed(request: Request, response: Response) -> Any:
    """The answer's object in the form that was asked for."""
    obj = response.object
    if not isinstance(obj, dict):
        return obj
    if request.verb == "list" and obj.get("kind") != "Table":
        if request.accept == "metadata":
            return forms.partial_list(obj)
        resource = request.resource
        if resource is not None and not resource.custom:
            # Items of a built-in kind's list do not say what they are: the list does.
            for item in obj["items"]:
                item.pop("apiVersion", None)
                item.pop("kind", None)
        return obj
    if request.accept == "metadata" and obj.get("kind") != "Status":
        return forms.partial(obj)
    return obj
