"""Pods of one body come out as if each had taken the long way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.errors import StatusError
from minikctl.apiserver.registry import write
from minikctl.apiserver.registry.context import Context
from minikctl.apiserver.registry.kinds.podmoulds import Mould
from minikctl.apiserver.registry.kinds.pods import PodStrategy
from minikctl.cluster import Cluster

Obj = dict[str, Any]

LABELS = {"app": "web"}
CONTAINER: Obj = {
    "name": "c",
    "image": "nginx",
    "resources": {},
    "volumeMounts": [{"name": "own", "mountPath": "/own"}],
}
SPEC: Obj = {
    "initContainers": [{"name": "i", "image": "busybox", "command": ["true"], "resources": {}}],
    "containers": [CONTAINER, {"name": "d", "image": "nginx", "resources": {"limits": {"cpu": "10m"}}}],
    "volumes": [{"name": "own", "emptyDir": {}}],
}


def body(spec: Obj = SPEC) -> Obj:
    meta = {"generateName": "web-", "namespace": "default", "labels": LABELS}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": deep_copy(spec)}


def workloads(cluster: Cluster) -> list[Obj]:
    """The pods of a Deployment and of a Job, once they have come up, and what was said about them."""
    template = {"metadata": {"labels": LABELS, "annotations": {"a": "b"}}, "spec": SPEC}
    client = cluster.client()
    for resource, version, kind, spec in (
        ("deployments.apps", "apps/v1", "Deployment", {"replicas": 12, "selector": {"matchLabels": LABELS}}),
        ("jobs.batch", "batch/v1", "Job", {"completions": 9, "parallelism": 4}),
    ):
        made = deep_copy(template)
        if kind == "Job":
            made["spec"]["restartPolicy"] = "Never"
        meta = {"name": kind.lower(), "namespace": "default"}
        client.create(
            resource, {"apiVersion": version, "kind": kind, "metadata": meta, "spec": {**spec, "template": made}}
        )
    cluster.settle()
    found: list[Obj] = [*client.list("pods", "default")["items"], *client.list("events", "default")["items"]]
    return found


def long_way(strategy: PodStrategy, ctx: Context) -> Obj:
    return write.create_by_chain(deep_copy(ctx.request.body), ctx)


def test_controllers_pods_are_those_of_the_long_way(
    make_cluster: Callable[..., Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    casts = []
    cast = Mould.cast

    def counted(mould: Mould, ctx: Context) -> Obj:
        casts.append(ctx.resource.key)
        return cast(mould, ctx)

    monkeypatch.setattr(Mould, "cast", counted)
    short = workloads(make_cluster("short"))
    assert len(casts) > 11
    monkeypatch.setattr(PodStrategy, "create_trusted", long_way)
    assert workloads(make_cluster("long")) == short


def test_each_pod_has_names_of_its_own_and_leaves_the_body(cluster: Cluster) -> None:
    client, model = cluster.client(), body()
    before = deep_copy(model)
    with cluster.store.transaction():
        pods = [client.create("pods", model, trusted=True) for _ in range(3)]
    assert model == before
    assert len({pod["metadata"]["uid"] for pod in pods}) == len({pod["metadata"]["name"] for pod in pods}) == 3
    for pod in pods:
        spec = pod["spec"]
        mounted = {mount["name"] for c in spec["initContainers"] + spec["containers"] for mount in c["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}
        assert client.get("pods", pod["metadata"]["name"], "default") == pod
    assert len({pod["spec"]["volumes"][1]["name"] for pod in pods}) == 3


def test_what_changes_in_between_is_heeded(cluster: Cluster) -> None:
    client, model = cluster.client(), body()
    limit = {"type": "Container", "defaultRequest": {"memory": "7Mi"}}
    ranges = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"}, "spec": {"limits": [limit]}}
    with cluster.store.transaction():
        first, second = (client.create("pods", model, trusted=True) for _ in range(2))
        client.create("limitranges", ranges, "default")
        third, fourth = (client.create("pods", model, trusted=True) for _ in range(2))
    asked = [pod["spec"]["containers"][0]["resources"] for pod in (first, second, third, fourth)]
    assert asked == [{}, {}, {"requests": {"memory": "7Mi"}}, {"requests": {"memory": "7Mi"}}]


def test_every_pod_is_charged(cluster: Cluster) -> None:
    client, model = cluster.client(), body()
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "2"}}}
    client.create("resourcequotas", quota, "default")
    cluster.settle()
    with cluster.store.transaction():
        for _ in range(2):
            client.create("pods", model, trusted=True)
        with pytest.raises(StatusError, match="exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"):
            client.create("pods", model, trusted=True)
    assert client.get("resourcequotas", "q", "default")["status"]["used"] == {"pods": "2"}


def test_policies_see_every_pod(cluster: Cluster) -> None:
    client, model = cluster.client(), body()
    group = "admissionregistration.k8s.io"
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    check = {"expression": "object.metadata.name.endsWith('never')", "message": "no"}
    with cluster.store.transaction():
        client.create("pods", model, trusted=True)
        spec = {"matchConstraints": {"resourceRules": rules}, "validations": [check]}
        client.create(f"validatingadmissionpolicies.{group}", {"metadata": {"name": "strict"}, "spec": spec})
        binding = {"policyName": "strict", "validationActions": ["Deny"]}
        client.create(f"validatingadmissionpolicybindings.{group}", {"metadata": {"name": "strict"}, "spec": binding})
        for _ in range(2):
            with pytest.raises(StatusError, match="denied request: no"):
                client.create("pods", model, trusted=True)
