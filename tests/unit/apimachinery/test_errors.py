"""Errors' texts."""

from __future__ import annotations

import pytest

from minikctl.apimachinery import errors


@pytest.mark.parametrize(
    ("problems", "text"),
    [([], ""), (["a"], "a"), (["a", "a"], "a"), (["b", ValueError("a"), "b"], "[b, a]")],
)
def test_several_errors_are_one_text(problems: list[object], text: str) -> None:
    assert errors.aggregate(problems) == text
