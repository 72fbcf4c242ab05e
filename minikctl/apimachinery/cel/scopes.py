"""The variables an expression may name, by where it stands, with their types."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.cel.typing import BOOL, DYN, OPTIONAL, STRING, STRINGS, Scope, Type, of_schema

if TYPE_CHECKING:
    from minikctl.apimachinery.openapi import Schema


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
_NAMES = _record(name=STRING, generateName=STRING)


@lru_cache(maxsize=1)
def policy_scope() -> Scope:
    """What expressions of admission policies and webhooks see."""
    free = ("object", "oldObject", "params", "namespaceObject", "authorizer", "variables")
    return {**dict.fromkeys(free, DYN), "request": _REQUEST}


def policy_scope_of(schema: Schema | None) -> Scope:
    """The same, with the objects typed: for checking a policy against a kind it matches."""
    return {**policy_scope(), "object": of_schema(schema), "oldObject": of_schema(schema)}


def device_scope() -> Scope:
    return {"device": DYN}


def schema_scope(raw: dict[str, Any], root: bool, optional_old: bool) -> Scope:
    """`self` and `oldSelf` of a node of a custom resource's schema."""
    from minikctl.apimachinery import openapi

    kind = of_schema(openapi.from_crd(raw))
    if (root or raw.get("x-kubernetes-embedded-resource")) and kind.schema is not None:
        fields = {name: of_schema(child) for name, child in kind.schema.properties.items()}
        kind = Type("object", fields={**fields, "apiVersion": STRING, "kind": STRING, "metadata": _NAMES})
    return {"self": kind, "oldSelf": OPTIONAL if optional_old else kind}
