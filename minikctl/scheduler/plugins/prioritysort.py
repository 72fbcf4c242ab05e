"""PrioritySort: the higher priority goes first, then who waits longest (QueueSort)."""

from __future__ import annotations


def sort_key(priority: int, arrival: int) -> tuple[int, int]:
    """Sorts the queue; `arrival` counts pods as they were first seen."""
    return -priority, arrival
