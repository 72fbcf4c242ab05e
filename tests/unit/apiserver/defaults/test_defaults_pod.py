"""Defaults of pods and their templates."""

from __future__ import annotations

import copy

import pytest

from minikctl.apiserver.defaults import apply


def pod(**spec: object) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def defaulted(**spec: object) -> dict:
    obj = pod(**spec)
    apply("pods", "v1", obj)
    return obj["spec"]


def test_a_tiny_pod_gets_what_the_typed_api_sets() -> None:
    assert defaulted(containers=[{"name": "app", "image": "shop/tiny"}]) == {
        "containers": [
            {
                "name": "app",
                "image": "shop/tiny",
                "imagePullPolicy": "Always",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("shop/a", "Always"),
        ("shop/a:latest", "Always"),
        ("registry.example:5000/shop/a:2.1", "IfNotPresent"),
        ("registry.example:5000/shop/a", "Always"),
        ("shop/a@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "IfNotPresent"),
        ("Shop/NotAName", "IfNotPresent"),
        ("", "IfNotPresent"),
    ],
)
def test_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    assert defaulted(containers=[{"name": "a", "image": image}])["containers"][0]["imagePullPolicy"] == policy


def test_requests_come_from_limits_in_pods_only() -> None:
    containers = [{"name": "a", "image": "a:1", "resources": {"limits": {"cpu": "0.5", "memory": 134217728}}}]
    resources = defaulted(containers=copy.deepcopy(containers))["containers"][0]["resources"]
    assert resources == {
        "limits": {"cpu": "500m", "memory": "134217728"},
        "requests": {"cpu": "500m", "memory": "134217728"},
    }
    deployment = {"spec": {"template": {"spec": {"containers": containers}}}}
    apply("deployments.apps", "v1", deployment)
    assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "500m", "memory": "134217728"}
    }


def test_quantities_are_canonical_and_rounded_up_to_milli() -> None:
    amounts = {"cpu": "0.0001", "memory": "1.5Gi", "ephemeral-storage": "1048576Ki"}
    container = defaulted(containers=[{"name": "a", "image": "a:1", "resources": {"requests": amounts}}])["containers"][
        0
    ]
    assert container["resources"]["requests"] == {"cpu": "1m", "memory": "1536Mi", "ephemeral-storage": "1Gi"}


def test_host_network_ports_become_host_ports() -> None:
    spec = defaulted(hostNetwork=True, containers=[{"name": "a", "image": "a:1", "ports": [{"containerPort": 80}]}])
    assert spec["containers"][0]["ports"] == [{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]


def test_probes_and_handlers() -> None:
    probe = {"httpGet": {"port": 80}, "initialDelaySeconds": 0}
    grpc = {"grpc": {"port": 9}, "periodSeconds": 3}
    container = defaulted(containers=[{"name": "a", "image": "a:1", "livenessProbe": probe, "readinessProbe": grpc}])
    assert container["containers"][0]["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert container["containers"][0]["readinessProbe"]["grpc"] == {"port": 9, "service": ""}
    assert container["containers"][0]["readinessProbe"]["periodSeconds"] == 3


def test_volumes() -> None:
    volumes = [
        {"name": "empty"},
        {"name": "size", "emptyDir": {"sizeLimit": "1.5Gi"}},
        {"name": "cm", "configMap": {"name": "c"}},
        {"name": "host", "hostPath": {"path": "/x"}},
        {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
        {"name": "down", "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
        {"name": "pvc", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}},
    ]
    done = {v.pop("name"): v for v in defaulted(containers=[], volumes=volumes)["volumes"]}
    assert done["empty"] == {"emptyDir": {}}
    assert done["size"] == {"emptyDir": {"sizeLimit": "1536Mi"}}
    assert done["cm"] == {"configMap": {"name": "c", "defaultMode": 420}}
    assert done["host"] == {"hostPath": {"path": "/x", "type": ""}}
    assert done["token"]["projected"]["sources"] == [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}]
    assert done["down"]["downwardAPI"]["items"][0]["fieldRef"]["apiVersion"] == "v1"
    assert done["pvc"]["ephemeral"]["volumeClaimTemplate"] == {
        "metadata": {},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {}, "volumeMode": "Filesystem"},
    }


def test_zero_fields_that_go_omits_are_dropped() -> None:
    spec = defaulted(
        hostNetwork=False,
        nodeSelector={},
        tolerations=[{"key": "", "operator": "Exists"}],
        containers=[
            {"name": "a", "image": "a:1", "tty": False, "command": [], "env": [{"name": "A", "value": ""}]},
        ],
    )
    assert "hostNetwork" not in spec
    assert "nodeSelector" not in spec
    assert spec["tolerations"] == [{"operator": "Exists"}]
    assert spec["containers"][0]["env"] == [{"name": "A"}]
    assert not {"tty", "command"} & set(spec["containers"][0])


def test_pod_level_requests_follow_containers_then_limits() -> None:
    spec = defaulted(
        resources={"limits": {"cpu": "2", "memory": "1Gi"}},
        containers=[{"name": "a", "image": "a:1", "resources": {"requests": {"cpu": "250m"}}}],
    )
    assert spec["resources"]["requests"] == {"cpu": "250m", "memory": "1Gi"}


def test_defaulting_twice_changes_nothing() -> None:
    obj = pod(
        containers=[{"name": "a", "image": "a", "resources": {"limits": {"cpu": "0.1"}}}], volumes=[{"name": "v"}]
    )
    apply("pods", "v1", obj)
    once = copy.deepcopy(obj)
    apply("pods", "v1", obj)
    assert obj == once
