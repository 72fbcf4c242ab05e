"""The registry of kinds: what the cluster serves, and how kubectl's TYPE arguments name it.

Built-in rows come from resources_data.py; CustomResourceDefinitions add theirs through a
ResourceSet. Counterparts: kube-apiserver's discovery, client-go's RESTMapper and shortcut expander.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from minikctl.apimachinery.resources_data import ROWS

CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
# What discovery tells of a kind whose definition is going.
_ENDING_VERBS = ("delete", "deletecollection", "get", "list", "watch")
_SUBRESOURCE_VERBS = ("get", "patch", "update")


class Subresource:
    """A subresource: its name, kind and verbs; group and version where they differ from the parent's."""

    __slots__ = ("group", "kind", "name", "verbs", "version")

    def __init__(self, name: str, kind: str, group: str = "", version: str = "", verbs: tuple[str, ...] = ()) -> None:
        self.name = name
        self.kind = kind
        self.group = group
        self.version = version
        self.verbs = verbs

    def has_method(self, verb: str) -> bool:
        """Whether there is a route for a verb; what is behind a proxy answers for itself."""
        return self.name == "proxy" or verb in self.verbs


# Verbs about one object, whose name stands in the path.
_BY_NAME = frozenset({"get", "update", "patch", "delete"})


class Resource:
    """One resource in one version. `key` names the resource as messages do ("deployments.apps")."""

    __slots__ = (
        "api_version", "categories", "custom", "group", "group_kind", "key", "kind", "list_kind", "namespaced",
        "plural", "selectable_fields", "served_by_default", "short_names", "singular", "storage_version",
        "subresources", "told_verbs", "verbs", "version",
    )  # fmt: skip

    def __init__(
        self,
        group: str,
        version: str,
        kind: str,
        plural: str,
        short_names: tuple[str, ...] = (),
        categories: tuple[str, ...] = (),
        namespaced: bool = True,
        verbs: tuple[str, ...] = CUSTOM_VERBS,
        subresources: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (),
        served_by_default: bool = True,
        singular: str = "",
        list_kind: str = "",
        custom: bool = False,
        storage_version: str = "",
        selectable_fields: tuple[str, ...] = (),
        told_verbs: tuple[str, ...] = (),
    ) -> None:
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.singular = singular or kind.lower()
        self.list_kind = list_kind or kind + "List"
        self.short_names = short_names
        self.categories = categories
        self.namespaced = namespaced
        self.verbs = verbs
        # What discovery says of them; the others are carried out all the same.
        self.told_verbs = told_verbs or verbs
        self.subresources = {row[0]: Subresource(*row) for row in subresources} if subresources else {}
        self.served_by_default = served_by_default
        self.custom = custom
        # Where a custom kind is stored; "" for built-in kinds, whose preferred version that is.
        self.storage_version = storage_version
        # Fields beside name and namespace that a custom kind may be selected by.
        self.selectable_fields = selectable_fields
        if group:
            self.key = f"{plural}.{group}"
            self.api_version = f"{group}/{version}"
            self.group_kind = f"{kind}.{group}"
        else:
            self.key = plural
            self.api_version = version
            self.group_kind = kind

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL path of the collection, or of one object."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [root]
        if self.namespaced and namespace:
            parts.append(f"namespaces/{namespace}")
        parts.append(self.plural)
        if name:
            parts.append(name)
        if subresource:
            parts.append(subresource)
        return "/".join(parts)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Resource) and (self.api_version, self.plural) == (other.api_version, other.plural)

    def __hash__(self) -> int:
        return hash((self.api_version, self.plural))

    def __repr__(self) -> str:
        return f"Resource({self.api_version}, {self.plural})"

    @property
    def by_name(self) -> bool:
        """Whether its objects have paths of their own (those of reviews and bindings have none)."""
        return not _BY_NAME.isdisjoint(self.verbs)


