"""rollout status, history, undo, pause, resume, restart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minikctl.kubectl.cmd.rollout_status import daemon_set_status, deployment_status, stateful_set_status
from minikctl.kubectl.cmd.rollout_undo import without_hash
from minikctl.kubectl.errors import KubectlError

Kubectl = Callable[..., Any]


@pytest.fixture
def web(kubectl: Kubectl) -> Kubectl:
    """kubectl on a cluster with two revisions of the deployment web."""
    kubectl("create", "deployment", "web", "--image=web:1")
    assert kubectl("set", "image", "deploy/web", "web=web:2").out == "deployment.apps/web image updated\n"
    return kubectl


def image(kubectl: Kubectl) -> str:
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    return str(kubectl("get", "deploy", "web", "-o", path).out)


def deployment(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "generation": 2, "annotations": {"deployment.kubernetes.io/revision": "3"}},
        "spec": {"replicas": 3},
        "status": {"observedGeneration": 2, **status},
    }


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({"observedGeneration": 1}, "Waiting for deployment spec update to be observed..."),
        ({"updatedReplicas": 1}, '"web" rollout to finish: 1 out of 3 new replicas have been updated...'),
        ({"updatedReplicas": 3, "replicas": 4}, '"web" rollout to finish: 1 old replicas are pending termination...'),
        (
            {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 2},
            '"web" rollout to finish: 2 of 3 updated replicas are available...',
        ),
    ],
)
def test_a_deployment_on_its_way(status: dict[str, Any], text: str) -> None:
    said, done = deployment_status(deployment(**status), 0)
    assert not done
    assert said.endswith(text)


def test_a_deployment_at_its_end() -> None:
    obj = deployment(updatedReplicas=3, replicas=3, availableReplicas=3)
    assert deployment_status(obj, 3) == ('deployment "web" successfully rolled out', True)
    with pytest.raises(KubectlError, match=r"desired revision \(2\) is different from the running revision \(3\)"):
        deployment_status(obj, 2)
    obj["status"]["conditions"] = [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]
    with pytest.raises(KubectlError, match='deployment "web" exceeded its progress deadline'):
        deployment_status(obj, 0)


def test_daemon_sets_and_stateful_sets() -> None:
    obj: dict[str, Any] = {
        "metadata": {"name": "db", "generation": 1},
        "spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
        "status": {"observedGeneration": 1, "readyReplicas": 2, "desiredNumberScheduled": 2},
    }
    assert stateful_set_status(obj, 0)[0] == "Waiting for 1 pods to be ready..."
    obj["status"]["readyReplicas"] = 3
    assert stateful_set_status(obj, 0)[0] == (
        "Waiting for partitioned roll out to finish: 0 out of 2 new pods have been updated..."
    )
    obj["status"]["updatedReplicas"] = 2
    assert stateful_set_status(obj, 0) == ("partitioned roll out complete: 2 new pods have been updated...", True)
    assert daemon_set_status(obj, 0)[0].endswith("0 out of 2 new pods have been updated...")
    obj["spec"]["updateStrategy"] = {"type": "OnDelete"}
    for status in (daemon_set_status, stateful_set_status):
        with pytest.raises(KubectlError, match="only available for RollingUpdate strategy type"):
            status(obj, 0)


def test_status_follows_to_the_end(web: Kubectl) -> None:
    web("scale", "deploy/web", "--replicas=3")
    assert web("rollout", "status", "deploy/web").out.endswith('deployment "web" successfully rolled out\n')
    result = web("rollout", "status", "deploy", "-l", "app=none")
    assert (result.status, result.err) == (0, "No resources found in default namespace.\n")


def test_status_gives_up_in_cluster_time(web: Kubectl) -> None:
    web("patch", "deploy", "web", "-p", '{"spec":{"template":{"spec":{"nodeSelector":{"disk":"none"}}}}}')
    result = web("rollout", "status", "deploy/web", "--timeout=5s")
    assert (result.status, result.err) == (1, "error: timed out waiting for the condition\n")
    assert result.out.startswith('Waiting for deployment "web" rollout to finish: ')


def test_history_lists_revisions(web: Kubectl) -> None:
    assert web("rollout", "history", "deploy/web").out == (
        "deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n"
    )
    one = web("rollout", "history", "deploy/web", "--revision=1").out
    assert one.startswith("deployment.apps/web with revision #1\nPod Template:\n  Labels:\tapp=web\n")
    assert "Image:\tweb:1\n" in one
    assert web("rollout", "history", "deploy/web", "--revision=7").err == (
        "error: unable to find the specified revision\n"
    )
    path = "jsonpath={.kind} {.spec.template.spec.containers[0].image}"
    assert web("rollout", "history", "deploy/web", "--revision=1", "-o", path).out == "ReplicaSet web:1"
    assert web("rollout", "history", "svc/kubernetes").err == (
        'error: error retrieving history for "Service", no visitor method exists for { Service}\n'
    )


def test_undo_goes_back(web: Kubectl) -> None:
    assert web("rollout", "undo", "deploy/web", "--dry-run=client").out.startswith(
        "deployment.apps/web Pod Template:\n"
    )
    assert web("rollout", "undo", "deploy/web", "--dry-run=server").out == (
        "deployment.apps/web rolled back (server dry run)\n"
    )
    assert image(web) == "web:2"
    assert web("rollout", "undo", "deploy/web").out == "deployment.apps/web rolled back\n"
    assert image(web) == "web:1"
    assert web("rollout", "undo", "deploy/web", "--to-revision=3").out == (
        "deployment.apps/web skipped rollback (current template already matches revision 3)\n"
    )
    assert web("rollout", "undo", "deploy/web", "--to-revision=9").err == (
        "error: unable to find specified revision 9 in history\n"
    )


def test_templates_are_compared_without_their_hash() -> None:
    template = {"metadata": {"labels": {"app": "a", "pod-template-hash": "x"}}, "spec": {}}
    assert without_hash(template) == {"metadata": {"labels": {"app": "a"}}, "spec": {}}
    assert "pod-template-hash" in template["metadata"]["labels"]


def test_pause_resume_restart(web: Kubectl) -> None:
    assert web("rollout", "pause", "deploy/web").out == "deployment.apps/web paused\n"
    assert web("rollout", "pause", "deploy/web").err == 'error: deployments.apps "web" is already paused\n'
    assert web("rollout", "undo", "deploy/web").err.startswith("error: you cannot rollback a paused deployment")
    assert web("rollout", "restart", "deploy/web").err.startswith(
        'error: deployments.apps "web" can\'t restart paused deployment'
    )
    assert web("rollout", "resume", "deploy/web").out == "deployment.apps/web resumed\n"
    assert web("rollout", "resume", "deploy/web").err == 'error: deployments.apps "web" is not paused\n'
    for _ in range(2):
        assert web("rollout", "restart", "deploy/web").out == "deployment.apps/web restarted\n"
    assert web("rollout", "history", "deploy/web").out.count("<none>") == 4
    assert web("rollout", "pause", "svc/kubernetes").err == 'error: services "kubernetes" pausing is not supported\n'


def test_revisions_of_a_stateful_set(kubectl: Kubectl) -> None:
    manifest = (
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: db\n"
        "  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n"
        "    spec: {containers: [{name: c, image: 'db:1'}]}\n"
    )
    kubectl("apply", "-f", "-", stdin=manifest)
    assert kubectl("rollout", "undo", "sts/db").err.endswith("error: no last revision to roll back to\n")
    kubectl("set", "image", "sts/db", "c=db:2")
    dry = kubectl("rollout", "undo", "sts/db", "--dry-run=client").out
    assert dry.startswith("statefulset.apps/db will roll back to Pod Template:\n")
    result = kubectl("rollout", "undo", "sts/db")
    assert result.out == "statefulset.apps/db rolled back\n"
    assert result.err.startswith("Warning: resource statefulsets/db was previously managed with 'kubectl apply'.")
    assert kubectl("rollout", "history", "sts/db").out.count("<none>") == 2


def test_history_of_typed_objects(web: Kubectl) -> None:
    shown = web("rollout", "history", "deploy/web", "-o", "json", "--revision=1").out
    assert shown.startswith(
        '{\n    "kind": "ReplicaSet",\n    "apiVersion": "apps/v1",\n    "metadata": {\n        "name": "web-'
    )
    assert shown.index('"replicas"') < shown.index('"selector"') < shown.index('"template"')
    assert web("rollout", "history", "deploy/web", "--template={{.kind}};").out == "Deployment;"
    assert web("rollout", "history", "deploy/web", "-o", "yaml", "--revision=9").err == (
        "error: unable to find the specified revision\n"
    )
    assert web("rollout", "history", "deploy", "-l", "none=x").err == ""
