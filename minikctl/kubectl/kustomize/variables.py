"""vars: $(NAME) in well-known fields becomes the value of another object's field.

Deprecated upstream in favour of replacements. Upstream counterparts: kustomize's refvar filter and VarSet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minikctl.kubectl.kustomize.fieldspecs import FieldSpec, apply
from minikctl.kubectl.kustomize.nodes import is_null, text
from minikctl.kubectl.kustomize.problem import KustomizeError
from minikctl.kubectl.kustomize.resource import Gvk, Node, ResId, ResMap, parse_api_version

_NAME = "metadata.name"


class Variables:
    """The vars of a build by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Node] = {}

    def add(self, resources: ResMap, entries: Iterable[Node]) -> None:
        """Take the vars of one kustomization, marking the objects they read from."""
        entries = list(entries)
        for entry in entries:
            wanted = _target(entry)
            exact = bool(wanted.namespace) or wanted.gvk.cluster_scoped

            def matches(own: ResId, wanted: ResId = wanted, exact: bool = exact) -> bool:
                return own.same(wanted) if exact else (own.name, own.gvk) == (wanted.name, wanted.gvk)

            found = resources.by_any_id(matches)
            if len(found) > 1:
                raise KustomizeError(
                    f"found {len(found)} resId matches for var {_shown(entry)} (unable to disambiguate)"
                )
            if found:
                found[0].variables.append(entry["name"])
        for entry in entries:
            if entry["name"] in self.by_name:
                raise KustomizeError(f"var '{entry['name']}' already encountered")
            self.by_name[entry["name"]] = entry

    def merge(self, other: Variables) -> None:
        """Take those of a base."""
        for name, entry in other.by_name.items():
            old = self.by_name.get(name)
            if old is not None and old != entry:
                raise KustomizeError(f"var '{name}' already encountered")
            self.by_name[name] = entry

    def resolve(self, resources: ResMap, specs: Iterable[FieldSpec]) -> list[str]:
        """Replace them everywhere; returns the names that occurred nowhere."""
        values = {name: _value(resources, self.by_name[name]) for name in sorted(self.by_name)}
        if not values:
            return []
        used: set[str] = set()

        def put(container: Any, key: Any) -> None:
            _replace(container, key, values, used)

        specs = list(specs)
        for resource in resources.items:
            for spec in specs:
                apply(resource, spec, put)
        return [name for name in values if name not in used]


def _target(entry: Node) -> ResId:
    ref = entry.get("objref") or {}
    group, version = parse_api_version(ref.get("apiVersion") or "")
    gvk = Gvk(ref.get("group") or group, ref.get("version") or version, ref.get("kind") or "")
    return ResId(gvk, ref.get("name") or "", ref.get("namespace") or "")


def show_all(entries: Iterable[Node]) -> str:
    """A list of vars as %v prints it."""
    return f"[{' '.join(map(_shown, entries))}]"


def _shown(entry: Node) -> str:
    field = (entry.get("fieldref") or {}).get("fieldpath") or _NAME
    return f"{{{entry['name']} {_target(entry).gvk} {{{field}}}}}"


def _value(resources: ResMap, entry: Node) -> Any:
    path = (entry.get("fieldref") or {}).get("fieldpath") or (entry.get("fieldref") or {}).get("fieldPath") or _NAME
    for resource in resources.items:
        if entry["name"] in resource.variables:
            try:
                return _field(resource.node, path)
            except KeyError:
                raise KustomizeError(
                    f"field specified in var '{_shown(entry)}' not found in corresponding resource"
                ) from None
    raise KustomizeError(f"var '{_shown(entry)}' cannot be mapped to a field in the set of known resources")


def _field(node: Any, path: str) -> Any:
    from minikctl.kubectl.kustomize.replacements import split_field_path

    for part in split_field_path(path):
        name, bracket, index = part.partition("[")
        for key in (*([name] if name else ()), *([index.rstrip("]")] if bracket else ())):
            if isinstance(node, dict) and key in node:
                node = node[key]
            elif isinstance(node, list) and key.isdigit() and int(key) < len(node):
                node = node[int(key)]
            else:
                raise KeyError(part)
    if is_null(node):
        raise KeyError(path)
    return node


def _replace(container: Any, key: Any, values: Mapping[str, Any], used: set[str]) -> None:
    value = container[key]
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str):
                value[name] = expand(item, values, used)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                raise KustomizeError("invalid value type expect a string")
            if isinstance(item, str):
                value[index] = expand(item, values, used)
    elif isinstance(value, str):
        container[key] = expand(value, values, used)


def expand(value: str, values: Mapping[str, Any], used: set[str]) -> Any:
    """The text with $(NAME) replaced and $$ unescaped; a text that is one reference takes over the value's type."""
    if value.startswith("$(") and value.endswith(")") and value[2:-1] in values:
        used.add(value[2:-1])
        return values[value[2:-1]]
    out, index = [], 0
    while index < len(value):
        char = value[index]
        following = value[index + 1 : index + 2]
        if char == "$" and following == "$":
            out.append("$")
            index += 2
        elif char == "$" and following == "(" and (end := value.find(")", index)) > 0:
            name = value[index + 2 : end]
            if name in values:
                used.add(name)
                out.append(text(values[name]))
            else:
                out.append(value[index : end + 1])
            index = end + 1
        else:
            out.append(char)
            index += 1
    return "".join(out)
