"""The difference shown when an update changes what must not change.

A unified diff of the internal structs, written as indented JSON. Imported only for a refusal.
Counterpart: Diff of apimachinery's `pkg/util/diff`.
"""

from __future__ import annotations

import json
from difflib import unified_diff
from typing import Any

from minikctl.apimachinery.field import Struct

_CONTEXT = 3
# The names of the two sides, which upstream leaves out.
_HEADER_LINES = 2


def diff(old: Struct, new: Struct) -> str:
    """What differs, with the lines around it."""
    lines = unified_diff(_lines(old), _lines(new), n=_CONTEXT)
    return "".join([line for number, line in enumerate(lines) if number >= _HEADER_LINES])


def _lines(value: Struct) -> list[str]:
    text = json.dumps(_ordered(value), indent=1, ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return [f"{line}\n" for line in text.split("\n")]


def _ordered(value: Any) -> Any:
    """The value with its maps sorted; structs keep the order of their fields."""
    if isinstance(value, dict):
        keys = value if isinstance(value, Struct) else sorted(value)
        return {key: _ordered(value[key]) for key in keys}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    return value
