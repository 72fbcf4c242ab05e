"""One object on its way through a build, with the ids it had and the prefixes it got; and the list of all.

Upstream counterparts: kustomize's `resid`, `resource.Resource` and `resmap` (resWrangler).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

from minikctl.apimachinery.resources import builtin
from minikctl.kubectl.kustomize.nodes import copied, text
from minikctl.kubectl.kustomize.problem import KustomizeError

NO_NAMESPACE = "_non_namespaceable_"

Node = dict[str, Any]


class Gvk(NamedTuple):
    """Group, version and kind; as a selector an empty part matches everything."""

    group: str = ""
    version: str = ""
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.kind or '[noKind]'}.{self.version or '[noVer]'}.{self.group or '[noGrp]'}"

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def selected(self, selector: Gvk) -> bool:
        """Whether this is what a selector asks for."""
        return all(not wanted or wanted == mine for wanted, mine in zip(selector, self, strict=True))

    @property
    def cluster_scoped(self) -> bool:
        """Whether objects of a known kind have no namespace."""
        return _cluster_scoped(self)


@cache
def _cluster_scoped(gvk: Gvk) -> bool:
    if (gvk.group, gvk.kind) == ("policy", "PodSecurityPolicy"):
        return True
    kinds = builtin()
    row = kinds.by_kind(gvk.api_version, gvk.kind) or kinds.by_group_kind(gvk.group, gvk.kind)
    return row is not None and not row.namespaced


class ResId(NamedTuple):
    """What identifies an object."""

    gvk: Gvk
    name: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.gvk}/{self.name or '[noName]'}.{self.namespace or '[noNs]'}"

    @property
    def effective_namespace(self) -> str:
        """The namespace, with a word for none at all and the default one."""
        return NO_NAMESPACE if self.gvk.cluster_scoped else self.namespace or "default"

    @property
    def key(self) -> tuple[str, Gvk, str]:
        """Equal for ids that are the same up to the default namespace."""
        return self.name, self.gvk, self.effective_namespace

    def same(self, other: ResId) -> bool:
        """Equal, up to the default namespace."""
        return self.name == other.name and self.key == other.key

    def selected(self, selector: ResId) -> bool:
        """Whether a selector's parts, where there are any, are these."""
        return (
            (not selector.namespace or selector.effective_namespace == self.effective_namespace)
            and (not selector.name or selector.name == self.name)
            and self.gvk.selected(selector.gvk)
        )

    def go(self) -> str:
        """The id as %#v prints it."""
        gvk = self.gvk
        return (
            f'resid.ResId{{Gvk:resid.Gvk{{Group:"{gvk.group}", Version:"{gvk.version}", Kind:"{gvk.kind}", '
            f"isClusterScoped:{'true' if gvk.cluster_scoped else 'false'}}}, "
            f'Name:"{self.name}", Namespace:"{self.namespace}"}}'
        )


def parse_api_version(api_version: str) -> tuple[str, str]:
    """(group, version)."""
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", api_version)


