"""`-o name` and the lines that say what was done: `deployment.apps/web created`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.meta import metadata_of


def line(obj: dict[str, Any], operation: str = "") -> str:
    """One object as `kind.group/name operation`."""
    kind = obj.get("kind", "").lower()
    group = obj.get("apiVersion", "").rpartition("/")[0]
    found = metadata_of(obj).get("name")
    name = found if isinstance(found, str) and found else "<unknown>"
    done = f" {operation}" if operation else ""
    return f"{kind}.{group}/{name}{done}\n" if group else f"{kind}/{name}{done}\n"


class NamePrinter:
    """Prints a line per object; lists are printed item by item."""

    def __init__(self, operation: str = "") -> None:
        self._operation = operation

    def __call__(self, obj: dict[str, Any], write: Callable[[str], object]) -> None:
        items = obj.get("items") if str(obj.get("kind", "")).endswith("List") else None
        for item in [obj] if items is None else items:
            write(line(item, self._operation))
