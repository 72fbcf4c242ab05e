"""Completion indexes: sets of numbers in their text form ("1,3-5"), and a pod's index."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from minikctl.apimachinery.gonumbers import parse_int

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

MAX_COMPLETIONS = 2**31 - 1
ANNOTATION = "batch.kubernetes.io/job-completion-index"


class Indexes:
    """A set of indexes as runs of numbers, so that its cost follows the gaps, not the completions."""

    __slots__ = ("_runs",)

    def __init__(self, runs: Iterable[tuple[int, int]] = ()) -> None:
        """`runs`: (first, last), in any order; they may overlap."""
        self._runs: list[tuple[int, int]] = []
        for first, last in sorted(runs):
            if self._runs and first <= self._runs[-1][1] + 1:
                self._runs[-1] = (self._runs[-1][0], max(last, self._runs[-1][1]))
            else:
                self._runs.append((first, last))

    @classmethod
    def of(cls, numbers: Iterable[int | None]) -> Indexes:
        return cls((number, number) for number in numbers if number is not None)

    @classmethod
    def parse(cls, text: str | None, completions: int | None = None) -> Indexes:
        """The numbers of "1,3-5" below `completions`; what cannot be read is left out."""
        runs = []
        for part in (text or "").split(","):
            first, _, last = part.partition("-")
            least, most = parse_int(first), parse_int(last or first)
            if least is not None and most is not None:
                most = most if completions is None else min(most, completions - 1)
                if least <= most:
                    runs.append((least, most))
        return cls(runs)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self._runs)

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._runs, (number, MAX_COMPLETIONS))
        return at > 0 and number <= self._runs[at - 1][1]

    def __or__(self, other: Indexes) -> Indexes:
        return Indexes([*self._runs, *other._runs])

    def without(self, other: Indexes) -> Indexes:
        mine = chain.from_iterable(range(first, last + 1) for first, last in self._runs)
        return Indexes.of(number for number in mine if number not in other)

    def overlap(self, other: Indexes) -> int:
        """How many numbers both have."""
        return len(self) + len(other) - len(self | other)

    def missing(self, limit: int) -> Iterator[int]:
        """The numbers below `limit` that are not in the set."""
        start = 0
        for first, last in [*self._runs, (limit, limit)]:
            yield from range(start, min(first, limit))
            start = last + 1

    def __str__(self) -> str:
        """Three or more in a row are written as a range."""
        parts = []
        for first, last in self._runs:
            if first == last:
                parts.append(str(first))
            else:
                parts.append(f"{first},{last}" if last == first + 1 else f"{first}-{last}")
        return ",".join(parts)


def index_of(pod: Obj) -> int | None:
    """The completion index of a pod."""
    text = (pod["metadata"].get("annotations") or {}).get(ANNOTATION, "")
    number = parse_int(text)
    return number if number is not None and number >= 0 else None


def is_indexed(job: Obj) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")
