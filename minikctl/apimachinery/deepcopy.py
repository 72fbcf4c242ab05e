"""Copies of JSON values, several times faster than copy.deepcopy."""

from __future__ import annotations

from typing import Any


def deep_copy(value: Any) -> Any:
    """A copy of a JSON value that shares no dict or list with it."""
    if type(value) is dict:
        return {k: deep_copy(v) if type(v) is dict or type(v) is list else v for k, v in value.items()}
    if type(value) is list:
        return [deep_copy(v) if type(v) is dict or type(v) is list else v for v in value]
    return value
