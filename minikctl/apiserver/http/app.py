"""The ASGI application: every request of the network, from its path to its answer.

`Server.handle` is called straight on the event loop: it takes a fraction of a millisecond, and one SQLite
connection serves one thread. Counterpart of the generic apiserver's handler chain (`server/config.go`).
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Protocol

from minikctl.apimachinery import errors, wireform
from minikctl.apimachinery import patch as patches
from minikctl.apimachinery.request import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Request,
    Response,
)
from minikctl.apimachinery.resources import Resource
from minikctl.apiserver.http import (
    answers,
    audit,
    bodies,
    compression,
    connections,
    credentials,
    forms,
    listoptions,
    lists,
    metrics,
    negotiation,
    queryoptions,
    requestinfo,
    watches,
    writeoptions,
)
from minikctl.apiserver.http.activity import Activity
from minikctl.apiserver.http.answers import Answer
from minikctl.apiserver.http.documents import Documents
from minikctl.apiserver.http.exchange import Exchange, Receive, Scope, Send
from minikctl.apiserver.http.frames import Frames
from minikctl.apiserver.http.handling import handled
from minikctl.apiserver.http.priorities import Priorities
from minikctl.store.errors import StoreError

if TYPE_CHECKING:
    from minikctl.apiserver.http.audit import AuditLog
    from minikctl.apiserver.http.credentials import Authenticator
    from minikctl.apiserver.http.requestinfo import RequestInfo
    from minikctl.apiserver.server import Server

CERTIFICATE = "certificate"  # under this name scope["state"] holds what is known of the client's certificate

# What a client's next requests may stand on: reconciled at once where reconciling waits otherwise.
_STOOD_ON = frozenset({"namespaces", "customresourcedefinitions.apiextensions.k8s.io"})
_READING = frozenset({"get", "list", "watch"})
_SELECTING = frozenset({"list", "watch", "deletecollection"})
_PATCHES = frozenset({APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH})
_FORMS = frozenset({"object", "table", "metadata"})
_PATHS = frozenset({"object", "discovery"})
_WITH_BODY = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_NO_CACHE = [(b"content-type", b"application/json"), (b"cache-control", b"no-cache, private")]

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

    def __init__(
        self,
        server: Server,
        authenticator: Authenticator,
        reconciling: Reconciling,
        audit_log: AuditLog | None = None,
    ) -> None:
        self.server = server
        self.authenticator = authenticator
        self.reconciling = reconciling
        self.activity = Activity()
        self.hub = watches.Hub(server, self.activity, reconciling.foreign)
        self.metrics = metrics.Metrics()
        self.documents = Documents(server)
        self.priorities = Priorities(server.reader)
        self._audit_log = audit_log

    def wrote(self, resource: Resource) -> None:
        """A request has written to a kind: feed the watches, wake the controllers."""
        self.hub.changed()
        self.reconciling.wrote(resource.key in _STOOD_ON)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        exchange = Exchange(scope, receive, send, self.server.clock.now())
        exchange.on_start = lambda: self._audit(audit.STARTED, exchange)
        self.activity.begin()
        try:
            answer = await self._answer(exchange)
        except bodies.Disconnected:
            return
        finally:
            self.activity.end()
        if answer is not None and not exchange.started:
            if exchange.request is not None:
                answer.headers.extend(self.priorities.headers(exchange.request))
            if exchange.info is not None and exchange.info.long_running:
                exchange.code = answer.code
                self._audit(audit.STARTED, exchange)
            await compression.compress(answer, exchange.header(b"accept-encoding"))
            await exchange.reply(answer)
        self.metrics.complete(exchange, time.monotonic() - exchange.began, self.server)
        self._audit(audit.COMPLETE, exchange)

    async def _answer(self, exchange: Exchange) -> Answer | None:
        """The answer, whatever happens; None where it has been sent already."""
        try:
            return await self._run(exchange)
        except errors.StatusError as error:
            exchange.error = error
        except _NoSuchPath:
            return answers.not_found_page()
        except _NoSuchMethod:
            return answers.text(405, "405: Method Not Allowed")
        except (StoreError, RecursionError, UnicodeError) as error:
            exchange.error = errors.internal(str(error))
        except Exception as error:
            if exchange.started and isinstance(error, OSError):
                return None  # the client has gone in the middle of a stream
            log.exception("%s %s", exchange.method, exchange.scope["path"])
            exchange.error = errors.internal(str(error))
        # Whoever takes none of what there is gets the refusal as it is for everybody.
        pretty = exchange.pretty or exchange.error.reason == "NotAcceptable"
        return answers.of_error(exchange.error, exchange.media_type, pretty)

    def _audit(self, stage: str, exchange: Exchange) -> None:
        if self._audit_log is not None:
            self._audit_log.stage(stage, exchange)

    async def _run(self, exchange: Exchange) -> Answer | None:
        """Carry a request out: who asks, what for, and the answer."""
        scope = exchange.scope
        self.hub.poll()  # what another process has changed counts from here on
        await self.reconciling.settled(scope.get("client"))
        query = queryoptions.parse(scope["query_string"])
        exchange.info = info = requestinfo.parse(
            exchange.method,
            scope["path"],
            watch="watch" in query and queryoptions.true(query["watch"][0]),
            field_name=queryoptions.field_name(query) if "fieldSelector" in query else "",
        )
        self._authenticate(exchange)
        exchange.request = request = self._request(exchange, info, query)
        if info.long_running:
            return await self._resource(exchange, request, info)
        self.metrics.begin(exchange)
        try:
            if request.resource is None:
                return self._non_resource(exchange, request, query)
            return await self._resource(exchange, request, info)
        finally:
            self.metrics.end(exchange)

    def _authenticate(self, exchange: Exchange) -> None:
        """Find out who asks, and let the audit log begin with the request."""
        certificate = exchange.scope["state"].get(CERTIFICATE)
        authorization = exchange.header(b"authorization")
        try:
            if exchange.upgraded and not authorization:
                authorization = credentials.of_websocket(exchange.scope)
            exchange.user = self.authenticator.user(authorization, certificate)
        except errors.StatusError as error:
            self.metrics.unauthorized()
            if self._audit_log is not None:
                exchange.error, exchange.code = error, error.code
                self._audit_log.unauthorized(exchange)
            raise
        self.metrics.authenticated(exchange.user.name)
        if self._audit_log is not None:
            self._audit_log.begin(exchange)

    def _request(self, exchange: Exchange, info: RequestInfo, query: queryoptions.Query) -> Request:
        """The Request a path stands for; no such path or method where nothing serves it."""
        resource = self._lookup(info) if info.plural else None
        known = resource is not None and (not info.subresource or info.subresource in resource.subresources)
        # A part that a custom kind does not have is one of its object's that is not there.
        lacking = resource is not None and resource.custom and not known
        if info.plural and not known:
            # Whoever may not ask is told that, not whether there is such a path.
            resource = Resource(info.group, info.version, "", info.plural, namespaced=bool(info.namespace))
        impersonate = credentials.impersonated(exchange.scope["headers"])
        exchange.impersonates = impersonate is not None
        assert exchange.user is not None
        request = Request(
            info.verb,
            exchange.user,
            resource,
            info.namespace,
            info.name,
            info.subresource,
            path=info.path,
            user_agent=exchange.header(b"user-agent"),
            impersonate=impersonate,
        )
        if exchange.trail is not None:
            request.notes = exchange.trail.notes
        if resource is not None:
            _check_path(self.server, request, known or lacking, lacking)
            try:
                request.options = queryoptions.options(query)
            except errors.StatusError:
                self.server.admit(request)
                raise
            if info.verb in _SELECTING:
                _select_name(request)
        return request

    def _lookup(self, info: RequestInfo) -> Resource | None:
        return self.server.resource_set().by_path(info.group, info.version, info.plural)

    def _non_resource(self, exchange: Exchange, request: Request, query: queryoptions.Query) -> Answer:
        request.verb = "get" if request.verb == "head" else request.verb
        request.options = {name: values if len(values) > 1 else values[0] for name, values in query.items()}
        accept = exchange.header(b"accept")
        if request.path.rstrip("/") == "/metrics" and request.verb == "get":
            self.server.admit(request)
            return Answer(200, self.metrics.text(self.server, self.hub).encode(), metrics.CONTENT_TYPE)
        if self.documents.has(request.path):
            return self.documents.answer(request, accept, exchange.header(b"if-none-match"), exchange.pretty)
        wanted = negotiation.wanted(accept, _PATHS)
        exchange.media_type = wanted.media_type
        try:
            response = self.server.handle(request)
        except errors.StatusError as error:
            if error.reason == "NotFound":
                raise _NoSuchPath from None
            raise
        if isinstance(response.object, str):
            return answers.text(response.code, response.object, [answers.NO_CACHE])
        pretty = exchange.pretty or request.path in wireform.ALWAYS_INDENTED
        return answers.of_response(response, wanted.media_type, pretty)

    async def _resource(self, exchange: Exchange, request: Request, info: RequestInfo) -> Answer | None:
        server = self.server
        if info.subresource:
            handler = connections.handler(request)
            if handler is not None:
                await self._connect(exchange, request, info, handler)
                return None
        server.admit(request)  # whoever may not ask learns nothing of what is wrong with the request
        if exchange.upgraded and request.verb != "watch":
            raise errors.bad_request("this request cannot be upgraded")
        wanted = negotiation.wanted(exchange.header(b"accept"), _FORMS)
        exchange.media_type, request.accept = wanted.media_type, wanted.form
        forms.check_table(request)
        if request.verb in _READING:
            listoptions.check(request)
        if request.verb == "watch":
            await self._watch(exchange, request)
            return None
        if request.verb in _READING:
            listoptions.present(request, server.storage.store)
            if request.verb == "list" and _in_turns(exchange, request) and (found := server.listing(request)):
                pieces = await lists.encoded(*found, exchange.pretty)
                return Answer(200, pieces, negotiation.JSON, answers.headers(found[0].warnings))
        elif request.verb in _WITH_BODY:
            if request.verb == "patch":
                _check_patch_type(request, exchange.header(b"content-type"))
            body = await _read_body(exchange, request)
            if exchange.trail is not None:
                exchange.trail.asked(request.verb, body)
            writeoptions.check(request)
        response = await handled(server, request)
        if request.verb not in _READING and request.resource is not None:
            self.wrote(request.resource)
        exchange.answered = _formed(request, response)
        return answers.of_object(
            exchange.answered, response.code, wanted.media_type, response.warnings, exchange.pretty
        )

    async def _connect(
        self, exchange: Exchange, request: Request, info: RequestInfo, handler: connections.Handler
    ) -> None:
        """Hand the connection to who streams."""
        self.server.admit(request)
        if exchange.upgraded and info.subresource in connections.UPGRADES:
            # A WebSocket handshake is a GET, but what it asks for is more than reading.
            self.server.authorize(request, "create")
        connection = connections.Connection(
            exchange.scope, exchange.receive, exchange.stream, request, info, self.server, self.hub.change
        )
        with self.activity.aside():
            await handler(connection)
        if request.resource is not None:
            self.wrote(request.resource)

    async def _watch(self, exchange: Exchange, request: Request) -> None:
        assert request.resource is not None
        if "watch" not in request.resource.verbs:
            raise _NoSuchMethod
        context = self.server.context(request, "")
        send: Send = exchange.stream
        if exchange.upgraded:
            send = Frames(send, exchange.scope["subprotocols"])
        with self.activity.aside():
            await watches.serve(self.hub, context, exchange.receive, send, list(_NO_CACHE))


class _NoSuchPath(Exception):
    """Nobody serves this path: upstream's plain "404 page not found"."""


