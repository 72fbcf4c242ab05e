"""Completion indexes: sets of numbers in their text form ("1,3-5"), and a pod's index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

ANNOTATION = "batch.kubernetes.io/job-completion-index"


def parse(text: str | None, completions: int | None = None) -> set[int]:
    """The numbers of "1,3-5" below `completions`; what cannot be read is left out."""
    found: set[int] = set()
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            found.update(range(int(first), int(last or first) + 1))
    return found if completions is None else {number for number in found if number < completions}


def text_of(numbers: Iterable[int]) -> str:
    """Three or more in a row are written as a range."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    parts = []
    for first, last in runs:
        if first == last:
            parts.append(str(first))
        else:
            parts.append(f"{first},{last}" if last == first + 1 else f"{first}-{last}")
    return ",".join(parts)


def index_of(pod: Obj) -> int | None:
    """The completion index of a pod."""
    text = (pod["metadata"].get("annotations") or {}).get(ANNOTATION, "")
    return int(text) if text.isdigit() else None


def is_indexed(job: Obj) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")
