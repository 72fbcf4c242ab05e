"""Budgets, quotas, aggregated roles, certificates, tokens, address ranges, policies."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from controllers_world import Obj, World, pod_spec, workload

from minikctl.apimachinery import quotausage
from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import STRATEGIC_PATCH
from minikctl.controllers import bootstraptokens, resourcequota
from minikctl.controllers.certificates import authority, der

BUDGETS, QUOTAS = "poddisruptionbudgets.policy", "resourcequotas"


def budget(name: str, **spec: Any) -> Obj:
    meta = {"name": name, "namespace": "demo"}
    spec = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "desired", "allowed"),
    [
        ({"minAvailable": 1}, 1, 3),
        ({"minAvailable": "60%"}, 3, 1),
        ({"maxUnavailable": 1}, 3, 1),
        ({"maxUnavailable": "30%"}, 2, 2),
    ],
)
def test_how_many_may_be_disrupted(world: World, spec: Obj, desired: int, allowed: int) -> None:
    world.create("deployments.apps", workload("Deployment", "web", replicas=4))
    world.create(BUDGETS, budget("b", **spec))
    status = world.status(BUDGETS, "b")
    assert (status["desiredHealthy"], status["disruptionsAllowed"], status["expectedPods"]) == (desired, allowed, 4)
    world.merge("deployments.apps", "web", {"spec": {"replicas": 0}})
    assert world.conditions(BUDGETS, "b")["DisruptionAllowed"] == "False InsufficientPods"
    assert world.settles()


def test_pods_whose_owner_has_no_size_cannot_be_counted(world: World) -> None:
    world.create("daemonsets.apps", workload("DaemonSet", "agent"))
    world.create(BUDGETS, budget("pdb", maxUnavailable=1, selector={"matchLabels": {"app": "agent"}}))
    (entry,) = world.status(BUDGETS, "pdb")["conditions"]
    why = "daemonsets.apps does not implement the scale subresource"
    assert (entry["status"], entry["reason"], entry["message"]) == ("False", "SyncFailed", why)
    assert "observedGeneration" not in entry
    text = f"CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: {why}"
    assert world.events("PodDisruptionBudget") == [text]
    world.merge(BUDGETS, "pdb", {"spec": {"maxUnavailable": None, "minAvailable": 1}})
    assert world.status(BUDGETS, "pdb")["disruptionsAllowed"] == 1
    world.merge(BUDGETS, "pdb", {"spec": {"minAvailable": None}})
    status = world.status(BUDGETS, "pdb")
    assert (status["expectedPods"], status["desiredHealthy"], status["disruptionsAllowed"]) == (0, 0, 0)


def test_a_disruption_that_does_not_come_is_taken_back(world: World) -> None:
    world.create("replicasets.apps", workload("ReplicaSet", "web", replicas=1))
    (name,) = world.names("pods")
    entry = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    stamp = {"lastTransitionTime": rfc3339(world.cluster.present())}
    patch = {"status": {"conditions": [{**entry, **stamp}]}}
    world.client.patch("pods", name, patch, STRATEGIC_PATCH, "demo", subresource="status")
    world.cluster.advance(119)
    assert world.conditions("pods", name)["DisruptionTarget"] == "True EvictionByEvictionAPI"
    world.cluster.advance(1)
    conditions = world.conditions("pods", name)
    assert (conditions["DisruptionTarget"], conditions["Ready"]) == ("False EvictionByEvictionAPI", "True")


def test_a_quota_counts_what_is_used(world: World) -> None:
    hard = {"pods": "5", "requests.cpu": "1", "count/deployments.apps": "3", "services": "2"}
    meta = {"name": "q", "namespace": "demo"}
    world.create(QUOTAS, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}})
    pod = pod_spec()
    pod["containers"][0]["resources"] = {"requests": {"cpu": "250m"}}
    world.create("deployments.apps", workload("Deployment", "web", replicas=2, pod=pod))
    used = {"pods": "2", "requests.cpu": "500m", "count/deployments.apps": "1", "services": "0"}
    assert world.status(QUOTAS, "q") == {"hard": hard, "used": used}
    world.delete("deployments.apps", "web")
    assert set(world.status(QUOTAS, "q")["used"].values()) == {"0"}


def test_claims_for_devices_count_as_the_resource_their_class_stands_for(world: World) -> None:
    hard = {"requests.example.com/gpu": "3"}
    meta = {"name": "q", "namespace": "demo"}
    world.create(QUOTAS, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}})
    api = {"apiVersion": "resource.k8s.io/v1"}
    device_class = {**api, "kind": "DeviceClass", "metadata": {"name": "gpu"}}
    world.create("deviceclasses.resource.k8s.io", {**device_class, "spec": {"extendedResourceName": "example.com/gpu"}})
    claims = "resourceclaims.resource.k8s.io"
    request = {"name": "r", "exactly": {"deviceClassName": "gpu", "count": 2}}
    claim: Obj = {**api, "kind": "ResourceClaim", "spec": {"devices": {"requests": [request]}}}
    world.create(claims, {**claim, "metadata": {"name": "a", "namespace": "demo"}})
    assert world.status(QUOTAS, "q")["used"] == {"requests.example.com/gpu": "2"}
    with pytest.raises(StatusError, match=r"requested: requests.example.com/gpu=2, used: requests.example.com/gpu=2"):
        world.create(claims, {**claim, "metadata": {"name": "b", "namespace": "demo"}})
    world.delete(claims, "a")
    assert world.status(QUOTAS, "q")["used"] == {"requests.example.com/gpu": "0"}


def quota(**spec: Any) -> Obj:
    return {"spec": spec}


def test_a_quota_is_counted_anew_only_when_something_costs_less(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hard = {"pods": "40", "count/deployments.apps": "2"}
    meta = {"name": "q", "namespace": "demo"}
    world.create(QUOTAS, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}})
    counted: list[str] = []
    sync = resourcequota.ResourceQuotaController.sync
    monkeypatch.setattr(
        resourcequota.ResourceQuotaController, "sync", lambda self, key: (counted.append(key), sync(self, key))[1]
    )
    world.create("deployments.apps", workload("Deployment", "web", replicas=30))
    assert (counted, world.status(QUOTAS, "q")["used"]) == ([], {"count/deployments.apps": "1", "pods": "30"})
    world.merge("deployments.apps", "web", {"spec": {"replicas": 10}})
    assert (set(counted), world.status(QUOTAS, "q")["used"]["pods"]) == ({"all:demo"}, "10")
    world.merge("deployments.apps", "web", {"spec": {"replicas": 30}})
    counted.clear()
    world.merge(QUOTAS, "q", {"spec": {"hard": {"pods": "50"}}})
    assert (counted, world.status(QUOTAS, "q")["hard"]["pods"]) == (["demo/q"], "50")


def test_scopes() -> None:
    timed: Obj = {"metadata": {}, "spec": {"activeDeadlineSeconds": 5, "containers": [{}], "priorityClassName": "vip"}}
    plain: Obj = {"metadata": {}, "spec": {"containers": [{"resources": {"limits": {"cpu": "1"}}}]}}
    vip = {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["vip"]}]}
    cases: list[tuple[Obj, bool, bool]] = [
        (quota(scopes=["Terminating"]), True, False),
        (quota(scopes=["NotTerminating", "NotBestEffort"]), False, True),
        (quota(scopes=["BestEffort"]), True, False),
        (quota(scopeSelector=vip), True, False),
        (quota(), True, True),
    ]
    for one, first, second in cases:
        assert (quotausage.in_scope(one, "pods", timed), quotausage.in_scope(one, "pods", plain)) == (first, second)


def test_usage_of_services_and_claims() -> None:
    service = {"metadata": {}, "spec": {"type": "LoadBalancer", "ports": [{"port": 1}, {"port": 2}]}}
    found = {name: str(value) for name, value in quotausage.usage("services", service).items()}
    assert found == {
        "count/services": "1", "services": "1", "services.loadbalancers": "1", "services.nodeports": "2",
    }  # fmt: skip
    claim = {"metadata": {}, "spec": {"storageClassName": "gold", "resources": {"requests": {"storage": "2Gi"}}}}
    assert (
        str(quotausage.usage("persistentvolumeclaims", claim)["gold.storageclass.storage.k8s.io/requests.storage"])
        == "2Gi"
    )
    assert quotausage.resource_of("requests.nvidia.com/gpu") == "pods"
    assert quotausage.resource_of("count/jobs.batch") == "jobs.batch"


def test_roles_are_aggregated(world: World) -> None:
    roles = "clusterroles.rbac.authorization.k8s.io"
    rule = {"apiGroups": ["example.com"], "resources": ["widgets"], "verbs": ["get"]}

    def role(name: str, **fields: Any) -> Obj:
        meta = {"name": name, "labels": fields.pop("labels", {})}
        return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": meta, **fields}

    selectors = [{"matchLabels": {"to": "sum"}}]
    world.create(roles, role("sum", aggregationRule={"clusterRoleSelectors": selectors}))
    world.create(roles, role("part", labels={"to": "sum"}, rules=[rule]))
    made = world.get(roles, "sum", "")
    assert made["rules"] == [rule]
    [applied] = [entry for entry in made["metadata"]["managedFields"] if entry["operation"] == "Apply"]
    assert (applied["manager"], applied["fieldsV1"]) == ("clusterrole-aggregation-controller", {"f:rules": {}})
    world.delete(roles, "part", "")
    assert not world.get(roles, "sum", "").get("rules")


def test_a_token_secret_is_filled_and_goes_with_its_account(world: World) -> None:
    meta = {"name": "t", "namespace": "demo", "annotations": {"kubernetes.io/service-account.name": "robot"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "kubernetes.io/service-account-token"}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "demo"}}
    world.create("serviceaccounts", account)
    world.create("secrets", secret)
    data = world.get("secrets", "t")["data"]
    assert base64.b64decode(data["namespace"]) == b"demo"
    assert base64.b64decode(data["token"]).count(b".") == 2
    world.delete("serviceaccounts", "robot")
    assert world.names("secrets") == []


def test_bootstrap_tokens_expire(world: World) -> None:
    expiration = base64.b64encode(b"2026-01-02T04:00:00Z").decode()
    meta = {"name": "bootstrap-token-abcdef", "namespace": "kube-system"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "bootstrap.kubernetes.io/token"}
    world.create("secrets", {**secret, "data": {"expiration": expiration}})
    world.cluster.advance(3000)
    assert world.client.find("secrets", meta["name"], "kube-system") is not None
    world.cluster.advance(600)
    assert world.client.find("secrets", meta["name"], "kube-system") is None


def test_a_signature_is_that_of_cluster_bootstrap() -> None:
    content = "Hello from the other side. I must have called a thousand times."
    signed = bootstraptokens.signature(content, "joshua", "my voice is my passcode")
    assert signed == "eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8"


def test_tokens_sign_the_cluster_info_as_long_as_they_live(world: World) -> None:
    info = {"metadata": {"name": "cluster-info", "namespace": "kube-public"}, "data": {"kubeconfig": "a"}}
    world.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", **info})
    data = {
        "token-id": "abcdef",
        "token-secret": "0123456789abcdef",
        "usage-bootstrap-signing": "true",
        "expiration": "2026-01-02T04:00:00Z",
    }
    meta = {"name": "bootstrap-token-abcdef", "namespace": "kube-system"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "bootstrap.kubernetes.io/token"}
    world.create("secrets", {**secret, "stringData": data})

    def signatures() -> dict[str, str]:
        return {k: v for k, v in world.get("configmaps", "cluster-info", "kube-public")["data"].items() if "jws" in k}

    first = signatures()
    assert list(first) == ["jws-kubeconfig-abcdef"]
    world.merge("configmaps", "cluster-info", {"data": {"kubeconfig": "b"}}, "kube-public")
    assert signatures() != first
    assert world.settles()
    world.cluster.advance(3600)
    assert signatures() == {}
    world.create("secrets", {**secret, "stringData": {**data, "usage-bootstrap-signing": "no"}})
    assert signatures() == {}


def request_pem() -> str:
    """A request for CN=amelia, O=pilots, for the authority's own key."""
    name = der.sequence(
        der.element(0x31, der.sequence(der.oid("2.5.4.10"), der.element(0x0C, b"pilots"))),
        der.element(0x31, der.sequence(der.oid("2.5.4.3"), der.element(0x0C, b"amelia"))),
    )
    numbers = der.sequence(der.integer(authority.MODULUS), der.integer(65537))
    key = der.sequence(der.sequence(der.oid("1.2.840.113549.1.1.1")), der.bits(numbers))
    info = der.sequence(der.integer(0), name, key, der.element(0xA0, b""))
    signature = der.bits(der._sign(info, authority.MODULUS, authority.PRIVATE_EXPONENT))
    algorithm = der.sequence(der.oid("1.2.840.113549.1.1.11"))
    return der.to_pem(der.sequence(info, algorithm, signature), "CERTIFICATE REQUEST")


