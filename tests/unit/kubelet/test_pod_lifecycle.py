"""Pods on emulated nodes, in a real cluster with a frozen clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minikctl.apimachinery.request import MERGE_PATCH, STRATEGIC_PATCH
from minikctl.apimachinery.streaming import exit_code

Obj = dict[str, Any]


class Lab:
    """A cluster with a namespace, and short words for what tests ask."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster
        self.client = cluster.client()
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}}
        self.client.create("namespaces", namespace)
        cluster.settle()

    def run(self, name: str = "p", command: str = "", annotations: Any = None, **spec: Any) -> Obj:
        container: Obj = {"name": "app", "image": "shop/app:1"}
        if command:
            container["command"] = ["sh", "-c", command]
        container.update(spec.pop("container", {}))
        body = {"containers": [container], "nodeName": "node-1", **spec}
        meta = {"name": name, "namespace": "demo", "annotations": annotations or {}}
        self.client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": body})
        self.cluster.settle()
        return self.pod(name)

    def pod(self, name: str = "p") -> Obj:
        found: Obj = self.client.get("pods", name, "demo")
        return found

    def state(self, name: str = "p", field: str = "containerStatuses", index: int = 0) -> Obj:
        found: Obj = self.pod(name)["status"][field][index]
        return found

    def phase(self, name: str = "p") -> str:
        return str(self.pod(name)["status"]["phase"])

    def pass_time(self, seconds: float) -> None:
        self.cluster.advance(seconds)

    def events(self, reason: str = "") -> list[str]:
        found = self.client.items("events", "demo")
        return [event["message"] for event in found if not reason or event["reason"] == reason]

    def conditions(self, name: str = "p") -> dict[str, str]:
        return {
            c["type"]: f"{c['status']} {c.get('reason', '')}".strip() for c in self.pod(name)["status"]["conditions"]
        }


@pytest.fixture
def lab(make_cluster: Callable[..., Any]) -> Lab:
    return Lab(make_cluster())


def test_a_plain_pod_runs_at_once(lab: Lab) -> None:
    status = lab.run()["status"]
    assert status["phase"] == "Running"
    assert status["podIP"].startswith("10.244.1.")
    assert [c["type"] for c in status["conditions"]] == [
        "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled",
    ]  # fmt: skip
    container = status["containerStatuses"][0]
    assert container["ready"] and container["started"] and "running" in container["state"]
    assert lab.events() == [
        'Pulling image "shop/app:1"',
        lab.events("Pulled")[0],
        "Container created",
        "Container started",
    ]
    assert lab.events("Pulled")[0].startswith('Successfully pulled image "shop/app:1" in 1ms (1ms including waiting).')


def test_addresses_are_unique_and_given_back(lab: Lab) -> None:
    first = lab.run("a")["status"]["podIP"]
    second = lab.run("b")["status"]["podIP"]
    assert first != second
    lab.client.delete("pods", "a", "demo")
    lab.cluster.settle()
    assert lab.cluster.store.state("kubelet").get("ips/node-1")[1] == f"{1 << int(second.rpartition('.')[2]):x}"


def test_success_and_failure(lab: Lab) -> None:
    lab.run("good", "exit 0", restartPolicy="Never")
    lab.run("bad", "exit 3", restartPolicy="Never")
    assert (lab.phase("good"), lab.phase("bad")) == ("Succeeded", "Failed")
    assert lab.state("bad")["state"]["terminated"]["exitCode"] == 3
    assert lab.conditions("bad") == {
        "PodReadyToStartContainers": "False",
        "Initialized": "True",
        "Ready": "False PodFailed",
        "ContainersReady": "False PodFailed",
        "PodScheduled": "True",
    }
    assert lab.conditions("good")["Initialized"] == "True PodCompleted"


def test_a_sleeping_container_ends_when_due(lab: Lab) -> None:
    lab.run(command="sleep 30; exit 2", restartPolicy="Never")
    lab.pass_time(29)
    assert lab.phase() == "Running"
    lab.pass_time(2)
    assert lab.phase() == "Failed"
    ended = lab.state()["state"]["terminated"]
    assert (ended["startedAt"], ended["finishedAt"]) == ("2026-01-02T03:04:05Z", "2026-01-02T03:04:35Z")


