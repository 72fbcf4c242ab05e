"""What an annotation says of a metric: one value, or one for each of several sets of labels.

`250m` and `0s=20,10m=900` (see `podusage`) hold whatever labels are asked for. Series with labels are told
apart by a metric's selector, as an adapter of a metrics system does: `{verb=GET} 0s=20,10m=900; {verb=PUT} 5`.
Several that match add up.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from minikctl.apimachinery import podusage

if TYPE_CHECKING:
    from minikctl.apimachinery.selectors import Selector

_SERIES = re.compile(r"\s*\{([^{}]*)\}\s*([^{};]+?)\s*(?:;|$)")

_Series = tuple[dict[str, str] | None, str]


def value(text: str, selector: Selector | None, elapsed: float) -> int | None:
    """Thousandths so long after the beginning; None where no series matches. ValueError where the text says nothing."""
    found = [
        podusage.curve_value(curve, elapsed)
        for labels, curve in _parse(text)
        if labels is None or selector is None or selector.matches(labels)
    ]
    return sum(found) if found else None


@lru_cache(maxsize=256)
def _parse(text: str) -> tuple[_Series, ...]:
    if "{" not in text:
        return ((None, text),)
    found: list[_Series] = []
    at = 0
    while text[at:].strip():
        match = _SERIES.match(text, at)
        if match is None:
            raise ValueError(f"cannot read {text[at:].strip()!r} as series of a metric")
        pairs = [pair.partition("=") for pair in match[1].split(",") if pair.strip()]
        found.append(({key.strip(): label.strip().strip('"') for key, _, label in pairs}, match[2]))
        at = match.end()
    return tuple(found)
