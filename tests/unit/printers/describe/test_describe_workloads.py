"""Workloads: which pods and ReplicaSets count, and the lines of Jobs and StatefulSets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Obj = dict[str, Any]
LABELS = {"app": "web"}


def owned(metadata: Obj, owner: str) -> Obj:
    references = [{"kind": "X", "name": owner, "uid": f"uid-{owner}", "controller": True}]
    return {**metadata, "labels": LABELS, "ownerReferences": references}


def template(image: str, **labels: str) -> Obj:
    return {"metadata": {"labels": {**LABELS, **labels}}, "spec": {"containers": [{"name": "c", "image": image}]}}


def line(text: str, label: str) -> str:
    return next(each.partition(":")[2].strip() for each in text.splitlines() if each.strip().startswith(f"{label}:"))


def test_old_and_new_replica_sets(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    def replica_set(name: str, image: str, replicas: int, created: str, owner: str = "web") -> Obj:
        spec = {"replicas": replicas, "template": template(image, **{"pod-template-hash": name})}
        metadata = {**owned(named(name), owner), "creationTimestamp": created}
        return {"metadata": metadata, "spec": spec, "status": {"replicas": replicas}}

    deployment = {
        "metadata": named("web"),
        "spec": {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template("nginx:2")},
        "status": {},
    }
    sets = [
        replica_set("c", "nginx:2", 2, "2026-01-02T03:00:02Z"),
        replica_set("b", "nginx:0", 0, "2026-01-02T03:00:01Z"),
        replica_set("a", "nginx:1", 1, "2026-01-02T03:00:00Z"),
        replica_set("stranger", "nginx:2", 9, "2026-01-02T03:00:00Z", owner="other"),
    ]
    text = described("deployments.apps", deployment, replicasets__apps=sets)
    assert line(text, "OldReplicaSets") == "a (1/1 replicas created), b (0/0 replicas created)"
    assert line(text, "NewReplicaSet") == "c (2/2 replicas created)"
    assert line(described("deployments.apps", deployment, replicasets__apps=sets[1:]), "NewReplicaSet") == "<none>"
    assert "ReplicaSet" not in described("deployments.apps", deployment)


def test_pods_are_counted_by_phase_and_owner(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    pods = [
        {"metadata": owned(named(f"p{i}"), owner), "status": {"phase": phase}}
        for i, (owner, phase) in enumerate(
            [("s", "Running"), ("s", "Pending"), ("s", "Failed"), ("s", "Unknown"), ("other", "Running")]
        )
    ]
    spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template("x"), "serviceName": "s"}
    for key in ("replicasets.apps", "statefulsets.apps", "daemonsets.apps"):
        text = described(key, {"metadata": named("s"), "spec": spec, "status": {}}, pods=pods)
        assert line(text, "Pods Status") == "1 Running / 1 Waiting / 0 Succeeded / 1 Failed"
    controller = {"metadata": named("s"), "spec": {**spec, "selector": LABELS}}
    text = described("replicationcontrollers", controller, pods=pods)
    assert line(text, "Selector") == "app=web"
    assert line(text, "Pods Status") == "1 Running / 1 Waiting / 0 Succeeded / 1 Failed"


def test_a_stateful_sets_claims(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    spec = {
        "selector": {"matchLabels": LABELS},
        "template": template("x"),
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1, "maxUnavailable": "50%"}},
        "volumeClaimTemplates": [claim, {"metadata": {"name": "bare"}}],
    }
    text = described("statefulsets.apps", {"metadata": named("s"), "spec": spec, "status": {}})
    assert "Update Strategy:    RollingUpdate\n  Partition:        1\n  MaxUnavailable:   50%\n" in text
    assert text.endswith(
        "Volume Claims:\n"
        "  Name:          data\n"
        "  StorageClass:  \n"
        "  Labels:        <none>\n"
        "  Annotations:   <none>\n"
        "  Capacity:      1Gi\n"
        "  Access Modes:  [ReadWriteOnce]\n"
        "  Name:          bare\n"
        "  StorageClass:  \n"
        "  Labels:        <none>\n"
        "  Annotations:   <none>\n"
        "  Capacity:      <default>\n"
        "  Access Modes:  []\n"
    )


def test_jobs(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    indexes = ",".join(str(2 * i) for i in range(40))
    job = {
        "metadata": named("j"),
        "spec": {
            "selector": {"matchLabels": LABELS},
            "template": template("x"),
            "completionMode": "Indexed",
            "activeDeadlineSeconds": 9,
            "suspend": False,
        },
        "status": {
            "startTime": "2026-01-02T03:00:00Z",
            "completionTime": "2026-01-02T03:03:20Z",
            "succeeded": 40,
            "completedIndexes": indexes,
        },
    }
    text = described("jobs.batch", job)
    assert line(text, "Duration") == "3m20s"
    assert line(text, "Pods Statuses") == "0 Active / 40 Succeeded / 0 Failed"
    assert line(text, "Active Deadline Seconds") == "9s"
    assert line(text, "Suspend") == "false"
    assert line(text, "Completed Indexes") == "0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,..."
    job["status"] = {"ready": 1, "active": 2, "completedIndexes": ""}
    text = described("jobs.batch", job)
    assert line(text, "Pods Statuses") == "2 Active (1 Ready) / 0 Succeeded / 0 Failed"
    assert line(text, "Completed Indexes") == "<none>"


def test_cron_jobs(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    spec = {"schedule": "* * * * *", "jobTemplate": {"spec": {"parallelism": 2, "template": template("x")}}}
    status = {"active": [{"name": "a"}, {"name": "b"}], "lastScheduleTime": "2026-01-02T03:00:00Z"}
    text = described("cronjobs.batch", {"metadata": named("c"), "spec": spec, "status": status})
    assert line(text, "Suspend") == "<unset>"
    assert line(text, "Parallelism") == "2"
    assert line(text, "Active Jobs") == "a, b"
    assert line(text, "Last Schedule Time") == "Fri, 02 Jan 2026 03:00:00 +0000"
