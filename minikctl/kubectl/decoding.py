"""What kubectl reads of a file's object before it sends anything: its metadata, or all of it as Go types.

The builder asks per document. Counterpart of the decoders behind cli-runtime's `Unstructured` (which
reads metadata alone) and `WithScheme` (whose commands change or inspect typed objects).
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import openapi, structural
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.meta import metadata_of
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import quote

_SCHEME = '"pkg/scheme/scheme.go:28"'  # how client-go's scheme names itself


def place_and_name(obj: Obj) -> tuple[str, str]:
    """Namespace and name; what is no string counts as absent, as the accessors of unstructured objects have it."""
    metadata = metadata_of(obj)
    namespace, name = metadata.get("namespace"), metadata.get("name")
    return namespace if isinstance(namespace, str) else "", name if isinstance(name, str) else ""


def check_document(value: Any, source: str, typed: bool) -> None:
    """Refuse (KubectlError) a document that cannot be decoded; items of a List are not looked at."""
    if not isinstance(value, dict):
        return
    kind, version = value.get("kind"), value.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str):
        return
    if not typed:
        problem = _metadata_problem(value.get("metadata"))
    elif kind == "List":
        problem = structural.metadata_problem(value.get("metadata"), "List", "v1.ListMeta")
    else:
        problem = _decoded(value)[1]
    if problem:
        raise KubectlError(f"unable to decode {quote(source)}: {problem}")


def as_typed(obj: Obj) -> Obj:
    """The object as its Go types hold it; KubectlError where they cannot."""
    typed, problem = _decoded(obj)
    if problem:
        raise KubectlError(problem)
    return typed


def _metadata_problem(metadata: Any) -> str:
    problem = structural.metadata_problem(metadata, "metadataOnlyObject")
    if problem or not metadata:
        return problem
    schema = openapi.schema_for("v1", "ConfigMap")  # any kind will do: all have the same metadata
    return structural.decode({"metadata": deep_copy(metadata)}, schema).fatal if schema is not None else ""


def _decoded(obj: Obj) -> tuple[Obj, str]:
    """The typed object, and why it is none ("" where it is)."""
    kind, version = obj["kind"], obj["apiVersion"]
    schema = openapi.schema_for(version, kind)
    if schema is None:
        return obj, f"no kind {quote(kind)} is registered for version {quote(version)} in scheme {_SCHEME}"
    problem = structural.metadata_problem(obj.get("metadata"), kind)
    if problem:
        return obj, problem
    typed = deep_copy(obj)
    problem = structural.decode(typed, schema).fatal
    if not problem:
        structural.prune(typed, schema)
    return typed, problem
