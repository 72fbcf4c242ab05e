"""ResourceQuota: charging, scopes, constraints, and that refused or dry requests cost nothing."""

from __future__ import annotations

from typing import Any

import pytest


def quota(api: Any, hard: dict[str, str], name: str = "q", **spec: Any) -> None:
    api.create(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {"hard": hard, **spec}}
    )
    api.cluster.settle()


def used(api: Any, name: str = "q") -> Any:
    return api.client.get("resourcequotas", name, "demo")["status"]["used"]


def config_map(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def test_creation_is_charged_at_once_and_refused_when_full(api: Any) -> None:
    quota(api, {"count/configmaps": "3", "configmaps": "3"})
    assert used(api)["configmaps"] == "1"  # kube-root-ca.crt
    api.create(config_map("a"))
    api.create(config_map("b"), dryRun=["All"])
    assert used(api)["count/configmaps"] == "2"
    api.create(config_map("c"))
    refused = api.refusal(api.create, config_map("d"))
    assert refused == (
        'configmaps "d" is forbidden: exceeded quota: q, requested: configmaps=1,count/configmaps=1, '
        "used: configmaps=3,count/configmaps=3, limited: configmaps=3,count/configmaps=3"
    )


def test_a_request_that_fails_later_costs_nothing(api: Any) -> None:
    quota(api, {"count/configmaps": "5"})
    api.create(config_map("a"))
    assert "already exists" in api.refusal(api.create, config_map("a"))
    assert used(api) == {"count/configmaps": "2"}


def test_limited_compute_must_be_asked_for(api: Any) -> None:
    quota(api, {"limits.cpu": "2", "requests.memory": "1Gi"})
    refused = api.refusal(api.create, api.pod(initContainers=[{"name": "i", "image": "x"}]))
    assert refused == (
        'pods "p" is forbidden: failed quota: q: must specify limits.cpu for: c,i; requests.memory for: c,i'
    )


@pytest.mark.parametrize(
    ("scope", "spec", "counts"),
    [
        ("Terminating", {"activeDeadlineSeconds": 60}, True),
        ("Terminating", {}, False),
        ("NotTerminating", {}, True),
        ("BestEffort", {}, True),
        ("NotBestEffort", {}, False),
    ],
)
def test_scopes_choose_pods(api: Any, scope: str, spec: dict[str, Any], counts: bool) -> None:
    quota(api, {"pods": "0"}, scopes=[scope])
    pod = api.pod(**spec)
    if counts:
        assert "exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0" in api.refusal(api.create, pod)
    else:
        api.create(pod)


def test_a_service_that_changes_its_type_is_charged_for_ports(api: Any) -> None:
    quota(api, {"services.nodeports": "1"})
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s"},
        "spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]},
    }
    made = api.create(service)
    made["spec"]["type"] = "NodePort"
    refused = api.refusal(api.client.update, "services", made)
    assert refused.endswith(
        "requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1"
    )
