"""The schema of a resource's kind: the project's own, or that of its CustomResourceDefinition on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import openapi
from minikctl.apimachinery.openapi import Schema

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource
    from minikctl.kubectl.factory import Factory

_CRDS = "customresourcedefinitions.apiextensions.k8s.io"


def schema_of(factory: Factory, row: Resource, *, swagger: bool = False) -> Schema | None:
    """The node at the top of the kind, None where nobody describes it; `swagger`: as OpenAPI v2 tells of it."""
    if not row.custom:
        return openapi.schema_for(row.api_version, row.kind)
    crd = factory.client.get(_CRDS, f"{row.plural}.{row.group}")
    version = next(v for v in crd["spec"]["versions"] if v["name"] == row.version)
    schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    return openapi.from_crd(openapi.for_swagger(schema) if swagger else schema)
