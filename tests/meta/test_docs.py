"""The generated files in completions/ and man/ are those the command tree makes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from minikctl.kubectl import commands

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def make_docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "scripts" / "make_docs.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    path = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = path
    return module


def test_files_are_up_to_date(make_docs: ModuleType) -> None:
    assert sorted(make_docs.outdated()) == [], "run scripts/make_docs.py"


def test_generating_is_repeatable(make_docs: ModuleType) -> None:
    assert make_docs.pages() == make_docs.pages()


def test_every_command_has_a_page(make_docs: ModuleType) -> None:
    files = make_docs.pages()
    for path in commands.TREE:
        assert f"man/{make_docs.page_name(path)}.1" in files


@pytest.mark.parametrize(
    ("text", "escaped"),
    [("a-b", "a\\-b"), (".x", "\\&.x"), ("back\\slash", "back\\eslash"), ("a\n'b", "a\n\\&'b")],
)
def test_troff_escapes(make_docs: ModuleType, text: str, escaped: str) -> None:
    assert make_docs.escape(text) == escaped
