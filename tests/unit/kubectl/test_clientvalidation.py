"""What kubectl itself finds wrong with documents; Lists alone are checked field by field."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Kubectl = Callable[..., Any]

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
"""


def listed(*items: Any) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def problems(kubectl: Kubectl, text: str) -> str:
    err: str = kubectl("create", "-f", "-", "--dry-run=server", stdin=text).err
    head = 'error: error validating "STDIN": error validating data: '
    tail = "; if you choose to ignore these errors, turn validation off with --validate=false\n"
    assert err.startswith(head) and err.endswith(tail)
    return err[len(head) : -len(tail)]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (None, "invalid object to validate"),
        ({"metadata": {}}, "[apiVersion not set, kind not set]"),
        ({"apiVersion": "v1", "kind": 5}, "kind isn't string type"),
        (
            {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": 5, "b": None}, "immutable": "yes"},
            '[unknown object type "nil" in ConfigMap.data.b, ValidationError(ConfigMap.immutable): invalid type for '
            'io.k8s.api.core.v1.ConfigMap.immutable: got "string", expected "boolean"]',
        ),
        (
            {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": 5, "ports": [{"x": 1}]}]}},
            '[ValidationError(Pod.spec.containers[0].ports[0]): unknown field "x" in io.k8s.api.core.v1.ContainerPort, '
            'ValidationError(Pod.spec.containers[0].ports[0]): missing required field "containerPort" in '
            'io.k8s.api.core.v1.ContainerPort, ValidationError(Pod.spec.containers[0]): missing required field "name" '
            "in io.k8s.api.core.v1.Container]",
        ),
        (
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"labels": []},
                "spec": {"volumes": ["x"], "containers": {}},
            },
            "[ValidationError(Pod.metadata.labels): invalid type for io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta."
            'labels: got "array", expected "map", ValidationError(Pod.spec.containers): invalid type for '
            'io.k8s.api.core.v1.PodSpec.containers: got "map", expected "array", ValidationError(Pod.spec.volumes[0]): '
            'invalid type for io.k8s.api.core.v1.Volume: got "string", expected "map"]',
        ),
    ],
)
def test_items_of_lists(kubectl: Kubectl, item: Any, expected: str) -> None:
    assert problems(kubectl, listed(item)) == expected


def test_custom_resources_and_typed_lists(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CRD)
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "spec": {"size": "big", "more": 1}}
    assert problems(kubectl, listed(widget)) == (
        '[ValidationError(Widget.spec): unknown field "more" in com.example.v1.Widget.spec, ValidationError(Widget.'
        'spec.size): invalid type for com.example.v1.Widget.spec.size: got "string", expected "integer"]'
    )
    typed = {"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"bogus": 1}]}
    assert problems(kubectl, json.dumps(typed)) == (
        'ValidationError(ConfigMapList.items[0]): unknown field "bogus" in io.k8s.api.core.v1.ConfigMap'
    )


def test_what_is_left_to_the_server(kubectl: Kubectl) -> None:
    bogus = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "bogus": 1}
    assert "strict decoding error" in kubectl("create", "-f", "-", stdin=json.dumps(bogus)).err
    warned = kubectl("create", "-f", "-", "--validate=warn", stdin=listed(bogus))
    assert "cannot perform warn validation if server-side field validation is unsupported" in warned.err
    assert warned.out == "configmap/a created\n"
    assert kubectl("replace", "-f", "-", "--validate=ignore", stdin=listed(bogus)).err == ""
    unknown = {"apiVersion": "example.com/v9", "kind": "Nope"}
    assert kubectl("create", "-f", "-", stdin=listed(unknown)).err == (
        'unable to recognize no matches for kind "Nope" in version "example.com/v9"\n'
    )
