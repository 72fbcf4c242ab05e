"""Whichever controller is at work when the process is killed, settling again reaches the same state."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from minikctl import machines
from minikctl.apimachinery.request import MERGE_PATCH
from minikctl.client.component import Component
from minikctl.cluster import Cluster
from minikctl.controllers import manager
from minikctl.settle import Reconciler
from minikctl.store import check
from minikctl.store.sqlite import SQLiteStore

Obj = dict[str, Any]
Step = Callable[[Cluster], object]

# So many runs, in each of which every so-many-eth controller dies once.
_GROUPS = 6
NOW = "frozen:2026-01-02T03:04:05Z"
LABELS = {"app": "web"}


class KilledError(BaseException):
    """Stands for SIGKILL."""


def pod_spec(script: str = "", **more: Any) -> Obj:
    container: Obj = {"name": "c", "image": "x:1", "resources": {"requests": {"cpu": "10m"}}}
    if script:
        container["command"] = ["sh", "-c", script]
    return {"containers": [container], "terminationGracePeriodSeconds": 0, **more}


def selecting(**more: Any) -> Obj:
    return {
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": pod_spec()},
        **more,
    }


def claim(**more: Any) -> Obj:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **more}


def mounting(**source: Any) -> Obj:
    return pod_spec(volumes=[{"name": "v", **source}])


# (resource, kind, apiVersion, name, what there is besides)
OBJECTS: tuple[tuple[str, str, str, str, Obj], ...] = (
    ("resourcequotas", "ResourceQuota", "v1", "quota", {"spec": {"hard": {"pods": "30"}}}),
    ("services", "Service", "v1", "web", {"spec": {"selector": LABELS, "ports": [{"port": 80}]}}),
    ("deployments.apps", "Deployment", "apps/v1", "web", {"spec": selecting(replicas=2)}),
    ("poddisruptionbudgets.policy", "PodDisruptionBudget", "policy/v1", "web",
     {"spec": {"minAvailable": 1, "selector": {"matchLabels": LABELS}}}),
    ("horizontalpodautoscalers.autoscaling", "HorizontalPodAutoscaler", "autoscaling/v2", "web",
     {"spec": {"minReplicas": 3, "maxReplicas": 4,
               "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}}),
    ("statefulsets.apps", "StatefulSet", "apps/v1", "db",
     {"spec": {"serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}},
               "template": {"metadata": {"labels": {"app": "db"}}, "spec": pod_spec()},
               "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim()}]}}),
    ("daemonsets.apps", "DaemonSet", "apps/v1", "agent",
     {"spec": {"selector": {"matchLabels": {"app": "agent"}},
               "template": {"metadata": {"labels": {"app": "agent"}}, "spec": pod_spec()}}}),
    ("replicationcontrollers", "ReplicationController", "v1", "old",
     {"spec": {"replicas": 1, "selector": {"app": "old"},
               "template": {"metadata": {"labels": {"app": "old"}}, "spec": pod_spec()}}}),
    ("jobs.batch", "Job", "batch/v1", "task",
     {"spec": {"completions": 3, "parallelism": 2, "ttlSecondsAfterFinished": 100,
               "template": {"spec": pod_spec("sleep 5", restartPolicy="Never")}}}),
    ("cronjobs.batch", "CronJob", "batch/v1", "minutely",
     {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {
         "template": {"spec": pod_spec("true", restartPolicy="Never")}}}}}),
    ("persistentvolumes", "PersistentVolume", "v1", "disk",
     {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "",
               "persistentVolumeReclaimPolicy": "Retain", "csi": {"driver": "example.com", "volumeHandle": "1"}}}),
    ("persistentvolumeclaims", "PersistentVolumeClaim", "v1", "disk", {"spec": claim(storageClassName="")}),
    ("pods", "Pod", "v1", "disk",
     {"spec": {**mounting(persistentVolumeClaim={"claimName": "disk"}), "nodeName": "node-2"}}),
    ("pods", "Pod", "v1", "scratch", {"spec": mounting(ephemeral={"volumeClaimTemplate": {"spec": claim()}})}),
    ("endpoints", "Endpoints", "v1", "mail",
     {"subsets": [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 25}]}]}),
    ("services", "Service", "v1", "mail", {"spec": {"ports": [{"port": 25}]}}),
    ("secrets", "Secret", "v1", "token",
     {"type": "kubernetes.io/service-account-token",
      "metadata": {"annotations": {"kubernetes.io/service-account.name": "default"}}}),
    ("clusterroles.rbac.authorization.k8s.io", "ClusterRole", "rbac.authorization.k8s.io/v1", "more",
     {"metadata": {"labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
      "rules": [{"apiGroups": ["example.com"], "resources": ["things"], "verbs": ["get"]}]}),
    ("customresourcedefinitions.apiextensions.k8s.io", "CustomResourceDefinition", "apiextensions.k8s.io/v1",
     "things.example.com",
     {"spec": {"group": "example.com", "scope": "Namespaced",
               "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
               "versions": [{"name": "v1", "served": True, "storage": True,
                             "schema": {"openAPIV3Schema": {"type": "object"}}}]}}),
    ("flowschemas.flowcontrol.apiserver.k8s.io", "FlowSchema", "flowcontrol.apiserver.k8s.io/v1", "lost",
     {"spec": {"matchingPrecedence": 500, "priorityLevelConfiguration": {"name": "none"}}}),
    ("resourceclaimtemplates.resource.k8s.io", "ResourceClaimTemplate", "resource.k8s.io/v1", "gpu",
     {"spec": {"spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu"}}]}}}}),
    ("pods", "Pod", "v1", "claimant",
     {"spec": pod_spec(resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "gpu"}])}),
    ("nodes", "Node", "v1", "bare-metal", {}),
    ("pods", "Pod", "v1", "stray", {"spec": pod_spec(nodeName="nowhere")}),
    ("validatingadmissionpolicies.admissionregistration.k8s.io", "ValidatingAdmissionPolicy",
     "admissionregistration.k8s.io/v1", "policy",
     {"spec": {"matchConstraints": {"resourceRules": [{"apiGroups": ["example.com"], "apiVersions": ["v1"],
                                                       "resources": ["things"], "operations": ["CREATE"]}]},
               "validations": [{"expression": "true"}]}}),
)  # fmt: skip


def make(resource: str, kind: str, api_version: str, name: str, more: Obj) -> Step:
    meta = {"name": name, "namespace": "demo", **more.get("metadata", {})}
    body = {"apiVersion": api_version, "kind": kind, **more, "metadata": meta}
    return lambda cluster: cluster.client().create(resource, body, "demo")


def expiring_token(cluster: Cluster) -> None:
    data = {"token-id": "abcdef", "token-secret": "0123456789abcdef", "expiration": "2026-01-02T03:06:00Z"}
    meta = {"name": "bootstrap-token-abcdef", "namespace": "kube-system"}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "bootstrap.kubernetes.io/token"}
    cluster.client().create("secrets", {**body, "stringData": data})


def roll(cluster: Cluster) -> None:
    spec = {"template": {"spec": {"containers": [{"name": "c", "image": "x:2"}]}}}
    for resource, name in (("deployments.apps", "web"), ("statefulsets.apps", "db"), ("daemonsets.apps", "agent")):
        cluster.client().patch(resource, name, {"spec": spec}, MERGE_PATCH, "demo")


def taint(cluster: Cluster) -> None:
    patch = {"spec": {"taints": [{"key": "broken", "effect": "NoExecute"}]}}
    cluster.client().patch("nodes", "node-2", patch, MERGE_PATCH)


def remove(resource: str, name: str, namespace: str = "demo", policy: str = "Background") -> Step:
    return lambda cluster: cluster.client().delete(resource, name, namespace, propagationPolicy=policy)


def wait(seconds: float) -> Step:
    return lambda cluster: cluster.advance(seconds)


STEPS: tuple[Step, ...] = (
    *(make(*row) for row in OBJECTS),
    expiring_token,
    wait(130),
    roll,
    remove("pods", "disk"),
    remove("persistentvolumeclaims", "disk"),
    remove("persistentvolumes", "disk", ""),
    lambda cluster: machines.stop(cluster, "node-1", 0),
    wait(60),
    lambda cluster: machines.start(cluster, "node-1"),
    taint,
    wait(60),
    remove("deployments.apps", "web", policy="Foreground"),
    remove("customresourcedefinitions.apiextensions.k8s.io", "things.example.com", ""),
    remove("clusterroles.rbac.authorization.k8s.io", "more", ""),
    lambda cluster: cluster.client().create("namespaces", {"metadata": {"name": "other"}}),
    remove("namespaces", "other", ""),
    wait(60),
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A settled cluster to copy."""
    path = tmp_path_factory.mktemp("empty") / "c.db"
    cluster = Cluster.open(str(path), clock=NOW, seed="1", settings={"profile": "default"})
    cluster.client().create("namespaces", {"metadata": {"name": "demo"}})
    cluster.settle()
    cluster.close()
    return path


