"""-o of objects that kubectl holds as Go structs: run, expose, set, rollout and the like.

JSON and KYAML keep the order of the structs' fields, and JSONPath sees every number as a float. Upstream
counterpart: cli-runtime's printers given a typed object.
"""

from __future__ import annotations

from typing import Any, TextIO

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.flags import Values
from minikctl.kubectl.printing import Printer, ordered_dumper, printer, without_managed_fields

_LARGE = 1_000_000  # integers below look the same as floats


def typed_printer(flags: Values, out: TextIO, operation: str, dry_run: str = "none") -> Printer:
    """The printer that the flags ask for."""
    output = flags.get("output") or ""
    dump = ordered_dumper(output)
    if dump is not None:
        from minikctl.kubectl.structorder import in_struct_order

        hide = not flags.get("show-managed-fields", False)
        return lambda obj: print(dump(in_struct_order(without_managed_fields(obj) if hide else obj)), end="", file=out)
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
