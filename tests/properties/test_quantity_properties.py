"""Quantities: canonical text is stable and worth the same; arithmetic is exact."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from minikctl.apimachinery import quantity

_SUFFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(1000),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "Ki": Fraction(2**10),
    "Gi": Fraction(2**30),
    "e3": Fraction(1000),
    "e-2": Fraction(1, 100),
}

parts = st.tuples(
    st.sampled_from(["", "+", "-"]),
    st.integers(0, 10**6),
    st.one_of(st.just(""), st.integers(0, 10**6).map(lambda n: f".{n}")),
    st.sampled_from(sorted(_SUFFIXES)),
)
texts = parts.map(lambda p: f"{p[0]}{p[1]}{p[2]}{p[3]}")


@given(texts)
def test_canonical_form_is_stable_and_keeps_the_value(text: str) -> None:
    canonical = quantity.canonical(text)
    assert quantity.canonical(canonical) == canonical
    assert quantity.parse(canonical) == quantity.parse(text)


@given(parts)
def test_value_is_exact_or_rounded_away_from_zero(p: tuple[str, int, str, str]) -> None:
    exact = Fraction(f"{p[1]}{p[2]}") * _SUFFIXES[p[3]] * (-1 if p[0] == "-" else 1)
    found = Fraction(quantity.parse("".join(map(str, p))).nanos, 10**9)
    assert abs(exact) <= abs(found) < abs(exact) + Fraction(1, 10**9)


@given(texts, texts)
def test_sums(left: str, right: str) -> None:
    a, b = quantity.parse(left), quantity.parse(right)
    assert quantity.parse(quantity.add(left, right)) == a + b
    assert (a + b) - b == a
    assert quantity.compare(left, right) == -quantity.compare(right, left)


@given(st.text(alphabet="0123456789.eEinumkKMGTP+-i x", max_size=8))
def test_any_text_parses_or_is_refused(text: str) -> None:
    if quantity.is_valid(text):
        assert quantity.is_valid(quantity.canonical(text))
