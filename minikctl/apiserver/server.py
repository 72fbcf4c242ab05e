"""kube-apiserver: one function that is the chain every request takes, and the only way to the store.

The command line and the controllers call `handle` in-process, the HTTP server for the network.
Counterpart of the generic apiserver's handler chain and its installed endpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from importlib import import_module
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, resources
from minikctl.apimachinery.request import Change, Obj, Request, Response, UserInfo
from minikctl.apiserver.registry.context import Context
from minikctl.apiserver.registry.reader import Reader
from minikctl.apiserver.registry.storage import Storage, stored_as
from minikctl.apiserver.registry.strategy import Strategy, strategy_for

if TYPE_CHECKING:
    from minikctl.apimachinery.clock import Clock
    from minikctl.apimachinery.field import FieldError
    from minikctl.apimachinery.openapi import Schema
    from minikctl.apimachinery.rand import Rand
    from minikctl.apimachinery.resources import Resource, ResourceSet
    from minikctl.apimachinery.selectors import Selector
    from minikctl.apiserver.authorization import Authorizer
    from minikctl.apiserver.registry.read import Listing
    from minikctl.store.sqlite import SQLiteStore

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
_RBAC = ".rbac.authorization.k8s.io"
# Built-in kinds whose only version is deprecated, and what every request to them is told.
_DEPRECATED = {
    "endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    "componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
}
_READS = frozenset({"get", "list", "watch"})
_WEBHOOKS = tuple(f"{kind}webhookconfigurations.admissionregistration.k8s.io" for kind in ("mutating", "validating"))
_OPERATIONS = {"create": "CREATE", "update": "UPDATE", "patch": "UPDATE", "delete": "DELETE"}


class Server:
    """One apiserver over one store. Any number may serve the same store."""

    def __init__(self, store: SQLiteStore, clock: Clock, rand: Callable[[], Rand]) -> None:
        """`rand` is called once, when the first id is needed."""
        self.clock = clock
        self.storage = Storage(store)
        self.reader = Reader(self.storage)
        store.on_upset = self.forget
        # Tells the user of a bearer token that is not of this cluster's making; None where it is nobody's.
        self.known_token: Callable[[str], UserInfo | None] = lambda token: None
        # How pods/log, exec and the like reach a node's kubelet: (Context, subresource) -> answer.
        self.connect: Callable[[Context], Any] | None = None
        # How to wait for a webhook: who serves meanwhile does something else.
        self.aside: Callable[[Callable[[], None]], None] = lambda call: call()
        self.stopping: bool = False  # whether it is about to end: who asks whether it is ready is told
        self._make_rand = rand
        self._rand: Rand | None = None
        self._authorizer: Authorizer | None = None
        self._strategies: dict[tuple[str, str], Strategy] = {}
        self._extended: tuple[tuple[int, int], ResourceSet] | None = None
        # CustomResourceDefinitions as `registry.kinds.custom` has parsed them.
        self.definitions: dict[str, Any] = {}

    def handle(self, request: Request) -> Response:
        """Carry out one request. StatusError is the only error that leaves it."""
        if self.asks(request):
            from minikctl.apiserver.admission.webhooks import conversation

            return conversation.carry_out(self, request)
        return self.carry_out(request)

    def asks(self, request: Request) -> bool:
        """Whether webhooks may have to be asked about a request."""
        if request.verb in _READS and not request.subresource:
            return False
        return self.hooked

    @property
    def hooked(self) -> bool:
        """Whether there are any admission webhooks."""
        if self.storage.store.is_behind():
            self.reader.forget()  # asked before the transaction begins that would tell
        return self.reader.any_of(_WEBHOOKS)

    def carry_out(self, request: Request) -> Response:
        """`handle` on the spot: AnswersNeeded leaves it too where webhooks are to be asked."""
        self.admit(request)
        if request.resource is None:
            return self._non_resource(request)
        if request.subresource:
            return self._subresource(request)
        handler = _VERBS.get(request.verb)
        if handler is None or request.verb not in request.resource.verbs:
            if request.resource.custom:
                raise errors.method_not_supported(request.resource.key, request.verb)
            raise errors.no_route(not request.name or request.resource.by_name)
        ctx = self.context(request, _OPERATIONS.get(request.verb, ""))
        try:
            if computed := _computed(request.resource):
                return Response(computed(ctx), 200, ctx.warnings)
            if virtual := _virtual(request.resource):
                return Response(virtual(ctx), 201, ctx.warnings)
            return handler(self, ctx)
        except errors.StatusError as error:
            error.warnings = ctx.warnings
            raise

    def listing(self, request: Request) -> tuple[Context, Listing] | None:
        """A list to be carried out bit by bit, as `handle` would; None where it must be done at once."""
        resource = request.resource
        if resource is None or request.subresource or _computed(resource) or "list" not in resource.verbs:
            return None
        from minikctl.apiserver.registry import read

        self.admit(request)
        ctx = self.context(request, "")
        with self.storage.store.snapshot():
            return ctx, read.Listing(ctx)

    # The chain's parts

    def admit(self, request: Request) -> None:
        """The chain's beginning, for those who hold a connection open instead: impersonate, authorize."""
        if request.impersonate is not None:
            self._impersonate(request)
        self.authorize(request)

    def _impersonate(self, request: Request) -> None:
        from minikctl.apiserver import impersonation

        request.user = impersonation.impersonate(self.authorizer, request)
        request.impersonate = None

    def authorize(self, request: Request, verb: str = "") -> None:
        """Refuse (Forbidden) what RBAC does not allow. Members of system:masters may do anything."""
        if "system:masters" not in request.user.groups:
            self.authorizer.check(request, verb or request.verb)

    def forget(self) -> None:
        """Drop what was remembered of stored objects: another process has written, or writes were taken back."""
        self._extended = None
        self.reader.forget()
        if self._authorizer is not None:
            self._authorizer.forget()

    @property
    def authorizer(self) -> Authorizer:
        if self._authorizer is None:
            from minikctl.apiserver.authorization import Authorizer

            self._authorizer = Authorizer(self.reader)
            self.storage.touched.clear()
        elif self.storage.touched:
            if any(key.endswith(_RBAC) for key in self.storage.touched):
                self._authorizer.forget()
            self.storage.touched.clear()
        return self._authorizer

    def context(self, request: Request, operation: str) -> Context:
        resource = request.resource
        assert resource is not None
        if not resource.namespaced:
            request.namespace = ""
        ctx = Context(self, request, resource, self.strategy(resource), operation)
        if resource.custom:
            from minikctl.apiserver.registry.kinds import custom

            custom.admit(ctx)
        elif resource.key in _DEPRECATED:
            ctx.warnings.append(_DEPRECATED[resource.key])
            ctx.note_deprecated()
        return ctx

    def is_deprecated(self, resource: Resource) -> bool:
        """Whether requests to a kind in this version are warned about."""
        if resource.custom:
            from minikctl.apiserver.registry.kinds import custom

            return bool(custom.deprecation(self, resource))
        return resource.key in _DEPRECATED

    @property
    def rand(self) -> Rand:
        if self._rand is None:
            self._rand = self._make_rand()
        return self._rand

    # Kinds

    def resource_set(self) -> ResourceSet:
        """Everything served now: built-in kinds, those of CustomResourceDefinitions, the metrics API."""
        state = self.storage.store.kind_state(CRDS)
        if self._extended is None or self._extended[0] != state:
            extra = [row for crd in self.reader.list(CRDS) if _established(crd) for row in resources.from_crd(crd)]
            from minikctl.apiserver import metricskinds

            if metricskinds.served(self.storage.store):
                extra.extend(metricskinds.ROWS)
            switched = self._switched()
            self._extended = (
                state,
                resources.ResourceSet(extra, switched) if extra or switched else resources.builtin(),
            )
        return self._extended[1]

    def _switched(self) -> frozenset[str]:
        """API versions that this cluster serves though they are off by default."""
        settings = self._settings_with("runtime-config")
        if not settings:
            return frozenset()
        from minikctl.apimachinery import switches

        return switches.served(settings)

    def gate(self, name: str) -> bool:
        """Whether a feature gate is open in this cluster."""
        from minikctl.apimachinery import switches

        return switches.enabled(self._settings_with("feature-gates"), name)

    def _settings_with(self, name: str) -> dict[str, Any]:
        """The cluster's settings, none where they do not say anything of this one."""
        settings = self.storage.store.meta("settings")
        if settings is None or name not in settings:
            return {}
        import json

        found: dict[str, Any] = json.loads(settings)
        return found

    def lookup(self, key: str) -> Resource:
        """The preferred version of a resource key, NotFound where it is not served."""
        found = resources.lookup(key) or self.resource_set().lookup(key)
        if found is None:
            raise errors.StatusError("NotFound", "the server could not find the requested resource", code=404)
        return found

    def strategy(self, resource: Resource) -> Strategy:
        key = (resource.key, resource.version)
        found = self._strategies.get(key)
        if found is None or found.resource is not resource:
            found = self._strategies[key] = strategy_for(resource)
        return found

    def schema(self, resource: Resource) -> Schema | None:
        if resource.custom:
            from minikctl.apiserver.registry.kinds import custom

            return custom.schema(self, resource)
        from minikctl.apimachinery import openapi

        return openapi.schema_for(resource.api_version, resource.kind)

    def storage_version(self, resource: Resource) -> Resource:
        """The version a kind is stored in: the preferred one, or a custom kind's storage version."""
        if resource.custom:
            from minikctl.apiserver.registry.kinds import custom

            return custom.storage_version(self, resource)
        return resources.lookup(stored_as(resource.key)) or resource

    def shown(self, obj: Obj, resource: Resource) -> Obj:
        """A stored object in the version it was asked for."""
        if resource.custom:
            from minikctl.apiserver.registry.kinds import custom

            return custom.shown(self, obj, resource)
        if obj.get("apiVersion") == resource.api_version:
            return obj
        from minikctl.apiserver import conversion

        return conversion.convert(obj, resource.api_version)

    def stored(self, obj: Obj, resource: Resource) -> Obj:
        """An object as it is stored: custom resources in their storage version, others as they are."""
        if not resource.custom:
            return obj
        from minikctl.apiserver.registry.kinds import custom

        return custom.stored(self, obj, resource)

    def validate_create(self, resource: Resource, obj: Obj) -> list[FieldError]:
        """What is wrong with a new object."""
        if resource.custom:
            from minikctl.apiserver.registry.kinds import custom

            return custom.validate(self, resource, obj, None, [])
        from minikctl.apiserver import validation

        return validation.create(resource.key, obj)

    def validate_update(
        self, resource: Resource, new: Obj, old: Obj, subresource: str, warnings: list[str]
    ) -> list[FieldError]:
        """What is wrong with a changed object; what was wrong before and may stay adds to `warnings`."""
        if resource.custom:
            from minikctl.apiserver.registry.kinds import custom

            return custom.validate(self, resource, new, old, warnings, subresource)
        from minikctl.apiserver import validation

        if subresource == "status":
            return validation.status_update(resource.key, new, old)
        return validation.update(resource.key, new, old, subresource)

    # Verbs

    def _get(self, ctx: Context) -> Response:
        from minikctl.apiserver.registry import read

        obj = self.shown(read.get(ctx), ctx.resource)
        if ctx.request.accept == "table":
            obj = self.table(ctx, [obj], {"resourceVersion": obj["metadata"]["resourceVersion"]})
        return Response(obj, 200, ctx.warnings)

    def _list(self, ctx: Context) -> Response:
        from minikctl.apiserver.registry import read

        page = read.list_page(ctx)
        items = [self.shown(item, ctx.resource) for item in page.items]
        if ctx.request.accept == "table":
            return Response(self.table(ctx, items, page.metadata()), 200, ctx.warnings)
        listed = {
            "apiVersion": ctx.resource.api_version,
            "kind": ctx.resource.list_kind,
            "metadata": page.metadata(),
            "items": items,
        }
        return Response(listed, 200, ctx.warnings)

    def table(self, ctx: Context, items: list[Obj], metadata: Obj, key: str = "") -> Obj:
        """The server-side columns of some objects (meta.k8s.io/v1 Table), by default those of the request's kind."""
        from minikctl.apiserver import tables

        columns = None
        if ctx.resource.custom and not key:
            from minikctl.apiserver.registry.kinds import custom

            columns = custom.printer_columns(self, ctx.resource)
        include = ctx.request.options.get("includeObject") or "Metadata"
        table = tables.rows(key or ctx.resource.key, items, self.clock.now(), columns, include)
        table["metadata"] = metadata
        return table

    def _create(self, ctx: Context) -> Response:
        if ctx.resource.key == "bindings":
            from minikctl.apiserver.registry import podwrites

            return podwrites.bind_named(ctx)
        from minikctl.apiserver.registry import write

        return Response(self.shown(write.create(ctx), ctx.resource), 201, ctx.warnings)

    def _update(self, ctx: Context) -> Response:
        from minikctl.apiserver.registry import write

        key, request = ctx.resource.key, ctx.request
        if ctx.strategy.allow_create_on_update and not self.storage.record(key, request.namespace, request.name):
            ctx.operation = "CREATE"
            return self._create(ctx)
        updated = write.update(ctx, write.transform_from_body(ctx))
        return Response(self.shown(updated, ctx.resource), 200, ctx.warnings)

    def _patch(self, ctx: Context) -> Response:
        from minikctl.apiserver.registry import patching

        obj = patching.patch(ctx)
        return Response(self.shown(obj, ctx.resource), 201 if ctx.operation == "CREATE" else 200, ctx.warnings)

    def _delete(self, ctx: Context) -> Response:
        from minikctl.apiserver.registry import deletion

        return Response(deletion.delete(ctx), 200, ctx.warnings)

    def _delete_collection(self, ctx: Context) -> Response:
        from minikctl.apiserver.registry import deletion, read

        page = read.list_page(ctx)
        with self.storage.store.transaction():
            for obj in page.items:
                deletion.delete(self.context(_single(ctx.request, obj["metadata"]), "DELETE"))
        listed = {"apiVersion": ctx.resource.api_version, "kind": ctx.resource.list_kind, "metadata": page.metadata()}
        return Response({**listed, "items": page.items}, 200, ctx.warnings)

    def _watch(self, ctx: Context) -> Response:
        """What has changed since a revision, without waiting: callers poll, or stream as changes come."""
        from minikctl.apiserver.registry import watching

        return Response(watching.events(ctx))

    def _subresource(self, request: Request) -> Response:
        from minikctl.apiserver.registry import subresources

        response = subresources.handle(self, request)
        if request.accept == "table" and request.verb == "get" and request.subresource in _SHOWN_AS_TABLE:
            ctx = self.context(request, "")
            metadata = {"resourceVersion": response.object["metadata"].get("resourceVersion", "")}
            key = "scales.autoscaling" if request.subresource == "scale" else ""
            response.object = self.table(ctx, [response.object], metadata, key)
        return response

    def _non_resource(self, request: Request) -> Response:
        from minikctl.apiserver import endpoints

        return endpoints.handle(self, request)

    def select(
        self,
        key: str,
        namespace: str,
        label: Selector | None = None,
        owner: str | None = None,
        node: str | None = None,
        shared: bool = False,
        without: Container[str] = (),
        part: Callable[[Obj], Obj] | None = None,
    ) -> list[Obj]:
        """Objects by index, as the listers of in-process components read them (see Client.items)."""
        from minikctl.apiserver.registry.read import index_pair

        pair = None if owner is not None or node is not None else index_pair(label)
        store = self.storage.store
        if shared or part is not None:
            items = store.shared(key, namespace, part, without, label=pair, owner=owner, node=node)
        else:
            records = store.list(key, namespace, label=pair, owner=owner, node=node)
            items = [record.object() for record in records if record.path not in without]
        if label is None:
            return items
        return [item for item in items if label.matches(item["metadata"].get("labels") or {})]

    def peek(self, key: str, namespace: str, name: str, shared: bool = False) -> Obj | None:
        """One object as the listers of in-process components read it."""
        record = self.storage.record(key, namespace, name)
        if record is None:
            return None
        return self.storage.store.view(record) if shared else record.object()

    def dependents(self, uid: str) -> list[tuple[str, Obj]]:
        """Every object that names this uid as an owner, with its resource key."""
        return [(r.resource, r.object()) for r in self.storage.store.owned(uid) if r.resource != "events"]

    def changes(self, after: int) -> list[Change]:
        """The change log after a revision."""
        return self.storage.store.changes(after)


