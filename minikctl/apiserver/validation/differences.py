"""The difference of two specs as a refused update shows it: a unified diff of indented JSON.

Upstream prints the internal types: Go field names, every field, in the order of their declaration.
"""

from __future__ import annotations

import json
from typing import Any

from minikctl.apimachinery.field import Struct


def struct_diff(old: Any, new: Any) -> str:
    """Unified diff, three lines of context, without file names; ends in a newline."""
    import difflib

    before = [f"{line}\n" for line in _lines(old)]
    after = [f"{line}\n" for line in _lines(new)]
    return "".join(list(difflib.unified_diff(before, after))[2:])


def _lines(value: Any) -> list[str]:
    return json.dumps(_ordered(value), indent=1, ensure_ascii=False).split("\n")


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        keys = list(value) if isinstance(value, Struct) else sorted(value)
        return {key: _ordered(value[key]) for key in keys}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def go_struct(value: Any, *names: str) -> Struct | None:
    """The object as a Go struct: the named fields (Go name capitalised from the JSON name), null if absent."""
    if value is None:
        return None
    return Struct({name[0].upper() + name[1:]: value.get(name) for name in names or value})
