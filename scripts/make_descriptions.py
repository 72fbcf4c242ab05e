#!/usr/bin/env python3
"""Write schemas/descriptions.json.gz from a folder of OpenAPI v3 documents: what the API says of its types and fields.

The file maps a schema file's name to its definitions, and a definition to its own description and its fields':
`{"pod": {"Container": ["A single application ...", {"image": "Container image name. ..."}]}}`. Descriptions of
fields whose type is an enum end with "Possible enum values:", as a running apiserver publishes them.

    scripts/make_descriptions.py FOLDER [--out schemas/descriptions.json.gz]
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

from go_enums import ENUM_TEXTS
from go_facts import NAMED
from make_schemas import Compactor, Schema, read

Described = tuple[str, dict[str, str]]


def enum_types() -> dict[str, str]:
    """The Go type of every field that is an enum, by "group.Definition.field"."""
    return {field: go_type for go_type, (fields, values) in NAMED.items() if values for field in fields.split()}


def enum_lines(go_type: str) -> str:
    """What is published after the description of a field of that type."""
    texts = ENUM_TEXTS.get(go_type, {})
    lines = [f' - `"{value}"` {texts.get(value, "")}'.rstrip() for value in sorted(NAMED[go_type][1].split("|"))]
    return "\n".join(["Possible enum values:", *lines])


def described(name: str, schema: Schema, enums: dict[str, str]) -> Described:
    """The description of a definition and of each of its fields."""
    package, _, short = name.rpartition(".")
    group = package.split(".")[-2]
    fields = {}
    for field, value in schema.get("properties", {}).items():
        text = value.get("description", "")
        go_type = enums.get(f"{group}.{short}.{field}")
        if go_type and value.get("type") != "array":
            text = "\n\n".join(filter(None, [text, enum_lines(go_type)]))
        if text:
            fields[field] = text
    return schema.get("description", ""), fields


def descriptions(definitions: dict[str, Schema]) -> dict[str, dict[str, Described]]:
    """All descriptions, sorted into the files that hold the schemas."""
    enums = enum_types()
    compactor = Compactor(definitions)
    files: dict[str, dict[str, Described]] = {}
    for name in sorted(definitions):
        text, fields = described(name, definitions[name], enums)
        if text or fields:
            files.setdefault(compactor.file_of(name), {})[name.rpartition(".")[2]] = (text, fields)
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "schemas" / "descriptions.json.gz")
    options = parser.parse_args()
    content = json.dumps(descriptions(read(options.folder)), sort_keys=True, separators=(",", ":"))
    options.out.write_bytes(gzip.compress(content.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
