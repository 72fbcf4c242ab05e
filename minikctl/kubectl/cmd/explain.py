"""kubectl explain: the fields of a resource, their types and what they are for.

Field trees come from the project's schemas and from CustomResourceDefinitions. Upstream counterpart: kubectl's
`pkg/explain` (v2 and the older OpenAPI v2 form).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from minikctl.apimachinery import descriptions, openapi
from minikctl.apimachinery.openapi import Schema
from minikctl.apimachinery.resources import Resource
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, NoResourceType
from minikctl.kubectl.flags import BOOL, STRING, Flag, quote

_CRDS = "customresourcedefinitions.apiextensions.k8s.io"


class ExplainOptions(Options):
    """Which field of which resource to explain."""

    def complete(self, args: list[str]) -> None:
        self.args = args

    def validate(self) -> None:
        if not self.args:
            program = self.factory.program
            raise KubectlError(
                f'You must specify the type of resource to explain. Use "{program} api-resources" for a complete list '
                "of supported resources."
            )
        if len(self.args) > 1:
            raise KubectlError("We accept only this format: explain RESOURCE")

    def run(self) -> None:
        row, path = self._resolve(self.args[0])
        output = self.flags["output"]
        if output not in ("plaintext", "plaintext-openapiv2"):
            raise KubectlError(f"unrecognized format: {output}")
        schema = self._schema(row)
        write = self.factory.streams.out.write
        if output == "plaintext":
            Plain(write, self.flags["recursive"]).explain(row, schema, path)
        else:
            OpenAPIv2(write, self.flags["recursive"]).explain(row, schema, path)

    def _resolve(self, arg: str) -> tuple[Resource, list[str]]:
        """The resource and the field path of RESOURCE[.FIELD]..."""
        resources = self.factory.resources
        parts = arg.split(".")
        path = parts[1:]
        row = None
        for one in resources.all_resources():
            if one.group and (arg == one.key or arg.startswith(one.key + ".")):
                row, path = one, [part for part in arg[len(one.key) + 1 :].split(".") if part]
                break
        row = row or resources.resolve(parts[0])
        if row is None:
            raise NoResourceType(f"the server doesn't have a resource type {quote(parts[0])}")
        wanted = self.flags["api-version"]
        if wanted:
            found = next((one for one in resources.versions(row.key) if one.api_version == wanted), None)
            if found is None:
                group, _, version = wanted.rpartition("/")
                raise KubectlError(f"couldn't find resource for {quote(f'{group}/{version}, Resource={row.plural}')}")
            row = found
        return row, [part for part in path if part]

    def _schema(self, row: Resource) -> Schema:
        schema = None
        if row.custom:
            crd = self.factory.client.get(_CRDS, f"{row.plural}.{row.group}")
            version = next(v for v in crd["spec"]["versions"] if v["name"] == row.version)
            raw = (version.get("schema") or {}).get("openAPIV3Schema") or {}
            schema = openapi.from_crd(raw)
        else:
            schema = openapi.schema_for(row.api_version, row.kind)
        if schema is None:
            raise KubectlError(f"GVR ({row.group}/{row.version}, Resource={row.plural}) not found in OpenAPI schema")
        return schema


def type_name(schema: Schema) -> str:
    """A type as explain writes it: []Container, map[string]string, integer."""
    if schema.items is not None:
        return f"[]{type_name(schema.items)}"
    if schema.additional is not None:
        return f"map[string]{type_name(schema.additional)}"
    if schema.name and schema.type in ("", "object"):
        return schema.name
    return "Object" if schema.type in ("", "object") else schema.type


def step(schema: Schema | None, name: str) -> tuple[Schema, Schema] | None:
    """(owner, field) of a field, looked for through lists and maps."""
    while schema is not None:
        found = schema.prop(name)
        if found is not None:
            return schema, found
        schema = schema.items or schema.additional
    return None


def wrap(text: str, width: int) -> str:
    """Word wrap as kubectl's writer does it: at runs of blanks, which a break swallows; line breaks are kept."""
    return "\n".join(_wrap_line(line, width) for line in text.split("\n"))


def _wrap_line(line: str, width: int) -> str:
    wrapped = ""
    column = 0
    for blanks, word in re.findall(r"(\s*)(\S*)", line):
        # A word that fills a line by itself is never broken, nor preceded by a break where it would begin the line.
        if word and column + len(blanks) + len(word) > width and column + len(blanks) > 1:
            wrapped += "\n" + word
            column = len(word)
        elif word or column + len(blanks) <= width:
            wrapped += blanks + word
            column += len(blanks) + len(word)
    return wrapped


def indent(text: str, amount: int) -> str:
    """Every line moved to the right."""
    pad = " " * amount
    return pad + text.replace("\n", "\n" + pad)


