"""Real applications, unchanged: they apply to a fresh default cluster, run at once, and go without a trace.

The manifests are not part of the project: the tests look for them in `../shared/manifests` or
$MINIKCTL_MANIFESTS and are skipped where they are not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("MINIKCTL_MANIFESTS") or Path(__file__).parents[3] / "shared" / "manifests")
APPLICATIONS = ["guestbook.yaml", "voting-app", "online-boutique.yaml", "cassandra.yaml", "ingress-nginx.yaml"]
REFUSED = (
    'The CustomResourceDefinition "applicationsets.argoproj.io" is invalid: metadata.annotations: '
    "Too long: may not be more than 262144 bytes\n"
)

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the manifests are not here")


def items(shell: Any, kinds: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(shell.ok("get", kinds, "-A", "-o", "json"))["items"]
    return listed


def names(shell: Any) -> set[str]:
    """Everything there is, but for Events and what controllers keep per namespace."""
    kinds = "all,configmaps,secrets,serviceaccounts,pvc,pv,sc,ingressclasses,ingresses,roles,rolebindings,"
    kinds += "clusterroles,clusterrolebindings,crd,netpol,endpoints,endpointslices,namespaces,ipaddresses,"
    kinds += "validatingwebhookconfigurations,controllerrevisions"
    found = items(shell, kinds)
    return {f"{o['kind']}/{o['metadata'].get('namespace', '')}/{o['metadata']['name']}" for o in found}


def assert_all_runs(shell: Any) -> None:
    """Deployments available, StatefulSets ready with claims bound, Services with endpoints, Jobs complete."""
    for deployment in items(shell, "deployments"):
        assert deployment["status"].get("availableReplicas") == deployment["spec"]["replicas"], deployment
    for stateful_set in items(shell, "statefulsets"):
        assert stateful_set["status"].get("readyReplicas") == stateful_set["spec"]["replicas"], stateful_set
    for claim in items(shell, "pvc"):
        assert claim["status"]["phase"] == "Bound", claim
    for job in items(shell, "jobs"):
        assert job["status"].get("completionTime"), job
    selected = {
        (o["metadata"]["namespace"], o["metadata"]["name"])
        for o in items(shell, "services")
        if o["spec"].get("selector")
    }
    slices = items(shell, "endpointslices")
    served = {
        (o["metadata"]["namespace"], o["metadata"]["labels"]["kubernetes.io/service-name"])
        for o in slices
        if any(endpoint["conditions"]["ready"] for endpoint in o.get("endpoints") or ())
    }
    assert selected <= served


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application_runs_and_goes(make_shell: Callable[..., Any], name: str) -> None:
    shell = make_shell()
    before = names(shell)
    shell.ok("apply", "-f", str(FOLDER / name))
    assert_all_runs(shell)
    again = shell.ok("apply", "-f", str(FOLDER / name)).splitlines()
    assert not [line for line in again if line.endswith(" created") and not line.startswith("job.batch/")]
    # Jobs with a TTL of zero have gone by themselves.
    shell.ok("delete", "--ignore-not-found", "-f", str(FOLDER / name))
    left = names(shell) - before
    claims = {entry for entry in left if entry.startswith(("PersistentVolume", "PersistentVolumeClaim"))}
    assert left == claims  # a StatefulSet's claims stay, as they should
    if claims:
        shell.ok("delete", "pvc", "--all")
        assert names(shell) - before == set()


def test_argo_cd_is_applied_by_the_server(make_shell: Callable[..., Any]) -> None:
    shell = make_shell()
    before = names(shell)
    answer = shell.run("apply", "-f", str(FOLDER / "argo-cd.yaml"))
    assert answer.status == 1
    assert answer.err == REFUSED
    shell.ok("apply", "--server-side", "--force-conflicts", "-f", str(FOLDER / "argo-cd.yaml"))
    assert_all_runs(shell)
    shell.ok("wait", "--for=condition=Established", "crd/applications.argoproj.io", "--timeout=5s")
    application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n"
    application += "spec: {project: default, destination: {namespace: default}}\n"
    shell.ok("apply", "-f", "-", stdin=application)
    assert shell.ok("get", "applications", "-o", "name") == "application.argoproj.io/a\n"
    shell.ok("delete", "-f", str(FOLDER / "argo-cd.yaml"))
    left = {name for name in names(shell) - before if name != "Secret/default/argocd-redis"}
    assert left == set()  # the secret is made by a container, not by the manifest
