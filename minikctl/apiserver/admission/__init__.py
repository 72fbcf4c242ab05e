"""Admission: plugins that change or refuse an object between decoding and storing it.

The chain calls `mutate` and `validate`; a plugin says for which kinds and operations it runs, so
that a request pays only for those that concern it. Plugins are functions (obj, old, ctx): mutating
ones alter obj, both kinds refuse by raising StatusError. Order and names are upstream's
(`pkg/kubeapiserver/options/plugins.go`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

    Plugin = Callable[[Obj | None, Obj | None, Context], None]

_POD = ("pods",)
_ANY = ("*",)
_CREATE = ("CREATE",)
_WRITE = ("CREATE", "UPDATE")
_ALL = ("CREATE", "UPDATE", "DELETE")

# (module of this package, kinds, operations, subresources too) in upstream's order.
_MUTATING = (
    ("namespacelifecycle", _ANY, _ALL, True),
    ("serviceaccount", _POD, _CREATE, False),
    ("taintnodesbycondition", ("nodes",), _CREATE, False),
    ("priority", _POD, _WRITE, False),
    ("defaulttolerationseconds", _POD, _WRITE, False),
    ("storageobjectinuseprotection", ("persistentvolumeclaims", "persistentvolumes"), _CREATE, False),
    ("defaultstorageclass", ("persistentvolumeclaims",), _CREATE, False),
    ("defaultingressclass", ("ingresses.networking.k8s.io",), _CREATE, False),
)
_VALIDATING = (
    ("namespacelifecycle", _ANY, ("DELETE",), False),
    ("priority", ("priorityclasses.scheduling.k8s.io",), _WRITE, False),
)


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Run the mutating plugins that concern this request, in order."""
    for plugin in _chain(True, ctx.resource.key, ctx.operation, bool(ctx.request.subresource)):
        plugin(obj, old, ctx)


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Run the validating plugins that concern this request, in order; for a delete `obj` is None."""
    for plugin in _chain(False, ctx.resource.key, ctx.operation, bool(ctx.request.subresource)):
        plugin(obj, old, ctx)


@cache
def _chain(mutating: bool, resource_key: str, operation: str, subresource: bool) -> tuple[Plugin, ...]:
    found = []
    for module, kinds, operations, subresources in _MUTATING if mutating else _VALIDATING:
        if operation not in operations or (subresource and not subresources):
            continue
        if "*" in kinds or resource_key in kinds:
            plugin: Plugin = getattr(import_module(f"{__name__}.{module}"), "mutate" if mutating else "validate")
            found.append(plugin)
    return tuple(found)
