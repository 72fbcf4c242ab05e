"""The variables an expression may name, by where it stands, with their types."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from minikctl.apimachinery.cel.declarations import AUTHORIZER, QUANTITY, RESOURCE_CHECK
from minikctl.apimachinery.cel.types import (
    ANY,
    BINDINGS,
    BOOL,
    DYN,
    OBJECTS,
    STRING,
    STRINGS,
    Scope,
    Type,
    optional_of,
)


def _record(**fields: Type) -> Type:
    return Type("object", fields=fields)


_KIND = _record(group=STRING, version=STRING, kind=STRING)
_RESOURCE = _record(group=STRING, version=STRING, resource=STRING)
_REQUEST = _record(
    kind=_KIND,
    resource=_RESOURCE,
    subResource=STRING,
    requestKind=_KIND,
    requestResource=_RESOURCE,
    requestSubResource=STRING,
    name=STRING,
    namespace=STRING,
    operation=STRING,
    userInfo=_record(username=STRING, uid=STRING, groups=STRINGS, extra=Type("map", STRINGS)),
    dryRun=BOOL,
    options=DYN,
)
_AUTHORIZER = Type(AUTHORIZER, fields={"requestResource": Type(RESOURCE_CHECK)})


def policy_scope(
    params: bool = True,
    authorizer: bool = True,
    variables: dict[str, Type] | None = None,
    patches: bool = False,
) -> Scope:
    """What expressions of admission policies and webhooks see: `variables` are those that a policy defined before."""
    scope = {**dict.fromkeys(("object", "oldObject"), DYN), "namespaceObject": _namespace(), "request": _REQUEST}
    if params:
        scope["params"] = DYN
    if authorizer:
        scope["authorizer"] = _AUTHORIZER
    if variables is not None:
        scope["variables"] = _record(**variables)
    return {**scope, OBJECTS: DYN} if patches else scope


@lru_cache(maxsize=1)
def _namespace() -> Type:
    """The parts of a Namespace that expressions see."""
    texts, times = Type("map", STRING), Type("timestamp")
    meta = _record(
        name=STRING,
        generateName=STRING,
        namespace=STRING,
        labels=texts,
        annotations=texts,
        UID=STRING,
        creationTimestamp=times,
        deletionGracePeriodSeconds=Type("int"),
        deletionTimestamp=times,
        generation=Type("int"),
        resourceVersion=STRING,
        finalizers=STRINGS,
    )
    condition = _record(status=STRING, type=STRING, lastTransitionTime=times, message=STRING, reason=STRING)
    status = _record(conditions=Type("list", condition), phase=STRING)
    return _record(metadata=meta, spec=_record(finalizers=STRINGS), status=status)


def device_scope() -> Scope:
    """The device that selectors of resource.k8s.io look at (`dynamic-resource-allocation/cel`)."""
    attributes = Type("map", Type("map", ANY))
    capacity = Type("map", Type("map", Type(QUANTITY)))
    device = _record(driver=STRING, allowMultipleAllocations=BOOL, attributes=attributes, capacity=capacity)
    return {"device": device, BINDINGS: DYN}


def schema_scope(raw: dict[str, Any], root: bool, optional_old: bool) -> Scope:
    """`self` and `oldSelf` of a node of a custom resource's schema."""
    from minikctl.apimachinery.cel.schematypes import declared

    kind = declared(raw, root) or DYN
    return {"self": kind, "oldSelf": optional_of(kind) if optional_old else kind}