class _NoSuchMethod(Exception):
    """The path is served, but not with this method."""


async def _read_body(exchange: Exchange, request: Request) -> Any:
    """Take in the body, and return it as it was: a new object, a patch, or the options of a delete."""
    data = await bodies.read(exchange.receive, exchange.header(b"content-length"))
    content_type = exchange.header(b"content-type")
    resource = request.resource
    assert resource is not None
    repeated = request.repeated if request.options.get("fieldValidation") != "Ignore" else None
    if request.verb == "patch":
        if request.patch_type.endswith("+json"):
            request.body = patches.parsed(data)
            if repeated is not None and not isinstance(request.body, patches.Malformed):
                repeated += bodies.repeated_of_patch(data, request.patch_type)
        elif request.patch_type.startswith("application/"):
            request.body = bodies.decode(data, content_type)
    elif not data and request.verb in ("delete", "deletecollection"):
        request.body = None
    elif request.verb in ("delete", "deletecollection"):
        options = bodies.decode(data, content_type, "DeleteOptions")
        for name, value in bodies.delete_options(options).items():
            request.options.setdefault(name, value)
        return options
    else:
        request.body = bodies.decode(data, content_type, resource.kind, repeated)
    return None if isinstance(request.body, patches.Malformed) else request.body


def _check_patch_type(request: Request, content_type: str) -> None:
    """Note what kind of patch it is; the router of built-in kinds refuses others than the four it knows."""
    request.patch_type = content_type.split(";", 1)[0].strip().lower()
    resource = request.resource
    if resource is not None and not resource.custom and request.patch_type not in _PATCHES:
        raise errors.generic(415, "415: Unsupported Media Type")


