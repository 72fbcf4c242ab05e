"""Hashes as real clusters of several versions print them for `kubectl create deployment nginx --image=nginx`."""

from __future__ import annotations

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


@pytest.mark.parametrize("version", SEEN)
def test_hashes_of_older_versions(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    types = dict(gotypes.TYPES)
    for newer, fields in NEWER.items():
        for type_, names in fields.items():
            kept = [entry for entry in types[type_].split("|") if entry.split()[0] not in names]
            types[type_] = "|".join(kept)
        if newer == version:
            break
    monkeypatch.setattr(gotypes, "TYPES", types)
    templatehash._fields.cache_clear()
    try:
        assert templatehash.pod_template_hash(nginx()) == SEEN[version]
    finally:
        templatehash._fields.cache_clear()


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
        " d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)64Mi Format:(resource.Format)BinarySI}"
    )
    assert dump == "{Medium:(v1.StorageMedium) SizeLimit:(*resource.Quantity)" + quantity + "}"


def test_a_type_the_table_leaves_out_still_gets_a_hash() -> None:
    template = nginx()
    template["spec"]["volumes"] = [{"name": "v", "scaleIO": {"gateway": "g"}}]
    assert templatehash.pod_template_hash(template) == templatehash.pod_template_hash(template)
