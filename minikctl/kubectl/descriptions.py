"""Where explain gets its prose: OpenAPI documents of an optional package, or of a folder.

The project's own schemas carry no descriptions. If the package `minikctl_descriptions` is installed
(it names its FOLDER) or $MINIKCTL_OPENAPI names a folder of OpenAPI v3 documents, those are read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from minikctl.apimachinery.openapi import Schema

_COMMON = ("apiVersion", "kind", "metadata")


class Descriptions:
    """The descriptions of definitions and their fields; empty where there is no source."""

    def __init__(self, environ: Mapping[str, str], api_version: str) -> None:
        self._folder = _folder(environ)
        self._schemas = _load(self._folder, api_version)

    def of_type(self, schema: Schema) -> str:
        """What the definition behind a node is."""
        return str(self._definition(schema).get("description", ""))

    def of_field(self, parent: Schema, name: str, field: Schema) -> str:
        """What is said of a field where it stands."""
        if field.raw.get("description"):
            return str(field.raw["description"])
        properties = self._definition(parent).get("properties") or {}
        if parent.custom and name in _COMMON:
            core = _load(self._folder, "v1").get("io.k8s.api.core.v1.ConfigMap") or {}
            properties = core.get("properties") or {}
        return str((properties.get(name) or {}).get("description", ""))

    def _definition(self, schema: Schema) -> dict[str, Any]:
        if not schema.name:
            return schema.raw if schema.custom else {}
        found = self._schemas.get(f"{schema.package}.{schema.name}")
        return found or {}


def _folder(environ: Mapping[str, str]) -> str:
    given = environ.get("MINIKCTL_OPENAPI", "")
    if given:
        return given
    try:
        package = __import__("minikctl_descriptions")
    except ImportError:
        return ""
    return str(getattr(package, "FOLDER", ""))


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