def _check_path(server: Server, request: Request, known: bool, lacking: bool) -> None:
    """Refuse a path that nobody serves or that does not have the method (POST to an object, PUT to a collection).

    `lacking`: the subresource is none of the kind's.
    """
    resource = request.resource
    assert resource is not None
    if known and not lacking and _has_method(request, resource):
        return
    server.admit(request)
    if _is_built_in(server, resource.group, resource.version):
        # The path router of a built-in group version answers for itself, with a Status.
        raise errors.no_route(known and (request.subresource or not request.name or resource.by_name))
    if known and request.subresource:
        raise errors.not_found(resource.key, request.name)
    raise _NoSuchMethod if known else _NoSuchPath


def _has_method(request: Request, resource: Resource) -> bool:
    if request.subresource:
        return resource.subresources[request.subresource].has_method(request.verb)
    right = request.verb in _SELECTING or bool(request.name) == (request.verb != "create")
    return right and request.verb in resource.verbs


def _is_built_in(server: Server, group: str, version: str) -> bool:
    rows = server.resource_set().all_resources()
    return any((row.group, row.version) == (group, version) and not row.custom for row in rows)


def _select_name(request: Request) -> None:
    """A collection's request with a name in its path selects by it: /api/v1/watch/namespaces/NS/pods/NAME."""
    if request.name:
        request.options.setdefault("fieldSelector", f"metadata.name={request.name}")
        request.name = ""


def _in_turns(exchange: Exchange, request: Request) -> bool:
    """Whether a list can be made bit by bit: as JSON, for nobody who wants to have it whole."""
    audited = exchange.trail is not None and exchange.trail.verdict.reaches("RequestResponse")
    return request.accept != "table" and exchange.media_type == negotiation.JSON and not audited


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
