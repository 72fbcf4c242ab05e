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
_BY_NODES = (
    "pods", "nodes", "leases.coordination.k8s.io", "csinodes.storage.k8s.io", "persistentvolumeclaims",
    "serviceaccounts", "resourceslices.resource.k8s.io", "certificatesigningrequests.certificates.k8s.io",
)  # fmt: skip
_CLAIM = "persistentvolumeclaims"
_CSR = ("certificatesigningrequests.certificates.k8s.io",)
_TEMPLATED = (
    "pods", "namespaces", "podtemplates", "replicationcontrollers", "deployments.apps", "replicasets.apps",
    "statefulsets.apps", "daemonsets.apps", "jobs.batch", "cronjobs.batch",
)  # fmt: skip
_CREATE = ("CREATE",)
_WRITE = ("CREATE", "UPDATE")
_UPDATE = ("UPDATE",)
_ALL = ("CREATE", "UPDATE", "DELETE")
_EVERY = (*_ALL, "CONNECT")
_MAIN = ("",)
_SUB = ("*",)

# (module of this package, kinds, operations, subresources) in upstream's order.
_MUTATING = (
    ("namespacelifecycle", _ANY, _WRITE, _SUB),
    ("limitranger", _POD, _WRITE, ("", "resize")),
    ("serviceaccount", _POD, _WRITE, ("", "ephemeralcontainers")),
    ("noderestriction", _BY_NODES, _WRITE, _SUB),
    ("taintnodesbycondition", ("nodes",), _CREATE, _MAIN),
    ("priority", _POD, _WRITE, _MAIN),
    ("defaulttolerationseconds", _POD, _WRITE, _MAIN),
    ("storageobjectinuseprotection", (_CLAIM, "persistentvolumes"), _CREATE, _MAIN),
    ("defaultstorageclass", (_CLAIM,), _CREATE, _MAIN),
    ("runtimeclass", _POD, _CREATE, _MAIN),
    ("defaultingressclass", ("ingresses.networking.k8s.io",), _CREATE, _MAIN),
    ("podtopologylabels", _POD, _CREATE, ("", "binding")),
    ("policies.mutating", _ANY, (*_WRITE, "CONNECT"), _SUB),
    ("webhooks.mutating", _ANY, _EVERY, _SUB),
)
_VALIDATING = (
    ("namespacelifecycle", _ANY, ("DELETE",), _MAIN),
    ("limitranger", ("pods", _CLAIM), _WRITE, ("", "resize")),
    ("noderestriction", _BY_NODES, ("DELETE",), _MAIN),
    ("podsecurity", _TEMPLATED, _WRITE, ("", "ephemeralcontainers", "resize")),
    ("priority", ("priorityclasses.scheduling.k8s.io",), _ALL, _MAIN),
    ("persistentvolumeclaimresize", (_CLAIM,), _UPDATE, _MAIN),
    ("runtimeclass", _POD, _CREATE, _MAIN),
    ("nodedeclaredfeatures", _POD, _UPDATE, ("", "resize")),
    ("podresize", _POD, _UPDATE, ("resize",)),
    ("certificates", _CSR, _WRITE, ("", "approval", "status")),
    ("policies.validating", _ANY, _EVERY, _SUB),
    ("webhooks.validating", _ANY, _EVERY, _SUB),
    ("resourcequota", _ANY, _WRITE, ("", "resize")),
)

_REGISTRATION = "admissionregistration.k8s.io"
# The kinds whose objects let requests be changed or refused by what is not part of the apiserver.
HOOKS = tuple(
    f"{kind}.{_REGISTRATION}"
    for kind in (
        "mutatingadmissionpolicies",
        "validatingadmissionpolicies",
        "mutatingwebhookconfigurations",
        "validatingwebhookconfigurations",
    )
)


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Run the mutating plugins that concern this request, in order; once more if a hook changed the object."""
    chain = _chain(True, ctx.resource.key, ctx.operation, ctx.request.subresource)
    for plugin in chain:
        plugin(obj, old, ctx)
    if ctx.hooked and ctx.passes.second(obj):
        for plugin in chain:
            plugin(obj, old, ctx)


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Run the validating plugins that concern this request, in order; for a delete `obj` is None."""
    for plugin in _chain(False, ctx.resource.key, ctx.operation, ctx.request.subresource):
        plugin(obj, old, ctx)


@cache
def load() -> None:
    """Load every plugin; ImportError where one cannot be."""
    for module, *_ in (*_MUTATING, *_VALIDATING):
        import_module(f"{__name__}.{module}")


@cache
def _chain(mutating: bool, resource_key: str, operation: str, subresource: str) -> tuple[Plugin, ...]:
    found = []
    for module, kinds, operations, subresources in _MUTATING if mutating else _VALIDATING:
        if operation not in operations or (subresource not in subresources and subresources != _SUB):
            continue
        if "*" in kinds or resource_key in kinds:
            plugin: Plugin = getattr(import_module(f"{__name__}.{module}"), "mutate" if mutating else "validate")
            found.append(plugin)
    return tuple(found)
