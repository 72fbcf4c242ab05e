"""scale and autoscale."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from minikctl.kubectl.cmd.autoscale import target
from minikctl.kubectl.errors import KubectlError

Kubectl = Callable[..., Any]


@pytest.fixture
def web(kubectl: Kubectl) -> Kubectl:
    """kubectl on a cluster with the deployment web."""
    assert kubectl("create", "deployment", "web", "--image=nginx").status == 0
    return kubectl


def replicas(kubectl: Kubectl) -> int:
    return int(kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}").out)


def test_scale_sets_the_size(web: Kubectl) -> None:
    assert web("scale", "deploy", "web", "--replicas=3", "--timeout=10s").out == "deployment.apps/web scaled\n"
    assert replicas(web) == 3
    assert (
        web("scale", "deploy", "web", "--replicas=5", "--dry-run=server", "-o", "jsonpath={.spec.replicas}").out == "5"
    )
    assert (
        web("scale", "deploy", "web", "--replicas=5", "--dry-run=client").out
        == "deployment.apps/web scaled (dry run)\n"
    )
    assert replicas(web) == 3


def test_scale_checks_its_conditions(web: Kubectl) -> None:
    assert web("scale", "--current-replicas=2", "--replicas=4", "deploy/web").err == (
        "error: Expected replicas to be 2, was 1\n"
    )
    assert web("scale", "--resource-version=1", "--replicas=4", "deploy/web").err.startswith(
        "error: Expected resource version to be 1, was "
    )
    assert replicas(web) == 1
    assert web("scale", "--current-replicas=1", "--replicas=4", "deploy/web").status == 0
    assert replicas(web) == 4


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("deploy", "web"), 'error: required flag(s) "replicas" not set\n'),
        (
            ("deploy", "web", "--replicas=-1"),
            "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0\n",
        ),
        (("deploy", "-l", "app=none", "--replicas=1"), "error: no objects passed to scale\n"),
        (
            ("svc", "kubernetes", "--replicas=1"),
            "Error from server (NotFound): the server could not find the requested resource\n",
        ),
    ],
)
def test_scale_refuses(web: Kubectl, args: tuple[str, ...], message: str) -> None:
    assert web("scale", *args).err == message


def test_what_can_be_scaled_is_scaled_before_the_error(web: Kubectl) -> None:
    result = web("scale", "deploy/web", "deploy/ghost", "--replicas=2")
    assert (result.status, result.out) == (1, "deployment.apps/web scaled\n")


def test_autoscale_creates_an_autoscaler(web: Kubectl) -> None:
    assert web("autoscale", "deploy", "web", "--min=2", "--max=6", "--cpu=70%").out == (
        "horizontalpodautoscaler.autoscaling/web autoscaled\n"
    )
    spec = json.loads(web("get", "hpa", "web", "-o", "json").out)["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 6)
    assert spec["metrics"][0]["resource"]["target"] == {"averageUtilization": 70, "type": "Utilization"}


@pytest.mark.parametrize(
    ("text", "resource", "expected"),
    [
        ("70%", "cpu", {"type": "Utilization", "averageUtilization": 70}),
        ("500", "cpu", {"type": "AverageValue", "averageValue": "500m"}),
        ("0.5", "memory", {"type": "AverageValue", "averageValue": "512Ki"}),
        ("2Gi", "memory", {"type": "AverageValue", "averageValue": "2Gi"}),
    ],
)
def test_targets(text: str, resource: str, expected: dict[str, Any]) -> None:
    assert target(text, resource) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty input"),
        ("x%", "invalid percentage value: x"),
        ("-5%", "invalid percentage value: -5"),
        ("fast", "invalid resource cpu value: fast"),
    ],
)
def test_targets_refused(text: str, message: str) -> None:
    with pytest.raises(KubectlError, match=f"^{message}$"):
        target(text, "cpu")
