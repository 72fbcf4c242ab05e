"""Replacements: copy a field of one object into fields of others.

Upstream counterparts: kustomize's replacement filter and kyaml's PathMatcher.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from minikctl.kubectl.kustomize.loading import Loader
from minikctl.kubectl.kustomize.nodes import copied, is_null, is_scalar, resolve, retyped, text
from minikctl.kubectl.kustomize.problem import KustomizeError, go_quote
from minikctl.kubectl.kustomize.resource import Gvk, Node, ResId, ResMap, Resource, matches_selector

_NAME = "metadata.name"
_ID_FIELDS = ("group", "version", "kind", "name", "namespace")

Slot = tuple[Any, Any]


def replacement_step(entries: list[Node], loader: Loader) -> Callable[[ResMap], None]:
    """`replacements`, those in files too, ready to run."""
    expanded = list(_expanded(entries, loader))
    return lambda resources: apply_replacements(resources, expanded)


def apply_replacements(resources: ResMap, entries: list[Node]) -> None:
    """Copy every source into its targets."""
    for entry in entries:
        if not entry.get("targets") or (not entry.get("source") and entry.get("sourceValue") is None):
            raise KustomizeError("replacements must specify a source and at least one target")
        if entry.get("source") and entry.get("sourceValue") is not None:
            raise KustomizeError("value and resource selectors are mutually exclusive")
        value = _source_value(resources, entry)
        for target in entry["targets"]:
            _apply_target(resources, value, target)


def _expanded(entries: list[Node], loader: Loader) -> Iterator[Node]:
    from minikctl.kubectl.manifest import ParseError, parse_yaml

    for entry in entries:
        path = entry.get("path")
        if not path:
            yield entry
            continue
        if entry.get("source") or entry.get("targets"):
            raise KustomizeError("cannot specify both path and inline replacement")
        try:
            value = parse_yaml(loader.load(path))
        except ParseError as error:
            raise KustomizeError(str(error)) from None
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(item, dict) for item in found):
            raise KustomizeError("unsupported replacement type encountered within replacement path")
        yield from found


def _selector(raw: Node) -> ResId:
    group, version, kind, name, namespace = (str(raw.get(field) or "") for field in _ID_FIELDS)
    return ResId(Gvk(group, version, kind), name, namespace)


def _describe(source: Node) -> str:
    wanted = _selector(source)
    field = source.get("fieldPath") or ""
    return f"{wanted}:{field}" if field else str(wanted)


def _ids(resource: Resource) -> list[ResId]:
    return [resource.id, *resource.previous_ids]


def _source_value(resources: ResMap, entry: Node) -> Any:
    if not entry.get("source"):
        return entry["sourceValue"]
    source = entry["source"]
    wanted = _selector(source)
    found = [item for item in resources.items if any(own.selected(wanted) for own in _ids(item))]
    if len(found) > 1:
        raise KustomizeError(f"multiple matches for selector {_describe(source)}")
    if not found:
        raise KustomizeError(f"nothing selected by {_describe(source)}")
    path = source.get("fieldPath") or _NAME
    value = _lookup(found[0].node, split_field_path(path))
    if is_null(value) or value in ({}, [], ""):
        raise KustomizeError(f"fieldPath `{path}` is missing for replacement source {wanted}")
    options = source.get("options") or {}
    delimiter = options.get("delimiter")
    if not delimiter:
        return copied(value)
    if not is_scalar(value):
        raise KustomizeError("delimiter option can only be used with scalar nodes")
    parts, index = text(value).split(delimiter), options.get("index") or 0
    if not 0 <= index < len(parts):
        raise KustomizeError(f"options.index {index} is out of bounds for value {text(value)}")
    return retyped(parts[index], value) if isinstance(value, str) else resolve(parts[index])


def _lookup(node: Any, path: list[str]) -> Any:
    """kyaml's Lookup: fields, [key=value], positions, `-` for the last one; None when there is nothing."""
    for part in path:
        if is_null(node):
            return None
        if part.isdigit() or part == "-":
            if not isinstance(node, list):
                raise KustomizeError(
                    f"error looking up replacement source: wrong node kind: expected SequenceNode but got "
                    f"{_kind(node)}: node contents:\n{_dump(node)}"
                )
            index = len(node) - 1 if part == "-" else int(part)
            node = node[index] if 0 <= index < len(node) else None
        elif part.startswith("[") and part.endswith("]"):
            if not isinstance(node, list):
                return None
            key, value = _split_index(part)
            node = next((item for item in node if _element_is(item, key, value)), None)
        elif isinstance(node, dict):
            node = node.get(part)
        else:
            raise KustomizeError(
                f"error looking up replacement source: wrong node kind: expected MappingNode but got "
                f"{_kind(node)}: node contents:\n{_dump(node)}"
            )
    return node


def _kind(node: Any) -> str:
    return "MappingNode" if isinstance(node, dict) else "SequenceNode" if isinstance(node, list) else "ScalarNode"


def _dump(node: Any) -> str:
    from minikctl.kubectl.kustomize.nodes import plain
    from minikctl.printers import yamlout

    return yamlout.dump(plain(node))


def _split_index(part: str) -> tuple[str, str]:
    key, equals, value = part[1:-1].partition("=")
    if not equals:
        raise KustomizeError(f"list path element must contain fieldName=fieldValue for element to match: {part}")
    return key, value


def _element_is(item: Any, key: str, value: str) -> bool:
    if not key:
        return is_scalar(item) and text(item) == value
    return isinstance(item, dict) and key in item and is_scalar(item[key]) and text(item[key]) == value


