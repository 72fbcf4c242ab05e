"""What the API says of its types and fields: the only reader of schemas/descriptions.json.gz.

The schemas themselves carry no prose, since next to no command wants it; `explain` and the published
OpenAPI documents load this file. Kept apart by scripts/make_descriptions.py.
"""

from __future__ import annotations

import json
import os.path
import zlib
from functools import cache
from typing import Any

from minikctl.apimachinery import openapi
from minikctl.apimachinery.openapi import Schema

_GZIP = 16 + zlib.MAX_WBITS
# The fields that every custom object has are described as those of a built-in one.
_ANY_OBJECT = ("core_v1", "ConfigMap")


def of_type(schema: Schema) -> str:
    """What is said of the definition a node shows; of an inline node of a custom resource, its own text."""
    if schema.source and schema.name:
        return described(schema.source, schema.name)[0]
    return str(schema.raw.get("description", ""))


def of_field(owner: Schema, name: str, field: Schema) -> str:
    """What is said of a field where it stands in its owner; "" where nothing is."""
    if field.raw.get("description"):
        return str(field.raw["description"])
    if owner.custom and owner.is_common(name):
        return described(*_ANY_OBJECT)[1].get(name, "")
    return described(owner.source, owner.name)[1].get(name, "")


def described(file: str, name: str) -> tuple[str, dict[str, str]]:
    """The text of a definition by file and name, and those of its fields, by name; empty where nothing is said."""
    text, fields = _all().get(file, {}).get(name, ("", {}))
    return text, fields


@cache
def _all() -> dict[str, dict[str, Any]]:
    with open(os.path.join(openapi.folder(), "descriptions.json.gz"), "rb") as file:
        content: dict[str, dict[str, Any]] = json.loads(zlib.decompress(file.read(), _GZIP))
    return content
