"""Patches of hooks that leave no object of its kind: refused, and nothing half-written is kept."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError

GROUP = "admissionregistration.k8s.io"
MERGE = "application/merge-patch+json"
NUMBER = "Internal error occurred: json: cannot unmarshal number into Go struct field"
SCHEME = 'in scheme "pkg/api/legacyscheme/scheme.go:30"'
Obj = dict[str, Any]


def put(path: str, value: Any) -> list[Obj]:
    return [{"op": "add", "path": path, "value": value}]


ODD = [
    put("/metadata/labels", {"a": 1}),
    put("/metadata/labels", 5),
    put("/metadata/annotations", {"a": None}),
    put("/metadata", 5),
    put("/metadata", None),
    put("/metadata/name", 7),
    put("/metadata/name", "other"),
    put("/metadata/namespace", "default"),
    put("/metadata/ownerReferences", [5]),
    put("/metadata/managedFields", "x"),
    put("/metadata/finalizers", {"a": "b"}),
    put("/metadata/uid", "x"),
    put("/metadata/deletionTimestamp", "x"),
    put("/metadata/generation", "x"),
    put("/kind", "Other"),
    put("/kind", "Secret"),
    put("/kind", 5),
    put("/apiVersion", "v9"),
    [{"op": "remove", "path": "/kind"}],
    [{"op": "remove", "path": "/apiVersion"}],
    [{"op": "remove", "path": "/metadata"}],
    [{"op": "remove", "path": "/spec"}],
    put("/spec", "x"),
    put("/spec", None),
    put("", {}),
    [5],
    "x",
    {"op": "add"},
]


class Hooked:
    """A pod and a custom resource that a webhook changes as it is told."""

    def __init__(self, api: Any, hook: Any) -> None:
        self.api, self._hook = api, hook
        spec = {"type": "object", "properties": {"a": {"type": "string"}}}
        schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
        version = {"name": "v1", "served": True, "storage": True, "schema": schema}
        names = {"plural": "things", "kind": "Thing"}
        definition = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
        kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        api.create({**kind, "metadata": {"name": "things.example.com"}, "spec": definition})
        api.cluster.settle()
        self.rows = {kind: api.client.resource_set().by_kind(*kind) for kind in _SPECS}
        self.do("create", "old", None)
        rule = {"apiGroups": ["", "example.com"], "apiVersions": ["v1"], "resources": ["pods", "things"]}
        webhook = {
            "name": "hook.example.com",
            "clientConfig": {"url": f"https://127.0.0.1:{hook.port}/", "caBundle": hook.bundle},
            "rules": [{**rule, "operations": ["CREATE", "UPDATE"]}],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        meta = {"metadata": {"name": "h"}, "webhooks": [webhook]}
        api.create({"apiVersion": f"{GROUP}/v1", "kind": "MutatingWebhookConfiguration", **meta})

    def do(self, what: str, name: str, patch: Any) -> list[Obj | StatusError]:
        """Create or change an object of each kind; what is answered."""
        text = base64.b64encode(json.dumps(patch).encode()).decode()
        self._hook.answer = lambda request: {"allowed": True, "patchType": "JSONPatch", "patch": text}
        found: list[Obj | StatusError] = []
        for (version, kind), spec in _SPECS.items():
            row = self.rows[version, kind]
            try:
                if what == "create":
                    obj = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
                    found.append(self.api.client.create(row, obj, "demo"))
                else:
                    change = {"metadata": {"annotations": {"changed": "yes"}}}
                    found.append(self.api.client.patch(row, name, change, MERGE, "demo"))
            except StatusError as error:
                found.append(error)
        return found


_SPECS = {("v1", "Pod"): {"containers": [{"name": "c", "image": "x"}]}, ("example.com/v1", "Thing"): {"a": "x"}}


@pytest.fixture
def hooked(api: Any, hook: Any) -> Hooked:
    return Hooked(api, hook)


@pytest.mark.parametrize("patch", ODD, ids=json.dumps)
def test_odd_patches_leave_whole_objects_or_none(hooked: Hooked, patch: Any) -> None:
    answers = [*hooked.do("create", "new", patch), *hooked.do("update", "old", patch)]
    for answer, (version, kind) in zip(answers, [*_SPECS, *_SPECS], strict=True):
        if isinstance(answer, StatusError):
            continue
        meta = answer["metadata"]
        assert (answer["apiVersion"], answer["kind"], meta["namespace"]) == (version, kind, "demo")
        assert {"name", "uid", "creationTimestamp", "resourceVersion"} <= meta.keys()
        assert all(isinstance(value, str) for value in (meta.get("annotations") or {}).values())


@pytest.mark.parametrize(
    ("patch", "messages"),
    [
        (
            put("/metadata/labels", {"a": 1}),
            [f"{NUMBER} ObjectMeta.metadata.labels of type string", f"{NUMBER} ObjectMeta.labels of type string"],
        ),
        (
            put("/kind", "Other"),
            [
                f'Internal error occurred: no kind "Other" is registered for version "v1" {SCHEME}',
                'Other.example.com "new" is invalid: kind: Invalid value: "Other": must be Thing',
            ],
        ),
        (
            put("/kind", "Secret"),
            [
                "Internal error occurred: converting (v1.Secret) to (core.Pod): unknown conversion",
                'Secret.example.com "new" is invalid: kind: Invalid value: "Secret": must be Thing',
            ],
        ),
        (
            "x",
            [
                'Internal error occurred: failed calling webhook "hook.example.com": received undecodable patch in '
                "webhook response: json: cannot unmarshal string into Go value of type jsonpatch.Patch"
            ]
            * 2,
        ),
    ],
)
def test_what_is_wrong_is_said(hooked: Hooked, patch: Any, messages: list[str]) -> None:
    told = [answer.message if isinstance(answer, StatusError) else "" for answer in hooked.do("create", "new", patch)]
    assert told == messages
