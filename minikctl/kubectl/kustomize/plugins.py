"""`generators` and `transformers`: configuration objects, inline or in files, of kustomize's builtin plugins.

External plugins and functions would run programs: they are refused. Upstream counterpart: kustomize's
`plugins/loader`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from minikctl.kubectl.kustomize import patches, replacements, transformers
from minikctl.kubectl.kustomize.config import spec_rows
from minikctl.kubectl.kustomize.generators import configmap, secret
from minikctl.kubectl.kustomize.loading import Loader
from minikctl.kubectl.kustomize.nodes import plain
from minikctl.kubectl.kustomize.objects import read_objects
from minikctl.kubectl.kustomize.patches import Step
from minikctl.kubectl.kustomize.problem import KustomizeError
from minikctl.kubectl.kustomize.resource import Node, ResMap, Resource

if TYPE_CHECKING:
    from minikctl.kubectl.kustomize.target import Target


def load(entries: Iterable[str], target: Target, what: str) -> list[Resource]:
    """The configuration objects that a list of files, directories and inline texts stands for."""
    from minikctl.kubectl.kustomize.target import Accumulator

    found = Accumulator()
    for entry in entries:
        try:
            inline = read_objects(entry.encode("utf-8", "surrogateescape"))
        except KustomizeError:
            target.add_resources(found, [entry])
            continue
        for resource in inline:
            resource.origin = {"path": target.file_name}
        found.resources.extend(inline)
    prefix = "loading generator plugins: failed to load generator: " if what == "generator" else ""
    for resource in found.resources.items:
        if resource.node.get("apiVersion") != "builtin":
            raise KustomizeError(f"{prefix}external plugins disabled; unable to load external plugin '{resource.kind}'")
        if resource.kind not in (_GENERATORS if what == "generator" else _TRANSFORMERS):
            raise KustomizeError(f"{prefix}unable to load builtin {resource.gvk}")
    return found.resources.items


def generate(entry: Resource, loader: Loader) -> Resource:
    """Run one generator."""
    node = plain(entry.node)
    args = {**node, "name": node.get("name") or entry.name, "namespace": node.get("namespace") or entry.namespace}
    return _GENERATORS[entry.kind](args, loader)


def step(entry: Resource, loader: Loader) -> Step:
    """One transformer, ready to run."""
    try:
        return _TRANSFORMERS[entry.kind](plain(entry.node), loader)
    except KustomizeError as error:
        raise KustomizeError(f"plugin {entry.id} fails configuration: {error}") from None


def _specs(node: Node) -> tuple[Any, ...]:
    return spec_rows(node.get("fieldSpecs") or ())


def _namespace(node: Node, loader: Loader) -> Step:
    name = (node.get("metadata") or {}).get("namespace") or ""
    mode, unset_only = node.get("setRoleBindingSubjects") or "", bool(node.get("unsetOnly"))
    return lambda resources: transformers.set_namespace(resources, name, _specs(node), mode, unset_only)


def _affix(node: Node, loader: Loader) -> Step:
    def run(resources: ResMap) -> None:
        if node.get("prefix"):
            transformers.add_affix(resources, _specs(node), prefix=node["prefix"])
        if node.get("suffix"):
            transformers.add_affix(resources, _specs(node), suffix=node["suffix"])

    return run


def _labels(node: Node, loader: Loader) -> Step:
    return lambda resources: transformers.add_entries(resources, node.get("labels") or {}, _specs(node))


def _annotations(node: Node, loader: Loader) -> Step:
    return lambda resources: transformers.add_entries(resources, node.get("annotations") or {}, _specs(node))


def _image(node: Node, loader: Loader) -> Step:
    return lambda resources: transformers.set_image(resources, node.get("imageTag") or {}, _specs(node))


def _replicas(node: Node, loader: Loader) -> Step:
    replica = node.get("replica") or {}
    name, count = replica.get("name") or "", replica.get("count") or 0
    return lambda resources: transformers.set_replicas(resources, name, count, _specs(node))


def _strategic(node: Node, loader: Loader) -> Step:
    entries = [*(node.get("paths") or ()), *([node["patches"]] if node.get("patches") else ())]
    return patches.strategic_step(entries, loader)


def _replacement(node: Node, loader: Loader) -> Step:
    return replacements.replacement_step(node.get("replacements") or [], loader)


def _hash(node: Node, loader: Loader) -> Step:
    return transformers.add_hashes


def _legacy(node: Node, loader: Loader) -> Step:
    return transformers.legacy_order


_GENERATORS: dict[str, Callable[[Node, Loader], Resource]] = {
    "ConfigMapGenerator": configmap,
    "SecretGenerator": secret,
}
_TRANSFORMERS: dict[str, Callable[[Node, Loader], Step]] = {
    "AnnotationsTransformer": _annotations,
    "HashTransformer": _hash,
    "ImageTagTransformer": _image,
    "LabelTransformer": _labels,
    "LegacyOrderTransformer": _legacy,
    "NamespaceTransformer": _namespace,
    "PatchJson6902Transformer": patches.json6902_step,
    "PatchStrategicMergeTransformer": _strategic,
    "PatchTransformer": patches.patch_step,
    "PrefixSuffixTransformer": _affix,
    "PrefixTransformer": _affix,
    "ReplacementTransformer": _replacement,
    "ReplicaCountTransformer": _replicas,
    "SuffixTransformer": _affix,
}
