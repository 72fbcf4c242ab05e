"""Standard CEL's operators and functions on Python values, failing in cel-go's words.

Used where an evaluation is walked through (`evaluation`): to count what it costs, and to say why it failed.
Integers stand for int and uint, dates and deltas for timestamps and durations, as in the engine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from minikctl.apimachinery.cel import functions, kubetypes
from minikctl.apimachinery.cel.library import FunctionError, optional
from minikctl.apimachinery.cel.unordered import UnorderedList

_LEAST, _MOST = -(2**63), 2**63 - 1
NO_OVERLOAD = "no such overload"


def _fail() -> FunctionError:
    return FunctionError(NO_OVERLOAD)


class TypeName(str):
    """A type as a value."""

    __slots__ = ()


def kind_of(value: Any) -> str:
    """The name of a value's type; "number" is not told apart further than Python does."""
    if isinstance(value, TypeName):
        return "type"
    if value is None:
        return "null_type"
    names = {bool: "bool", int: "int", float: "double", str: "string", bytes: "bytes"}
    found = "list" if isinstance(value, list) else names.get(type(value))
    if found is not None:
        return found
    if isinstance(value, dict):
        return kubetypes.type_name(value) or "map"
    if isinstance(value, datetime):
        return "timestamp"
    return "duration" if isinstance(value, timedelta) else "optional_type"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _signed(value: int) -> int:
    if not _LEAST <= value <= _MOST:
        raise FunctionError("integer overflow")
    return value