class ResourceSet:
    """Resources in kubectl's order of preference, with every way to look one up.

    `extra` holds the rows of CustomResourceDefinitions; `switched` are API versions ("group/version")
    that a cluster serves though they are off by default.
    """

    def __init__(self, extra: Iterable[Resource] = (), switched: frozenset[str] = frozenset()) -> None:
        rows = list(_served_rows())
        if switched:
            rows = [Resource(*row) for row in ROWS if row[9] or f"{row[0]}/{row[1]}" in switched]
        custom = sorted(extra, key=lambda r: (r.group, version_order(r.version), r.plural))
        rows.extend(custom)
        self._rows = rows
        self._by_kind = {(row.api_version, row.kind): row for row in rows}
        self._by_key: dict[str, list[Resource]] = {}
        for row in rows:
            self._by_key.setdefault(row.key, []).append(row)
        self._names: dict[str, list[Resource]] | None = None

    def all_resources(self) -> list[Resource]:
        """Every served resource and version, groups in discovery's order, preferred versions first."""
        return self._rows

    def preferred(self) -> list[Resource]:
        """One row per resource: its preferred version (what `api-resources` lists)."""
        return [rows[0] for rows in self._by_key.values()]

    def lookup(self, key: str) -> Resource | None:
        """The preferred version of a resource key."""
        rows = self._by_key.get(key)
        return rows[0] if rows else None

    def versions(self, key: str) -> list[Resource]:
        """All served versions of a resource key, the preferred one first."""
        return self._by_key.get(key, [])

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        return self._by_kind.get((api_version, kind))

    def by_path(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource behind a URL path's group, version and plural."""
        for row in self._by_key.get(f"{plural}.{group}" if group else plural, ()):
            if row.version == version:
                return row
        return None

    def by_group_kind(self, group: str, kind: str) -> Resource | None:
        """The preferred version of a kind, whatever its version."""
        for row in self._rows:
            if row.kind == kind and row.group == group:
                return row
        return None

    def in_category(self, category: str) -> list[Resource]:
        """The preferred versions of a category's members ("all")."""
        return [row for row in self.preferred() if category in row.categories]

    def groups(self) -> dict[str, list[str]]:
        """Group -> its versions, both in discovery's order."""
        groups: dict[str, list[str]] = {}
        for row in self._rows:
            versions = groups.setdefault(row.group, [])
            if row.version not in versions:
                versions.append(row.version)
        return groups

    def resolve(self, arg: str) -> Resource | None:
        """kubectl's TYPE argument: a plural, singular or short name or a kind, with .VERSION.GROUP or .GROUP.

        Group and short-name prefixes match as client-go's RESTMapper matches them: `storageclass.storage`
        finds storage.k8s.io, and an expanded short name forgets the version that was asked for.
        """
        name, _, rest = arg.partition(".")
        version, dot, group = rest.partition(".")
        found = self._find(name, group, version) if dot else None
        return found or self._find(name, rest, "") or self._find_kind(name, rest)

    def _find(self, name: str, group: str, version: str) -> Resource | None:
        names = self._index()
        exact = [row for row in names.get(name, ()) if not group or row.group == group]
        if not exact:
            expanded = self._expand(name, group)
            if expanded:
                return expanded
        rows = names.get(name.lower(), ())
        if group and version:
            return next((row for row in rows if row.group == group and row.version == version), None)
        if not group:
            return rows[0] if rows else None
        exact = [row for row in rows if row.group == group] or [row for row in rows if row.group.startswith(group)]
        return exact[0] if exact else None

    def _expand(self, name: str, group: str) -> Resource | None:
        rows = [row for row in self._rows if name in row.short_names]
        if group:
            rows = [row for row in rows if row.group == group] or [row for row in rows if row.group.startswith(group)]
        return rows[0] if rows else None

    def _find_kind(self, name: str, rest: str) -> Resource | None:
        version, _, group = rest.partition(".")
        for wanted in ((version, group), ("", rest)):
            for row in self._rows:
                if name in (row.kind, row.kind.lower()) and row.group == wanted[1] and wanted[0] in ("", row.version):
                    return row
        return None

    def _index(self) -> dict[str, list[Resource]]:
        if self._names is None:
            self._names = {}
            for row in self._rows:
                self._names.setdefault(row.plural, []).append(row)
                if row.singular != row.plural:
                    self._names.setdefault(row.singular, []).append(row)
        return self._names


def version_order(version: str) -> tuple[int, int, int, str]:
    """Sort key of API versions as discovery orders them: v2, v1, v1beta2, v1beta1, v1alpha1, others by name."""
    if version[:1] == "v":
        digits = version[1:]
        if digits.isdigit():
            return (0, -int(digits), 0, "")
        for rank, stage in ((1, "beta"), (2, "alpha")):
            major, found, minor = digits.partition(stage)
            if found and major.isdigit() and (minor.isdigit() or not minor):
                return (rank, -int(major), -int(minor or 0), "")
    return (3, 0, 0, version)


def _conditions(crd: dict[str, Any]) -> list[dict[str, Any]]:
    return (crd.get("status") or {}).get("conditions") or []


def from_crd(crd: dict[str, Any]) -> list[Resource]:
    """The rows a CustomResourceDefinition adds: one per served version."""
    spec = crd["spec"]
    names = crd.get("status", {}).get("acceptedNames") or {}
    if not names.get("plural"):
        names = spec["names"]
    kind = names.get("kind", "")
    rows = []
    ending = any((c.get("type"), c.get("status")) == ("Terminating", "True") for c in _conditions(crd))
    stored = next((version["name"] for version in spec["versions"] if version.get("storage")), "")
    for version in spec["versions"]:
        if not version.get("served"):
            continue
        own = version.get("subresources") or {}
        subresources = []
        if "status" in own:
            subresources.append(("status", kind, "", "", _SUBRESOURCE_VERBS))
        if "scale" in own:
            subresources.append(("scale", "Scale", "autoscaling", "v1", _SUBRESOURCE_VERBS))
        row = Resource(
            spec["group"], version["name"], kind, names["plural"],
            short_names=tuple(names.get("shortNames") or ()), categories=tuple(names.get("categories") or ()),
            namespaced=spec["scope"] == "Namespaced", subresources=tuple(subresources),
            singular=names.get("singular", ""), list_kind=names.get("listKind", ""), custom=True,
            storage_version=stored, told_verbs=_ENDING_VERBS if ending else (),
            selectable_fields=tuple(one["jsonPath"].removeprefix(".") for one in version.get("selectableFields") or ()),
        )  # fmt: skip
        rows.append(row)
    return rows


@cache
def _served_rows() -> tuple[Resource, ...]:
    return tuple(Resource(*row) for row in ROWS if row[9])


@cache
def builtin() -> ResourceSet:
    """The resources of a cluster without CustomResourceDefinitions."""
    return ResourceSet()


def all_resources() -> list[Resource]:
    return builtin().all_resources()


def lookup(key: str) -> Resource | None:
    return builtin().lookup(key)


def versions(key: str) -> list[Resource]:
    return builtin().versions(key)


def by_kind(api_version: str, kind: str) -> Resource | None:
    return builtin().by_kind(api_version, kind)


def resolve(arg: str) -> Resource | None:
    return builtin().resolve(arg)
