"""-o of objects that kubectl holds as Go structs: run, expose, set, rollout and the like.

JSON keeps kind, apiVersion and metadata in front, and JSONPath sees every number as a float and walks the
containers of a pod in their order in the struct. Upstream
counterpart: cli-runtime's printers given a typed object.
"""

from __future__ import annotations

from typing import Any, TextIO

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.flags import Values
from minikctl.kubectl.printing import Printer, printer, typed_json

_LARGE = 1_000_000  # integers below look the same as floats
# The fields of a pod spec that stand before others in the struct.
_FIRST = ("volumes", "initContainers", "containers", "ephemeralContainers")


def typed_printer(flags: Values, out: TextIO, operation: str, dry_run: str = "none") -> Printer:
    """The printer that the flags ask for."""
    output = flags.get("output") or ""
    if output == "json":
        hide = flags.get("show-managed-fields", False)
        return lambda obj: print(typed_json(obj, hide), end="", file=out)
    show = printer(flags, out, operation, dry_run)
    if output.startswith("jsonpath"):
        return lambda obj: show(as_struct(obj))
    return show


def as_struct(obj: Obj) -> Obj:
    """The object as JSONPath sees a struct: large integers as floats, fields in their order."""
    result: Obj = _as_struct(obj)
    return result


def _as_struct(value: Any) -> Any:
    if isinstance(value, dict):
        from minikctl.printers.jsonpath import Struct

        first = [name for name in _FIRST if name in value] if "containers" in value else []
        return Struct((key, _as_struct(value[key])) for key in [*first, *sorted(value.keys() - set(first))])
    if isinstance(value, list):
        return [_as_struct(item) for item in value]
    return float(value) if type(value) is int and abs(value) >= _LARGE else value