def equals(left: Any, right: Any) -> bool:
    """Equality: values of different types are not equal, numbers of different kinds may be."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    if type(left) is type(right) is optional():
        if not left.has_value() or not right.has_value():
            return left.has_value() is right.has_value()
        return equals(left.value(), right.value())
    if isinstance(left, UnorderedList) and isinstance(right, list):
        return left.matches(right, equals)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equals, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equals(value, right[key]) for key, value in left.items())
    return bool(left == right)


def compare(operator: str, left: Any, right: Any) -> bool:
    alike = type(left) is type(right) and kind_of(left) in _ORDERED
    if not alike and not (_is_number(left) and _is_number(right)):
        raise _fail()
    return bool(_COMPARISONS[operator](left, right))


_ORDERED = frozenset({"bool", "int", "double", "string", "bytes", "timestamp", "duration"})
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def calculate(operator: str, left: Any, right: Any) -> Any:
    """Arithmetic and concatenation."""
    if isinstance(left, bool) or isinstance(right, bool):
        raise _fail()
    if isinstance(left, int) and isinstance(right, int):
        return _integers(operator, left, right)
    if isinstance(left, float) and isinstance(right, float):
        return _doubles(operator, left, right)
    kinds = (kind_of(left), kind_of(right))
    if operator == "+" and (kinds in _ADDED or (kinds[0] == kinds[1] and kinds[0] in ("string", "bytes", "list"))):
        return left + right
    if operator == "-" and kinds in _SUBTRACTED:
        return left - right
    raise _fail()


_ADDED = {("duration", "duration"), ("duration", "timestamp"), ("timestamp", "duration")}
_SUBTRACTED = {("duration", "duration"), ("timestamp", "timestamp"), ("timestamp", "duration")}


def _integers(operator: str, left: int, right: int) -> int:
    if operator == "+":
        return _signed(left + right)
    if operator == "-":
        return _signed(left - right)
    if operator == "*":
        return _signed(left * right)
    if right == 0:
        raise FunctionError("division by zero" if operator == "/" else "modulus by zero")
    quotient = abs(left) // abs(right) * (1 if (left < 0) is (right < 0) else -1)
    return _signed(quotient) if operator == "/" else left - quotient * right


def _doubles(operator: str, left: float, right: float) -> float:
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if operator == "/":
        if right == 0:
            sign = math.copysign(1, left) * math.copysign(1, right)
            return math.nan if left == 0 or math.isnan(left) else sign * math.inf
        return left / right
    raise _fail()


def negate(operator: str, value: Any) -> Any:
    if operator == "!" and isinstance(value, bool):
        return not value
    if operator == "-" and _is_number(value):
        return _signed(-value) if isinstance(value, int) else -value
    raise _fail()


def contains(item: Any, holder: Any) -> bool:
    """The operator `in`."""
    if isinstance(holder, dict):
        return item in holder
    if isinstance(holder, list):
        return any(equals(item, one) for one in holder)
    raise _fail()


def member(holder: Any, key: Any) -> Any:
    """`holder[key]` and `holder.key`; of an optional, an optional."""
    kinds = optional()
    if isinstance(holder, kinds):
        return functions.opt(holder, key)
    if isinstance(holder, dict):
        if key not in holder:
            raise FunctionError(f"no such key: {key}")
        return holder[key]
    if isinstance(holder, list) and _is_number(key) and key == int(key):
        if not 0 <= key < len(holder):
            raise FunctionError(f"index out of bounds: {int(key)}")
        return holder[int(key)]
    raise _fail()


# Functions


def _unconvertible(value: Any, kind: str) -> FunctionError:
    return FunctionError(f"type conversion error from '{_NAMED.get(kind_of(value), kind_of(value))}' to '{kind}'")


_NAMED = {"timestamp": "google.protobuf.Timestamp", "duration": "google.protobuf.Duration"}


_DECIMAL = re.compile(r"[+-]?[0-9]+")
_RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")


def _int(value: Any) -> int:
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1) * 1000
    if isinstance(value, datetime):
        return int(value.timestamp() // 1)
    if isinstance(value, float):
        if not _LEAST <= value <= _MOST:
            raise FunctionError("integer overflow")
        return int(value)
    if not isinstance(value, int | str) or (isinstance(value, str) and not _DECIMAL.fullmatch(value)):
        raise _unconvertible(value, "int")
    number = int(value)
    if isinstance(value, str) and not _LEAST <= number <= _MOST:
        raise _unconvertible(value, "int")
    return _signed(number)


def _uint(value: Any) -> int:
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value) or not value[0].isdigit() or int(value) > 2 * _MOST + 1:
            raise _unconvertible(value, "uint")
        return int(value)
    found = _int(value)
    if found < 0:
        raise FunctionError("unsigned integer overflow")
    return found


def _double(value: Any) -> float:
    try:
        if not isinstance(value, str) or ("_" not in value and value.strip() == value):
            return float(value)
    except (ValueError, TypeError):
        pass
    raise _unconvertible(value, "double")


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    found = {"1": True, "t": True, "T": True, "true": True, "TRUE": True, "True": True}
    found |= {"0": False, "f": False, "F": False, "false": False, "FALSE": False, "False": False}
    if isinstance(value, str) and value in found:
        return found[value]
    raise _unconvertible(value, "bool")


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str | bytes):
        raise _fail()
    return value.encode() if isinstance(value, str) else value


def _duration(value: Any) -> timedelta:
    from minikctl.apimachinery import duration

    if isinstance(value, timedelta):
        return value
    try:
        return timedelta(microseconds=duration.parse_nanos(value) / 1000)
    except (ValueError, TypeError, AttributeError):
        raise _unconvertible(value, "google.protobuf.Duration") from None


def _timestamp(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, int):
        try:
            return datetime.fromtimestamp(value, timezone.utc)
        except (ValueError, OverflowError, OSError):
            raise FunctionError("timestamp overflow") from None
    try:
        if _RFC_3339.fullmatch(value):
            return datetime.fromisoformat(value.replace("Z", "+00:00"))
    except (ValueError, TypeError):
        pass
    raise _unconvertible(value, "google.protobuf.Timestamp")


def _text_test(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def run(text: Any, part: Any) -> bool:
        if not isinstance(text, str) or not isinstance(part, str):
            raise _fail()
        return test(text, part)

    return run


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    if ":" in name:
        hours, minutes = name.lstrip("+-").split(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-offset if name[0] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise FunctionError(f"unknown time zone {name}") from None


def _clock(of_time: Callable[[datetime], int], of_duration: Callable[[timedelta], int] | None = None) -> Any:
    def run(value: Any, zone: str = "UTC") -> int:
        if isinstance(value, datetime):
            return of_time(value.astimezone(_zone(zone)))
        if isinstance(value, timedelta) and of_duration is not None:
            return of_duration(value)
        raise _fail()

    return run


def _present(value: Any) -> Any:
    if not value.has_value():
        raise FunctionError("optional.none() dereference")
    return value.value()


# Methods are looked up by name; those of a namespace as `sets.contains`.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name.replace("__", ".", 1): function for name, function in functions.FUNCTIONS.items()},
    **{name.replace("__", ".", 1): function for name, function in kubetypes.FUNCTIONS.items()},
    "size": functions.size,
    "matches": functions.matches,
    "contains": _text_test(lambda text, part: part in text),
    "startsWith": _text_test(str.startswith),
    "endsWith": _text_test(str.endswith),
    "string": functions.string,
    "int": _int,
    "uint": _uint,
    "double": _double,
    "bool": _bool,
    "bytes": _bytes,
    "duration": _duration,
    "timestamp": _timestamp,
    "dyn": lambda value: value,
    "type": lambda value: TypeName(kind_of(value)),
    "getFullYear": _clock(lambda time: time.year),
    "getMonth": _clock(lambda time: time.month - 1),
    "getDayOfYear": _clock(lambda time: time.timetuple().tm_yday - 1),
    "getDayOfMonth": _clock(lambda time: time.day - 1),
    "getDate": _clock(lambda time: time.day),
    "getDayOfWeek": _clock(lambda time: time.isoweekday() % 7),
    "getHours": _clock(lambda time: time.hour, lambda span: int(span.total_seconds() / 3600)),
    "getMinutes": _clock(lambda time: time.minute, lambda span: int(span.total_seconds() / 60)),
    "getSeconds": _clock(lambda time: time.second, lambda span: int(span.total_seconds())),
    "getMilliseconds": _clock(
        lambda time: time.microsecond // 1000, lambda span: int(span / timedelta(milliseconds=1))
    ),
    "optional.of": lambda value: optional().of(value),
    "optional.none": lambda: optional().none(),
    "optional.ofNonZeroValue": lambda value: optional().of(value) if value else optional().none(),
    "value": _present,
    "hasValue": lambda value: value.has_value(),
    "or": lambda one, other: one if one.has_value() else other,
    "orValue": lambda one, other: one.value() if one.has_value() else other,
}
