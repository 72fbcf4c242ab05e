#!/usr/bin/env python3
"""Write schemas/ from a folder of OpenAPI v3 documents: compact JSON Schemas without descriptions.

One file per group version, and two that most kinds share: `pod.json` (what a pod template reaches)
and `meta.json` (apimachinery). A `$ref` is `FILE.json#/$defs/NAME`, or `#/$defs/NAME` in the same
file. Go facts that the documents leave out come from go_facts.py as `enum`, `x-go-type` (the name
of the Go type), `x-go-pointer` (a scalar that tells unset from zero), `x-go-value` (a time or
quantity that is always on the wire) and `x-go-always` (no omitempty). `default: {}` marks a struct
that is always on the wire.

    scripts/make_schemas.py FOLDER [--out schemas]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from go_facts import ALWAYS, NAMED, NAMED_MAPS, POINTERS, VALUES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PREFIX = "#/components/schemas/"
CORE = "io.k8s.api.core.v1"
POD_ROOT = f"{CORE}.PodTemplateSpec"

Schema = dict[str, Any]


class Facts:
    """go_facts.py turned around: what to add to a field, by "group.Definition.field"."""

    def __init__(self) -> None:
        self.pointers = {f"{name}.{field}" for name, fields in POINTERS.items() for field in fields.split()}
        self.values = {f"{name}.{field}" for name, fields in VALUES.items() for field in fields.split()}
        self.always = {f"{name}.{field}" for name, fields in ALWAYS.items() for field in fields.split()}
        self.types: dict[str, str] = {}
        self.enums: dict[str, list[str]] = {}
        for go_type, (fields, values) in NAMED.items():
            for field in fields.split():
                self.types[field] = ".".join(go_type.split(".")[-2:])
                if values:
                    self.enums[field] = values.split("|")
        for go_type, fields in NAMED_MAPS.items():
            self.types.update(dict.fromkeys(fields.split(), go_type))
        self.unused = self.pointers | self.values | self.always | set(self.types)

    def add(self, field: str, schema: Schema) -> None:
        """Add what is known of a field to its compact schema (to its items for a list of named strings)."""
        self.unused.discard(field)
        if field in self.pointers:
            schema["x-go-pointer"] = True
        if field in self.values or ("Condition." in field and field.endswith("Time")):
            schema["x-go-value"] = True
        if field in self.always:
            schema["x-go-always"] = True
        target = schema["items"] if schema.get("type") == "array" else schema
        if field in self.types:
            target["x-go-type"] = self.types[field]
        if field in self.enums:
            target["enum"] = self.enums[field]


class Compactor:
    """All definitions of the documents, sorted into files."""

    def __init__(self, definitions: dict[str, Schema]) -> None:
        self.definitions = definitions
        self.facts = Facts()
        self.pod = reachable(definitions, POD_ROOT)

    def file_of(self, name: str) -> str:
        package = name.rpartition(".")[0]
        if package.startswith("io.k8s.apimachinery."):
            return "meta"
        if package == CORE and name in self.pod:
            return "pod"
        return "_".join(package.split(".")[-2:])

    def files(self) -> dict[str, Schema]:
        files: dict[str, Schema] = {}
        for name in sorted(self.definitions):
            package, _, short = name.rpartition(".")
            content = files.setdefault(self.file_of(name), {"$schema": DIALECT, "x-package": package, "$defs": {}})
            compact = self.definition(name)
            if content["x-package"] != package:
                compact["x-package"] = package
            content["$defs"][short] = compact
        if self.facts.unused:
            raise SystemExit(f"go_facts.py names fields that do not exist: {sorted(self.facts.unused)}")
        return files

    def definition(self, name: str) -> Schema:
        here = self.file_of(name)
        result = self.compact(self.definitions[name], here)
        if here == "meta":
            result.pop("x-kubernetes-group-version-kind", None)
        package, _, short = name.rpartition(".")
        group = package.split(".")[-2]
        for field, schema in result.get("properties", {}).items():
            self.facts.add(f"{group}.{short}.{field}", schema)
        return result

    def compact(self, schema: Schema, here: str) -> Schema:
        result: Schema = {}
        for key, value in schema.items():
            if key == "description":
                continue
            if key == "allOf" and len(value) == 1:
                result["$ref"] = self.reference(value[0]["$ref"], here)
            elif key == "$ref":
                result["$ref"] = self.reference(value, here)
            elif key == "properties":
                result[key] = {name: self.compact(field, here) for name, field in value.items()}
            elif key in ("items", "additionalProperties") and isinstance(value, dict):
                result[key] = self.compact(value, here)
            else:
                result[key] = value
        return result

    def reference(self, ref: str, here: str) -> str:
        name = ref.removeprefix(PREFIX)
        there = self.file_of(name)
        return ("" if there == here else f"{there}.json") + "#/$defs/" + name.rpartition(".")[2]


def reachable(definitions: dict[str, Schema], root: str) -> set[str]:
    """The names of all definitions a definition leads to, itself included."""
    seen: set[str] = set()
    todo = [root]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(references(definitions[name]))
    return seen


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for child in node for name in references(child)]
    if not isinstance(node, dict):
        return []
    found = [node["$ref"].removeprefix(PREFIX)] if isinstance(node.get("$ref"), str) else []
    return found + [name for child in node.values() for name in references(child)]


def read(folder: Path) -> dict[str, Schema]:
    """All definitions; of those that differ between documents (DeleteOptions, WatchEvent) the core group's."""
    definitions: dict[str, Schema] = {}
    for path in sorted(folder.glob("*_openapi.json")):
        document = json.loads(path.read_text())
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            definitions.setdefault(name, schema)
    return definitions


def render(content: Schema) -> str:
    """One definition per line, so that a change shows where it is."""
    head = {key: value for key, value in content.items() if key != "$defs"}
    lines = [f"{json.dumps(name)}:{dump(schema)}" for name, schema in sorted(content["$defs"].items())]
    return dump(head)[:-1] + ',"$defs":{\n' + ",\n".join(lines) + "\n}}\n"


def dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "schemas")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    for name, content in Compactor(read(options.folder)).files().items():
        (options.out / f"{name}.json").write_text(render(content))


if __name__ == "__main__":
    main()
