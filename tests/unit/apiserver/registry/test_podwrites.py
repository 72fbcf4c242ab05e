"""The pod's own subresources: binding, eviction, resize, ephemeral containers."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.cluster import Cluster

Obj = dict[str, Any]
REQUESTS = {"requests": {"cpu": "100m"}}
NOW = "2026-01-02T03:04:05Z"
ONLY = "only cpu and memory resources are mutable"


@pytest.fixture
def pod(cluster: Cluster) -> Obj:
    """A pod that waits: a plain init container, a sidecar and a container, each with a request."""
    containers = [{"name": name, "image": "a:1", "resources": REQUESTS} for name in ("init", "side", "main")]
    containers[1]["restartPolicy"] = "Always"
    spec = {"initContainers": containers[:2], "containers": containers[2:], "schedulingGates": [{"name": "wait"}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    return cluster.client().create("pods", body, "demo")


def refused(cluster: Cluster, pod: Obj, subresource: str) -> str:
    with pytest.raises(StatusError) as caught:
        cluster.client().update("pods", pod, subresource)
    return caught.value.message


def post(cluster: Cluster, subresource: str, body: Obj) -> StatusError:
    with pytest.raises(StatusError) as caught:
        cluster.client().request("create", "pods", namespace="demo", name="p", subresource=subresource, body=body)
    return caught.value


@pytest.mark.parametrize(("group", "index"), [("initContainers", 0), ("initContainers", 1), ("containers", 0)])
def test_every_container_can_be_resized(cluster: Cluster, pod: Obj, group: str, index: int) -> None:
    pod["spec"][group][index]["resources"] = {"requests": {"cpu": "200m"}}
    pod["spec"]["containers"][0]["image"] = "b:1"
    pod["metadata"]["labels"] = {"a": "b"}
    changed = cluster.client().update("pods", pod, "resize")
    assert changed["spec"][group][index]["resources"] == {"requests": {"cpu": "200m"}}
    assert changed["spec"]["containers"][0]["image"] == "a:1"
    assert "labels" not in changed["metadata"]
    assert changed["metadata"]["generation"] == 2


def test_what_cannot_be_resized(cluster: Cluster, pod: Obj) -> None:
    pod["spec"]["initContainers"][0]["resources"] = {"requests": {"cpu": "100m", "ephemeral-storage": "1Gi"}}
    text = "only cpu and memory resources for init or sidecar containers are mutable"
    assert refused(cluster, pod, "resize") == f'Pod "p" is invalid: spec.initContainers[0]: Forbidden: {text}'
    pod["spec"]["initContainers"][0]["resources"] = REQUESTS
    pod["spec"]["containers"][0]["resources"] = {}
    told = refused(cluster, pod, "resize")
    assert "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed" in told


def test_containers_stay_as_they_are_named(cluster: Cluster, pod: Obj) -> None:
    pod["spec"]["initContainers"].reverse()
    told = refused(cluster, pod, "resize")
    for index in range(2):
        at = f"spec.initContainers[{index}].name"
        assert f"{at}: Forbidden: initContainers may not be renamed or reordered on resize" in told
    pod["spec"]["containers"].append({**pod["spec"]["containers"][0], "name": "more"})
    assert "spec.containers: Forbidden: containers may not be added or removed on resize" in refused(
        cluster, pod, "resize"
    )


def test_ephemeral_containers_leave_the_rest_alone(cluster: Cluster, pod: Obj) -> None:
    pod["spec"]["ephemeralContainers"] = [{"name": "e", "image": "a:1"}]
    pod["metadata"]["labels"] = {"a": "b"}
    changed = cluster.client().update("pods", pod, "ephemeralcontainers")
    assert changed["spec"]["ephemeralContainers"][0]["name"] == "e"
    assert "labels" not in changed["metadata"]
    changed["spec"]["ephemeralContainers"][0]["image"] = "b:1"
    told = refused(cluster, changed, "ephemeralcontainers")
    assert '"e" may not be changed\n@@ -1,6 +1,6 @@\n {\n  "Name": "e",\n- "Image": "a:1",\n+ "Image": "b:1",\n' in told


def test_bindings_are_checked(cluster: Cluster, pod: Obj) -> None:
    error = post(cluster, "binding", {"metadata": {"name": "p"}, "target": {"kind": "Pod"}})
    assert (error.code, error.reason) == (500, "")
    assert error.message == (
        '[target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>", target.name: Required value]'
    )
    error = post(cluster, "binding", {"metadata": {"name": "q"}, "target": {"name": "n"}})
    assert error.message == "name in URL does not match name in Binding object"
    error = post(cluster, "eviction", {"metadata": {"name": "q"}})
    assert error.message == "name in URL does not match name in Eviction object"


def test_a_binding_binds_the_pod_it_names(cluster: Cluster) -> None:
    client = cluster.client()
    spec = {"containers": [{"name": "main", "image": "a:1"}], "schedulerName": "none"}
    client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}, "demo")
    binding = {"apiVersion": "v1", "kind": "Binding", "target": {"kind": "Node", "name": "n"}}
    answer = client.request("create", "bindings", namespace="demo", body={**binding, "metadata": {"name": "p"}})
    assert (answer["kind"], answer["status"], answer["code"]) == ("Status", "Success", 201)
    assert client.get("pods", "p", "demo")["spec"]["nodeName"] == "n"
    with pytest.raises(StatusError) as caught:
        client.request("create", "bindings", namespace="demo", body={**binding, "metadata": {"name": "p"}})
    assert caught.value.message.endswith('pod p is already assigned to node "n"')


def test_a_binding_is_for_one_pod_and_leaves_its_marks(cluster: Cluster) -> None:
    client = cluster.client()
    spec = {"containers": [{"name": "main", "image": "a:1"}], "schedulerName": "none"}
    meta = {"name": "p", "labels": {"a": "old", "b": "kept", "topology.kubernetes.io/zone": "mine"}}
    client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}, "demo")
    target = {"kind": "Node", "name": "n"}
    for key, shown in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        error = post(cluster, "binding", {"metadata": {"name": "p", key: "7"}, "target": target})
        assert error.reason == "Conflict"
        assert (
            f"AdditionalErrorMsg: Precondition failed: {shown} in precondition: 7, {shown} in object" in error.message
        )
    labels = {"topology.kubernetes.io/zone": "west"}
    client.create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": labels}})
    body = {"metadata": {"name": "p", "labels": {"a": "new"}, "annotations": {"c": "d"}}, "target": target}
    client.request("create", "pods", namespace="demo", name="p", subresource="binding", body=body)
    made = client.get("pods", "p", "demo")["metadata"]
    assert made["labels"] == {"a": "new", "b": "kept", **labels}
    assert made["annotations"]["c"] == "d"


def test_what_is_posted_to_a_pod_is_decoded(cluster: Cluster, pod: Obj) -> None:
    error = post(cluster, "binding", {"metadata": {"name": "p"}, "target": "n"})
    assert error.message.startswith('Binding in version "v1" cannot be handled as a Binding: json: cannot unmarshal ')
    error = post(cluster, "eviction", {"apiVersion": "v1", "metadata": {"name": "p"}})
    assert error.message.startswith('Eviction in version "v1" cannot be handled as a Eviction: no kind "Eviction" is')
    error = post(cluster, "eviction", {"metadata": {"name": "p", "namespace": "other"}})
    assert error.message == "the namespace of the provided object does not match the namespace sent on the request"
    body = {"apiVersion": "policy/v1beta1", "metadata": {"name": "p"}, "unknown": 1}
    cluster.client().request("create", "pods", namespace="demo", name="p", subresource="eviction", body=body)


def test_two_budgets_are_one_too_many(cluster: Cluster) -> None:
    client = cluster.client()
    meta = {"name": "p", "labels": {"a": "b"}}
    spec = {"containers": [{"name": "main", "image": "a:1"}]}
    client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}, "demo")
    for name in ("one", "two"):
        budget = {"metadata": {"name": name}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}}
        kind = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget"}
        client.create("poddisruptionbudgets.policy", {**kind, **budget}, "demo")
    cluster.settle()
    error = post(cluster, "eviction", {"metadata": {"name": "p"}})
    assert (error.code, error.reason) == (500, "")
    assert error.message.startswith("This pod has more than one PodDisruptionBudget")


def protected(cluster: Cluster) -> Obj:
    """A budget, with a pod of it that runs and is ready."""
    client = cluster.client()
    meta = {"name": "p", "labels": {"a": "b"}}
    spec = {"containers": [{"name": "main", "image": "a:1"}]}
    pod = client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}, "demo")
    pod["status"] = {**pod["status"], "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    client.update("pods", pod, "status")
    kind = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget"}
    wanted = {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}
    return client.create("poddisruptionbudgets.policy", {**kind, "metadata": {"name": "b"}, "spec": wanted}, "demo")


@pytest.mark.parametrize("where", ["request", "body"])
def test_a_dry_eviction_spends_nothing(cluster: Cluster, where: str) -> None:
    budget, client = protected(cluster), cluster.client()
    counts = {"observedGeneration": 1, "desiredHealthy": 1, "currentHealthy": 2, "expectedPods": 2}
    budget["status"] = {"disruptionsAllowed": 1, **counts}
    budget = client.update("poddisruptionbudgets.policy", budget, "status")
    dry = {"dryRun": ["All"]}
    body = {"metadata": {"name": "p"}, "deleteOptions": dry if where == "body" else {}}
    place: Obj = {"namespace": "demo", "name": "p", "subresource": "eviction"}
    client.request("create", "pods", body=body, options=dry if where == "request" else {}, **place)
    assert client.get("poddisruptionbudgets.policy", "b", "demo") == budget
    assert [c["type"] for c in client.get("pods", "p", "demo")["status"]["conditions"]] == ["Ready"]
    client.request("create", "pods", body={"metadata": {"name": "p"}}, **place)
    spent = client.get("poddisruptionbudgets.policy", "b", "demo")["status"]
    assert (spent["disruptionsAllowed"], spent["disruptedPods"]) == (0, {"p": NOW})
    assert [(c["reason"], c["status"]) for c in spent["conditions"]] == [("InsufficientPods", "False")]


@pytest.mark.parametrize(
    ("status", "told", "code"),
    [
        ({"observedGeneration": 0}, "The disruption budget b is still being processed by the server.", 429),
        ({}, "The disruption budget b needs 1 healthy pods and has 1 currently", 429),
        ({"currentHealthy": 2}, "The disruption budget b does not allow evicting pods currently", 429),
        (
            {"currentHealthy": 2, "conditions": [("Paused", "ask ann")]},
            "The disruption budget b does not allow evicting pods currently (Paused): ask ann",
            429,
        ),
        (
            {"conditions": [("SyncFailed", "who knows")]},
            "The disruption budget b does not allow evicting pods currently because it failed sync: who knows",
            429,
        ),
        (
            {"disruptionsAllowed": -1},
            'poddisruptionbudget.policy "b" is forbidden: pdb disruptions allowed is negative',
            403,
        ),
    ],
)
def test_why_a_budget_allows_no_eviction(cluster: Cluster, status: Obj, told: str, code: int) -> None:
    budget = protected(cluster)
    conditions = [
        {"type": "DisruptionAllowed", "status": "False", "reason": reason, "message": why, "lastTransitionTime": NOW}
        for reason, why in status.pop("conditions", [])
    ]
    counts = {"observedGeneration": 1, "desiredHealthy": 1, "currentHealthy": 1, "expectedPods": 1}
    budget["status"] = {"disruptionsAllowed": 0, **counts, "conditions": conditions, **status}
    cluster.server.storage.replace("poddisruptionbudgets.policy", budget)
    error = post(cluster, "eviction", {"metadata": {"name": "p"}})
    assert error.code == code
    assert told == (error.message if code == 403 else error.details["causes"][0]["message"])


def test_bindings_have_no_paths_of_their_own(cluster: Cluster) -> None:
    client = cluster.client()
    for verb, name, code in (("list", "", 405), ("get", "p", 404), ("delete", "p", 404)):
        with pytest.raises(StatusError) as caught:
            client.request(verb, "bindings", namespace="demo", name=name)
        assert caught.value.code == code
    with pytest.raises(StatusError, match="the server does not allow this method on the requested resource"):
        client.request("delete", "componentstatuses", name="scheduler")
