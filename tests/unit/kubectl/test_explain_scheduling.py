"""explain-scheduling and the scheduler's configuration, as command lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CONFIG = """
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packer
  plugins:
    score:
      disabled: [{name: "*"}]
      enabled: [{name: NodeResourcesFit, weight: 5}]
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated}}
"""


def pod(name: str, cpu: str = "1", **spec: Any) -> str:
    container = {"name": "app", "image": "shop/app:1", "resources": {"requests": {"cpu": cpu}}}
    body = {"containers": [container], **spec}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": body})


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "shop/web:1"}]}
"""


def test_a_pending_pod(kubectl: Any) -> None:
    kubectl("apply", "-f", "-", stdin=pod("big", "9"))
    found = kubectl("explain-scheduling", "big")
    assert found.out == (
        "Pod:         default/big\n"
        "Scheduler:   default-scheduler\n"
        "Message:     0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.\n"
        "Preemption:  0/3 nodes are available: 3 Preemption is not helpful for scheduling.\n"
        "\n"
        "NODE              VERDICT    SCORE   PLUGIN             REASON\n"
        "control-plane-1   Filtered   -       TaintToleration    node(s) had untolerated taint(s)\n"
        "node-1            Filtered   -       NodeResourcesFit   Insufficient cpu\n"
        "node-2            Filtered   -       NodeResourcesFit   Insufficient cpu\n"
    )


def test_a_running_pod_with_scores(kubectl: Any) -> None:
    kubectl("apply", "-f", "-", stdin=pod("one"))
    assert kubectl("explain-scheduling", "pod/one").out.endswith(
        "NODE     TaintToleration(3)   NodeResourcesFit(1)   NodeResourcesBalancedAllocation(1)   TOTAL\n"
        "node-1   300                  86                    87                                   473\n"
        "node-2   300                  86                    87                                   473\n"
    )
    wide = kubectl("explain-scheduling", "one", "-o", "wide", "--no-headers").out.splitlines()[-1].split()
    assert wide == ["node-2", "0/100/300", "86/86/86", "87/87/87", "473"]
    status = json.loads(kubectl("explain-scheduling", "one", "-o", "json").out)["status"]
    assert (status["node"], status["choice"]) == ("node-1", "node-2")


def test_manifests_are_not_created(kubectl: Any, tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(DEPLOYMENT)
    cron: dict[str, Any]
    shown = json.loads(kubectl("explain-scheduling", "-f", "web.yaml", "-o", "json").out)
    assert (shown["metadata"]["name"], shown["status"]["choice"]) == ("web", "node-1")
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": {"schedule": "@daily"}}
    container = {"name": "job", "image": "shop/job:1"}
    cron["spec"]["jobTemplate"] = {
        "spec": {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}
    }
    assert "Choice:      node-1\n" in kubectl("explain-scheduling", "-f", "-", stdin=json.dumps(cron)).out
    nameless = json.loads(pod("x"))
    nameless["metadata"] = {"generateName": "x-"}
    assert kubectl("explain-scheduling", "-f", "-", stdin=json.dumps(nameless)).out.startswith(
        "Pod:         default/x-new\n"
    )
    assert kubectl("get", "pods,deployments").err == "No resources found in default namespace.\n"
    assert kubectl("explain-scheduling", "-f", "-", stdin=pod("bad", nodeSelector=3)).status == 1


def test_several_pods_and_refusals(kubectl: Any) -> None:
    for name in ("one", "two"):
        kubectl("apply", "-f", "-", stdin=pod(name))
    assert [item["metadata"]["name"] for item in json.loads(
        kubectl("explain-scheduling", "one", "two", "-o", "json").out)["items"]] == ["one", "two"]  # fmt: skip
    assert kubectl("explain-scheduling", "none").err == 'Error from server (NotFound): pods "none" not found\n'
    assert kubectl("explain-scheduling").status == 1
    assert kubectl("explain-scheduling", "one", "-o", "xml").err == (
        'error: unable to match a printer suitable for the output format "xml", allowed formats are: '
        "json,kyaml,wide,yaml\n"
    )
    service = '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 1}]}}'
    assert kubectl("explain-scheduling", "-f", "-", stdin=service).err == "error: a Service has no pods to schedule\n"


def test_the_schedulers_configuration(kubectl: Any, tmp_path: Path) -> None:
    (tmp_path / "scheduler.yaml").write_text(CONFIG)
    for name in ("one", "two"):
        kubectl("apply", "-f", "-", stdin=pod(name, schedulerName="packer"))
    assert "no scheduler has a profile" in kubectl("explain-scheduling", "one").out
    assert kubectl("cluster", "scheduler-config").out == "# the default configuration\n"
    assert kubectl("cluster", "scheduler-config", "scheduler.yaml").out == "scheduler configuration set\n"
    nodes = kubectl("get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}").out.split()
    assert nodes == ["node-1", "node-1"]
    events = kubectl("get", "events", "-o", "jsonpath={.items[?(@.reason=='Scheduled')].reportingComponent}")
    assert events.out == "packer packer"
    assert "type: MostAllocated" in kubectl("cluster", "scheduler-config").out
    assert kubectl("cluster", "scheduler-config", "--default").out == "scheduler configuration reset to the default\n"
    assert kubectl("cluster", "scheduler-config", "scheduler.yaml", "--default").status == 1


def test_a_cluster_is_made_with_a_configuration(kubectl: Any, tmp_path: Path) -> None:
    (tmp_path / "scheduler.yaml").write_text(CONFIG)
    kubectl("cluster", "create", "packed", "--profile=bare", "--scheduler-config=scheduler.yaml")
    assert "name: NodeResourcesFit" in kubectl("cluster", "scheduler-config").out


def test_the_environment_names_a_configuration_for_the_first_use(kubectl: Any, tmp_path: Path) -> None:
    (tmp_path / "scheduler.yaml").write_text(CONFIG)
    kubectl("get", "pods", MINIKCTL_SCHEDULER_CONFIG="scheduler.yaml")
    assert "name: NodeResourcesFit" in kubectl("cluster", "scheduler-config").out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [", "error: bad.yaml: error converting YAML to JSON: yaml: line 1: did not find expected node content\n"),
        ("", "error: bad.yaml: one KubeSchedulerConfiguration is expected, found 0 documents\n"),
        (CONFIG + "flavour: 1\n", 'error: bad.yaml: strict decoding error: unknown field "flavour"\n'),
    ],
)
def test_bad_configurations(kubectl: Any, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "bad.yaml").write_text(content)
    assert kubectl("cluster", "scheduler-config", "bad.yaml").err == message


def test_a_missing_configuration(kubectl: Any) -> None:
    assert kubectl("cluster", "scheduler-config", "no.yaml").err == "error: open no.yaml: no such file or directory\n"
