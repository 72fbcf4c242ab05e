"""The real kubectl on a served cluster: what people do with it, verb by verb."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Kubectl = Callable[..., Any]

APP = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.example.com/web:1
        command: [sh, -c, "echo ready to serve; sleep 100000"]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
"""


@pytest.fixture
def space(kubectl: Kubectl, request: pytest.FixtureRequest) -> Kubectl:
    """kubectl in a namespace of the test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")
    assert kubectl("create", "namespace", name).status == 0

    def call(*args: str, **rest: Any) -> Any:
        return kubectl("-n", name, *args, **rest)

    return call


@pytest.fixture
def app(space: Kubectl) -> Kubectl:
    """kubectl in a namespace where a Deployment runs behind a Service."""
    assert space("apply", "-f", "-", stdin=APP).status == 0
    status = space("rollout", "status", "deployment/web", "--timeout=60s")
    assert status.out.endswith('deployment "web" successfully rolled out\n')
    return space


def test_apply_tells_what_it_did(space: Kubectl) -> None:
    assert space("apply", "-f", "-", stdin=APP).out == "deployment.apps/web created\nservice/web created\n"
    assert space("apply", "-f", "-", stdin=APP).out == "deployment.apps/web unchanged\nservice/web unchanged\n"
    changed = APP.replace("web:1", "web:2")
    compared = space("diff", "-f", "-", stdin=changed)
    assert compared.status == 1
    assert [line.split()[-1] for line in compared.out.splitlines() if line[0] == "+" and "image:" in line] == [
        "registry.example.com/web:2"
    ]
    assert space("apply", "-f", "-", stdin=changed).out == "deployment.apps/web configured\nservice/web unchanged\n"
    server_side = space("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=changed)
    assert server_side.out == "deployment.apps/web serverside-applied\nservice/web serverside-applied\n"


def test_mistakes_are_refused(space: Kubectl) -> None:
    wrong = space("apply", "-f", "-", stdin=APP.replace("replicas", "replica"))
    assert wrong.err == (
        'Error from server (BadRequest): error when creating "STDIN": Deployment in version "v1" cannot be handled as '
        'a Deployment: strict decoding error: unknown field "spec.replica"\n'
    )
    assert space("get", "pod", "nothing").err == 'Error from server (NotFound): pods "nothing" not found\n'
    assert space("create", "configmap", "A_b").err.startswith("error: failed to create configmap: ConfigMap")


def test_get_prints_tables(app: Kubectl) -> None:
    lines = app("get", "pods,deployments,services").out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("NAME")] == ["NAME"] * 3
    assert sum(line.startswith("pod/web-") and "1/1     Running" in line for line in lines) == 2
    assert app("get", "deploy", "web", "-o", "jsonpath={.status.readyReplicas}").out == "2"
    assert app("get", "pods", "-l", "app=web", "-o", "name", "--sort-by=.metadata.name").out.count("pod/web-") == 2


def test_get_watches(app: Kubectl, kubectl_program: str, kubectl_env: dict[str, str]) -> None:
    name = app("get", "deploy", "web", "-o", "jsonpath={.metadata.namespace}").out
    command = [kubectl_program, "-n", name, "get", "deploy", "-w", "--no-headers"]
    with subprocess.Popen(command, env=kubectl_env, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().split()[:2] == ["web", "2/2"]
        assert app("scale", "deploy/web", "--replicas=3").out == "deployment.apps/web scaled\n"
        seen = ""
        while "3/3" not in seen:
            seen = watching.stdout.readline()
        watching.kill()


def test_describe_shows_events(app: Kubectl) -> None:
    described = app("describe", "deployment", "web").out
    assert "Replicas:               2 desired | 2 updated | 2 total | 2 available | 0 unavailable\n" in described
    assert "Scaled up replica set" in described
    assert "Successfully assigned" in app("events", "--for", "pod/" + _pods(app)[0]).out


def _pods(app: Kubectl) -> list[str]:
    return str(app("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].metadata.name}").out).split()


def test_edit_runs_the_editor(app: Kubectl, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/replicas: 2/replicas: 1/" "$1"\n')
    editor.chmod(0o755)
    assert app("edit", "deployment", "web", KUBE_EDITOR=str(editor)).out == "deployment.apps/web edited\n"
    assert app("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}").out == "1"
    unchanged = app("edit", "deployment", "web", KUBE_EDITOR="true")
    assert unchanged.err == "Edit cancelled, no changes made.\n"


def test_patch_of_every_kind(app: Kubectl) -> None:
    assert app("patch", "deploy", "web", "-p", '{"spec":{"replicas":3}}').out == "deployment.apps/web patched\n"
    merge = '{"metadata":{"labels":{"a":"b"}}}'
    assert app("patch", "deploy", "web", "--type=merge", "-p", merge).status == 0
    steps = '[{"op":"test","path":"/spec/replicas","value":3},{"op":"replace","path":"/spec/replicas","value":1}]'
    assert app("patch", "deploy", "web", "--type=json", "-p", steps).status == 0
    assert app("get", "deploy", "web", "-o", "jsonpath={.spec.replicas} {.metadata.labels}").out == '1 {"a":"b"}'


def test_rollouts_go_on_and_back(app: Kubectl) -> None:
    assert app("set", "image", "deploy/web", "web=registry.example.com/web:2").out.endswith("image updated\n")
    assert app("rollout", "status", "deploy/web", "--timeout=60s").status == 0
    assert app("rollout", "history", "deploy/web").out.splitlines()[1:4] == [
        "REVISION  CHANGE-CAUSE",
        "1         <none>",
        "2         <none>",
    ]
    assert app("rollout", "undo", "deploy/web").out == "deployment.apps/web rolled back\n"
    assert app("rollout", "restart", "deploy/web").out == "deployment.apps/web restarted\n"
    assert app("rollout", "status", "deploy/web", "--timeout=60s").status == 0
    image = app("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}").out
    assert image == "registry.example.com/web:1"


def test_logs_of_selected_pods(app: Kubectl) -> None:
    pod = _pods(app)[0]
    assert app("logs", pod).out == "ready to serve\n"
    assert app("logs", "deploy/web", "--tail=1").out == "ready to serve\n"
    prefixed = app("logs", "-l", "app=web", "--prefix").out.splitlines()
    assert sorted(prefixed) == sorted(f"[pod/{name}/web] ready to serve" for name in _pods(app))


def test_top_shows_use(app: Kubectl) -> None:
    lines = app("top", "pods").out.splitlines()
    assert lines[0].split() == ["NAME", "CPU(cores)", "MEMORY(bytes)"]
    assert len(lines) == 3
    assert app("top", "nodes", "--no-headers").out.count("%") == 6


def test_auth_can_i(space: Kubectl) -> None:
    assert space("auth", "can-i", "create", "pods").out == "yes\n"
    denied = space("auth", "can-i", "delete", "nodes", "--as=system:serviceaccount:default:default")
    assert (denied.status, denied.out) == (1, "no\n")
    assert "kubernetes-admin" in space("auth", "whoami").out
    assert space("auth", "can-i", "--list").out.splitlines()[1].split() == ["*.*", "[]", "[]", "[*]"]


def test_wait_for_what_comes(app: Kubectl) -> None:
    assert app("wait", "--for=condition=Available", "deploy/web", "--timeout=30s").out.endswith("condition met\n")
    assert app("wait", "--for=jsonpath={.status.readyReplicas}=2", "deploy/web", "--timeout=30s").status == 0
    assert app("delete", "deploy", "web").out.startswith('deployment.apps "web" deleted')
    assert app("wait", "--for=delete", "pod", "-l", "app=web", "--timeout=60s").status == 0
    assert app("get", "pods", "-l", "app=web").err.startswith("No resources found")


def test_explain_describes_fields(space: Kubectl) -> None:
    told = space("explain", "deployment.spec.strategy.type").out
    assert "FIELD: type <string>\nENUM:\n    Recreate\n    RollingUpdate\n" in told
    assert 'Possible enum values:\n     - `"Recreate"` Kill all existing pods' in told


def test_debug_adds_a_container(app: Kubectl) -> None:
    pod = _pods(app)[0]
    begun = app("debug", pod, "--image=busybox", "--container=look", "--attach=false", "--", "sleep", "1")
    assert begun.status == 0, begun.err
    names = app("get", "pod", pod, "-o", "jsonpath={.spec.ephemeralContainers[*].name}").out
    assert names == "look"


def test_drain_moves_pods_away(app: Kubectl) -> None:
    node = app("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].spec.nodeName}").out
    try:
        drained = app("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=60s")
        assert drained.out.endswith(f"node/{node} drained\n"), drained
        assert app("rollout", "status", "deploy/web", "--timeout=60s").status == 0
        nodes = app("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.nodeName}").out.split()
        assert len(nodes) == 2 and node not in nodes
    finally:
        assert app("uncordon", node).out == f"node/{node} uncordoned\n"


def test_custom_resources(space: Kubectl) -> None:
    crd = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: telescopes.sky.example.com}
spec:
  group: sky.example.com
  scope: Namespaced
  names: {plural: telescopes, singular: telescope, kind: Telescope, shortNames: [tel]}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns: [{name: Aperture, type: integer, jsonPath: .spec.aperture}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {aperture: {type: integer, minimum: 1, description: In millimetres.}}}
"""
    assert space("apply", "-f", "-", stdin=crd).status == 0
    assert space("wait", "--for=condition=Established", "crd/telescopes.sky.example.com", "--timeout=30s").status == 0
    one = "apiVersion: sky.example.com/v1\nkind: Telescope\nmetadata: {name: big}\nspec: {aperture: 8200}\n"
    assert space("apply", "-f", "-", stdin=one).out == "telescope.sky.example.com/big created\n"
    assert space("get", "tel").out.splitlines()[1].split()[:2] == ["big", "8200"]
    assert "In millimetres." in space("explain", "tel.spec.aperture").out
    refused = space("apply", "-f", "-", stdin=one.replace("8200", "0"))
    assert "spec.aperture: Invalid value: 0: spec.aperture in body should be greater than or equal to 1" in refused.err