_VERBS: dict[str, Callable[[Server, Context], Response]] = {
    "get": Server._get,
    "list": Server._list,
    "watch": Server._watch,
    "create": Server._create,
    "update": Server._update,
    "patch": Server._patch,
    "delete": Server._delete,
    "deletecollection": Server._delete_collection,
}


def _single(request: Request, meta: Obj) -> Request:
    """The delete of one object that a deletecollection comes to."""
    options = {k: v for k, v in request.options.items() if k not in _SELECTING}
    namespace, name = meta.get("namespace", ""), meta["name"]
    single = Request("delete", request.user, request.resource, namespace, name, options=options)
    single.answers = request.answers
    return single


_SHOWN_AS_TABLE = frozenset({"scale", "status"})
_SELECTING = frozenset(
    {"labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch"}
)
_REVIEWS = frozenset({"authentication.k8s.io", "authorization.k8s.io"})


def _computed(resource: Resource) -> Callable[[Context], Obj] | None:
    """What answers reads of a kind of which nothing is stored."""
    if resource.key == "componentstatuses":
        module = "componentstatuses"
    elif resource.group == "metrics.k8s.io":
        module = "metricsapi"
    else:
        return None
    answer: Callable[[Context], Obj] = import_module(f"minikctl.apiserver.{module}").answer
    return answer


def _virtual(resource: Resource) -> Callable[[Context], Obj] | None:
    """The handler of a kind that is answered, not stored (access reviews, token reviews)."""
    if resource.group not in _REVIEWS or resource.custom:
        return None
    handlers: dict[str, Callable[[Context], Obj]] = import_module("minikctl.apiserver.registry.reviews").HANDLERS
    return handlers.get(resource.key)


def _established(crd: Obj) -> bool:
    conditions = crd.get("status", {}).get("conditions") or ()
    return any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions)
