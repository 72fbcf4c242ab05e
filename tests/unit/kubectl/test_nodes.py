"""cordon, uncordon, drain, taint, top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minikctl.kubectl.cmd.taint import parse_taint, parse_taints
from minikctl.kubectl.errors import KubectlError

Kubectl = Callable[..., Any]

BUDGET = (
    "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\n"
    "spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}\n"
)


@pytest.fixture
def web(kubectl: Kubectl) -> Kubectl:
    """kubectl on a cluster with a deployment whose pod is on node-1."""
    kubectl("cordon", "node-2")
    kubectl("create", "deployment", "web", "--image=a")
    return kubectl


def test_cordon_and_back(kubectl: Kubectl) -> None:
    assert kubectl("cordon", "node-1", "--dry-run=server").out == "node/node-1 cordoned (server dry run)\n"
    assert kubectl("cordon", "node-1").out == "node/node-1 cordoned\n"
    assert kubectl("cordon", "node/node-1").out == "node/node-1 already cordoned\n"
    assert kubectl("uncordon", "-l", "kubernetes.io/hostname=node-1").out == "node/node-1 uncordoned\n"
    assert kubectl("cordon").err == "error: USAGE: cordon NODE [flags]\nSee 'kubectl cordon -h' for help and examples\n"


def test_drain_evicts(web: Kubectl) -> None:
    name = web("get", "pods", "-o", "jsonpath={.items[0].metadata.name}").out
    assert web("drain", "node-1").out == (
        f"node/node-1 cordoned\nevicting pod default/{name}\npod/{name} evicted\nnode/node-1 drained\n"
    )
    assert web("get", "pods", "--field-selector=spec.nodeName=node-1", "-o", "name").out == ""


def test_drain_leaves_what_nobody_would_make_again(kubectl: Kubectl) -> None:
    kubectl("cordon", "node-2")
    kubectl("run", "alone", "--image=a")
    reason = "cannot delete Pods that declare no controller (use --force to override): default/alone"
    result = kubectl("drain", "node-1")
    assert (result.status, result.out) == (1, "node/node-1 cordoned\n")
    assert result.err == (
        f'error: unable to drain node "node-1" due to error: {reason}, continuing command...\n'
        f"There are pending nodes to be drained:\n node-1\n{reason}\n"
    )
    result = kubectl("drain", "node-1", "--force", "--disable-eviction")
    assert result.out == "node/node-1 already cordoned\npod/alone deleted\nnode/node-1 drained\n"
    assert result.err == "Warning: deleting Pods that declare no controller: default/alone\n"


def test_drain_tries_again_what_a_budget_refuses(web: Kubectl) -> None:
    web("apply", "-f", "-", stdin=BUDGET)
    result = web("drain", "node-1", "--timeout=12s")
    assert result.status == 1
    assert result.out.count("evicting pod default/web-") == 4
    assert "(will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget." in result.err
    assert "global timeout reached: 12s" in result.err


def test_taints_come_and_go(kubectl: Kubectl) -> None:
    assert kubectl("taint", "nodes", "node-1", "a=b:NoSchedule", "c:NoExecute").out == "node/node-1 tainted\n"
    assert kubectl("taint", "nodes", "node-1", "a=x:NoSchedule").err == (
        "error: node node-1 already has a taint(s) with same effect(s) and --overwrite is false\n"
    )
    assert kubectl("taint", "nodes", "node-1", "a=x:NoSchedule", "--overwrite").out == "node/node-1 modified\n"
    path = "jsonpath={range .spec.taints[*]}{.key}={.value}:{.effect} {end}"
    assert kubectl("get", "node", "node-1", "-o", path).out == "a=x:NoSchedule c=:NoExecute "
    assert kubectl("taint", "nodes", "node-1", "a-", "c:NoExecute-").out == "node/node-1 untainted\n"
    assert kubectl("taint", "nodes", "node-1", "a-").err == 'error: taint "a" not found\n'
    assert kubectl("taint", "pods", "x", "a:NoSchedule").err == (
        "error: invalid resource type pods, only node types are supported\n"
    )


def test_taint_specs() -> None:
    assert parse_taint("a=b:NoExecute") == {"key": "a", "value": "b", "effect": "NoExecute"}
    assert parse_taints(["a:NoSchedule", "b-"]) == ([{"key": "a", "effect": "NoSchedule"}], [{"key": "b"}])
    for wrong, why in (
        ("a:Never", "invalid taint effect: Never, unsupported taint effect"),
        ("a=b=c:NoSchedule", "invalid taint spec: a=b=c:NoSchedule"),
        ("a:b:c", "invalid taint spec: a:b:c"),
    ):
        with pytest.raises(KubectlError, match=f"^{why}$"):
            parse_taint(wrong)
    with pytest.raises(KubectlError, match=r"duplicated taints with the same key and effect: \{a  NoSchedule <nil>\}"):
        parse_taints(["a:NoSchedule", "a:NoSchedule"])


def test_top_needs_metrics(kubectl: Kubectl) -> None:
    assert kubectl("top", "nodes").err == "error: Metrics API not available\n"


def test_top_adds_up(kubectl: Kubectl) -> None:
    whole = {"MINIKCTL_PROFILE": ""}
    kubectl("run", "a", "--image=x", "--annotations=minikctl.dev/cpu=250m", **whole)
    kubectl("run", "b", "--image=x", "--annotations=minikctl.dev/memory=64Mi", **whole)
    assert kubectl("top", "pods", "--sum", **whole).out == (
        "NAME   CPU(cores)   MEMORY(bytes)   \n"
        "a      250m         8Mi             \n"
        "b      1m           64Mi            \n"
        "       ________     ________        \n"
        "       251m         72Mi            \n"
    )
    first = kubectl("top", "pods", "--sort-by=memory", "--no-headers", **whole).out
    assert first.startswith("b ")
    assert kubectl("top", "node", "node-1", **whole).out.splitlines()[0].split() == [
        "NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)",
    ]  # fmt: skip
    assert kubectl("top", "pods", "-l", "x in (", **whole).err.startswith("error: unable to parse requirement: ")
    assert kubectl("top", "pods", "--field-selector=status.phase=Running", **whole).err == (
        'Error from server (BadRequest): "status.phase" is not a known field selector: only "metadata.name", '
        '"metadata.namespace"\n'
    )
    assert kubectl("top", "pods", "--sort-by=age", **whole).err == "error: --sort-by accepts only cpu or memory\n"


def test_top_adds_whole_kibibytes(kubectl: Kubectl) -> None:
    whole = {"MINIKCTL_PROFILE": ""}
    for name in ("a", "b"):
        kubectl("run", name, "--image=x", "--annotations=minikctl.dev/memory=524800", **whole)  # 512.5Ki
    assert kubectl("top", "pods", "--sum", "--no-headers", **whole).out.splitlines()[-1].split() == ["2m", "1Mi"]
    kubectl("run", "c", "--image=x", "--annotations=minikctl.dev/memory=1048064", **whole)  # 1023.5Ki
    assert kubectl("top", "pods", "--sum", "--no-headers", **whole).out.splitlines()[-1].split() == ["3m", "1Mi"]


def test_a_silent_node_has_no_metrics(kubectl: Kubectl) -> None:
    usual = {"MINIKCTL_PROFILE": ""}
    kubectl("run", "web", "--image=nginx", **usual)
    node = kubectl("get", "pod", "web", "-o", "jsonpath={.spec.nodeName}", **usual).out
    assert kubectl("top", "pod", "web", **usual).status == 0
    kubectl("node", "fail", node, "--mode=cut-off", **usual)
    kubectl("clock", "advance", "1m", **usual)
    lines = kubectl("top", "node", **usual).out.splitlines()
    assert lines[-1].split() == [node, *["<unknown>"] * 4]
    missing = 'Error from server (NotFound): podmetrics.metrics.k8s.io "default/web" not found\n'
    assert kubectl("top", "pod", "web", **usual).err == missing
    assert kubectl("get", "--raw", f"/apis/metrics.k8s.io/v1beta1/nodes/{node}", **usual).status == 1