def test_crash_loop(lab: Lab) -> None:
    lab.run(command="exit 78")
    state = lab.state()
    assert state["restartCount"] == 1 and state["state"]["terminated"]["reason"] == "Error"
    assert lab.events("BackOff")[0].startswith("Back-off restarting failed container app in pod p_demo(")
    lab.pass_time(9)
    waiting = lab.state()["state"]["waiting"]
    assert waiting["reason"] == "CrashLoopBackOff"
    assert waiting["message"].startswith("back-off 10s restarting failed container=app pod=p_demo(")
    lab.pass_time(2)
    assert lab.state()["restartCount"] == 2
    lab.pass_time(11)
    assert lab.state()["state"]["waiting"]["message"].startswith("back-off 20s")
    assert lab.state()["lastState"]["terminated"]["exitCode"] == 78
    lab.pass_time(3600)
    assert lab.state()["restartCount"] == 17
    assert lab.phase() == "Running"


def test_back_off_is_forgotten_after_ten_minutes(lab: Lab) -> None:
    lab.run(command="sleep 601; exit 1")
    lab.pass_time(601 * 3 + 30)
    assert lab.state()["restartCount"] == 3
    assert "running" in lab.state()["state"]


def test_init_containers_run_in_order(lab: Lab) -> None:
    inits = [
        {"name": "one", "image": "i", "command": ["sh", "-c", "sleep 5"]},
        {"name": "two", "image": "i", "command": ["true"]},
    ]
    lab.run(initContainers=inits)
    assert lab.conditions()["Initialized"] == "False ContainersNotInitialized"
    assert lab.state()["state"] == {"waiting": {"reason": "PodInitializing"}}
    lab.pass_time(6)
    assert lab.phase() == "Running"
    assert [lab.state(field="initContainerStatuses", index=i)["ready"] for i in (0, 1)] == [True, True]


def test_a_failing_init_container_fails_the_pod(lab: Lab) -> None:
    inits = [{"name": "one", "image": "i", "command": ["false"]}, {"name": "two", "image": "i"}]
    pod = lab.run(initContainers=inits, restartPolicy="Never")
    assert pod["status"]["phase"] == "Failed"
    message = next(c["message"] for c in pod["status"]["conditions"] if c["type"] == "Initialized")
    assert message == "containers with incomplete status: [one two]"


def test_a_sidecar_stays_and_is_stopped_at_the_end(lab: Lab) -> None:
    sidecar = {"name": "proxy", "image": "i", "restartPolicy": "Always"}
    lab.run(command="sleep 3", initContainers=[sidecar], restartPolicy="Never")
    assert lab.state(field="initContainerStatuses")["started"]
    lab.pass_time(4)
    assert lab.phase() == "Succeeded"
    assert lab.events("Killing") == ["Stopping container proxy"]


def test_an_init_container_waits_for_a_service(lab: Lab) -> None:
    lab.run(
        initContainers=[
            {
                "name": "w",
                "image": "i",
                "command": ["sh", "-c", "until nslookup db; do echo waiting; sleep 2; done; echo found"],
            }
        ]
    )
    assert lab.phase() == "Pending"
    lab.pass_time(5)
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "demo"}}
    lab.client.create("services", {**service, "spec": {"ports": [{"port": 5432}]}})
    lab.cluster.settle()
    assert lab.phase() == "Running"
    log = lab.client.get("pods", "p", "demo", "log", container="w")
    assert "** server can't find db: NXDOMAIN\n\nwaiting\n" in log
    assert "Name:\tdb.demo.svc.cluster.local\nAddress: " in log and log.endswith("\nfound\n")


def test_a_retrying_init_container_notices_the_service_early(lab: Lab) -> None:
    script = """
for i in 1 2 3; do
  CODE=$(wget --server-response http://web 2>&1 | awk '/^  HTTP/{print $2}')
  if [ $CODE -eq 200 ]; then exit 0; fi
  sleep 10
done
exit 1
"""
    inits = [{"name": "w", "image": "i", "command": ["sh", "-c", script]}]
    lab.run("early", initContainers=inits, restartPolicy="Never")
    assert lab.phase("early") == "Pending"
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "demo"}}
    lab.client.create("services", {**service, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
    lab.run("web")
    lab.client.patch("pods", "web", {"metadata": {"labels": {"app": "web"}}}, MERGE_PATCH, "demo")
    lab.cluster.settle()
    assert lab.phase("early") == "Running"


def test_missing_configuration(lab: Lab) -> None:
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "later", "key": "a"}}}]
    lab.run(container={"env": env})
    waiting = lab.state()["state"]["waiting"]
    assert waiting == {"message": 'configmap "later" not found', "reason": "CreateContainerConfigError"}
    assert lab.events("Failed") == ['Error: configmap "later" not found']
    meta = {"name": "later", "namespace": "demo"}
    lab.client.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "1"}})
    lab.cluster.settle()
    assert lab.phase() == "Running"