def _apply_target(resources: ResMap, value: Any, target: Node) -> None:
    select = target.get("select")
    if select is None:
        raise KustomizeError("target must specify resources to select")
    wanted = _selector(select)
    rejects = target.get("reject") or []
    for resource in resources.items:
        if not _labelled(resource, select):
            continue
        if any(
            (reject.get("labelSelector") or reject.get("annotationSelector")) and _labelled(resource, reject)
            for reject in rejects
        ):
            continue
        if any(own.selected(wanted) and not _rejected(own, rejects) for own in _ids(resource)):
            _copy_to(resource, value, target)


def _labelled(resource: Resource, selector: Node) -> bool:
    return matches_selector(selector.get("labelSelector") or "", resource.mapping("labels")) and matches_selector(
        selector.get("annotationSelector") or "", resource.mapping("annotations")
    )


def _rejected(own: ResId, rejects: list[Node]) -> bool:
    for reject in rejects:
        wanted = _selector(reject)
        if wanted != ResId(Gvk()) and own.selected(wanted):
            return True
    return False


def _copy_to(resource: Resource, value: Any, target: Node) -> None:
    options = target.get("options") or {}
    create = bool(options.get("create"))
    for field_path in target.get("fieldPaths") or [_NAME]:
        path = split_field_path(field_path)
        failure = f"unable to find{' or create' if create else ''} field {go_quote(field_path)} in replacement target"
        try:
            slots = list(_match(resource.node, path, value if create else None))
        except KustomizeError as error:
            raise KustomizeError(f"{failure}: {error}") from None
        if not slots:
            raise KustomizeError(failure)
        for container, key in slots:
            _set(container, key, value, options)


def _set(container: Any, key: Any, value: Any, options: Node) -> None:
    old = container[key]
    delimiter = options.get("delimiter")
    if delimiter:
        if not is_scalar(old):
            raise KustomizeError("delimiter option can only be used with scalar nodes")
        parts, index, new = text(old).split(delimiter), options.get("index") or 0, text(value)
        if index < 0:
            parts.insert(0, new)
        elif index >= len(parts):
            parts.append(new)
        else:
            parts[index] = new
        container[key] = retyped(delimiter.join(parts), old)
    elif is_scalar(old) and old is not _NEW:
        # Only the text is copied, so that numbers and strings turn into each other; a mapping has none.
        container[key] = retyped(text(value) if is_scalar(value) else "", old)
    else:
        container[key] = copied(value)


class _New:
    """A field that was made for the replacement and takes over the value's type."""


_NEW: Any = _New()


def _match(node: Any, path: list[str], create: Any) -> Iterator[Slot]:
    """kyaml's PathMatcher: every (container, key) that a path leads to; with `create` missing fields are made."""
    part, rest = path[0], path[1:]
    if part.isdigit() or part == "-":
        keys = _positions(node, part, rest, create)
    elif part.startswith("[") and part.endswith("]"):
        keys = _elements(node, part, create)
    elif part == "*":
        keys = list(range(len(node))) if isinstance(node, list) else list(node) if isinstance(node, dict) else []
    else:
        keys = _field(node, part, rest, create)
    for key in keys:
        if not rest:
            yield node, key
        else:
            yield from _match(node[key], rest, create)


def _positions(node: Any, part: str, rest: list[str], create: Any) -> list[Any]:
    if not isinstance(node, list):
        raise KustomizeError(
            f"wrong node kind: expected SequenceNode but got {_kind(node)}: node contents:\n{_dump(node)}"
        )
    index = len(node) - 1 if part == "-" else int(part)
    if index == len(node) and create is not None:
        node.append({} if rest else _NEW)
    if index >= len(node):
        raise KustomizeError(f"index {index} specified but only {len(node)} elements found")
    return [index]


def _elements(node: Any, part: str, create: Any) -> list[Any]:
    if not isinstance(node, list):
        return []
    key, value = _split_index(part)
    try:
        pattern = re.compile(value)
    except re.error as error:
        raise KustomizeError(f"error parsing regexp: {error}") from None
    found = []
    for index, item in enumerate(node):
        if not key:
            if is_scalar(item) and pattern.search(text(item)):
                found.append(index)
        elif isinstance(item, dict) and key in item and is_scalar(item[key]) and pattern.search(text(item[key])):
            found.append(index)
    if not found and create is not None:
        node.append({key: resolve(value)} if key else value)
        found.append(len(node) - 1)
    return found


def _field(node: Any, part: str, rest: list[str], create: Any) -> list[Any]:
    if is_null(node):
        return []
    if not isinstance(node, dict):
        raise KustomizeError(
            f"wrong node kind: expected MappingNode but got {_kind(node)}: node contents:\n{_dump(node)}"
        )
    missing = part not in node or is_null(node[part])
    if missing:
        if create is None:
            return [part] if part in node and not rest else []
        if not rest:
            node[part] = _NEW if is_scalar(create) else type(create)()
        else:
            node[part] = [] if rest[0].startswith("[") or rest[0].isdigit() else {}
    return [part]


def split_field_path(path: str) -> list[str]:
    """Parts of a dotted path; dots inside [...] and after a backslash do not split."""
    parts: list[str] = []
    current, depth, escaped = "", 0, False
    for char in path:
        if escaped:
            current += char if char == "." else "\\" + char
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "." and not depth:
            parts.append(current)
            current = ""
        else:
            depth += (char == "[") - (char == "]" and depth > 0)
            current += char
    return [*parts, current + ("\\" if escaped else "")]
