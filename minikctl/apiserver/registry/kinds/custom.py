"""Custom resources: everything about them is read off their CustomResourceDefinition.

Counterpart of apiextensions-apiserver's `customresource` registry and its conversion "None".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.field import FieldError, quote
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.kinds.crds import CRDS
from minikctl.apiserver.registry.strategy import Strategy, keep

_STANDARD_FINALIZERS = ("orphan", "foregroundDeletion", "kubernetes")

if TYPE_CHECKING:
    from minikctl.apimachinery.openapi import Schema
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.registry.context import Context
    from minikctl.apiserver.server import Server


class Definition:
    """A CRD as the requests to its resources need it; parsed once per revision of the CRD."""

    __slots__ = ("_schemas", "crd", "revision", "terminating", "versions")

    def __init__(self, crd: Obj, revision: int) -> None:
        self.crd = crd
        self.revision = revision
        self.versions: dict[str, Obj] = {version["name"]: version for version in crd["spec"]["versions"]}
        self._schemas: dict[str, Schema | None] = {}
        self.terminating = "deletionTimestamp" in crd["metadata"]

    def schema(self, version: str) -> Schema | None:
        if version not in self._schemas:
            from minikctl.apimachinery import openapi

            raw = (self.versions[version].get("schema") or {}).get("openAPIV3Schema")
            self._schemas[version] = openapi.from_crd(raw) if raw else None
        return self._schemas[version]

    def raw_schema(self, version: str) -> Obj:
        return (self.versions[version].get("schema") or {}).get("openAPIV3Schema") or {}

    def storage(self) -> str:
        return str(next(name for name, version in self.versions.items() if version.get("storage")))

    def subresource(self, version: str, name: str) -> Obj | None:
        found = (self.versions[version].get("subresources") or {}).get(name)
        return found if isinstance(found, dict) else None


def definition(server: Server, resource: Resource) -> Definition:
    """The definition behind a custom resource; NotFound once it is gone."""
    found = _definition(server, resource)
    if found is None:
        raise errors.StatusError("NotFound", "the server could not find the requested resource", code=404)
    return found


def _definition(server: Server, resource: Resource) -> Definition | None:
    record = server.storage.record(CRDS, "", resource.key)
    if record is None:
        return None
    known: Definition | None = server.definitions.get(resource.key)
    if known is None or known.revision != record.revision:
        known = server.definitions[resource.key] = Definition(record.object(), record.revision)
    return known


def schema(server: Server, resource: Resource) -> Schema | None:
    return definition(server, resource).schema(resource.version)


def storage_version(server: Server, resource: Resource) -> Resource:
    found = definition(server, resource)
    if found.storage() == resource.version:
        return resource
    from minikctl.apimachinery import resources

    for row in resources.from_crd(found.crd):
        if row.version == found.storage():
            return row
    return resource


def shown(server: Server, obj: Obj, resource: Resource) -> Obj:
    """A stored instance in the version it was asked for, as the definition of today reads it."""
    found = _definition(server, resource)
    if found is None:
        return obj
    if int(obj["metadata"].get("resourceVersion") or 0) < found.revision:
        obj = _read(found, obj)
    return convert(server, obj, resource)


def stored(server: Server, obj: Obj, resource: Resource) -> Obj:
    """An instance as it is stored: in the storage version, with what that one knows of it."""
    storage = storage_version(server, resource)
    if storage is resource:
        return obj
    return _read(definition(server, resource), convert(server, obj, storage))


def _read(found: Definition, obj: Obj) -> Obj:
    """An instance without what its version's schema does not know, and with the defaults; `obj` stays as it is."""
    from minikctl.apimachinery.deepcopy import deep_copy
    from minikctl.apiserver import schemadefaults

    version = obj["apiVersion"].rpartition("/")[2]
    schema = found.schema(version) if version in found.versions else None
    if schema is None:
        return obj
    result: Obj = deep_copy(obj)
    schemadefaults.prune(result, schema)
    schemadefaults.apply_defaults(result, schema)
    return result


def convert(server: Server, obj: Obj, resource: Resource) -> Obj:
    """An instance in another served version: by renaming it, or by the CRD's webhook."""
    if obj.get("apiVersion") == resource.api_version:
        return obj
    return _converted(server, obj, definition(server, resource), resource.api_version)


def _converted(server: Server, obj: Obj, found: Definition, api_version: str) -> Obj:
    conversion = found.crd["spec"].get("conversion") or {}
    if conversion.get("strategy") == "Webhook":
        from minikctl.apiserver.registry.kinds import conversionwebhook

        return conversionwebhook.convert(server, obj, api_version, conversion)
    return {**obj, "apiVersion": api_version}


def in_version(server: Server, obj: Obj, resource: Resource, api_version: str) -> tuple[Obj, Schema | None]:
    """An instance in any version of its definition, served or not, and that version's schema."""
    found = definition(server, resource)
    group, _, version = api_version.rpartition("/")
    if group != resource.group:
        gvk = f"{obj.get('apiVersion', '')}, Kind={obj.get('kind', '')}"
        raise _unconvertible(f'{gvk} is unstructured and is not suitable for converting to "{api_version}"')
    if version not in found.versions:
        raise _unconvertible(f"request to convert CR to an invalid group/version: {api_version}")
    if obj.get("apiVersion") != api_version:
        obj = _converted(server, obj, found, api_version)
    return obj, found.schema(version)


