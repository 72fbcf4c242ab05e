from __future__ import annotations

from minikctl.apimachinery.rand import Rand


def test_a_seed_and_the_revision_decide() -> None:
    revision = 7
    one, other = Rand("seed", lambda: revision), Rand("seed", lambda: revision)
    first = [one.uid(), one.suffix()]
    assert [other.uid(), other.suffix()] == first
    revision = 8
    assert one.uid() not in first
    revision = 7
    assert Rand("another", lambda: 7).uid() != Rand("seed", lambda: 7).uid() == first[0]


def test_starting_anew_draws_the_same() -> None:
    rand = Rand("seed", lambda: 1)
    first = rand.hex(8)
    assert rand.hex(8) != first
    rand.renew()
    assert rand.hex(8) == first


def test_without_a_seed_nothing_repeats() -> None:
    assert Rand().uid() != Rand(None, lambda: 1).uid()