def test_a_missing_secret_volume(lab: Lab) -> None:
    lab.run(volumes=[{"name": "s", "secret": {"secretName": "nope"}}])
    assert lab.state()["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert lab.events("FailedMount") == ['MountVolume.SetUp failed for volume "s" : secret "nope" not found']
    assert lab.conditions()["PodReadyToStartContainers"] == "False"


def test_image_problems(lab: Lab) -> None:
    lab.run("never", container={"imagePullPolicy": "Never", "image": "a/b:1"})
    assert lab.state("never")["state"]["waiting"] == {
        "message": 'Container image "a/b:1" is not present with pull policy of Never',
        "reason": "ErrImageNeverPull",
    }
    lab.run("bad", container={"image": "shop/Web:1"})
    assert lab.state("bad")["state"]["waiting"]["reason"] == "InvalidImageName"
    lab.run("gone", annotations={"minikctl.dev/image-pull-error": "true"})
    assert lab.state("gone")["state"]["waiting"]["reason"] == "ErrImagePull"
    lab.pass_time(6)
    assert lab.state("gone")["state"]["waiting"]["reason"] == "ImagePullBackOff"
    lab.client.patch(
        "pods", "bad", {"spec": {"containers": [{"name": "app", "image": "shop/web:1"}]}}, STRATEGIC_PATCH, "demo"
    )
    lab.cluster.settle()
    assert lab.phase("bad") == "Running"


def test_changing_the_image_restarts(lab: Lab) -> None:
    lab.run()
    lab.client.patch(
        "pods", "p", {"spec": {"containers": [{"name": "app", "image": "shop/app:2"}]}}, STRATEGIC_PATCH, "demo"
    )
    lab.cluster.settle()
    assert lab.state()["restartCount"] == 1 and lab.state()["image"] == "shop/app:2"
    assert lab.events("Killing") == ["Container app definition changed, will be restarted"]


def test_the_active_deadline(lab: Lab) -> None:
    lab.run(activeDeadlineSeconds=3)
    lab.pass_time(4)
    status = lab.pod()["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert status["message"] == "Pod was active on the node longer than the specified deadline"


def test_rejected_pods(lab: Lab) -> None:
    big = {"resources": {"requests": {"cpu": "5"}}}
    status = lab.run("big", container=big)["status"]
    text = "Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000"
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "OutOfcpu", f"Pod was rejected: {text}")
    assert lab.events("OutOfcpu") == [text]
    status = lab.run("picky", nodeSelector={"disk": "ssd"})["status"]
    assert status["reason"] == "NodeAffinity"


def test_deleting(lab: Lab) -> None:
    lab.run()
    lab.client.delete("pods", "p", "demo")
    lab.cluster.settle()
    assert lab.client.find("pods", "p", "demo") is None
    assert lab.events("Killing") == ["Stopping container app"]
    assert not lab.cluster.store.state("kubelet").scan("pod/demo/p")


def test_a_pre_stop_hook_takes_its_time(lab: Lab) -> None:
    lab.run(container={"lifecycle": {"preStop": {"sleep": {"seconds": 10}}}})
    lab.client.delete("pods", "p", "demo")
    lab.cluster.settle()
    assert "deletionTimestamp" in lab.pod()["metadata"]
    lab.pass_time(11)
    assert lab.client.find("pods", "p", "demo") is None


def test_a_finalizer_keeps_the_finished_pod(lab: Lab) -> None:
    lab.run()
    lab.client.patch("pods", "p", {"metadata": {"finalizers": ["x.example/y"]}}, MERGE_PATCH, "demo")
    lab.client.delete("pods", "p", "demo")
    lab.cluster.settle()
    assert "terminated" in lab.state()["state"]
    lab.client.patch("pods", "p", {"metadata": {"finalizers": None}}, MERGE_PATCH, "demo")
    lab.cluster.settle()
    assert lab.client.find("pods", "p", "demo") is None


def test_readiness_gates(lab: Lab) -> None:
    lab.run(readinessGates=[{"conditionType": "example.com/warm"}])
    assert lab.conditions()["Ready"] == "False ReadinessGatesNotReady"
    warm = {"status": {"conditions": [{"type": "example.com/warm", "status": "True"}]}}
    lab.client.patch("pods", "p", warm, STRATEGIC_PATCH, "demo", "status")
    lab.cluster.settle()
    assert lab.conditions()["Ready"] == "True"


def test_probes_by_annotation(lab: Lab) -> None:
    probe = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5, "failureThreshold": 2, "initialDelaySeconds": 1}
    lab.run("unready", container={"readinessProbe": probe}, annotations={"minikctl.dev/readiness": "failure"})
    assert not lab.state("unready")["ready"]
    lab.run(
        "dying",
        container={"livenessProbe": probe},
        annotations={"minikctl.dev/liveness": "HTTP probe failed with statuscode: 500"},
    )
    assert lab.state("dying")["restartCount"] == 0
    lab.pass_time(7)
    assert lab.state("dying")["restartCount"] == 1
    assert "Liveness probe failed: HTTP probe failed with statuscode: 500" in lab.events("Unhealthy")
    assert lab.events("Killing") == ["Container app failed liveness probe, will be restarted"]