class Plain:
    """The format of `-o plaintext`."""

    def __init__(self, write: Callable[[str], Any], recursive: bool) -> None:
        self.write = write
        self.recursive = recursive

    def explain(self, row: Resource, schema: Schema, path: list[str]) -> None:
        """Print the resource, or the field at the path."""
        if row.group:
            self.write(f"GROUP:      {row.group}\n")
        self.write(f"KIND:       {row.kind}\nVERSION:    {row.version}\n\n")
        texts: list[str] = []
        for index, name in enumerate(path):
            found = step(schema, name)
            if found is None:
                raise KubectlError(f"field {quote(path[-1])} does not exist")
            owner, schema = found
            if index == len(path) - 1:
                self.write(f"FIELD: {name} <{type_name(schema)}>\n{self._long_enum(schema)}\n\n")
                texts.append(descriptions.of_field(owner, name, schema))
        self.write("DESCRIPTION:\n")
        text = "".join(f"{text}\n" for text in [*texts, *self._type_texts(schema, not path)] if text)
        self.write(indent(wrap(text or "<empty>", 76), 4) + "\n")
        fields = self._fields(schema, 1, ())
        if fields:
            self.write("FIELDS:\n" + fields)
        self.write("\n")

    def _type_texts(self, schema: Schema, root: bool = False) -> list[str]:
        """What is said of the type itself, through lists and maps; an inline field's text was said already."""
        inner: Schema | None = schema
        texts = []
        while inner is not None:
            if inner.name:
                texts.append(descriptions.of_type(inner))
            elif inner is not schema or root:
                texts.append(str(inner.raw.get("description", "")))
            inner = inner.items or inner.additional
        return texts

    def _fields(self, schema: Schema, level: int, seen: tuple[str, ...]) -> str:
        if schema.name and schema.name in seen:
            return ""
        if schema.name:
            seen = (*seen, schema.name)
        parts = []
        for name, field in sorted(schema.properties.items()):
            parts.append(self._field(schema, name, field, level))
            if self.recursive:
                parts.append(self._fields(field, level + 1, seen))
        for inner in (schema.items, schema.additional):
            if inner is not None:
                parts.append(self._fields(inner, level, seen))
        return "".join(parts)

    def _field(self, owner: Schema, name: str, field: Schema, level: int) -> str:
        pad = level * 2
        line = f"{' ' * pad}{name}\t<{type_name(field)}>"
        if name in owner.required:
            line += " -required-"
        line += self._short_enum(field, pad) + "\n"
        if self.recursive:
            return line
        text = descriptions.of_field(owner, name, field) or "<no description>"
        return line + indent(wrap(text, 78 - pad), pad + 2) + "\n\n"

    def _long_enum(self, schema: Schema) -> str:
        if not schema.enum:
            return ""
        return "ENUM:" + "".join(f"\n    {_enum_text(value)}" for value in schema.enum)

    def _short_enum(self, schema: Schema, pad: int) -> str:
        if not schema.enum:
            return ""
        shown = ", ".join(_enum_text(value) for value in schema.enum[:4])
        return f"\n{' ' * pad}enum: {shown}" + (", ...." if len(schema.enum) > 4 else "")


def _enum_text(value: Any) -> str:
    return '""' if value == "" else str(value)


class OpenAPIv2(Plain):
    """The older format, of `-o plaintext-openapiv2`."""

    def explain(self, row: Resource, schema: Schema, path: list[str]) -> None:
        field = ""
        text = descriptions.of_type(schema)
        for name in path:
            found = step(schema, name)
            if found is None:
                raise KubectlError(f"field {quote(path[-1])} does not exist")
            owner, schema = found
            what = "RESOURCE" if schema.properties or (schema.items and schema.items.properties) else "FIELD"
            field = f"{what + ':':<10}{name} <{self._old_type(schema)}>\n\n"
            text = "\n\n".join(filter(None, (descriptions.of_field(owner, name, schema), *self._type_texts(schema))))
        self.write(f"KIND:     {row.kind}\nVERSION:  {row.api_version}\n\n{field}DESCRIPTION:\n")
        self.write(indent(wrap(text or "<empty>", 75), 5) + "\n")
        inner = schema.items or schema.additional or schema
        if inner.properties:
            self.write("\nFIELDS:\n" + self._old_fields(inner, 1))

    def _old_type(self, schema: Schema) -> str:
        name = type_name(schema)
        prefix, _, last = name.rpartition("]")
        primitive = last in ("string", "integer", "boolean", "number")
        return name if primitive else (f"{prefix}]Object" if prefix else "Object")

    def _old_fields(self, schema: Schema, level: int) -> str:
        parts = []
        for name, field in sorted(schema.properties.items()):
            required = " -required-" if name in schema.required else ""
            parts.append(f"{'   ' * level}{name}\t<{self._old_type(field)}>{required}\n")
            inner = field.items or field.additional or field
            if self.recursive:
                if inner.name not in ("JSONSchemaProps",) and inner.properties:
                    parts.append(self._old_fields(inner, level + 1))
                continue
            text = descriptions.of_field(schema, name, field) or "<no description>"
            parts.append(indent(wrap(text, 75), 5) + "\n\n")
        return "".join(parts)


COMMAND = Command(
    "explain TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] "
    "[-o|--output=plaintext|plaintext-openapiv2]",
    ExplainOptions,
    (
        Flag("api-version", "", STRING, "", "Explain the resource in this version (API group/version)."),
        Flag("output", "o", STRING, "plaintext", "Format in which to render the schema."),
        Flag("recursive", "R", BOOL, False, "Print the names of all fields below, without descriptions."),
    ),
    long="""
Describe fields and structure of resources.

 Fields are named by a path with dots, as in TYPE.FIELD.FIELD.

Use "kubectl api-resources" for a complete list of supported resources.
""",
    example="""
        # Explain pods and their fields
        kubectl explain pods

        # All fields of pods at a glance
        kubectl explain pods --recursive

        # Explain a certain version
        kubectl explain deployments --api-version=apps/v1

        # Explain one field
        kubectl explain pods.spec.containers
        """,
)
