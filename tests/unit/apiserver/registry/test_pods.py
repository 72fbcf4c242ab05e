"""What is special about writing pods: fields that are switched off, profiles by annotation, statuses."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apiserver.registry.kinds.apparmor import copy_annotations
from minikctl.cluster import Cluster

Obj = dict[str, Any]

BUNDLE = {"projected": {"sources": [{"clusterTrustBundle": {"name": "a", "path": "a"}}]}}
GATED = {
    "containers": [
        {"name": "a", "image": "a:1", "lifecycle": {"stopSignal": "SIGUSR1"}},
        {
            "name": "b",
            "image": "a:1",
            "lifecycle": {"stopSignal": "SIGUSR1", "preStop": {"sleep": {"seconds": 1}}},
        },
    ],
    "volumes": [{"name": "v", **BUNDLE}],
    "schedulingGroup": {"podGroupName": "g"},
    "os": {"name": "linux"},
}


def create(cluster: Cluster, annotations: dict[str, str] | None = None, **spec: Any) -> Obj:
    spec.setdefault("containers", [{"name": "a", "image": "a:1"}])
    meta = {"name": "p", "annotations": annotations or {}}
    return cluster.client().create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}, "demo")


def is_rid_of_gated_fields(spec: Obj) -> bool:
    first, second = spec["containers"]
    return (
        "lifecycle" not in first
        and second["lifecycle"] == {"preStop": {"sleep": {"seconds": 1}}}
        and spec["volumes"][0]["projected"]["sources"] == [{}]
        and "schedulingGroup" not in spec
    )


def test_fields_that_are_switched_off_are_dropped(cluster: Cluster) -> None:
    assert is_rid_of_gated_fields(create(cluster, **GATED)["spec"])


def test_in_templates_too_at_creation_and_later(cluster: Cluster) -> None:
    client = cluster.client()
    template = {"metadata": {"labels": {"a": "b"}}, "spec": GATED}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    made = client.create("deployments.apps", body, "demo")
    assert is_rid_of_gated_fields(made["spec"]["template"]["spec"])
    made["spec"]["template"]["spec"] = GATED
    changed = client.update("deployments.apps", made)
    assert is_rid_of_gated_fields(changed["spec"]["template"]["spec"])
    assert changed["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("annotation", "profile"),
    [
        ("unconfined", {"type": "Unconfined"}),
        ("runtime/default", {"type": "RuntimeDefault"}),
        ("localhost/mine", {"type": "Localhost", "localhostProfile": "mine"}),
        ("localhost/ mine", None),
        ("", None),
    ],
)
def test_profiles_by_annotation_become_fields(cluster: Cluster, annotation: str, profile: Obj | None) -> None:
    key = "container.apparmor.security.beta.kubernetes.io/a"
    container: Obj = {"name": "a", "image": "a:1"}
    remark = f'metadata.annotations[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead'
    pod = {"metadata": {"annotations": {key: annotation}}, "spec": {"containers": [container]}}
    assert copy_annotations(pod) == [remark]
    made = create(cluster, {key: annotation})
    for spec in (pod["spec"], made["spec"]):
        assert spec["containers"][0].get("securityContext", {}).get("appArmorProfile") == profile


def test_profiles_that_the_pod_gives_are_not_copied(cluster: Cluster) -> None:
    key = "container.apparmor.security.beta.kubernetes.io/a"
    made = create(cluster, {key: "unconfined"}, securityContext={"appArmorProfile": {"type": "Unconfined"}})
    assert "securityContext" not in made["spec"]["containers"][0]


def test_statuses_keep_what_was_observed(cluster: Cluster) -> None:
    create(cluster, nodeName="nowhere")
    client = cluster.client()
    pod = client.get("pods", "p", "demo")
    pod["status"]["observedGeneration"] = 1
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "observedGeneration": 1}]
    client.update("pods", pod, "status")
    pod = client.get("pods", "p", "demo")
    pod["metadata"]["labels"] = {"by": "status"}
    pod["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u"}]
    del pod["status"]["observedGeneration"]
    pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}, {"type": "example.com/x", "status": "True"}]
    pod = client.update("pods", pod, "status")
    assert pod["status"]["observedGeneration"] == 1
    assert [condition.get("observedGeneration") for condition in pod["status"]["conditions"]] == [1, None]
    assert pod["metadata"]["labels"] == {"by": "status"}
    assert "ownerReferences" not in pod["metadata"]


def test_a_pod_is_not_resized_in_passing(cluster: Cluster) -> None:
    made = create(cluster)
    made["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1"}}
    with pytest.raises(StatusError) as caught:
        cluster.client().update("pods", made)
    assert '+     "cpu": "1"\n' in caught.value.message


def test_statuses_that_are_switched_off_or_oddly_written(cluster: Cluster) -> None:
    create(cluster, nodeName="nowhere")
    client = cluster.client()
    told: list[str] = []
    client.on_warning = told.append
    pod = client.get("pods", "p", "demo")
    mounts = [{"name": "v", "mountPath": "/v", "volumeStatus": {"image": {"imageRef": "x"}}}]
    entry = {"name": "a", "image": "a:1", "imageID": "", "ready": False, "restartCount": 0, "volumeMounts": mounts}
    ips = [{"ip": "10.0.0.1"}, {"ip": "FD00::1"}]
    claims = [{"resourceClaimName": "c"}]
    pod["status"] |= {"podIP": "10.0.0.1", "podIPs": ips, "containerStatuses": [entry]}
    pod["status"]["nodeAllocatableResourceClaimStatuses"] = claims
    status = client.update("pods", pod, "status")["status"]
    assert "nodeAllocatableResourceClaimStatuses" not in status
    assert status["containerStatuses"][0]["volumeMounts"] == [{"name": "v", "mountPath": "/v"}]
    assert told == ['status.podIPs[1].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")']


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ({"podIP": "10.0.0.1"}, ("10.0.0.1", [{"ip": "10.0.0.1"}])),
        ({"podIPs": [{"ip": "10.0.0.2"}]}, ("10.0.0.2", [{"ip": "10.0.0.2"}])),
        ({"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.2"}, {"ip": "fd00::1"}]}, ("10.0.0.1", [{"ip": "10.0.0.1"}])),
    ],
)
def test_one_address_is_the_first_of_all(cluster: Cluster, written: Obj, stored: tuple[str, list[Obj]]) -> None:
    create(cluster, nodeName="nowhere")
    client = cluster.client()
    pod = client.get("pods", "p", "demo")
    pod["status"] |= written
    status = client.update("pods", pod, "status")["status"]
    assert (status["podIP"], status["podIPs"]) == stored
