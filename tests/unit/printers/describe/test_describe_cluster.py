"""Nodes and their allocation, quotas, roles, storage, autoscalers, certificate requests, everything else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from minikctl.apimachinery.resources import lookup
from minikctl.printers.describe import DESCRIBERS
from minikctl.printers.describe.certificaterequest import RequestError, parse
from minikctl.printers.describe.nodeallocation import pod_amounts
from minikctl.printers.describe.rbac import compact_rules

Obj = dict[str, Any]

REQUEST = """-----BEGIN CERTIFICATE REQUEST-----
MIHkMIGXAgEAMCoxCzAJBgNVBAoMAmdhMQswCQYDVQQKDAJnYjEOMAwGA1UEAwwF
YWxpY2UwKjAFBgMrZXADIQCPmCqlQsvo8lC5SqxDzp8CbHH6i6k2yj7nrpla8UC2
F6A6MDgGCSqGSIb3DQEJDjErMCkwJwYDVR0RBCAwHoIFYS5jb22HBAECAwSGCGh0
dHA6Ly94gQVhQGIuYzAFBgMrZXADQQDjZnk4Yo4eDV8NGsuZ6bESjHop2cMhOtKA
Lwzb7WkKX4AHS5w++FhuBCG+3KznSo0A9tMzF7kkL+4Ptfsx5P8I
-----END CERTIFICATE REQUEST-----
"""


def test_every_describer_is_there() -> None:
    for key, target in DESCRIBERS.items():
        assert lookup(key) is not None
        module, _, function = target.partition(":")
        assert callable(getattr(import_module(f"minikctl.printers.describe.{module}"), function))


def test_a_node(described: Callable[..., str]) -> None:
    node = {
        "metadata": {
            "name": "n",
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": {"node-role.kubernetes.io/x": ""},
        },
        "spec": {
            "podCIDR": "10.0.0.0/24",
            "taints": [{"key": "b", "value": "v", "effect": "NoSchedule"}, {"key": "a", "effect": "NoSchedule"}],
        },
        "status": {
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110", "example.com/gpu": "2", "hugepages-2Mi": "0"}
        },
    }
    resources = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"example.com/gpu": "1"}}
    pod = {
        "metadata": {"name": "p", "namespace": "demo", "creationTimestamp": "2026-01-02T03:04:00Z"},
        "spec": {"containers": [{"name": "c", "resources": resources}]},
    }
    text = described("nodes", node, pods=[pod])
    assert text.startswith("Name:               n\nRoles:              x\n")
    assert "Taints:             a:NoSchedule\n                    b=v:NoSchedule\nUnschedulable:      false\n" in text
    assert 'Lease:              Failed to get lease: leases.coordination.k8s.io "n" not found\n' in text
    assert text[text.index("Non-term") :] == (
        "Non-terminated Pods:          (1 in total)\n"
        "  Namespace                   Name    CPU Requests  CPU Limits  Memory Requests  Memory Limits  Age\n"
        "  ---------                   ----    ------------  ----------  ---------------  -------------  ---\n"
        "  demo                        p       500m (12%)    0 (0%)      1Gi (12%)        0 (0%)         5s\n"
        "Allocated resources:\n"
        "  (Total limits may be over 100 percent, i.e., overcommitted.)\n"
        "  Resource           Requests    Limits\n"
        "  --------           --------    ------\n"
        "  cpu                500m (12%)  0 (0%)\n"
        "  memory             1Gi (12%)   0 (0%)\n"
        "  ephemeral-storage  0 (0%)      0 (0%)\n"
        "  hugepages-2Mi      0 (0%)      0 (0%)\n"
        "  example.com/gpu    0           1\n"
    )


def test_amounts_of_a_pod() -> None:
    pod: Obj = {
        "spec": {
            "overhead": {"cpu": "10m"},
            "resources": {"requests": {"memory": "3Gi"}},
            "containers": [{"name": "c", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}],
        },
        "status": {"containerStatuses": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]},
    }
    assert {name: str(value) for name, value in pod_amounts(pod, "requests").items()} == {
        "cpu": "1010m",
        "memory": "3Gi",
    }
    assert str(pod_amounts(pod, "requests", use_status=True)["cpu"]) == "2010m"
    assert pod_amounts(pod, "limits") == {}
    pod["status"]["conditions"] = [{"type": "PodResizePending", "reason": "Infeasible"}]
    pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "9"
    assert str(pod_amounts(pod, "requests", use_status=True)["cpu"]) == "2010m"


def test_quotas(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    quota = {
        "metadata": named("q"),
        "spec": {"scopes": ["BestEffort"]},
        "status": {"hard": {"pods": "5", "requests.memory": "2Gi"}, "used": {"pods": "1", "requests.memory": "1G"}},
    }
    text = described("resourcequotas", quota)
    assert text.splitlines()[2] == "Scopes:     BestEffort"
    assert text.endswith(
        "Resource         Used        Hard\n"
        "--------         ----        ----\n"
        "pods             1           5\n"
        "requests.memory  1000000000  2Gi\n"
    )
    item = {"type": "Container", "max": {"cpu": "1"}, "default": {"memory": "1Gi"}}
    limits = {"metadata": named("l"), "spec": {"limits": [item]}}
    text = described("namespaces", {"metadata": named("demo")}, resourcequotas=[quota], limitranges=[limits])
    assert "Resource Quotas\n  Name:    q\n  Scopes:  BestEffort\n  * Matches all pods that do not" in text
    assert text.endswith(
        "Resource Limits\n"
        " Type       Resource  Min  Max  Default Request  Default Limit  Max Limit/Request Ratio\n"
        " ----       --------  ---  ---  ---------------  -------------  -----------------------\n"
        " Container  cpu       -    1    -                -              -\n"
        " Container  memory    -    -    -                1Gi            -\n"
    )


def test_rules_are_taken_apart_and_compacted() -> None:
    rules = [
        {"apiGroups": ["", "apps"], "resources": ["pods"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["watch"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a", "b"], "verbs": ["get"]},
        {"nonResourceURLs": ["/healthz", "/metrics"], "verbs": ["get"]},
    ]
    assert compact_rules(rules) == [
        (("", "pods", None, None), ["get", "list", "watch"]),
        (("apps", "pods", None, None), ["get", "list"]),
        ((None, None, None, "/healthz"), ["get"]),
        ((None, None, None, "/metrics"), ["get"]),
        (("", "secrets", "a", None), ["get"]),
        (("", "secrets", "b", None), ["get"]),
    ]


def test_a_volume_and_its_claim(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    terms = [
        {
            "matchExpressions": [
                {"key": "zone", "operator": "In", "values": ["a", "b"]},
                {"key": "x", "operator": "Exists"},
            ]
        }
    ]
    volume = {
        "metadata": {"name": "v", "finalizers": ["f"]},
        "spec": {
            "capacity": {"storage": "5Gi"},
            "accessModes": ["ReadWriteOncePod", "ReadWriteOnce"],
            "claimRef": {"namespace": "demo", "name": "c"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
            "local": {"path": "/mnt"},
        },
        "status": {"phase": "Bound"},
    }
    text = described("persistentvolumes", volume)
    assert "Claim:             demo/c\n" in text
    assert "Access Modes:      RWO,RWOP\n" in text
    assert text.endswith(
        "Node Affinity:     \n"
        "  Required Terms:  \n"
        "    Term 0:        zone in [a, b]\n"
        "                   x exists\n"
        "Message:           \n"
        "Source:\n"
        "    Type:  LocalVolume (a persistent volume backed by local storage on a node)\n"
        "    Path:  /mnt\n"
    )
    claim = {
        "metadata": named("c"),
        "spec": {"volumeName": "v", "storageClassName": "fast"},
        "status": {"phase": "Bound", "capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteOnce"]},
    }
    user = {"metadata": named("p"), "spec": {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "c"}}]}}
    text = described("persistentvolumeclaims", claim, pods=[user, {"metadata": named("q"), "spec": {}}])
    assert text.endswith("Capacity:      5Gi\nAccess Modes:  RWO\nUsed By:       p\n")


def test_an_autoscaler(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    other = {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "10"}}
    autoscaler: Obj = {
        "apiVersion": "autoscaling/v2",
        "metadata": named("h"),
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web"},
            "maxReplicas": 5,
            "metrics": [{"type": "Resource", "resource": cpu}, {"type": "Pods", "pods": other}, {"type": "Odd"}],
            "behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}},
        },
        "status": {
            "currentReplicas": 1,
            "currentMetrics": [{"resource": {"current": {"averageUtilization": 50, "averageValue": "50m"}}}],
        },
    }
    text = described("horizontalpodautoscalers.autoscaling", autoscaler)
    assert text[text.index("Reference") :] == (
        "Reference:                                             Deployment/web\n"
        "Metrics:                                               ( current / target )\n"
        "  resource cpu on pods  (as a percentage of request):  50% (50m) / 80%\n"
        '  "rps" on pods:                                       <unknown> / 10\n'
        '  <unknown metric type "Odd">\n'
        "Min replicas:  <unset>\n"
        "Max replicas:  5\n"
        "Behavior:\n"
        "  Scale Up:\n"
        "    Select Policy: Max\n"
        "    Policies:\n"
        "      - Type: Pods  Value: 4  Period: 15 seconds\n"
        "Deployment pods:    1 current / 0 desired\n"
    )
    autoscaler["apiVersion"] = "autoscaling/v1"
    autoscaler["spec"]["targetCPUUtilizationPercentage"] = 80
    text = described("horizontalpodautoscalers.autoscaling", autoscaler)
    assert "Target CPU utilization:   80%\nCurrent CPU utilization:  <unknown>%\n" in text


def test_certificate_requests(described: Callable[..., str]) -> None:
    request = parse(REQUEST)
    assert request.subject == {"Organization": ["ga", "gb"], "Common Name": ["alice"]}
    assert request.names == {
        "DNS Names": ["a.com"],
        "IP Addresses": ["1.2.3.4"],
        "URIs": ["http://x"],
        "Email Addresses": ["a@b.c"],
    }
    csr = {
        "metadata": {"name": "c"},
        "spec": {"request": b64encode(REQUEST.encode()).decode(), "username": "u", "signerName": "s/x"},
        "status": {"conditions": [{"type": "Approved"}], "certificate": "eA=="},
    }
    text = described("certificatesigningrequests.certificates.k8s.io", csr)
    assert "Status:             Approved,Issued\n" in text
    assert text.endswith(
        "Subject:\n"
        "  Common Name:    alice\n"
        "  Serial Number:  \n"
        "  Organization:   ga\n"
        "                  gb\n"
        "Subject Alternative Names:\n"
        "  DNS Names:        a.com\n"
        "  Email Addresses:  a@b.c\n"
        "  URIs:             http://x\n"
        "  IP Addresses:     1.2.3.4\n"
    )
    with pytest.raises(RequestError, match="PEM block type must be CERTIFICATE REQUEST"):
        parse("nonsense")


def test_custom_resources_as_a_tree(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    obj = {
        "apiVersion": "example.com/v1",
        "kind": "Oven",
        "metadata": {**named("o"), "managedFields": [{}]},
        "spec": {"on": True, "heat": 2.5, "trays": [{"b": 1}, "x", None], "empty": {}},
    }
    assert described("ovens.example.com", obj, events=[]) == (
        "Name:         o\n"
        "Namespace:    demo\n"
        "Labels:       <none>\n"
        "Annotations:  <none>\n"
        "API Version:  example.com/v1\n"
        "Kind:         Oven\n"
        "Metadata:\n"
        "  Creation Timestamp:  2026-01-02T03:04:05Z\n"
        "  UID:                 uid-o\n"
        "Spec:\n"
        "  Empty:\n"
        "  Heat:  2.5\n"
        "  On:    true\n"
        "  Trays:\n"
        "    B:  1\n"
        "    x\n"
        "    <nil>\n"
        "Events:  <none>\n"
    )
