"""-o of objects that kubectl holds as Go structs: run, expose, set, rollout and the like.

JSON keeps kind, apiVersion and metadata in front, and JSONPath sees every number as a float. Upstream
counterpart: cli-runtime's printers given a typed object.
"""

from __future__ import annotations

from typing import Any, TextIO

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.flags import Values
from minikctl.kubectl.printing import Printer, printer, struct_order, typed_json

_LARGE = 1_000_000  # integers below look the same as floats


def typed_printer(flags: Values, out: TextIO, operation: str, dry_run: str = "none") -> Printer:
    """The printer that the flags ask for."""
    output = flags.get("output") or ""
    if output.lower() == "json":
        shown = flags.get("show-managed-fields", False)
        return lambda obj: print(typed_json(obj, shown), end="", file=out)
    if output.lower() == "kyaml":
        from minikctl.printers import kyaml

        shown = flags.get("show-managed-fields", False)
        return lambda obj: print(kyaml.dump(struct_order(obj, shown), in_order=True), end="", file=out)
    show = printer(flags, out, operation, dry_run)
    if output.startswith("jsonpath"):
        return lambda obj: show(with_floats(obj))
    return show


def with_floats(obj: Obj) -> Obj:
    """The object with its large integers as floats."""
    result: Obj = _floats(obj)
    return result


def _floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_floats(item) for item in value]
    return float(value) if type(value) is int and abs(value) >= _LARGE else value