@pytest.fixture(autouse=True)
def honest_components() -> None:
    """Nothing: other tests check that no component alters what it shares; here that would take most of the time."""


class Deaths:
    """Counts what each component writes, and kills the process at the writes of a certain number of some."""

    def __init__(self, patch: pytest.MonkeyPatch, planned: dict[str, int] | None = None) -> None:
        self.writes: Counter[str] = Counter()
        self.planned = planned or {}
        self._at_work = ""
        sync, append, work = Reconciler._sync, SQLiteStore._append, Reconciler._work

        def syncing(reconciler: Reconciler, component: Component, key: str) -> None:
            self._at_work = component.name
            try:
                sync(reconciler, component, key)
            finally:
                self._at_work = ""

        def appending(store: SQLiteStore, *values: Any) -> int:
            if self._at_work:
                self.writes[self._at_work] += 1
                if self.writes[self._at_work] == self.planned.get(self._at_work):
                    del self.planned[self._at_work]
                    raise KilledError
            return append(store, *values)

        patch.setattr(Reconciler, "_sync", syncing)
        if self.planned:  # each sync is a transaction, so that what was done before a death stays
            patch.setattr(Reconciler, "_work", lambda reconciler, until: work(reconciler, -1.0))
        patch.setattr(SQLiteStore, "_append", appending)


