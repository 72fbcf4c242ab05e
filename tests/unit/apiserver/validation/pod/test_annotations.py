"""Annotations of pods that are read as something."""

from __future__ import annotations

import pytest

from minikctl.apiserver.validation.pod.annotations import check_annotations
from minikctl.apiserver.validation.pod.status import validate_status_update

TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"


def told(**annotations: str) -> list[str]:
    errors: list[object] = []
    check_annotations({key.replace("__", "/"): text for key, text in annotations.items()}, {}, "a", errors)  # type: ignore[arg-type]
    return [str(error) for error in errors]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x", "invalid character 'x' looking for beginning of value"),
        ('{"key": "a"}', "json: cannot unmarshal object into Go value of type []core.Toleration"),
        ('["a"]', "json: cannot unmarshal string into Go value of type core.Toleration"),
        ('[{"key": 1}]', "json: cannot unmarshal number into Go struct field Toleration.Key of type string"),
        (
            '[{"tolerationSeconds": "1"}]',
            "json: cannot unmarshal string into Go struct field Toleration.TolerationSeconds of type int64",
        ),
    ],
)
def test_tolerations_that_cannot_be_read(text: str, problem: str) -> None:
    assert told(**{TOLERATIONS: text}) == [f'a: Invalid value: "{TOLERATIONS}": {problem}']


def test_tolerations_are_checked() -> None:
    assert told(**{TOLERATIONS: '[{"Key": "a", "OPERATOR": "Exists", "effect": null}, null]'}) == [
        f'a.{TOLERATIONS}[1].operator: Invalid value: "": operator must be Exists when `key` is empty, which means'
        ' "match all values and all keys"'
    ]
    assert told(**{TOLERATIONS: "null"}) == []


def test_the_pods_profile_comes_before_those_of_containers() -> None:
    container, pod = "container.seccomp.security.alpha.kubernetes.io/c", "seccomp.security.alpha.kubernetes.io/pod"
    assert told(**{container: "x", pod: "y"}) == [
        f'a.{pod}: Invalid value: "y": must be a valid seccomp profile',
        f'a.{container}: Invalid value: "x": must be a valid seccomp profile',
    ]


def test_a_write_of_the_status_is_held_to_them_too() -> None:
    cost = "controller.kubernetes.io/pod-deletion-cost"
    pod = {"metadata": {"name": "p"}, "spec": {}, "status": {}}
    changed = {**pod, "metadata": {"name": "p", "annotations": {cost: "much"}}}
    assert [str(error) for error in validate_status_update(changed, pod)] == [
        f'metadata.annotations[{cost}]: Invalid value: "much": must be a 32bit integer'
    ]
