"""Subresources: status, scale, binding, eviction and the rest, looked up in one table.

Counterpart of the REST storages that `pkg/registry/*/rest` installs beside each kind.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Request, Response
from minikctl.apiserver.registry import patching, podlogs, read, write

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context
    from minikctl.apiserver.server import Server

    Handler = Callable[[Context], Response]

# (resource key or "*", subresource) -> "module:function" in this package.
_TABLE = {
    ("*", "scale"): "scale:handle",
    ("pods", "binding"): "podwrites:bind",
    ("pods", "eviction"): "podwrites:evict",
    ("pods", "resize"): "podwrites:resize",
    ("pods", "ephemeralcontainers"): "podwrites:ephemeral_containers",
    ("serviceaccounts", "token"): "tokens:create",
    ("namespaces", "finalize"): "kinds.namespaces:finalize",
    ("certificatesigningrequests.certificates.k8s.io", "approval"): "kinds.certificates:approval",
}
_UPGRADES = frozenset({"exec", "attach", "portforward"})
# The kinds of the options of a connection; those of a proxy are named after what is behind it.
_CONNECTED = {"exec": "PodExecOptions", "attach": "PodAttachOptions", "portforward": "PodPortForwardOptions"}
_CONNECT = frozenset({"log", "exec", "attach", "portforward", "proxy"})


def handle(server: Server, request: Request) -> Response:
    """Carry out a request to a subresource."""
    resource, name = request.resource, request.subresource
    assert resource is not None
    if name not in resource.subresources:
        if resource.custom:
            raise errors.not_found(resource.key, request.name)
        raise errors.StatusError("NotFound", "the server could not find the requested resource", code=404)
    if not resource.subresources[name].has_method(request.verb):
        # Built-in kinds have no route for it, custom ones a handler that refuses.
        raise (
            errors.method_not_supported(f"{resource.key}/{name}", request.verb)
            if resource.custom
            else errors.no_route(True)
        )
    ctx = server.context(request, "UPDATE")
    try:
        return _handler(resource.key, name)(ctx)
    except errors.StatusError as error:
        error.warnings = ctx.warnings
        raise


def _handler(resource_key: str, name: str) -> Handler:
    target = _TABLE.get((resource_key, name)) or _TABLE.get(("*", name))
    if not target:
        return _connect if name in _CONNECT else plain
    module, _, function = target.partition(":")
    found: Handler = getattr(import_module(f"{__package__}.{module}"), function)
    return found


def plain(ctx: Context) -> Response:
    """get, update and patch of a part of the object itself (status, and the like)."""
    verb, server = ctx.request.verb, ctx.server
    if verb == "get":
        return Response(server.shown(read.get(ctx), ctx.resource))
    if verb == "update":
        obj = write.update(ctx, write.transform_from_body(ctx))
    else:
        obj = patching.patch(ctx)
    return Response(server.shown(obj, ctx.resource), 200, ctx.warnings)


def _connect(ctx: Context) -> Response:
    ctx.operation = "CONNECT"
    if ctx.request.subresource == "log":
        podlogs.check(ctx.request)
    else:
        from minikctl.apiserver import admission

        kind = _CONNECTED.get(ctx.request.subresource, f"{ctx.resource.kind}ProxyOptions")
        options = {"kind": kind, "apiVersion": "v1", **ctx.request.options}
        admission.mutate(options, None, ctx)
        admission.validate(options, None, ctx)
    if ctx.server.connect is None:
        raise errors.StatusError("ServiceUnavailable", "no node answers in this cluster")
    return Response(ctx.server.connect(ctx), 101 if ctx.request.subresource in _UPGRADES else 200)
