"""The sentence that tells why a pod fits nowhere: `0/3 nodes are available: ...` (framework's FitError)."""

from __future__ import annotations

from collections.abc import Mapping

from minikctl.scheduler.framework import Failure


def fit_error(nodes: int, reasons: Mapping[Failure, int], refusal: Failure | None, post_filter: str) -> str:
    """Tell how many nodes give each reason, or PreFilter's `refusal`; then what PostFilter says."""
    text = f"0/{nodes} nodes are available:"
    if refusal is not None:
        text += f" {', '.join(refusal.reasons)}."
    else:
        counts: dict[str, int] = {}
        for failure, number in reasons.items():
            for reason in failure.reasons:
                counts[reason] = counts.get(reason, 0) + number
        if counts:
            text += f" {', '.join(sorted(f'{count} {reason}' for reason, count in counts.items()))}."
    return f"{text} {post_filter}" if post_filter else text
