"""explain: resources and fields with their types and descriptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.kubectl.cmd.explain import wrap

Kubectl = Callable[..., Any]


def test_a_field_with_an_enum(kubectl: Kubectl) -> None:
    lines = kubectl("explain", "deployment.spec.strategy.type").out.splitlines()
    assert lines == [
        "GROUP:      apps",
        "KIND:       Deployment",
        "VERSION:    v1",
        "",
        "FIELD: type <string>",
        "ENUM:",
        "    Recreate",
        "    RollingUpdate",
        "",
        "DESCRIPTION:",
        '    Type of deployment. Can be "Recreate" or "RollingUpdate". Default is',
        "    RollingUpdate.",
        "    ",
        "    Possible enum values:",
        '     - `"Recreate"` Kill all existing pods before creating new ones.',
        '     - `"RollingUpdate"` Replace the old ReplicaSets by new one using rolling',
        "    update i.e gradually scale down the old ReplicaSets and scale up the new",
        "    one.",
        "    ",
        "",
    ]


def test_a_list_shows_the_type_of_its_items(kubectl: Kubectl) -> None:
    out = kubectl("explain", "pdb.spec.minAvailable").out
    assert "FIELD: minAvailable <IntOrString>" in out
    assert "IntOrString is a type that can hold an int32 or a string." in out


def test_what_cannot_be_explained(kubectl: Kubectl) -> None:
    assert kubectl("explain", "pod.spec.nothing").err == 'error: field "nothing" does not exist\n'
    assert kubectl("explain", "nothings").err == 'the server doesn\'t have a resource type "nothings"\n'


def test_wrapping_swallows_the_blanks_of_a_break() -> None:
    assert wrap("one two.  Three", 9) == "one two.\nThree"
    assert wrap("one two.  Three", 15) == "one two.  Three"
    assert wrap("  indented\nas it was ", 20) == "  indented\nas it was "


def test_wrapping_keeps_a_word_longer_than_the_line() -> None:
    assert wrap("see https://example.com/long now", 10) == "see\nhttps://example.com/long\nnow"
    assert wrap("https://example.com/long", 10) == "https://example.com/long"
