"""Argo CD's custom resources in every command: an Application, an AppProject and an ApplicationSet.

Their definitions are those of the project's own manifest, as in test_applications.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("MINIKCTL_MANIFESTS") or Path(__file__).parents[3] / "shared" / "manifests")
RESOURCES = Path(__file__).with_name("argo-resources.yaml")
MORE = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}}}
spec: {{project: default, destination: {{}}, source: {{repoURL: x}}}}
"""

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the manifests are not here")


@pytest.fixture
def shell(make_shell: Callable[..., Any]) -> Iterator[Any]:
    """A cluster with the definitions and the resources in the namespace default."""
    shell = make_shell(MINIKCTL_PROFILE="bare")
    documents = (FOLDER / "argo-cd.yaml").read_text().split("\n---\n")
    definitions = "\n---\n".join(text for text in documents if "\nkind: CustomResourceDefinition" in f"\n{text}")
    shell.ok("apply", "--server-side", "-f", "-", stdin=definitions)
    text = RESOURCES.read_text().replace("namespace: argocd", "namespace: default")
    answer = shell.run("apply", "-f", "-", stdin=text)
    assert answer.out.splitlines() == [
        "appproject.argoproj.io/shop created",
        "application.argoproj.io/web created",
        "applicationset.argoproj.io/clusters created",
    ]
    assert '"resources-finalizer.argocd.argoproj.io": prefer a domain-qualified finalizer name' in answer.err
    yield shell
    patch = '[{"op":"remove","path":"/metadata/finalizers"}]'
    shell.ok("patch", "appproj", "shop", "--type=json", "-p", patch)


def get_and_describe(shell: Any) -> None:
    assert shell.ok("get", "app,appset", "-o", "name").split() == [
        "application.argoproj.io/web",
        "applicationset.argoproj.io/clusters",
    ]
    header = shell.ok("get", "applications", "-o", "wide").splitlines()[0].split()
    assert header == ["NAME", "SYNC", "STATUS", "HEALTH", "STATUS", "REVISION", "PROJECT"]
    described = shell.ok("describe", "app", "web")
    assert "  Sync Policy:\n    Automated:\n      Prune:      true\n      Self Heal:  true\n" in described
    assert shell.ok("get", "app", "-l", "tier=front", "-o", "name") == "application.argoproj.io/web\n"
    shown = [line.split()[0] for line in shell.ok("api-resources", "--api-group=argoproj.io").splitlines()]
    assert shown == ["NAME", "applications", "applicationsets", "appprojects"]


def explain(shell: Any) -> None:
    told = shell.ok("explain", "application.spec.syncPolicy.automated")
    assert "FIELD: automated <Object>" in told
    assert "  selfHeal\t<boolean>" in told


def patch_wait_and_generation(shell: Any) -> None:
    patch = '{"spec":{"source":{"targetRevision":"v2"}},"status":{"health":{"status":"Healthy"}}}'
    shell.ok("patch", "app", "web", "--type=merge", "-p", patch)
    shell.ok("wait", "app/web", "--for=jsonpath={.status.health.status}=Healthy", "--timeout=5s")
    assert json.loads(shell.ok("get", "app", "web", "-o", "json"))["metadata"]["generation"] == 2
    answer = shell.run("patch", "app", "web", "-p", "{}")
    assert answer.status == 1
    assert "application/strategic-merge-patch+json is not supported by argoproj.io/v1alpha1" in answer.err


def apply_again_and_by_the_server(shell: Any) -> None:
    shell.ok("patch", "app", "web", "--type=merge", "-p", '{"spec":{"source":{"targetRevision":"v2"}}}')
    text = RESOURCES.read_text().replace("namespace: argocd", "namespace: default")
    answer = shell.run("apply", "--server-side", "-f", "-", stdin=text)
    assert answer.status == 1
    assert 'conflict with "kubectl-patch" using argoproj.io/v1alpha1: .spec.source.targetRevision' in answer.err
    shell.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
    assert shell.ok("get", "app", "web", "-o", "jsonpath={.spec.source.targetRevision}") == "HEAD"


def what_does_not_fit_the_schema_is_refused(shell: Any) -> None:
    wrong = MORE.format(name="bad").replace("project: default", "project: 1")
    answer = shell.run("create", "-f", "-", stdin=wrong)
    assert (
        'spec.project: Invalid value: "integer": spec.project in body must be of type string: "integer"' in answer.err
    )
    unknown = MORE.format(name="bad").replace("project:", "colour: red, project:")
    answer = shell.run("create", "-f", "-", stdin=unknown)
    assert 'strict decoding error: unknown field "spec.colour"' in answer.err
    assert shell.run("scale", "app/web", "--replicas=2").err == (
        'Error from server (NotFound): applications.argoproj.io "web" not found\n'
    )


def rbac(shell: Any) -> None:
    shell.ok("create", "role", "reader", "--verb=get,list", "--resource=applications.argoproj.io")
    shell.ok("create", "rolebinding", "reader", "--role=reader", "--user=ann")
    assert shell.ok("get", "app", "-o", "name", "--as=ann") == "application.argoproj.io/web\n"
    answer = shell.run("delete", "app", "web", "--as=ann")
    assert answer.err == (
        'Error from server (Forbidden): applications.argoproj.io "web" is forbidden: User "ann" cannot delete resource '
        '"applications" in API group "argoproj.io" in the namespace "default"\n'
    )


def quota(shell: Any) -> None:
    shell.ok("create", "quota", "q", "--hard=count/applications.argoproj.io=2")
    shell.ok("create", "-f", "-", stdin=MORE.format(name="two"))
    answer = shell.run("create", "-f", "-", stdin=MORE.format(name="three"))
    assert "exceeded quota: q, requested: count/applications.argoproj.io=1" in answer.err
    assert "used: count/applications.argoproj.io=2, limited: count/applications.argoproj.io=2" in answer.err


def garbage_collection(shell: Any) -> None:
    uid = shell.ok("get", "appset", "clusters", "-o", "jsonpath={.metadata.uid}")
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "clusters", "uid": uid}
    patch = json.dumps({"metadata": {"ownerReferences": [owner]}})
    shell.ok("patch", "app", "web", "--type=merge", "-p", patch)
    shell.ok("delete", "appset", "clusters")
    assert shell.ok("get", "app", "web", "--ignore-not-found", "-o", "name") == ""


@pytest.mark.parametrize(
    "steps",
    [
        (get_and_describe, explain, patch_wait_and_generation),
        (apply_again_and_by_the_server, what_does_not_fit_the_schema_is_refused),
        (rbac, quota, garbage_collection),
    ],
    ids=["read", "write", "control"],
)
def test_argo_resources(shell: Any, steps: tuple[Callable[[Any], None], ...]) -> None:
    """Several steps on one cluster, since the definitions are large."""
    for step in steps:
        step(shell)
