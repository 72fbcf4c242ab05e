"""Go's regular expressions in Python's words: what matches, and what does not."""

from __future__ import annotations

import pytest

from minikctl.apimachinery.goregexp import NotTranslatableError, compiled, matches


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^a$", "a", "a\n"),
        (r"^[\w.-]+\z", "a.b-c", "a b"),
        (r"(?m)^a$", "b\na\nc", "ab"),
        (r"a(?i)b|c", "C", "AB"),
        (r"^(?:a(?i)b)c$", "aBc", "aBC"),
        (r"^(?i:a)b(?-i)$", "Ab", "aB"),
        (r"^(?U)(a+?)b$", "aab", "b"),
        (r"^[[:alpha:]_]+$", "ab_", "a1"),
        (r"^[[:^digit:]]+$", "ab", "a1"),
        (r"^[^[:^digit:]a]+$", "12", "1b"),
        (r"^\pL+$", "h\u00e9llo", "h1"),
        (r"^\p{^L}+$", "12", "a"),
        (r"^[^\PN]+$", "12", "a"),
        (r"^\p{Greek}+$", "\u03b1\u03b2", "ab"),
        (r"^\Qa.b\E+$", "a.bb", "axb"),
        (r"^x{,5}$", "x{,5}", "xx"),
        (r"^x{2,3}$", "xx", "x"),
        (r"^[[a]+$", "[a", "b"),
        (r"^[]a]+$", "]a", "b"),
        (r"^[\S]$", "a", " "),
        (r"^\s$", " ", "\v"),
        (r"^\d$", "1", "\u0663"),
        (r"^\x{1F600}$", "\U0001f600", "a"),
        (r"^(?<n>a)\z", "a", "b"),
    ],
)
def test_meaning_is_kept(pattern: str, good: str, bad: str) -> None:
    assert compiled(pattern).search(good)
    assert not compiled(pattern).search(bad)


@pytest.mark.parametrize("pattern", ["(a", "a)", r"\p{Klingon}", "[z-a]"])
def test_what_go_refuses_too(pattern: str) -> None:
    with pytest.raises(NotTranslatableError):
        compiled(pattern)


def test_loops_within_loops_take_no_longer() -> None:
    pytest.importorskip("cel", reason="the engine is an extra")
    assert not matches("^(a+)+$", "a" * 40 + "!")
    assert matches("^([a-z]+-?)*$", "a-long-name-of-many-parts")