def run(path: Path, deaths: Deaths) -> list[str]:
    """Take all steps; another process goes on where one dies. What there is in the end."""
    cluster = Cluster.open(str(path), clock=NOW, seed="2")
    for step in STEPS:
        act: Step | None = step
        while act is not None:
            try:
                act(cluster)
                cluster.settle()
                act = None
            except KilledError:
                cluster.close()
                cluster = Cluster.open(str(path), clock=NOW, seed="3")
                act = Cluster.settle  # what the step itself has done is done
    assert check.problems(cluster.store) == []
    found = sorted(summary(cluster))
    revision = cluster.store.revision()
    cluster.settle()
    assert cluster.store.revision() == revision
    cluster.close()
    return found


_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LEFT_OUT = ("events", "leases", "ipaddresses")
_COUNTS = ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas", "currentReplicas", "succeeded",
           "failed", "active", "numberReady", "desiredNumberScheduled", "updatedNumberScheduled", "phase",
           "desiredHealthy", "expectedPods", "used", "attached", "lastScheduleTime", "observedGeneration")  # fmt: skip


def summary(cluster: Cluster) -> Iterator[str]:
    """Every object but of some kinds by what must not depend on the way: no random names, no addresses."""
    client = cluster.client()
    for row in client.resource_set().preferred():
        if "list" not in row.verbs or row.plural in _LEFT_OUT or row.group == "metrics.k8s.io":
            continue
        for obj in client.items(row.key):
            meta, status = obj["metadata"], obj.get("status") or {}
            name = _UID.sub("UID", meta.get("generateName") or meta["name"])
            if row.key in ("replicasets.apps", "controllerrevisions.apps"):
                name = name.rpartition("-")[0]
            counts = {field: status[field] for field in _COUNTS if status.get(field) and row.key != "cronjobs.batch"}
            conditions = sorted((c["type"], c["status"]) for c in status.get("conditions") or ())
            owners = sorted(owner["kind"] for owner in meta.get("ownerReferences") or ())
            marks = meta.get("finalizers"), "deletionTimestamp" in meta
            yield f"{row.key} {meta.get('namespace')} {name} {counts} {conditions} {owners} {marks}"


@pytest.fixture(scope="module")
def undisturbed(empty: Path) -> tuple[list[str], Counter[str]]:
    path = empty.with_name("undisturbed.db")
    shutil.copy(empty, path)
    with pytest.MonkeyPatch.context() as patch:
        deaths = Deaths(patch)
        return run(path, deaths), deaths.writes


def test_most_controllers_have_something_to_do(undisturbed: tuple[list[str], Counter[str]]) -> None:
    every = {row.queue or row.account for row in manager.CONTROLLERS}
    assert sorted(every - set(undisturbed[1])) == [
        "api-availability", "bootstrap-signer", "csrapproving", "csrcleaner", "csrsigning", "expand-controller",
        "kubernetes-service", "service-cidrs-controller", "storage-version-garbage-collector",
        "storage-version-migrator-controller",
    ]  # fmt: skip


@pytest.mark.parametrize("group", range(_GROUPS))
def test_deaths_in_their_midst_change_nothing(
    group: int, empty: Path, tmp_path: Path, undisturbed: tuple[list[str], Counter[str]]
) -> None:
    expected, writes = undisturbed
    path = tmp_path / "c.db"
    shutil.copy(empty, path)
    with pytest.MonkeyPatch.context() as patch:
        deaths = Deaths(patch, {name: (writes[name] + 1) // 2 for name in sorted(writes)[group::_GROUPS]})
        assert run(path, deaths) == expected
    assert deaths.planned == {}
