"""A kopf operator with a kind of its own: it reconciles, sets status, keeps finalizers and has a timer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("kopf")

PROGRAM = [sys.executable, "-m", "minikctl"]

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gardens.green.example.com}
spec:
  group: green.example.com
  scope: Namespaced
  names: {plural: gardens, singular: garden, kind: Garden}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {plants: {type: integer}}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""

OPERATOR = """
import kopf
import kubernetes


@kopf.on.startup()
def configure(settings, **_):
    settings.persistence.finalizer = "green.example.com/fence"
    settings.posting.enabled = False


@kopf.on.create("green.example.com", "v1", "gardens")
@kopf.on.update("green.example.com", "v1", "gardens", field="spec.plants")
def plant(spec, name, namespace, body, patch, **_):
    core = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config())
    bed = {"metadata": {"name": f"{name}-bed"}, "data": {"plants": str(spec["plants"])}}
    kopf.adopt(bed, owner=body)
    try:
        core.create_namespaced_config_map(namespace, bed)
    except kubernetes.client.ApiException as error:
        if error.status != 409:
            raise
        core.patch_namespaced_config_map(bed["metadata"]["name"], namespace, bed)
    patch.status["planted"] = spec["plants"]


@kopf.on.delete("green.example.com", "v1", "gardens")
def harvest(name, namespace, **_):
    core = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config())
    core.create_namespaced_config_map(namespace, {"metadata": {"name": f"{name}-harvest"}})


@kopf.timer("green.example.com", "v1", "gardens", interval=0.5)
def water(status, patch, **_):
    patch.status["watered"] = status.get("watered", 0) + 1
"""


@pytest.fixture
def minikctl(served: str) -> Callable[..., str]:
    """minikctl itself, on the file that is served."""
    env = {**os.environ, "MINIKCTL_HOME": str(Path(served).parent), "PYTHONPATH": os.pathsep.join(sys.path)}

    def call(*args: str, stdin: str = "") -> str:
        done = subprocess.run([*PROGRAM, *args], env=env, input=stdin, capture_output=True, text=True, check=False)
        return done.stdout

    return call


@pytest.fixture
def operator(served: str, tmp_path: Path, minikctl: Callable[..., str]) -> Iterator[None]:
    """The operator at work, until the test is over."""
    minikctl("apply", "-f", "-", stdin=CRD)
    program = tmp_path / "gardener.py"
    program.write_text(OPERATOR)
    log = (tmp_path / "log").open("wb")
    command = [sys.executable, "-m", "kopf", "run", str(program), "--namespace=default", "--standalone"]
    running = subprocess.Popen(command, env={**os.environ, "KUBECONFIG": served}, stdout=log, stderr=log)
    try:
        yield
    finally:
        running.terminate()
        running.wait(30)
        log.close()


def until(look: Callable[[], Any], wanted: Any) -> None:
    """Look again and again until it is what was wanted."""
    end = time.monotonic() + 60
    while (found := look()) != wanted:
        assert time.monotonic() < end, found


def test_an_operator_tends_its_kind(operator: None, minikctl: Callable[..., str]) -> None:
    def field(resource: str, path: str) -> str:
        return minikctl("get", resource, "-o", f"jsonpath={{{path}}}")

    garden = "apiVersion: green.example.com/v1\nkind: Garden\nmetadata: {name: back}\nspec: {plants: 3}\n"
    minikctl("apply", "-f", "-", stdin=garden)
    until(lambda: field("garden/back", ".status.planted"), "3")
    assert field("garden/back", ".metadata.finalizers[0]") == "green.example.com/fence"
    assert field("cm/back-bed", ".data.plants") == "3"
    assert field("cm/back-bed", ".metadata.ownerReferences[0].kind") == "Garden"

    minikctl("patch", "garden", "back", "--type=merge", "-p", '{"spec":{"plants":5}}')
    until(lambda: field("cm/back-bed", ".data.plants"), "5")
    until(lambda: int(field("garden/back", ".status.watered") or 0) >= 3, True)

    minikctl("delete", "garden", "back", "--wait=false")
    until(lambda: minikctl("get", "gardens", "-o", "name"), "")
    assert minikctl("get", "cm", "back-harvest", "-o", "name") == "configmap/back-harvest\n"
    until(lambda: minikctl("get", "cm", "back-bed", "-o", "name"), "")