def _unconvertible(text: str) -> errors.StatusError:
    return errors.StatusError("", text, code=500)


def validate(
    server: Server, resource: Resource, new: Obj, old: Obj | None, warnings: list[str], subresource: str = ""
) -> list[FieldError]:
    """Metadata rules, then the schema's, in the words of kube-openapi; what may stay wrong adds to `warnings`."""
    from minikctl.apiserver import customobjects, schemavalidation
    from minikctl.apiserver.validation import metadata as rules
    from minikctl.apiserver.validation import names

    found = definition(server, resource)
    if old is None:
        problems = rules.validate_object_meta(new["metadata"], resource.namespaced, names.subdomain_name)
    else:
        problems = rules.validate_object_meta_update(new["metadata"], old["metadata"])
    raw = found.raw_schema(resource.version)
    if not raw:
        return problems
    scale, status = found.subresource(resource.version, "scale"), subresource == "status"
    more = customobjects.scale_problems(new, scale, status) if scale is not None else []
    if not status:
        more += customobjects.embedded_problems(new, raw)
    part = "status" if status else ""
    return [*problems, *schemavalidation.custom(new, old, raw, warnings, more, part)]


def printer_columns(server: Server, resource: Resource) -> list[Obj] | None:
    """The additionalPrinterColumns of a version, None where it has none of its own."""
    return definition(server, resource).versions[resource.version].get("additionalPrinterColumns")


def scale_paths(server: Server, resource: Resource) -> tuple[str, str, str]:
    """Where a kind keeps wanted replicas, actual replicas and the selector string."""
    found = definition(server, resource).subresource(resource.version, "scale") or {}
    return found["specReplicasPath"], found["statusReplicasPath"], found.get("labelSelectorPath", "")


def replicas_paths(server: Server, resource: Resource) -> dict[str, str | None]:
    """Where each version of a kind keeps wanted replicas; None for those without the scale subresource."""
    found = definition(server, resource)
    paths: dict[str, str | None] = {}
    for name in found.versions:
        scale = found.subresource(name, "scale")
        paths[f"{resource.group}/{name}"] = None if scale is None else scale["specReplicasPath"]
    return paths


def admit(ctx: Context) -> None:
    """What every request to a custom resource meets: a deprecated version's warning, a definition that is going."""
    found = definition(ctx.server, ctx.resource)
    if ctx.operation == "CREATE" and found.terminating:
        why = "create not allowed while custom resource definition is terminating"
        raise errors.forbidden(ctx.resource.key, _asked_name(ctx), why)
    warning = deprecation(ctx.server, ctx.resource)
    if warning:
        ctx.warnings.append(warning)
        ctx.note_deprecated()


def _asked_name(ctx: Context) -> str:
    body = ctx.request.body
    meta = body.get("metadata") if isinstance(body, dict) else None
    return ctx.request.name or (str(meta.get("name") or "") if isinstance(meta, dict) else "")


def deprecation(server: Server, resource: Resource) -> str | None:
    """The warning that requests to a deprecated version get."""
    version = definition(server, resource).versions.get(resource.version) or {}
    if not version.get("deprecated"):
        return None
    text = version.get("deprecationWarning")
    return str(text) if text else f"{resource.api_version} {resource.kind} is deprecated"


class CustomStrategy(Strategy):
    """Generation counts every change but status and metadata; status is apart where the CRD says so."""

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        obj["metadata"]["generation"] = 1
        if self.has_status:
            obj.pop("status", None)

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        if self.has_status:
            keep(new, old, "status")
        generation = old["metadata"].get("generation", 1)
        new["metadata"]["generation"] = generation + (_content(new) != _content(old))

    def warnings(self, new: Obj, old: Obj | None) -> list[str]:
        """Finalizers that others could take for theirs, told when they are added."""
        known = set((old or {}).get("metadata", {}).get("finalizers") or ())
        added = sorted(set(new["metadata"].get("finalizers") or ()) - known)
        return [text for finalizer in added for text in _finalizer_warnings(finalizer)]

    def prepare_for_status_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        managed = new["metadata"].get("managedFields")
        status = new.get("status")
        new.clear()
        new.update(old)
        new["metadata"] = dict(old["metadata"])
        if managed is not None:
            new["metadata"]["managedFields"] = managed
        if status is None:
            new.pop("status", None)
        else:
            new["status"] = status


def _content(obj: Obj) -> dict[str, Any]:
    return {key: value for key, value in obj.items() if key not in ("metadata", "apiVersion", "kind")}


def _finalizer_warnings(finalizer: str) -> list[str]:
    from minikctl.apiserver.validation import names

    start = f"metadata.finalizers: {quote(finalizer)}: "
    found = [start + text for text in names.is_qualified_name(finalizer)]
    if "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
        lacks = " including a path (/)" if "." in finalizer else ""
        found.append(
            f"{start}prefer a domain-qualified finalizer name{lacks} to avoid accidental conflicts with other finalizer"
            " writers"
        )
    return found