def test_reading_requests() -> None:
    parsed = der.Request(request_pem())
    assert (parsed.common_name, parsed.organizations, parsed.extensions) == ("amelia", ["pilots"], [])
    with pytest.raises(ValueError, match="no CERTIFICATE REQUEST block"):
        der.Request("junk")


def test_certificates_are_signed_by_the_authority() -> None:
    parsed = der.Request(request_pem())
    issuer = der.subject_of(authority.CERTIFICATE)
    key = (authority.MODULUS, authority.PRIVATE_EXPONENT)
    pem = der.certificate(7, issuer, (1e9, 4e9), parsed, [der.extension("2.5.29.19", der.sequence(), True)], key)
    body, _, signature = next(der._elements(der.from_pem(pem, "CERTIFICATE"))).children()
    opened = pow(int.from_bytes(signature.content[1:], "big"), 65537, authority.MODULUS)
    import hashlib

    assert opened.to_bytes(256, "big").endswith(hashlib.sha256(body.raw).digest())


@pytest.mark.parametrize(
    ("signer", "expires", "kept"),
    [
        ("kubernetes.io/kube-apiserver-client", None, 3600),
        ("kubernetes.io/kube-apiserver-client", 900, 900),  # not after its certificate has expired
        ("example.com/theirs", None, 10**6),  # approved, and for another signer to sign
    ],
)
def test_requests_are_signed_once_approved_and_forgotten_later(
    world: World, signer: str, expires: int | None, kept: int
) -> None:
    requests = "certificatesigningrequests.certificates.k8s.io"
    spec: Obj = {
        "request": base64.b64encode(request_pem().encode()).decode(),
        "signerName": signer,
        "usages": ["client auth"],
    }
    if expires:
        spec["expirationSeconds"] = expires
    made = world.create(
        requests,
        {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"name": "amelia"},
            "spec": spec,
        },
    )
    assert "certificate" not in world.status(requests, "amelia", "")
    assert "managedFields" not in made["metadata"]  # nobody owns a request's spec
    stamp = "2026-01-02T03:04:05Z"
    entry = {"type": "Approved", "status": "True", "reason": "Me", "lastUpdateTime": stamp, "lastTransitionTime": stamp}
    made["status"] = {"conditions": [entry]}
    world.client.update(requests, made, subresource="approval")
    world.cluster.settle()
    certificate = base64.b64decode(world.status(requests, "amelia", "").get("certificate", ""))
    assert certificate.startswith(b"-----BEGIN CERTIFICATE-----") is signer.startswith("kubernetes.io/")
    world.cluster.advance(min(kept, 100_000) - 1)
    assert world.client.find(requests, "amelia") is not None
    world.cluster.advance(1)
    assert (world.client.find(requests, "amelia") is None) is (kept < 100_000)


