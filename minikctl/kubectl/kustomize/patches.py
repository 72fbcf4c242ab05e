"""Strategic merge and JSON patches of a kustomization.

Upstream counterparts: kustomize's PatchTransformer, PatchStrategicMergeTransformer and PatchJson6902Transformer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.patch.error import PatchError
from minikctl.apimachinery.patch.jsonpatch import json_patch
from minikctl.kubectl.kustomize.loading import Loader
from minikctl.kubectl.kustomize.merge import merge
from minikctl.kubectl.kustomize.nodes import copied, plain
from minikctl.kubectl.kustomize.objects import read_objects
from minikctl.kubectl.kustomize.problem import KustomizeError, go_quote
from minikctl.kubectl.kustomize.resource import Node, ResId, ResMap, Resource, Selector
from minikctl.kubectl.manifest import ParseError, parse_yaml

Step = Callable[[ResMap], None]


def strategic(resource: Resource, patch: Resource) -> None:
    """Merge a patch into a resource; an emptied resource is dropped later."""
    kind, name, namespace = resource.kind, resource.name, resource.namespace
    if patch.allow_name_change or patch.allow_kind_change:
        resource.remember_id()
    merged = merge(copied(patch.node), resource.node)
    resource.node = merged if merged is not None else {}
    if not resource.node:
        return
    if not patch.allow_kind_change:
        resource.node["kind"] = kind
    if not patch.allow_name_change:
        resource.metadata["name"] = name
    resource.set_namespace(namespace)


def patch_step(entry: Node, loader: Loader) -> Step:
    """One entry of `patches`, a strategic merge patch or a JSON patch, ready to run."""
    body, source = _body(entry, loader)
    patches, strategic_error = _strategic_patches(body)
    operations = _operations(body)
    if patches and operations:
        raise KustomizeError(f"illegally qualifies as both an SM and JSON patch: {source}")
    if strategic_error and operations is None:
        raise KustomizeError(f"unable to parse SM or JSON patch from {source}")
    options = entry.get("options") or {}
    for patch in patches:
        patch.allow_name_change = bool(options.get("allowNameChange"))
        patch.allow_kind_change = bool(options.get("allowKindChange"))

    def run(resources: ResMap) -> None:
        target = Selector(entry["target"]) if entry.get("target") else None
        if strategic_error:
            if target is None:
                raise KustomizeError(f"must specify a target for JSON patch {source}")
            for resource in target.select(resources):
                apply_operations(resource, operations)
        elif target is None:
            _apply_by_id(resources, patches, 'no resource matches strategic merge patch "{0}": ')
        elif len(patches) > 1:
            raise KustomizeError(
                "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: "
                f"{source}"
            )
        else:
            _apply_to(target.select(resources), patches[0])

    return run


def _body(entry: Node, loader: Loader) -> tuple[str, str]:
    body, path = (entry.get("patch") or "").strip(), entry.get("path") or ""
    if bool(body) == bool(path):
        from minikctl.printers import yamlout

        shown = yamlout.dump({key: value for key, value in entry.items() if value})
        why = "patch and path can't be set at the same time" if body else "must specify one of patch and path in"
        raise KustomizeError(f"{why}\n{shown}")
    if body:
        return body, f"[patch: {go_quote(body)}]"
    try:
        return loader.load(path).decode("utf-8", "surrogateescape"), f'[path: "{path}"]'
    except KustomizeError as error:
        raise KustomizeError(f"failed to get the patch file from path({path}): {error}") from None


def _strategic_patches(body: str) -> tuple[list[Resource], bool]:
    try:
        return read_objects(body.encode("utf-8", "surrogateescape")), False
    except KustomizeError:
        return [], True


def _operations(body: str) -> Any:
    """The operations of a JSON patch, None when the text is none."""
    try:
        if body.startswith("["):
            value = json.loads(body)
        else:
            value = parse_yaml(body.encode("utf-8", "surrogateescape"))
    except (ValueError, ParseError):
        return None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return None
    return value


def _apply_by_id(resources: ResMap, patches: list[Resource], prefix: str = "") -> None:
    for patch in patches:
        wanted = patch.original_id
        found = resources.by_any_id(wanted.same)
        if len(found) != 1:
            raise KustomizeError(prefix.format(wanted) + _no_target(wanted, len(found)))
        strategic(found[0], patch)


def _no_target(wanted: ResId, count: int) -> str:
    matches = "multiple matches" if count else "no matches"
    return f"{matches} for Id {wanted}; failed to find unique target for patch {wanted}"


def _apply_to(selected: list[Resource], patch: Resource) -> None:
    for resource in selected:
        own = patch.copy()
        own.node["apiVersion"] = resource.node.get("apiVersion")
        strategic(resource, own)


def apply_operations(resource: Resource, operations: Any) -> None:
    """Run a JSON patch on one resource."""
    resource.remember_id()
    try:
        resource.node = json_patch(plain(resource.node), operations)
    except PatchError as error:
        raise KustomizeError(str(error)) from None


def strategic_step(entries: list[str], loader: Loader) -> Step:
    """patchesStrategicMerge, files and inline patches, ready to run."""
    patches: list[Resource] = []
    for entry in entries:
        try:
            inline = read_objects(entry.encode("utf-8", "surrogateescape"))
        except KustomizeError:
            inline = []
        patches += inline or read_objects(loader.load(entry))
    return lambda resources: _apply_by_id(resources, patches)


def json6902_step(entry: Node, loader: Loader) -> Step:
    """An entry of patchesJson6902, ready to run."""
    target = entry.get("target") or {}
    if not target.get("name"):
        raise KustomizeError("must specify the target name")
    body, path = entry.get("jsonOp") or "", entry.get("path") or ""
    if not body and not path:
        raise KustomizeError("must specify a json patch file path or a json patch content directly")
    if body and path:
        raise KustomizeError("must specify one of patch and path")
    if path:
        body = loader.load(path).decode("utf-8", "surrogateescape")
    body = body.strip()
    operations = _operations(body)
    if operations is None:
        raise KustomizeError(f"decoding {body}: {_decode_problem(body)}")

    def run(resources: ResMap) -> None:
        for resource in Selector(target).select(resources):
            apply_operations(resource, operations)

    return run


def _decode_problem(body: str) -> str:
    from minikctl.kubectl.manifest import go_json_error

    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        return go_json_error(body, 0, error).partition(": ")[2].partition(": ")[2] or "unexpected end of JSON input"
    except ParseError as error:
        return str(error)
    return "json: cannot unmarshal object into Go value of type jsonpatch.Patch"