def test_the_classic_liveness_example(lab: Lab) -> None:
    command = "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"
    probe = {"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5}
    lab.run(command=command, container={"livenessProbe": probe})
    lab.pass_time(29)
    assert lab.state()["restartCount"] == 0
    lab.pass_time(20)
    assert lab.state()["restartCount"] == 1
    assert any("can't open '/tmp/healthy'" in text for text in lab.events("Unhealthy"))


def test_resize(lab: Lab) -> None:
    resources = {"requests": {"cpu": "1", "memory": "64Mi"}}
    lab.run(container={"resources": resources})
    lab.run("other", container={"resources": {"requests": {"cpu": "2"}}})
    assert lab.state()["allocatedResources"] == {"cpu": "1", "memory": "64Mi"}

    def ask(cpu: str) -> None:
        patch = {"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": cpu}}}]}}
        lab.client.patch("pods", "p", patch, STRATEGIC_PATCH, "demo", "resize")
        lab.cluster.settle()

    ask("1500m")
    assert lab.state()["allocatedResources"]["cpu"] == "1500m"
    ask("3")
    condition = lab.pod()["status"]["conditions"][0]
    assert (condition["type"], condition["reason"]) == ("PodResizePending", "Deferred")
    assert condition["message"] == "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000"
    ask("1")
    assert "PodResizePending" not in lab.conditions()


def test_a_pod_as_a_whole_has_resources_too(lab: Lab) -> None:
    own = {"requests": {"cpu": "1", "ephemeral-storage": "1Gi"}, "limits": {"memory": "64Mi"}}
    lab.run(container={"resources": own})
    status = lab.pod()["status"]
    assert status["allocatedResources"] == {"cpu": "1", "memory": "64Mi", "ephemeral-storage": "1Gi"}
    assert status["resources"] == {"limits": {"memory": "64Mi"}, "requests": {"cpu": "1", "memory": "64Mi"}}
    lab.run("whole", container={"resources": {"requests": {"cpu": "1"}}}, resources={"requests": {"cpu": "2"}})

    def ask(cpu: str) -> dict[str, Any]:
        patch = {"spec": {"resources": {"requests": {"cpu": cpu}}}}
        lab.client.patch("pods", "whole", patch, STRATEGIC_PATCH, "demo", "resize")
        lab.cluster.settle()
        found: dict[str, Any] = lab.client.get("pods", "whole", "demo")["status"]
        return found

    assert ask("2500m")["allocatedResources"] == {"cpu": "2500m"}
    deferred = ask("4")
    assert deferred["allocatedResources"] == {"cpu": "2500m"}
    assert [c["reason"] for c in deferred["conditions"] if c["type"] == "PodResizePending"] == ["Deferred"]
    assert ask("2")["resources"] == {"requests": {"cpu": "2"}}


def test_a_job_pod_completes(lab: Lab) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "shop/task:1"}]}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "demo"}}
    lab.client.create("jobs.batch", {**job, "spec": {"template": template}})
    lab.cluster.settle()
    assert lab.client.get("jobs.batch", "j", "demo")["status"]["succeeded"] == 1