class Resource:
    """An object and what the build knows about it."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.previous: list[ResId] = []
        self.prefixes: list[str] = []
        self.suffixes: list[str] = []
        self.allow_name_change = False
        self.allow_kind_change = False
        self.behavior = ""
        self.hashed = False
        self.variables: list[str] = []
        self.origin: Node | None = None
        self.transformations: list[Node] = []

    def copy(self) -> Resource:
        """A deep copy."""
        new = Resource(copied(self.node))
        for name, value in vars(self).items():
            if name != "node":
                setattr(new, name, list(value) if isinstance(value, list) else value)
        return new

    # -- identity

    @property
    def kind(self) -> str:
        return text(self.node.get("kind", ""))

    @property
    def gvk(self) -> Gvk:
        return Gvk(*parse_api_version(text(self.node.get("apiVersion", ""))), self.kind)

    @property
    def metadata(self) -> Node:
        """The metadata, made where there is none."""
        metadata = self.node.get("metadata")
        if not isinstance(metadata, dict):
            metadata = self.node["metadata"] = {}
        return metadata

    @property
    def name(self) -> str:
        return self._metadata("name")

    @property
    def namespace(self) -> str:
        return self._metadata("namespace")

    def _metadata(self, field: str) -> str:
        metadata = self.node.get("metadata")
        value = metadata.get(field) if isinstance(metadata, dict) else None
        return text(value) if value is not None else ""

    def mapping(self, field: str) -> dict[str, str]:
        """The labels or annotations."""
        metadata = self.node.get("metadata")
        found = metadata.get(field) if isinstance(metadata, dict) else None
        return {key: text(value) for key, value in found.items()} if isinstance(found, dict) else {}

    @property
    def id(self) -> ResId:
        return ResId(self.gvk, self.name, self.namespace)

    @property
    def original_id(self) -> ResId:
        return self.previous_ids[0] if self.previous else self.id

    @property
    def previous_ids(self) -> list[ResId]:
        """The ids it had, oldest first; group and version are those of now."""
        gvk = self.gvk
        return [ResId(Gvk(gvk.group, gvk.version, old.gvk.kind), old.name, old.namespace) for old in self.previous]

    def remember_id(self) -> None:
        """Note the present id before it changes."""
        now = self.id
        self.previous.append(ResId(now.gvk, now.name, now.effective_namespace))

    def set_namespace(self, namespace: str) -> None:
        if namespace:
            self.metadata["namespace"] = namespace
        else:
            self.metadata.pop("namespace", None)

    def same_affixes(self, other: Resource) -> bool:
        """Whether the last prefixes and suffixes of both are the same."""
        return _same_ending(self.prefixes, other.prefixes) and _same_ending(self.suffixes, other.suffixes)

    def related_affixes(self, other: Resource) -> bool:
        """The same, where having none at all goes with everything."""
        return (not self.prefixes or not other.prefixes or _same_ending(self.prefixes, other.prefixes)) and (
            not self.suffixes or not other.suffixes or _same_ending(self.suffixes, other.suffixes)
        )


def _same_ending(a: list[str], b: list[str]) -> bool:
    shorter = min(len(a), len(b))
    if bool(a) != bool(b):
        return False
    return a[len(a) - shorter :] == b[len(b) - shorter :]


class ResMap:
    """The resources of a build in the order they came."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self.items = list(resources)

    def append(self, resource: Resource) -> None:
        """Add one; two of the same id are refused."""
        self.extend((resource,))

    def extend(self, resources: Iterable[Resource]) -> None:
        """Add several; two of the same id are refused."""
        known = {item.id.key for item in self.items}
        for resource in resources:
            key = resource.id.key
            if key in known:
                raise KustomizeError(f"may not add resource with an already registered id: {resource.id}")
            known.add(key)
            self.items.append(resource)

    def by_any_id(self, matches: Callable[[ResId], bool]) -> list[Resource]:
        """Those whose present or former id matches."""
        return [item for item in self.items if item.node and any(map(matches, (*item.previous_ids, item.id)))]

    def drop_empty(self) -> None:
        self.items = [item for item in self.items if item.node]

    def absorb(self, resource: Resource) -> None:
        """Take a generated resource: add it, or merge it into the one of its id."""
        wanted = resource.id
        found = self.by_any_id(wanted.same)
        if not found:
            if resource.behavior in ("merge", "replace"):
                raise KustomizeError(f"id {wanted.go()} does not exist; cannot merge or replace")
            self.append(resource)
            return
        if len(found) > 1:
            listed = " ".join(str(item.id) for item in found)
            raise KustomizeError(f"found multiple objects [{listed}] that could accept merge of {wanted}")
        old = found[0]
        if resource.behavior not in ("merge", "replace"):
            given = resource.behavior or "unspecified"
            raise KustomizeError(
                f"id {wanted.go()} exists; can not use behavior: '{given}', behavior must be merge or replace"
            )
        if resource.behavior == "merge":
            for field in ("data", "binaryData"):
                merged = {**(old.node.get(field) or {}), **(resource.node.get(field) or {})}
                if merged:
                    resource.node[field] = merged
            resource.origin = old.origin or resource.origin
        _take_identity(resource, old)
        self.items[self.items.index(old)] = resource


def _take_identity(new: Resource, old: Resource) -> None:
    """Labels and annotations of both, name, namespace and history of the old one."""
    for field in ("labels", "annotations"):
        merged = {**old.mapping(field), **new.mapping(field)}
        if merged:
            new.metadata[field] = merged
    new.metadata["name"] = old.name
    new.set_namespace(old.namespace)
    new.previous, new.prefixes, new.suffixes = old.previous, old.prefixes, old.suffixes
    new.variables = old.variables
    new.transformations = old.transformations
    new.hashed = new.hashed and old.hashed


class Selector:
    """Which resources a patch is for: anchored patterns, label and annotation selectors."""

    FIELDS = ("group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector")

    def __init__(self, raw: dict[str, str]) -> None:
        self._patterns = {
            field: re.compile(f"(?:{_anchored(raw[field])})") for field in self.FIELDS[:5] if raw.get(field)
        }
        self.label_selector = raw.get("labelSelector") or ""
        self.annotation_selector = raw.get("annotationSelector") or ""

    def _match(self, field: str, *values: str) -> bool:
        pattern = self._patterns.get(field)
        return pattern is None or any(pattern.fullmatch(value) for value in values)

    def select(self, resources: ResMap) -> list[Resource]:
        """Those that match."""
        return [item for item in resources.items if self.matches(item)]

    def matches(self, item: Resource) -> bool:
        """Whether one resource matches, by its first or its present id."""
        now, first = item.id, item.original_id
        gvk = now.gvk
        return (
            self._match("namespace", first.effective_namespace, now.effective_namespace)
            and self._match("name", first.name, now.name)
            and self._match("group", gvk.group)
            and self._match("version", gvk.version)
            and self._match("kind", gvk.kind)
            and matches_selector(self.label_selector, item.mapping("labels"))
            and matches_selector(self.annotation_selector, item.mapping("annotations"))
        )


def _anchored(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise KustomizeError(f"error parsing regexp: {error}: `^(?:{pattern})$`") from None
    return pattern


def matches_selector(selector: str, labels: dict[str, str]) -> bool:
    """Whether labels (or annotations) match a label selector."""
    if not selector:
        return True
    from minikctl.apimachinery.selectors import parse

    try:
        return parse(selector).matches(labels)
    except ValueError as error:
        raise KustomizeError(str(error)) from None
