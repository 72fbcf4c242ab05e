"""Hashes as real clusters of several versions print them for `kubectl create deployment nginx --image=nginx`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from minikctl.controllers import gotypes, templatehash


def nginx() -> dict[str, Any]:
    container = {
        "image": "nginx",
        "imagePullPolicy": "Always",
        "name": "nginx",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    spec = {
        "containers": [container],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }
    return {"metadata": {"labels": {"app": "nginx"}}, "spec": spec}


NEWER = {
    "v1.34": {"v1.PodSpec": ["SchedulingGroup"]},
    "v1.33": {"v1.PodSpec": ["HostnameOverride"], "v1.Container": ["RestartPolicyRules"]},
    "v1.31": {"v1.PodSpec": ["Resources"], "v1.PodSecurityContext": ["SELinuxChangePolicy=seLinuxChangePolicy"]},
    "v1.30": {"v1.PodSecurityContext": ["SupplementalGroupsPolicy"]},
    "v1.29": {"v1.PodSecurityContext": ["AppArmorProfile"]},
}
SEEN = {
    "v1.34": "66686b6766",
    "v1.33": "5869d7778c",
    "v1.31": "676b6c5bbc",
    "v1.30": "bf5d5cf98",
    "v1.29": "7854ff8877",
}


@contextmanager
def types_of(version: str) -> Iterator[None]:
    """The table of types without the fields that came after a version."""
    types = dict(gotypes.TYPES)
    for newer, fields in NEWER.items():
        for type_, names in fields.items():
            kept = [entry for entry in types[type_].split("|") if entry.split()[0] not in names]
            types[type_] = "|".join(kept)
        if newer == version:
            break
    templatehash._fields.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gotypes, "TYPES", types)
        yield
    templatehash._fields.cache_clear()


@pytest.mark.parametrize("version", SEEN)
def test_hashes_of_older_versions(version: str) -> None:
    with types_of(version):
        assert templatehash.pod_template_hash(nginx()) == SEEN[version]


def coredns(version: str) -> dict[str, Any]:
    """kubeadm's CoreDNS before v1.34: requests, probes, affinity, a volume."""
    probe = {"successThreshold": 1, "timeoutSeconds": 1, "periodSeconds": 10, "failureThreshold": 3}
    ports = [("dns", 53, "UDP"), ("dns-tcp", 53, "TCP"), ("metrics", 9153, "TCP")]
    container = {
        "name": "coredns",
        "image": f"registry.k8s.io/coredns/coredns:{version}",
        "imagePullPolicy": "IfNotPresent",
        "resources": {"limits": {"memory": "170Mi"}, "requests": {"cpu": "100m", "memory": "70Mi"}},
        "args": ["-conf", "/etc/coredns/Corefile"],
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True}],
        "ports": [{"name": name, "containerPort": port, "protocol": kind} for name, port, kind in ports],
        "livenessProbe": {
            **probe,
            "httpGet": {"path": "/health", "port": 8080, "scheme": "HTTP"},
            "initialDelaySeconds": 60,
            "timeoutSeconds": 5,
            "failureThreshold": 5,
        },
        "readinessProbe": {**probe, "httpGet": {"path": "/ready", "port": 8181, "scheme": "HTTP"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    same_app = {"matchExpressions": [{"key": "k8s-app", "operator": "In", "values": ["kube-dns"]}]}
    term = {"weight": 100, "podAffinityTerm": {"labelSelector": same_app, "topologyKey": "kubernetes.io/hostname"}}
    configuration = {"name": "coredns", "defaultMode": 420, "items": [{"key": "Corefile", "path": "Corefile"}]}
    spec = {
        **nginx()["spec"],
        "priorityClassName": "system-cluster-critical",
        "serviceAccountName": "coredns",
        "serviceAccount": "coredns",
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}},
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
        ],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "containers": [container],
        "dnsPolicy": "Default",
        "volumes": [{"name": "config-volume", "configMap": configuration}],
    }
    return {"metadata": {"labels": {"k8s-app": "kube-dns"}}, "spec": spec}


def test_hashes_of_coredns() -> None:
    with types_of("v1.33"):
        assert templatehash.pod_template_hash(coredns("v1.12.0")) == "674b8bbfcf"
        assert templatehash.pod_template_hash(coredns("v1.11.3")) == "668d6bf9bc"
    with types_of("v1.31"):
        assert templatehash.pod_template_hash(coredns("v1.11.3")) == "7c65d6cfc9"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", (0, 0, "DecimalSI", "0")),
        ("100m", (100, -3, "DecimalSI", "100m")),
        ("2000", (2000, 0, "DecimalSI", "")),
        ("2k", (2, 3, "DecimalSI", "2k")),
        ("70Mi", (70 << 20, 0, "BinarySI", "70Mi")),
        ("128Mi", (128 << 20, 0, "BinarySI", "")),
    ],
)
def test_quantities_keep_their_text_where_it_is_seen_to_be_canonical(text: str, amount: tuple[Any, ...]) -> None:
    assert templatehash._amount(text) == amount


def test_what_is_hashed() -> None:
    plain = templatehash.pod_template_hash(nginx())
    assert templatehash.pod_template_hash(nginx(), 1) != plain
    rich = nginx()
    rich["spec"]["containers"][0] |= {
        "resources": {"limits": {"cpu": "500m", "memory": "1.5Gi"}, "requests": {"memory": "64Mi"}},
        "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}],
        "livenessProbe": {"httpGet": {"port": "web", "path": "/"}, "periodSeconds": 3},
    }
    rich["spec"]["volumes"] = [{"name": "v", "emptyDir": {}}, {"name": "w", "configMap": {"name": "c"}}]
    assert templatehash.pod_template_hash(rich) not in ("", plain)


def test_the_dump_is_spews() -> None:
    dump = templatehash._struct("v1.EmptyDirVolumeSource", {"sizeLimit": "64Mi"})
    quantity = (
        "{i:(resource.int64Amount){value:(int64)67108864 scale:(resource.Scale)0}"
        " d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string) Format:(resource.Format)BinarySI}"
    )
    assert dump == "{Medium:(v1.StorageMedium) SizeLimit:(*resource.Quantity)" + quantity + "}"


def test_a_type_the_table_leaves_out_still_gets_a_hash() -> None:
    template = nginx()
    template["spec"]["volumes"] = [{"name": "v", "scaleIO": {"gateway": "g"}}]
    assert templatehash.pod_template_hash(template) == templatehash.pod_template_hash(template)
