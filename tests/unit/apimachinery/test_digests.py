"""Digests are those of hashlib."""

from __future__ import annotations

import hashlib

import pytest

from minikctl.apimachinery import digests


@pytest.mark.parametrize("text", ["", "nginx:1.27", "ünï" * 1000])
def test_digests_are_hashlib_s(text: str) -> None:
    assert digests.sha256(text) == hashlib.sha256(text.encode()).hexdigest()
    assert digests.blake2b(text, 12) == hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def test_without_modules_of_its_own_the_interpreter_s_hashlib_does_it() -> None:
    assert digests._own("no_such_module", "sha256") is hashlib.sha256