def test_service_ranges_are_ready_and_kept_while_used(world: World) -> None:
    ranges = "servicecidrs.networking.k8s.io"
    assert world.conditions(ranges, "kubernetes", "")["Ready"] == "True"
    world.delete(ranges, "kubernetes", "")
    assert world.conditions(ranges, "kubernetes", "")["Ready"] == "False Terminating"


def test_service_ranges_go_ten_seconds_after_they_are_free(world: World) -> None:
    ranges, addresses = "servicecidrs.networking.k8s.io", "ipaddresses.networking.k8s.io"
    version = "networking.k8s.io/v1"
    more = {"apiVersion": version, "kind": "ServiceCIDR", "metadata": {"name": "more"}}
    world.create(ranges, {**more, "spec": {"cidrs": ["192.168.7.0/28"]}})
    own = {"apiVersion": version, "kind": "IPAddress", "metadata": {"name": "192.168.7.9"}}
    world.create(addresses, {**own, "spec": {"parentRef": {"resource": "services", "name": "mine"}}})
    spec = {"clusterIP": "192.168.7.3", "ports": [{"port": 80}]}
    meta = {"name": "web", "namespace": "demo"}
    world.create("services", {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
    world.delete(ranges, "more", "")
    assert world.conditions(ranges, "more", "")["Ready"] == "False Terminating"
    world.cluster.advance(7)
    world.delete("services", "web")
    assert world.client.find(ranges, "more") is not None
    world.cluster.advance(2)
    assert world.client.find(ranges, "more") is not None
    world.cluster.advance(1)
    assert world.client.find(ranges, "more") is None


def test_manager_rows_name_what_exists() -> None:
    from importlib import import_module

    from minikctl.controllers.manager import CONTROLLERS

    queues = [row.queue or row.account for row in CONTROLLERS]
    assert len(queues) == len(set(queues))
    for row in CONTROLLERS:
        module, _, name = row.target.partition(":")
        assert hasattr(import_module(f"minikctl.controllers.{module}"), name)
