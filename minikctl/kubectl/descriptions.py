"""Where explain gets its prose: the docstrings of an optional package.

The project's own schemas carry no descriptions. The extra `explain` installs lightkube-models, whose
dataclasses are generated from the OpenAPI documents of the same version; their docstrings are taken
apart here. A folder of OpenAPI v3 documents in $MINIKCTL_OPENAPI serves as well.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from minikctl.apimachinery.openapi import Schema

_COMMON = ("apiVersion", "kind", "metadata")
_FIELD = re.compile(r"^\* \*\*(\S+?)\*\* ``.*?``(?: - (?:\*\(optional\)\* )?)?(.*)$")
_PARAMETERS = "**parameters**"
# The width that the docstrings are folded at.
_WIDTH = 78


class Descriptions:
    """The descriptions of definitions and their fields; empty where there is no source."""

    def __init__(self, environ: Mapping[str, str], api_version: str) -> None:
        self._folder = environ.get("MINIKCTL_OPENAPI", "")
        self._schemas = _load(self._folder, api_version)

    def of_type(self, schema: Schema) -> str:
        """What the definition behind a node is."""
        if self._folder or schema.custom:
            return str(self._definition(schema).get("description", ""))
        return _documented(schema.package, schema.name)[0]

    def of_field(self, parent: Schema, name: str, field: Schema) -> str:
        """What is said of a field where it stands."""
        if field.raw.get("description"):
            return str(field.raw["description"])
        common = parent.custom and name in _COMMON
        if not self._folder:
            owner = ("io.k8s.api.core.v1", "ConfigMap") if common else (parent.package, parent.name)
            return _documented(*owner)[1].get(name, "")
        properties = self._definition(parent).get("properties") or {}
        if common:
            core = _load(self._folder, "v1").get("io.k8s.api.core.v1.ConfigMap") or {}
            properties = core.get("properties") or {}
        return str((properties.get(name) or {}).get("description", ""))

    def _definition(self, schema: Schema) -> dict[str, Any]:
        if not schema.name:
            return schema.raw if schema.custom else {}
        found = self._schemas.get(f"{schema.package}.{schema.name}")
        return found or {}


@lru_cache(maxsize=256)
def _documented(package: str, name: str) -> tuple[str, dict[str, str]]:
    """What the docstring of a definition's class says of it and of each field."""
    group, _, version = package.rpartition(".")
    source = _source(f"{group.rpartition('.')[2]}_{version}")
    start = source.find(f"\nclass {name}(")
    opening = source.find('r"""', start)
    if start < 0 or opening < 0:
        return "", {}
    text = source[opening + 4 : source.index('"""', opening + 4)]
    return _take_apart([line.strip() for line in text.split("\n")])


@lru_cache(maxsize=8)
def _source(module: str) -> str:
    """The text of a module of the package; it is read, not imported, since it needs a client library to run."""
    try:
        found = find_spec("lightkube.models")
    except ImportError:
        return ""
    for folder in (found.submodule_search_locations if found else None) or ():
        path = os.path.join(folder, f"{module}.py")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                return file.read()
    return ""


def _take_apart(lines: list[str]) -> tuple[str, dict[str, str]]:
    at = lines.index(_PARAMETERS) if _PARAMETERS in lines else len(lines)
    fields: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines[at + 1 :]:
        found = _FIELD.match(line)
        if found:
            current = fields[found[1]] = [found[2]]
        elif current:
            current.append(line)
    return _unfold(lines[:at]), {name: _unfold(text) for name, text in fields.items()}


def _unfold(lines: list[str]) -> str:
    """Paragraphs as they were before folding: a line that had room for the next word ended one."""
    text = ""
    last = ""
    for line in lines:
        if not line:
            text = text.rstrip() + "\n\n" if text else ""
        elif not text or text.endswith("\n"):
            text += line
        elif len(last) + 1 + len(line.split(" ", 1)[0]) <= _WIDTH and last:
            text += "\n\n" + line
        else:
            text += " " + line
        last = line
    return text.strip()


def _load(folder: str, api_version: str) -> dict[str, Any]:
    if not folder:
        return {}
    group, slash, version = api_version.rpartition("/")
    name = f"apis__{group}__{version}" if slash else f"api__{version}"
    try:
        with open(os.path.join(folder, f"{name}_openapi.json"), "rb") as file:
            schemas: dict[str, Any] = json.loads(file.read())["components"]["schemas"]
    except (OSError, ValueError, KeyError):
        return {}
    return schemas
