"""Defaults of the workload kinds."""

from __future__ import annotations

from minikctl.apiserver.defaults import apply

TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "c:1"}]}}


def defaulted(key: str, **spec: object) -> dict:
    obj = {"metadata": {"name": "x"}, "spec": spec}
    apply(key, "v1", obj)
    return obj


def test_deployment() -> None:
    spec = defaulted("deployments.apps", template={**TEMPLATE}, paused=False, minReadySeconds=0)["spec"]
    template = spec.pop("template")
    assert spec == {
        "replicas": 1,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    assert "enableServiceLinks" not in template["spec"]
    assert template["spec"]["restartPolicy"] == "Always"


def test_recreate_gets_no_rolling_update() -> None:
    spec = defaulted("deployments.apps", template={}, strategy={"type": "Recreate"})["spec"]
    assert spec["strategy"] == {"type": "Recreate"}
    assert spec["template"]["metadata"] == {}


def test_daemon_set() -> None:
    spec = defaulted("daemonsets.apps", template={})["spec"]
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    assert "replicas" not in spec


def test_stateful_set() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1024Mi"}}}}
    spec = defaulted("statefulsets.apps", template={}, volumeClaimTemplates=[claim])["spec"]
    assert spec["podManagementPolicy"] == "OrderedReady"
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert spec["volumeClaimTemplates"] == [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data"},
            "spec": {"resources": {"requests": {"storage": "1Gi"}}, "volumeMode": "Filesystem"},
            "status": {"phase": "Pending"},
        }
    ]


def test_replication_controller_takes_labels_from_its_template() -> None:
    obj = defaulted("replicationcontrollers", template={"metadata": {"labels": {"a": "b"}}, "spec": {}})
    assert obj["spec"]["selector"] == {"a": "b"}
    assert obj["metadata"]["labels"] == {"a": "b"}


def test_job() -> None:
    spec = defaulted("jobs.batch", template={})["spec"]
    del spec["template"]
    assert spec == {
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "completions": 1,
        "manualSelector": False,
        "parallelism": 1,
        "podReplacementPolicy": "TerminatingOrFailed",
        "suspend": False,
    }


def test_job_with_parallelism_is_a_work_queue() -> None:
    spec = defaulted("jobs.batch", template={}, parallelism=3)["spec"]
    assert "completions" not in spec


def test_job_with_limit_per_index_and_failure_policy() -> None:
    rules = [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]
    spec = defaulted("jobs.batch", template={}, backoffLimitPerIndex=1, podFailurePolicy={"rules": rules})["spec"]
    assert spec["backoffLimit"] == 2147483647
    assert spec["podReplacementPolicy"] == "Failed"
    assert spec["podFailurePolicy"]["rules"][0]["onPodConditions"][0]["status"] == "True"


def test_cron_job() -> None:
    spec = defaulted("cronjobs.batch", schedule="@daily", jobTemplate={"spec": {"template": {}}})["spec"]
    job = spec.pop("jobTemplate")
    assert spec == {
        "concurrencyPolicy": "Allow",
        "failedJobsHistoryLimit": 1,
        "schedule": "@daily",
        "successfulJobsHistoryLimit": 3,
        "suspend": False,
    }
    assert "backoffLimit" not in job["spec"]
    assert job["spec"]["template"]["spec"]["dnsPolicy"] == "ClusterFirst"


def test_unknown_kinds_are_left_alone() -> None:
    obj = {"spec": {"a": None}}
    apply("backups.example.com", "v1", obj)
    assert obj == {"spec": {"a": None}}
