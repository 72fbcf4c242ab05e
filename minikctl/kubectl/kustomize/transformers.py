"""The simple transformers: namespace, prefix and suffix, labels, annotations, replicas, images, hash suffixes.

Each takes the resources and its configuration and edits in place. Upstream counterpart: the files of
kustomize's `builtins` and `filters`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from minikctl.kubectl.kustomize.fieldspecs import MAPPING, SCALAR, FieldSpec, apply
from minikctl.kubectl.kustomize.generators import content_hash
from minikctl.kubectl.kustomize.nodes import is_null, is_scalar, retyped, text
from minikctl.kubectl.kustomize.problem import KustomizeError
from minikctl.kubectl.kustomize.resource import Gvk, Node, ResId, ResMap, Resource

_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
# Kinds whose names take no prefix or suffix.
_FIXED_NAMES = (
    Gvk(kind="CustomResourceDefinition"), Gvk(group="apiregistration.k8s.io", kind="APIService"), Gvk(kind="Namespace"),
)  # fmt: skip


def set_namespace(
    resources: ResMap, namespace: str, specs: Iterable[FieldSpec], subjects: str = "", unset_only: bool = False
) -> None:
    """Put everything that has a namespace into this one."""
    if not namespace:
        return

    def put(container: Any, key: Any) -> None:
        if not unset_only or is_null(container[key]) or container[key] == "":
            container[key] = namespace

    keys = [resource.id.key for resource in resources.items]
    counts = Counter(keys)
    for index, resource in enumerate(resources.items):
        resource.remember_id()
        if not resource.gvk.cluster_scoped:
            apply(resource, FieldSpec("metadata/namespace", Gvk(), True), put, SCALAR)
        binding = resource.kind in _BINDINGS
        if binding:
            _set_subjects(resource, namespace, subjects, put)
        for spec in specs:
            if spec.path == "metadata/namespace" or (binding and spec.path.startswith("subjects")):
                continue
            if spec.path == "subjects":
                continue
            apply(resource, spec, put, SCALAR)
        key = resource.id.key
        counts[keys[index]] -= 1
        counts[key] += 1
        if counts[key] != 1:
            shown = " ".join(_json(other) for other in resources.items if resource.id.same(other.id))
            raise KustomizeError(f"namespace transformation produces ID conflict: [{shown}]")


def _json(resource: Resource) -> str:
    import json

    from minikctl.kubectl.kustomize.nodes import plain

    node = plain(resource.node)
    history = {
        "Kinds": [old.gvk.kind for old in resource.previous],
        "Names": [old.name for old in resource.previous],
        "Namespaces": [old.namespace for old in resource.previous],
    }
    notes = {f"internal.config.kubernetes.io/previous{name}": ",".join(values) for name, values in history.items()}
    node["metadata"]["annotations"] = {**(node["metadata"].get("annotations") or {}), **notes}
    return json.dumps(node, separators=(",", ":"), sort_keys=True)


def _set_subjects(resource: Resource, namespace: str, mode: str, put: Any) -> None:
    """Only subjects named default, or all service accounts, follow the namespace."""
    if mode == "none":
        return
    if mode not in ("", "defaultOnly", "allServiceAccounts"):
        raise KustomizeError(
            f'invalid value "{mode}" for setRoleBindingSubjects: must be one of "defaultOnly", "none" or '
            '"allServiceAccounts"'
        )
    subjects = resource.node.get("subjects")
    for subject in subjects if isinstance(subjects, list) else ():
        wanted = (
            subject.get("kind") == "ServiceAccount"
            if mode == "allServiceAccounts"
            else subject.get("name") == "default"
        )
        if wanted:
            subject.setdefault("namespace", "")
            put(subject, "namespace")


def add_affix(resources: ResMap, specs: Iterable[FieldSpec], prefix: str = "", suffix: str = "") -> None:
    """Lengthen names in front or behind."""
    for resource in resources.items:
        first = resource.original_id
        if any(first.gvk.selected(fixed) for fixed in _FIXED_NAMES):
            continue
        for spec in specs:
            if not first.gvk.selected(spec.gvk):
                continue
            if spec.path == "metadata/name":
                resource.prefixes.extend([prefix] if prefix else [])
                resource.suffixes.extend([suffix] if suffix else [])
                resource.remember_id()

            def lengthen(container: Any, key: Any) -> None:
                container[key] = f"{prefix}{text(container[key])}{suffix}"

            apply(resource, spec, lengthen, SCALAR)


def add_entries(resources: ResMap, entries: Mapping[str, str], specs: Iterable[FieldSpec]) -> None:
    """Add labels or annotations in all the places the specs name."""
    if not entries:
        return

    def put(container: Any, key: Any) -> None:
        if not isinstance(container[key], dict):
            if not is_null(container[key]):
                raise KustomizeError("wrong node kind: expected MappingNode")
            container[key] = {}
        for name in sorted(entries):
            container[key][name] = entries[name]

    for resource in resources.items:
        for spec in specs:
            apply(resource, spec, put, MAPPING)


def set_replicas(resources: ResMap, name: str, count: int, specs: Iterable[FieldSpec]) -> None:
    """Set the replica count of the workloads of one name."""
    found = False
    specs = list(specs)

    def put(container: Any, key: Any) -> None:
        container[key] = count

    for spec in specs:

        def matches(wanted: ResId, spec: FieldSpec = spec) -> bool:
            return wanted.name == name and wanted.gvk.selected(spec.gvk)

        for resource in resources.by_any_id(matches):
            found = True
            apply(resource, spec, put, SCALAR)
    if not found:
        kinds = " ".join(str(spec.gvk) for spec in specs)
        raise KustomizeError(f"resource with name {name} does not match a config with the following GVK [{kinds}]")


def set_image(resources: ResMap, image: Node, specs: Iterable[FieldSpec]) -> None:
    """Rename images or change their tags, wherever containers are and where the specs say."""
    try:
        pattern = re.compile(f"{image.get('name') or ''}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?")
    except re.error:
        return

    def put(container: Any, key: Any) -> None:
        value = container[key]
        if not is_scalar(value):
            raise KustomizeError("wrong node kind: expected ScalarNode")
        if not is_null(value) and pattern.fullmatch(text(value)):
            container[key] = retyped(new_image(text(value), image), value)

    for resource in resources.items:
        if resource.kind != "CustomResourceDefinition":
            _walk_containers(resource.node, put)
        for spec in specs:
            apply(resource, spec, put)


def _walk_containers(node: Any, put: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _walk_containers(item, put)
    elif isinstance(node, dict):
        for field in ("containers", "initContainers"):
            members = node.get(field)
            for member in members if isinstance(members, list) else ():
                if isinstance(member, dict) and "image" in member:
                    put(member, "image")
        for key, value in node.items():
            if key not in ("containers", "initContainers") and isinstance(value, dict | list):
                _walk_containers(value, put)


def split_image(image: str) -> tuple[str, str, str]:
    """(name, tag, digest)."""
    slash = max(image.find("/"), 0)
    rest = image[slash:]
    at, colon = rest.find("@"), rest.find(":")
    if at >= 0 and (at < colon or colon < 0):
        return image[: slash + at], "", rest[at + 1 :]
    if at >= 0:
        return image[: slash + colon], rest[colon + 1 : at], rest[at + 1 :]
    if colon >= 0:
        return image[: slash + colon], rest[colon + 1 :], ""
    return image, "", ""


def new_image(old: str, image: Node) -> str:
    """The image reference after an entry of `images`."""
    name, tag, digest = split_image(old)
    name = image.get("newName") or name
    new_tag, new_digest = image.get("newTag") or "", image.get("digest") or ""
    if new_tag or new_digest:
        tag, digest = new_tag, new_digest
    elif image.get("tagSuffix"):
        tag, digest = tag + image["tagSuffix"], ""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def add_hashes(resources: ResMap) -> None:
    """Name generated objects after their content."""
    for resource in resources.items:
        if resource.hashed:
            digest = content_hash(resource)
            resource.remember_id()
            resource.metadata["name"] = f"{resource.name}-{digest}"


_ORDER_FIRST = (
    "Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy",
    "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service",
    "LimitRange", "PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob",
    "PodDisruptionBudget",
)  # fmt: skip
_ORDER_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def legacy_order(resources: ResMap, first: Iterable[str] = _ORDER_FIRST, last: Iterable[str] = _ORDER_LAST) -> None:
    """Sort by kind in the order in which objects should be applied."""
    first = list(first)
    ranks = {kind: index - len(first) for index, kind in enumerate(first)}
    ranks.update({kind: index + 1 for index, kind in enumerate(last)})

    def key(resource: Resource) -> tuple[int, str, str]:
        own = resource.id
        gvk = own.gvk
        group = "_".join((gvk.group or "~G", gvk.version or "~V", gvk.kind or "~K"))
        return ranks.get(gvk.kind, 0), group, f"{gvk}|{own.namespace or '~X'}|{own.name or '~N'}"

    resources.items.sort(key=key)
