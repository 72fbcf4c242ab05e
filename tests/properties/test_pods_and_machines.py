"""Random pods on machines to which random things happen: every time comes to rest, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from minikctl import machines
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import STRATEGIC_PATCH
from minikctl.kubelet.machines import FAILURES

Obj = dict[str, Any]

_SCRIPTS = ("exit 1", "exit 0", "sleep 7", "sleep 30; exit 3", "touch /tmp/x; sleep 9; rm /tmp/x; sleep 90")
_NODES = ("node-1", "node-2")
_STEPS = 25


def container(draw: Random) -> Obj:
    """A container that may fail in several ways."""
    made: Obj = {"name": "app", "image": draw.choice(["a", "b:1", "C:1"])}
    made["imagePullPolicy"] = draw.choice(["Always", "IfNotPresent", "Never"])
    if draw.random() < 0.5:
        made["command"] = ["sh", "-c", draw.choice(_SCRIPTS)]
    if draw.random() < 0.3:
        made["livenessProbe"] = {"httpGet": {"port": 80}, "periodSeconds": draw.choice([1, 5]), "failureThreshold": 1}
    if draw.random() < 0.3:
        made["readinessProbe"] = {"exec": {"command": ["cat", "/tmp/x"]}, "successThreshold": draw.choice([1, 2])}
    if draw.random() < 0.3:
        action = draw.choice([{"sleep": {"seconds": 3}}, {"exec": {"command": ["false"]}}])
        made["lifecycle"] = {draw.choice(["postStart", "preStop"]): action}
    if draw.random() < 0.3:
        requests = {"memory": "64Mi", "cpu": draw.choice(["100m", "3"])}
        made["resources"] = {"requests": requests, "limits": {"memory": "64Mi"}}
    if draw.random() < 0.3:
        made["env"] = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "later", "key": "a"}}}]
    return made


def pod(draw: Random, name: str) -> Obj:
    """A pod of such containers."""
    spec: Obj = {"containers": [container(draw)], "nodeName": draw.choice(_NODES)}
    spec["restartPolicy"] = draw.choice(["Always", "OnFailure", "Never"])
    if draw.random() < 0.3:
        spec["initContainers"] = [{"name": "i", "image": "i", "command": ["sh", "-c", draw.choice(_SCRIPTS)]}]
    if draw.random() < 0.3:
        spec.setdefault("initContainers", []).append({"name": "side", "image": "s", "restartPolicy": "Always"})
    if draw.random() < 0.1:
        spec["activeDeadlineSeconds"] = 20
    notes = {"liveness": "failure", "stop-seconds": "40", "memory": "0s=1Mi,60s=90Mi", "image-pull-seconds": "4"}
    annotations = {f"minikctl.dev/{key}": value for key, value in notes.items() if draw.random() < 0.15}
    meta = {"name": name, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


class Life:
    """What may happen to a cluster."""

    def __init__(self, cluster: Any, draw: Random) -> None:
        self.cluster = cluster
        self.client = cluster.client()
        self.draw = draw
        self.pods = 0

    def step(self) -> None:
        deeds = [self.run, self.run, self.wait, self.wait, self.delete, self.patch, self.disturb, self.mend, self.give]
        with suppress(StatusError, machines.MachineError):  # what is refused is no matter here
            self.draw.choice(deeds)()
        self.cluster.settle()

    def run(self) -> None:
        self.client.create("pods", pod(self.draw, f"p{self.pods}"), "default")
        self.pods += 1

    def wait(self) -> None:
        self.cluster.advance(self.draw.choice([1, 5, 13, 60, 400]))

    def any_pod(self) -> str:
        return f"p{self.draw.randrange(max(1, self.pods))}"

    def delete(self) -> None:
        self.client.delete("pods", self.any_pod(), "default", gracePeriodSeconds=self.draw.choice([0, 1, 30]))

    def patch(self) -> None:
        what, where = self.draw.choice([({"image": "z:9"}, ""), ({"resources": {"requests": {"cpu": "2"}}}, "resize")])
        patch = {"spec": {"containers": [{"name": "app", **what}]}}
        self.client.patch("pods", self.any_pod(), patch, STRATEGIC_PATCH, "default", where)

    def disturb(self) -> None:
        node = self.draw.choice(_NODES)
        if self.draw.random() < 0.3:
            machines.stop(self.cluster, node, self.draw.choice([0.0, 5.0]))
        elif self.draw.random() < 0.1:
            self.client.delete("nodes", node)
        else:
            machines.fail(self.cluster, node, self.draw.choice(FAILURES), "", 0.0, self.draw.choice([0.0, 30.0]))

    def mend(self) -> None:
        node = self.draw.choice(_NODES)
        machines.recover(self.cluster, node, [])
        machines.start(self.cluster, node)

    def give(self) -> None:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "later"}, "data": {"a": "1"}}
        self.client.create("configmaps", body, "default")


@pytest.mark.parametrize("seed", [*range(12), 455])
def test_whatever_happens_comes_to_rest(seed: int, make_cluster: Callable[..., Any]) -> None:
    draw = Random(seed)
    cluster = make_cluster(latency=draw.choice(["none", "realistic"]))
    life = Life(cluster, draw)
    for _ in range(_STEPS):
        life.step()
        revision = cluster.store.revision()
        cluster.settle()
        assert cluster.store.revision() == revision
    for node in _NODES:
        with suppress(machines.MachineError):
            machines.recover(cluster, node, [])
            machines.start(cluster, node)
    cluster.advance(100)
    kept = {key[len("pod/") :] for key, _ in cluster.store.state("kubelet").scan("pod/")}
    there = {f"default/{found['metadata']['name']}" for found in life.client.items("pods", "default")}
    assert kept <= there
