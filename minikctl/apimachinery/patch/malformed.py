"""Texts of patches, and those that are not JSON: only who applies a patch can say what is wrong with it.

The apiserver refuses a malformed patch after it has found the object, in words that depend on the patch's type.
"""

from __future__ import annotations

import json
from typing import Any

from minikctl.apimachinery.jsonsyntax import json_problem


class Malformed:
    """A patch that is not JSON, with Go's reason."""

    __slots__ = ("problem",)

    def __init__(self, problem: str) -> None:
        self.problem = problem


def parsed(data: bytes) -> Any:
    """The patch in a JSON text; Malformed where it is none."""
    text = data.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return Malformed(json_problem(text) or "invalid JSON")
    except RecursionError:
        return Malformed("exceeded max depth")
