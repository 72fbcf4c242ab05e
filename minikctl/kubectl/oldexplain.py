"""explain -o plaintext-openapiv2: the format from before OpenAPI v3.

Upstream counterpart: kubectl's `pkg/explain` (printers for models and fields, and their formatter).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from minikctl.apimachinery import descriptions
from minikctl.apimachinery.openapi import Schema
from minikctl.apimachinery.resources import Resource
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import quote

_PRIMITIVE = ("string", "integer", "boolean", "number")
_OF_NO_TYPE = ("IntOrString", "Quantity", "JSON")  # OpenAPI v2 says nothing of these types
_ANYTHING = "map[string]"
_WIDTH = 75
_LIST_ITEM = re.compile(r"(\d+\.?|-|\*)\s")


def explain(write: Callable[[str], Any], row: Resource, schema: Schema, path: list[str], recursive: bool) -> None:
    """Print the resource, or the field at the path."""
    head = f"KIND:     {row.kind}\nVERSION:  {row.api_version}\n\n"
    texts = [descriptions.of_type(schema)]
    for name in path:
        owner = schema
        while owner.prop(name) is None and (inner := owner.items or owner.additional):
            owner = inner
        found = owner.prop(name)
        if found is None and owner.properties:
            raise KubectlError(f"field {quote(name)} does not exist")
        if found is None:  # what has no fields is what is explained, whatever is asked of it
            if owner.name or owner is not schema:
                texts = [descriptions.of_type(owner) if owner.name else str(owner.raw.get("description", ""))]
            schema = owner
            texts = texts[:1]
            break
        schema = found
        texts = [descriptions.of_field(owner, name, schema), *_type_texts(schema)]
    leaf = _leaf(schema)
    if path and _name(leaf) not in ("", _ANYTHING):
        what = "RESOURCE:" if leaf.properties else "FIELD:"
        head += f"{what:<10}{path[-1]} <{_name(schema)}>\n\n"
    text = "".join([("\n" if index else "") + _indented(text) for index, text in enumerate(texts) if text])
    write(f"{head}DESCRIPTION:\n{text or _indented('<empty>')}")
    if leaf.properties:
        write("\nFIELDS:\n" + (_names(leaf, 1, (leaf.name,)) if recursive else _fields(leaf)))


def _leaf(schema: Schema) -> Schema:
    """What lists and maps are of."""
    while inner := schema.items or schema.additional:
        schema = inner
    return schema


def _name(schema: Schema) -> str:
    """A type as this format writes it; "" where anything goes."""
    if schema.items is not None:
        return f"[]{_name(schema.items)}"
    if schema.additional is not None:
        return f"map[string]{_name(schema.additional)}"
    if schema.properties:
        return "Object"
    if schema.name in _OF_NO_TYPE or schema.int_or_string:
        return ""
    if schema.type in _PRIMITIVE:
        return schema.type
    return _ANYTHING if schema.type == "object" else ""


def _type_texts(schema: Schema) -> list[str]:
    """What is said on the way through lists and maps: of references, named types, what is in a map of anything."""
    texts = []
    inner: Schema | None = schema
    while inner is not None:
        said = str(inner.raw.get("description", ""))
        if inner is not schema:
            texts.append("" if inner.name else said)
        if inner.name:
            said = descriptions.of_type(inner)
            texts.append(said)
        if _name(inner) == _ANYTHING:
            texts.append(said)
        inner = inner.items or inner.additional
    return texts


def _fields(schema: Schema) -> str:
    parts = []
    for name, field in sorted(schema.properties.items()):
        required = " -required-" if name in schema.required else ""
        text = descriptions.of_field(schema, name, field)
        parts.append(f"   {name}\t<{_name(field)}>{required}\n{_indented(text) if text else ''}\n")
    return "".join(parts)


def _names(schema: Schema, level: int, seen: tuple[str, ...]) -> str:
    """The fields below, by name alone; a type within itself is not gone through again."""
    parts = []
    for name, field in sorted(schema.properties.items()):
        parts.append(f"{'   ' * level}{name}\t<{_name(field)}>\n")
        leaf = _leaf(field)
        if not leaf.name or leaf.name not in seen:
            parts.append(_names(leaf, level + 1, (*seen, leaf.name) if leaf.name else seen))
    return "".join(parts)


def _indented(text: str) -> str:
    return "".join(f"     {line}\n" if line else "\n" for line in _wrapped(text))


def _wrapped(text: str) -> list[str]:
    """The lines of a description: words flow, but for indented text, lists, empty lines and what follows a colon."""
    lines: list[str] = []
    words: list[str] = []

    def flush() -> None:
        if words:
            lines.append(" ".join(words))
            words.clear()

    for line in text.split("\n"):
        if line.startswith("    "):
            flush()
            lines.append(line)
            continue
        blank = not line.strip()
        if lines and blank:
            flush()
            lines.append("")
            continue
        if blank or (words and words[-1].endswith(":")) or _LIST_ITEM.match(line.strip()):
            flush()
        for word in line.split():
            if words and len(" ".join(words)) + 1 + len(word) > _WIDTH:
                flush()
            words.append(word)
    flush()
    return lines
