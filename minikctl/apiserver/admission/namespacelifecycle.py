"""NamespaceLifecycle: nothing is created in a namespace that is missing or going; some never go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.admission.refusal import forbidden

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
_REVIEWS = frozenset({"localsubjectaccessreviews.authorization.k8s.io"})


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Refuse creation where there is no live namespace to hold the object."""
    if not ctx.resource.namespaced or ctx.operation != "CREATE" or ctx.resource.key in _REVIEWS:
        return
    namespace = ctx.namespace
    found = ctx.reader.peek("namespaces", "", namespace)
    if found is None:
        raise errors.not_found("namespaces", namespace)
    if found.get("status", {}).get("phase") != "Terminating" and "deletionTimestamp" not in found["metadata"]:
        return
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    error = forbidden(obj, ctx, why)
    cause = {"reason": "NamespaceTerminating", "message": f"namespace {namespace} is being terminated"}
    error.details["causes"] = [{**cause, "field": "metadata.namespace"}]
    raise error


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Refuse to delete the namespaces a cluster cannot be without."""
    if ctx.resource.key == "namespaces" and ctx.request.name in _IMMORTAL:
        raise errors.forbidden("namespaces", ctx.request.name, "this namespace may not be deleted")
