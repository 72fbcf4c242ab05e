from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minikctl.apimachinery import openapi
from minikctl.apimachinery.openapi import Schema, from_crd, schema_for
from minikctl.apimachinery.resources import ResourceSet
from minikctl.apimachinery.resources_data import ROWS

ROOT = Path(__file__).parents[3]
EVERY = frozenset(f"{row[0]}/{row[1]}" for row in ROWS)


def deployment() -> Schema:
    found = schema_for("apps/v1", "Deployment")
    assert found is not None
    return found


def at(schema: Schema, path: str) -> Schema:
    found = schema.at(path.split("."))
    assert found is not None, path
    return found


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("spec", "DeploymentSpec"),
        ("spec.replicas", "integer"),
        ("spec.template.spec.containers", "[]Container"),
        ("spec.template.spec.containers.image", "string"),
        ("spec.template.spec.containers.command", "[]string"),
        ("spec.template.spec.containers.resources.limits", "map[string]Quantity"),
        ("spec.strategy.rollingUpdate.maxSurge", "IntOrString"),
        ("metadata.labels", "map[string]string"),
        ("metadata.creationTimestamp", "Time"),
        ("metadata.managedFields.fieldsV1", "FieldsV1"),
    ],
)
def test_type_names_are_those_explain_prints(path: str, name: str) -> None:
    assert at(deployment(), path).type_name() == name


def test_markers_of_fields() -> None:
    containers = at(deployment(), "spec.template.spec.containers")
    assert (containers.patch_strategy, containers.patch_merge_key) == ("merge", "name")
    assert (containers.list_type, containers.list_map_keys) == ("map", ["name"])
    assert at(deployment(), "spec").required == ["selector", "template"]
    assert at(deployment(), "spec.replicas").format == "int32"
    assert at(deployment(), "spec.replicas").pointer
    assert not at(deployment(), "spec.paused").pointer
    assert at(deployment(), "spec.strategy").patch_strategy == "retainKeys"
    assert at(deployment(), "spec.strategy.type").enum == ["Recreate", "RollingUpdate"]
    assert at(deployment(), "spec.selector").map_type == "atomic"
    assert at(deployment(), "spec.strategy.rollingUpdate.maxSurge").int_or_string
    assert at(deployment(), "spec.template.spec.containers.ports.protocol").default == "TCP"
    assert at(deployment(), "spec.template.spec.containers.ports.protocol").go_type == "v1.Protocol"


def test_definitions_are_shared() -> None:
    stateful = schema_for("apps/v1", "StatefulSet")
    assert stateful is not None
    path = "spec.template.spec"
    assert at(deployment(), path).properties["containers"] is at(stateful, path).properties["containers"]


def test_kinds_that_are_no_kinds_of_the_version_are_unknown() -> None:
    assert schema_for("apps/v1", "DeploymentSpec") is None
    assert schema_for("apps/v1", "Pod") is None
    assert schema_for("extensions/v1beta1", "Deployment") is None
    assert schema_for("policy/v1", "Eviction") is not None
    assert schema_for("autoscaling/v1", "Scale") is not None


def test_every_registered_kind_has_a_schema_and_every_reference_resolves() -> None:
    seen: set[int] = set()

    def walk(schema: Schema) -> None:
        key = id(schema.raw)
        if key in seen:
            return
        seen.add(key)
        for child in (*schema.properties.values(), schema.items, schema.additional):
            if child is not None:
                walk(child)

    for resource in ResourceSet(switched=EVERY).all_resources():
        schema = schema_for(resource.api_version, resource.kind)
        assert schema is not None, resource
        walk(schema)
    assert len(seen) > 3000


def test_crd_schemas_have_the_metadata_of_every_object() -> None:
    raw = {
        "type": "object",
        "properties": {
            "metadata": {"type": "object"},
            "spec": {
                "type": "object",
                "required": ["size"],
                "properties": {
                    "size": {"type": "integer", "minimum": 1},
                    "port": {"x-kubernetes-int-or-string": True},
                    "list": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
                    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    "pod": {"type": "object", "x-kubernetes-embedded-resource": True},
                    "map": {"type": "object", "additionalProperties": {"type": "number"}},
                },
            },
        },
    }
    schema = from_crd(raw)
    assert sorted(schema.properties) == ["apiVersion", "kind", "metadata", "spec"]
    assert at(schema, "metadata.labels").type_name() == "map[string]string"
    assert at(schema, "spec.list").type_name() == "[]Object"
    assert at(schema, "spec.list.name").custom
    assert at(schema, "spec.port").int_or_string
    assert at(schema, "spec.any").preserve_unknown
    assert at(schema, "spec.pod.metadata.name").type_name() == "string"
    assert at(schema, "spec.map").child("x").type == "number"  # type: ignore[union-attr]
    assert schema.prop("status") is None


def test_schemas_hold_no_descriptions() -> None:
    for path in {*(ROOT / "schemas").glob("*.json")} - {ROOT / "schemas" / "protobuf.json"}:
        assert '"description":"' not in path.read_text()
        assert json.loads(path.read_text())["$defs"]


def test_the_scripts_make_exactly_what_is_checked_in(tmp_path: Path) -> None:
    folder = os.environ.get("MINIKCTL_OPENAPI", "")
    if not folder:
        pytest.skip("MINIKCTL_OPENAPI names no folder of OpenAPI documents")
    scripts = ROOT / "scripts"
    subprocess.run([sys.executable, scripts / "make_schemas.py", folder, "--out", tmp_path], check=True)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text() for path in (ROOT / "schemas").iterdir()}
    table = tmp_path / "resources_data.py"
    subprocess.run([sys.executable, scripts / "make_resources.py", folder, "--out", table], check=True)
    assert table.read_text() == (ROOT / "minikctl/apimachinery/resources_data.py").read_text()


def test_the_folder_is_found_once() -> None:
    assert openapi.folder() == str(ROOT / "schemas")


@pytest.mark.parametrize(
    ("version", "kind", "known"),
    [
        ("apps/v1", "Deployment", True),
        ("autoscaling/v1", "Scale", True),
        ("apps/v1", "DeploymentSpec", False),
        ("apps/v9", "Deployment", False),
        ("../x/v1", "Pod", False),
        ("v1\0", "Pod", False),
    ],
)
def test_which_kinds_are_built_in(version: str, kind: str, known: bool) -> None:
    assert openapi.knows(version, kind) is known
