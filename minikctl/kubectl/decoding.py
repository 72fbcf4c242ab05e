"""What kubectl reads of a file's object before it sends anything: its metadata, or all of it as Go types.

The builder asks per document. Counterpart of the decoders behind cli-runtime's `Unstructured` (which
reads metadata alone) and `WithScheme` (whose commands change or inspect typed objects).
"""

from __future__ import annotations

import json
from typing import Any

from minikctl.apimachinery import openapi, structural
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.jsonsyntax import TYPE_META, json_type
from minikctl.apimachinery.meta import metadata_of
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import Aggregate, KubectlError
from minikctl.kubectl.flags import quote

KUBECTL_SCHEME = '"pkg/scheme/scheme.go:28"'  # how the scheme of kubectl's commands names itself
CLIENT_SCHEME = '"k8s.io/client-go/kubernetes/scheme/register.go:82"'


def place_and_name(obj: Obj) -> tuple[str, str]:
    """Namespace and name; what is no string counts as absent, as the accessors of unstructured objects have it."""
    metadata = metadata_of(obj)
    namespace, name = metadata.get("namespace"), metadata.get("name")
    return namespace if isinstance(namespace, str) else "", name if isinstance(name, str) else ""


def check_document(value: Any, source: str, typed: bool) -> None:
    """Refuse (KubectlError) a document that cannot be decoded; a typed one is made what its Go types hold.

    Items of a List are looked at by `list_items`.
    """
    problem = _type_problem(value, typed)
    if not problem:
        if not typed:
            problem = _no_string(value, "metadataOnlyObject.TypeMeta", "apiVersion")
            problem = problem or _metadata_problem(value.get("metadata")) or _items_problem(value.get("items"))
        elif value["kind"] == "List":
            problem = structural.metadata_problem(value.get("metadata"), "List", "v1.ListMeta")
        else:
            problem = _decode(value)
    if problem:
        raise KubectlError(f"unable to decode {quote(source)}: {problem}")


def _items_problem(items: Any) -> str:
    for item in items if isinstance(items, list) else ():
        if item is not None and not isinstance(item, dict):
            return f"json: cannot unmarshal {json_type(item)} into Go value of type map[string]interface {{}}"
    return ""


def not_an_object(value: Any) -> str:
    """What a decoder of Go types says of a JSON value that is no object."""
    problem = f"json: cannot unmarshal {json_type(value)} into Go value of type {TYPE_META}"
    return f"couldn't get version/kind; json parse error: {problem}"


def is_list(value: Obj) -> bool:
    """Whether a document is a List: decoders go by the items alone."""
    return isinstance(value.get("items"), list)


def list_items(value: Obj, typed: bool) -> list[Obj]:
    """The objects of a List and of Lists in it; an Aggregate of all that cannot be decoded."""
    pending, found = [value], list[Obj]()
    errors: list[Exception] = []
    while pending:
        current = pending.pop(0)
        if not is_list(current):
            found.append(current)
            continue
        if current is not value and not typed:
            raise KubectlError("*unstructured.Unstructured is not a list: no Items field in this object")
        for given in current["items"]:
            item: Obj = {} if given is None and not typed else given
            problem = ""
            if typed:
                problem = _type_problem(item, typed) or _decode(item)
            elif not item.get("kind") and not item.get("apiVersion"):
                item["kind"] = current["kind"].removesuffix("List")
                item["apiVersion"] = current.get("apiVersion", "")
            if problem:
                errors.append(KubectlError(problem))
            else:
                pending.append(item)
    if errors:
        raise Aggregate(errors)
    return found


def check_item(obj: Obj) -> None:
    """Refuse an untyped item of a List that does not say what it is."""
    for key, shown, what in (("kind", "Kind", "kind field "), ("apiVersion", "apiVersion", "apiVersion field")):
        if not isinstance(obj.get(key), str) or not obj[key]:
            missing = f"Object '{shown}' is missing in 'object has no {what}'"
            raise KubectlError(f'unable to get type info from the object "*unstructured.Unstructured": {missing}')


def _type_problem(value: Any, typed: bool) -> str:
    """What keeps a decoder from knowing what a document is; untyped ones may do without a version."""
    if not isinstance(value, dict):
        if typed:
            return not_an_object(value)
        return f"json: cannot unmarshal {json_type(value)} into Go value of type unstructured.detector"
    if typed and (problem := _no_string(value, "", "apiVersion") or _no_string(value, "", "kind")):
        return f"couldn't get version/kind; json parse error: {problem}"
    named = value.get("kind")
    if not isinstance(named, str) or not named:
        missing = "Kind"
    elif typed and not value.get("apiVersion"):
        missing = "apiVersion"
    else:
        return ""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return f"Object '{missing}' is missing in '{text}'"


def _no_string(value: Obj, struct: str, key: str) -> str:
    """What encoding/json says of a field that should be a string ("" where it is one, or absent)."""
    field = value.get(key)
    if field is None or isinstance(field, str):
        return ""
    return f"json: cannot unmarshal {json_type(field)} into Go struct field {struct}.{key} of type string"


def _metadata_problem(metadata: Any) -> str:
    problem = structural.metadata_problem(metadata, "metadataOnlyObject")
    if problem or not metadata:
        return problem
    schema = openapi.schema_for("v1", "ConfigMap")  # any kind will do: all have the same metadata
    return structural.decode({"metadata": deep_copy(metadata)}, schema).fatal if schema is not None else ""


def not_registered(version: str, kind: str, scheme: str = KUBECTL_SCHEME) -> str:
    """What kubectl's scheme, or another, says of a kind that it has no type for."""
    return f"no kind {quote(kind)} is registered for version {quote(version)} in scheme {scheme}"


def _decode(obj: Obj) -> str:
    """Make the object what its Go types hold; why that cannot be ("" where it can)."""
    kind, version = obj["kind"], obj["apiVersion"]
    schema = openapi.schema_for(version, kind)
    if schema is None:
        return not_registered(version, kind)
    problem = structural.metadata_problem(obj.get("metadata"), kind) or structural.decode(obj, schema).fatal
    if not problem:
        structural.prune(obj, schema)
    return problem
