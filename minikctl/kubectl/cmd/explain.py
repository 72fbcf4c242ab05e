"""kubectl explain: the fields of a resource, their types and what they are for.

Field trees come from the project's schemas and from CustomResourceDefinitions; oldexplain.py has the older format.
Upstream counterpart: kubectl's `pkg/explain/v2`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from minikctl.apimachinery import descriptions
from minikctl.apimachinery.openapi import Schema
from minikctl.apimachinery.resources import Resource
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, NoResourceType
from minikctl.kubectl.flags import BOOL, STRING, Flag, quote
from minikctl.kubectl.kindschema import schema_of


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
            return
        from minikctl.kubectl.oldexplain import explain

        explain(write, row, schema, path, self.flags["recursive"])

    def _resolve(self, arg: str) -> tuple[Resource, list[str]]:
        """The resource and the field path of RESOURCE[.GROUP][.FIELD]..."""
        if not arg:
            raise KubectlError("a resource must be present, got: /, Resource=")
        name, *path = _field_names(arg)
        row = self.factory.resources.resolve(name)
        if row is None:
            raise NoResourceType(f"the server doesn't have a resource type {quote(name)}")
        wanted = self.flags["api-version"]
        if wanted:
            row = self._in_version(row, wanted)
        elif row.group and f"{arg}.".startswith(f"{row.key}."):
            path = path[row.group.count(".") + 1 :]
        return row, path

    def _in_version(self, row: Resource, api_version: str) -> Resource:
        """The resource of this name in another version, or even another group."""
        if api_version.count("/") > 1:
            raise KubectlError(f"unexpected GroupVersion string: {api_version}")
        group, _, version = api_version.rpartition("/")
        served = [one for one in self.factory.resources.all_resources() if one.api_version == api_version]
        if self.flags["output"] == "plaintext-openapiv2":
            found = next((one for one in served if one.kind == row.kind), None)
            missing = f"{group}/{version}, Kind={row.kind}"
        else:
            found = next((one for one in served if one.plural == row.plural), None)
            missing = f"{group}/{version}, Resource={row.plural}"
            if served and found is None:
                raise KubectlError(f"GVR ({missing}) not found in OpenAPI schema")
        if found is None:
            raise KubectlError(f"couldn't find resource for {quote(missing)}")
        return found

    def _schema(self, row: Resource) -> Schema:
        schema = schema_of(self.factory, row, swagger=self.flags["output"] == "plaintext-openapiv2")
        if schema is None:
            raise KubectlError(f"GVR ({row.group}/{row.version}, Resource={row.plural}) not found in OpenAPI schema")
        return schema


def _field_names(text: str) -> list[str]:
    """The fields of a JSONPath, which may hold nothing else."""
    from minikctl.printers.jsonpathparser import JSONPathError, parse

    try:
        nodes = parse(f"{{.{text}}}")[0][1]
    except JSONPathError as error:
        raise KubectlError(str(error)) from None
    if nodes[0][0] != "field" or any(node[0] not in ("field", "recursive") for node in nodes):
        raise KubectlError("invalid jsonpath syntax, first node must be field node")
    return [node[1] for node in nodes if node[0] == "field" and node[1]]


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
