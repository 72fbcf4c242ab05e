"""What writes of workloads' subresources keep."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.cluster import Cluster

TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
SELECTED = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
SPECS: dict[str, Any] = {
    "deployments.apps": {**SELECTED, "paused": True},
    "statefulsets.apps": {**SELECTED, "replicas": 0},
    "poddisruptionbudgets.policy": {"minAvailable": 1},
}
SCALE = {"apiVersion": "autoscaling/v1", "kind": "Scale"}
APPLY = "apply-patch"


@pytest.mark.parametrize("key", SPECS)
def test_a_status_can_be_written_with_metadata(cluster: Cluster, key: str) -> None:
    client = cluster.client()
    made = client.create(key, {"metadata": {"name": "x"}, "spec": SPECS[key]}, "demo")
    made = client.get(key, "x", "demo")
    made["metadata"].update(labels={"by": "status"}, annotations={"by": "status"}, generation=7)
    made["spec"]["selector"] = {"matchLabels": {"other": "x"}}
    written = client.update(key, made, "status")
    # only the strategy of Deployments puts the labels back
    assert written["metadata"].get("labels") == (None if key == "deployments.apps" else {"by": "status"})
    assert written["metadata"]["annotations"]["by"] == "status"
    assert written["metadata"]["generation"] == 1
    assert written["spec"].get("selector") == SPECS[key].get("selector")


def test_labels_that_a_status_may_not_change_are_not_owned_by_who_writes_it(cluster: Cluster) -> None:
    client = cluster.client()
    client.create("deployments.apps", {"metadata": {"name": "x"}, "spec": SPECS["deployments.apps"]}, "demo")
    patch = {"metadata": {"labels": {"by": "status"}, "annotations": {"by": "status"}}}
    kind = "application/merge-patch+json"
    client.patch("deployments.apps", "x", patch, kind, "demo", subresource="status", fieldManager="me")
    managed = client.get("deployments.apps", "x", "demo")["metadata"]["managedFields"]
    owned = next(entry["fieldsV1"] for entry in managed if entry["manager"] == "me")
    assert set(owned["f:metadata"]) == {"f:annotations"}


@pytest.fixture
def scaled(cluster: Cluster) -> Any:
    """Writes the scale of a Deployment: a PUT of the body, or a PATCH of the type given; the refusal, if refused."""
    client = cluster.client()
    spec = SPECS["deployments.apps"]
    client.create("deployments.apps", {"metadata": {"name": "x"}, "spec": spec}, "demo")

    def write(body: Any, patch_type: str = "", **options: Any) -> Any:
        try:
            if patch_type:
                kind = f"application/{patch_type}+{'yaml' if patch_type == APPLY else 'json'}"
                return client.patch("deployments.apps", "x", body, kind, "demo", subresource="scale", **options)
            return client.request(
                "update",
                "deployments.apps",
                namespace="demo",
                name="x",
                subresource="scale",
                body=body,
                options=options,
            )
        except StatusError as error:
            return error.message

    return write


def test_a_scale_is_written(scaled: Any) -> None:
    assert scaled({"metadata": {"name": "x"}, "spec": {"replicas": 3}})["spec"] == {"replicas": 3}
    assert scaled({"spec": {"replicas": 4}}, "strategic-merge-patch")["spec"] == {"replicas": 4}
    assert scaled([{"op": "replace", "path": "/spec/replicas", "value": 5}], "json-patch")["spec"] == {"replicas": 5}


_HANDLED = 'Scale in version "v1" cannot be handled as a Scale: '


@pytest.mark.parametrize(
    ("metadata", "spec", "told"),
    [
        ({}, {}, "the name of the object (x based on URL) was undeterminable: name must be provided"),
        ({"name": "y"}, {}, "the name of the object (y) does not match the name on the URL (x)"),
        (
            {"name": "x", "namespace": "other"},
            {},
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            {"name": "x", "resourceVersion": "1"},
            {},
            'Operation cannot be fulfilled on deployments.apps "x": the object has been modified; please apply your'
            " changes to the latest version and try again",
        ),
        (
            {"name": "x"},
            {"replicas": "3"},
            _HANDLED + "json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32",
        ),
        ({"name": "x"}, {"replica": 3}, _HANDLED + 'strict decoding error: unknown field "spec.replica"'),
        (
            {"name": "x"},
            {"replicas": -1},
            'Scale.autoscaling "x" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        ),
    ],
)
def test_scales_that_are_refused(scaled: Any, metadata: Any, spec: Any, told: str) -> None:
    assert scaled({"metadata": metadata, "spec": spec}, fieldValidation="Strict") == told


def test_a_scale_of_another_object(scaled: Any) -> None:
    told = scaled({"metadata": {"name": "x", "uid": "u"}})
    text = 'Operation cannot be fulfilled on deployments/scale.apps "x": Precondition failed: UID in precondition: u, '
    assert told.startswith(text + "UID in object meta: ")


def test_patches_of_a_scale_that_are_refused(scaled: Any) -> None:
    told = scaled([{"op": "test", "path": "/spec/replicas", "value": 7}], "json-patch")
    assert told.startswith("the server rejected our request")
    told = scaled({"spec": {"replicas": True}}, "merge-patch")
    assert told.endswith("cannot unmarshal bool into Go struct field ScaleSpec.spec.replicas of type int32")
    assert told.startswith(' "" is invalid: patch: Invalid value: ')


@pytest.mark.parametrize(
    ("key", "status", "told"),
    [
        ("statefulsets.apps", {"replicas": -1}, "status.readyReplicas: Invalid value: 0: cannot be greater than"),
        (
            "deployments.apps",
            {"replicas": -1, "readyReplicas": -1},
            "status.availableReplicas: Invalid value: 0: cannot be greater",
        ),
        ("jobs.batch", {"active": -1}, "status.active: Invalid value: -1: must be greater than or equal to 0"),
    ],
)
def test_counts_that_are_left_out_count_as_none(cluster: Cluster, key: str, status: Any, told: str) -> None:
    client = cluster.client()
    job = {"suspend": True, "template": {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}}
    made = client.create(key, {"metadata": {"name": "x"}, "spec": SPECS.get(key, job)}, "demo")
    with pytest.raises(StatusError) as caught:
        client.update(key, {**made, "status": status}, "status")
    assert told in caught.value.message


def _owners(cluster: Cluster, key: str = "deployments.apps") -> dict[str, bool]:
    """Who owns the replicas, and whether the entry has a time."""
    managed = cluster.client().get(key, "x", "demo")["metadata"]["managedFields"]
    return {
        f"{entry['manager']} {entry['operation']}{entry.get('subresource', '')}": "time" in entry
        for entry in managed
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    }


def test_who_scales_owns_the_replicas(scaled: Any, cluster: Cluster) -> None:
    assert len(_owners(cluster)) == 1
    scaled({"spec": {"replicas": 4}}, "merge-patch", fieldManager="kubectl")
    assert _owners(cluster) == {"kubectl Updatescale": False}
    scaled({"metadata": {"name": "x"}, "spec": {"replicas": 5}}, fieldManager="hpa")
    assert _owners(cluster) == {"hpa Updatescale": False}
    scaled({"spec": {"replicas": 0}}, "merge-patch", fieldManager="night")
    assert _owners(cluster) == {"night Updatescale": False}


def test_a_scale_has_valid_metadata(scaled: Any) -> None:
    told = scaled({"metadata": {"labels": {"a b": ""}}, "spec": {"replicas": -1}}, "merge-patch")
    assert told.startswith('Scale.autoscaling "x" is invalid: [metadata.labels: Invalid value: "a b": name part')
    assert told.endswith("spec.replicas: Invalid value: -1: must be greater than or equal to 0]")


def test_replicas_that_nobody_owns_stay_so(scaled: Any, cluster: Cluster) -> None:
    reset = [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]
    cluster.client().patch("deployments.apps", "x", reset, "application/json-patch+json", "demo")
    scaled({"spec": {"replicas": 4}}, "merge-patch", fieldManager="kubectl")
    assert "managedFields" not in cluster.client().get("deployments.apps", "x", "demo")["metadata"]


def test_a_scale_is_applied(scaled: Any, cluster: Cluster) -> None:
    maker = next(iter(_owners(cluster))).split()[0]
    told = scaled({**SCALE, "spec": {"replicas": 4}}, APPLY, fieldManager="ci")
    assert told == f'Apply failed with 1 conflict: conflict with "{maker}" using autoscaling/v1: .spec.replicas'
    assert scaled({**SCALE, "spec": {"replicas": 4}}, APPLY, fieldManager="ci", force=True)["spec"] == {"replicas": 4}
    assert _owners(cluster) == {"ci Applyscale": False}
    assert scaled({"spec": {"replicas": 5}}, APPLY, fieldManager="other") == "invalid object type: /, Kind="
    assert scaled(SCALE, APPLY).endswith("fieldManager: Required value: is required for apply patch")
    assert scaled({**SCALE, "spec": {"size": 5}}, APPLY, fieldManager="ci") == (
        "failed to create typed patch object (/; autoscaling/v1, Kind=Scale): .spec.size: field not declared in schema"
    )


def test_the_scale_of_what_is_missing(cluster: Cluster) -> None:
    client = cluster.client()
    patch = {"spec": {"replicas": 1}}
    for key, told in (("statefulsets.apps", "statefulsets/scale.apps"), ("deployments.apps", "deployments/scale.apps")):
        with pytest.raises(StatusError, match=f'{told} "no" not found'):
            client.patch(key, "no", patch, "application/merge-patch+json", "demo", subresource="scale")
