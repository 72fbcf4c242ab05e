"""What pods and their updates need of a kubelet."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.declaredfeatures import DECLARED, missing, needed_to_run, needed_to_update

RULES = [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [1]}}]
SMALL = {"requests": {"cpu": "1"}}
LARGE = {"requests": {"cpu": "2"}}


@pytest.mark.parametrize(
    ("spec", "needed"),
    [
        ({"containers": [{"name": "a"}]}, ()),
        ({"containers": [{"name": "a", "restartPolicyRules": [{"action": "Restart"}]}]}, ()),
        ({"containers": [{"name": "a", "restartPolicyRules": RULES}]}, ("RestartAllContainersOnContainerExits",)),
        ({"initContainers": [{"name": "a", "restartPolicyRules": RULES}]}, ("RestartAllContainersOnContainerExits",)),
    ],
)
def test_restarting_all_containers_needs_a_kubelet_that_can(spec: dict[str, Any], needed: tuple[str, ...]) -> None:
    assert needed_to_run(spec) == needed


@pytest.mark.parametrize(
    ("old", "new", "needed"),
    [
        ({"containers": [{"resources": SMALL}]}, {"containers": [{"resources": LARGE}]}, ()),
        ({"resources": SMALL}, {"resources": LARGE}, ("InPlacePodLevelResourcesVerticalScaling",)),
        ({}, {"resources": LARGE}, ("InPlacePodLevelResourcesVerticalScaling",)),
        (
            {"initContainers": [{"resources": SMALL}]},
            {"initContainers": [{"resources": LARGE}]},
            ("InPlacePodVerticalScalingInitContainers",),
        ),
        (
            {"initContainers": [{"restartPolicy": "Always", "resources": SMALL}]},
            {"initContainers": [{"restartPolicy": "Always", "resources": LARGE}]},
            (),
        ),
    ],
)
def test_what_resizes_need(old: dict[str, Any], new: dict[str, Any], needed: tuple[str, ...]) -> None:
    assert needed_to_update(new, old) == needed


def test_nodes_lack_what_they_do_not_declare() -> None:
    assert missing(DECLARED, {"status": {"declaredFeatures": list(DECLARED)}}) == []
    assert missing(("A", "B"), {"status": {"declaredFeatures": ["B"]}}) == ["A"]
    assert missing(("A",), {}) == ["A"]
