"""Bodies of patches: what is told of those that are none."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from minikctl.cluster import Cluster

MAP = "json: cannot unmarshal {} into Go value of type map[string]interface {{}}"


@pytest.fixture
def patch(cluster: Cluster) -> Any:
    client = cluster.client()
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}
    client.create("configmaps", body, "demo")
    return lambda patch, kind, **options: client.patch("configmaps", "c", patch, kind, "demo", **options)


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        (MERGE_PATCH, [], "error decoding patch: " + MAP.format("array")),
        (STRATEGIC_PATCH, "x", MAP.format("string")),
        (
            JSON_PATCH,
            {},
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (
            JSON_PATCH,
            [True],
            "error decoding patch: json: cannot unmarshal bool into Go value of type handlers.jsonPatchOp",
        ),
        (
            JSON_PATCH,
            [{"op": "add", "path": 1}],
            "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string",
        ),
    ],
)
def test_what_is_no_patch(patch: Any, kind: str, body: Any, told: str) -> None:
    with pytest.raises(StatusError) as caught:
        patch(body, kind)
    assert (caught.value.reason, caught.value.message) == ("BadRequest", told)


def test_unknown_members_are_warned_of_or_refused(cluster: Cluster, patch: Any) -> None:
    body = [{"op": "add", "path": "/data/x", "value": "y", "why": "so"}]
    patch(body, JSON_PATCH)
    with pytest.raises(StatusError, match='strict decoding error: json patch unknown field "\\[0\\]\\.why"'):
        patch(body, JSON_PATCH, fieldValidation="Strict")
    assert patch(None, JSON_PATCH)["data"] == {"a": "b", "x": "y"}


def test_there_are_not_too_many_operations(patch: Any) -> None:
    with pytest.raises(StatusError, match="The allowed maximum operations in a JSON patch is 10000, got 10001"):
        patch([{"op": "test", "path": "/data/a", "value": "b"}] * 10_001, JSON_PATCH)