def test_extended_resources_follow_the_capacity(lab: Lab) -> None:
    patch = [{"op": "add", "path": "/status/capacity/example.com~1gpu", "value": "4"}]
    lab.client.patch("nodes", "node-2", patch, "application/json-patch+json", subresource="status")
    lab.cluster.settle()
    assert lab.client.get("nodes", "node-2")["status"]["allocatable"]["example.com/gpu"] == "4"


@pytest.mark.parametrize(
    ("command", "phase"),
    [("load /in/prices.csv || exit 3", "Failed"), ("work; exit 0", "Succeeded"), ("/opt/server --port 80", "Running")],
)
def test_a_script_that_says_how_it_ends_is_believed(lab: Lab, command: str, phase: str) -> None:
    lab.run(command=command, restartPolicy="Never")
    assert lab.phase() == phase


def test_termination_messages(lab: Lab) -> None:
    lab.run("told", "echo bye > /dev/termination-log; exit 4", restartPolicy="Never")
    assert lab.state("told")["state"]["terminated"]["message"] == "bye\n"
    policy = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    lab.run("logged", "echo no config; exit 4", restartPolicy="Never", container=policy)
    assert lab.state("logged")["state"]["terminated"]["message"] == "no config\n"


def test_a_failing_post_start_hook_kills(lab: Lab) -> None:
    hook = {"lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "exit 1"]}}}}
    lab.run(container=hook, restartPolicy="Never")
    assert lab.events("FailedPostStartHook") == ["PostStartHook failed"]


def test_logs_and_exec(lab: Lab) -> None:
    mount = {"volumeMounts": [{"name": "c", "mountPath": "/etc/c"}], "env": [{"name": "WHO", "value": "world"}]}
    meta = {"name": "c", "namespace": "demo"}
    lab.client.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "text"}})
    command = "while true; do echo hello $WHO; sleep 10; done"
    lab.run(command=command, container=mount, volumes=[{"name": "c", "configMap": {"name": "c"}}])
    lab.pass_time(25)
    log = lab.client.get("pods", "p", "demo", "log", timestamps=True)
    assert [line.split(" ", 1)[1] for line in log.splitlines()] == ["hello world"] * 3
    assert log.startswith("2026-01-02T03:04:05.000000000Z ")
    words = ["sh", "-c", "cat /etc/c/a; echo oops >&2; exit 3"]
    session: Any = lab.client.get("pods", "p", "demo", "exec", command=words, stdout=True)
    assert session.take() == [(1, b"text"), (2, b"oops\n")]
    assert exit_code(session.status) == 3


def test_restart_rules_of_a_container(lab: Lab) -> None:
    rules = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]
    container = {"restartPolicy": "Never", "restartPolicyRules": rules}
    lab.run("again", "exit 42", restartPolicy="Never", container=container)
    assert lab.state("again")["restartCount"] == 1 and lab.phase("again") == "Running"
    lab.run("over", "exit 1", restartPolicy="Never", container=container)
    assert lab.state("over")["restartCount"] == 0 and lab.phase("over") == "Failed"


def test_an_ephemeral_container_joins(lab: Lab) -> None:
    lab.run()
    ephemeral = {"name": "debug", "image": "busybox", "command": ["sh"]}
    patch = {"spec": {"ephemeralContainers": [ephemeral]}}
    lab.client.patch("pods", "p", patch, STRATEGIC_PATCH, "demo", "ephemeralcontainers")
    lab.cluster.settle()
    assert "running" in lab.state(field="ephemeralContainerStatuses")["state"]
    assert lab.conditions()["Ready"] == "True"


def test_a_process_that_starts_anew_goes_on(make_cluster: Callable[..., Any]) -> None:
    lab = Lab(make_cluster("one"))
    lab.run(command="sleep 30; exit 1")
    lab.cluster = make_cluster("one")
    lab.client = lab.cluster.client()
    lab.pass_time(31)
    assert lab.state()["restartCount"] == 1


def test_a_namesake_that_is_not_scheduled_yet(lab: Lab) -> None:
    lab.run()
    lab.client.delete("pods", "p", "demo", gracePeriodSeconds=0)
    again = {"nodeSelector": {"disk": "none"}, "containers": [{"name": "app", "image": "i"}]}
    meta = {"name": "p", "namespace": "demo"}
    lab.client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": again})
    lab.cluster.settle()
    assert lab.phase() == "Pending"
    assert lab.cluster.store.state("kubelet").scan("pod/demo/") == []
