"""The functions that Kubernetes' CEL has beyond the standard ones: strings, lists, sets, regular expressions...

Methods get their operand first. Counterparts: cel-go's `ext` and `apiserver/pkg/cel/library`; the
types of Kubernetes' own (quantity, IP, URL) are in `kubetypes`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from minikctl.apimachinery.cel.library import FunctionError, optional

Function = Callable[..., Any]


# Standard ones that the engine has otherwise


def size(value: Any) -> int:
    """How many characters (not bytes) or elements."""
    if not isinstance(value, str | bytes | list | dict):
        raise FunctionError("no such overload")
    return len(value)


def matches(text: Any, pattern: Any) -> bool:
    """Whether a regular expression of Go's matches somewhere."""
    from minikctl.apimachinery import goregexp

    if not isinstance(text, str) or not isinstance(pattern, str):
        raise FunctionError("no such overload")
    _compiled(pattern, "")
    return goregexp.matches(pattern, text)


# Helpers of the translation


def opt(holder: Any, key: Any) -> Any:
    """`holder.?key`, `holder[?key]`: an optional of what is there."""
    kinds = optional()
    if isinstance(holder, kinds):
        if not holder.has_value():
            return kinds.none()
        holder = holder.value()
    if isinstance(holder, dict) and key in holder:
        return kinds.of(holder[key])
    if isinstance(holder, list) and isinstance(key, int) and 0 <= key < len(holder):
        return kinds.of(holder[key])
    return kinds.none()


def pairs(holder: Any) -> list[dict[str, Any]]:
    items = holder.items() if isinstance(holder, dict) else enumerate(holder)
    return [{"k": key, "v": value} for key, value in items]


def flat(lists: list[list[Any]]) -> list[Any]:
    return [item for inner in lists for item in inner]


def map_of(entries: list[list[Any]]) -> dict[Any, Any]:
    return dict(entries)


def merged(maps: list[dict[Any, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for one in maps:
        for key, value in one.items():
            if key in found:
                raise FunctionError(f"insert failed: key '{key}' already exists")
            found[key] = value
    return found


# Strings


def string(value: Any) -> str:
    """The conversion string(x), as Go writes values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        whole = value.replace(tzinfo=None, microsecond=0).isoformat()
        part = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
        return whole + part + value.isoformat()[len(value.replace(tzinfo=None).isoformat()) :].replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return f"{_plain(value.total_seconds())}s"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise FunctionError("invalid UTF-8 in bytes, cannot convert to string") from None
    if isinstance(value, dict):
        from minikctl.apimachinery.cel import kubetypes

        return kubetypes.text_of(value)
    return str(value)


def _number(value: float) -> str:
    """A double as Go's `%g` writes it: with an exponent where that is below -4 or above 5."""
    from decimal import Decimal

    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) - 1 + int(exponent)
    if value == 0 or -4 <= power < 6:
        return _plain(value)
    shown = "".join(str(digit) for digit in digits)
    mantissa = shown[0] + ("." + shown[1:] if len(shown) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02}"


def _plain(value: float) -> str:
    """A double without an exponent."""
    from decimal import Decimal

    return str(int(value)) if value.is_integer() else f"{Decimal(repr(value)):f}"


def char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise FunctionError(f"index out of range: {index}")
    return text[index : index + 1]


def index_of(holder: Any, wanted: Any, start: int = 0) -> int:
    if isinstance(holder, list):
        return next((i for i, item in enumerate(holder) if item == wanted), -1)
    if wanted == "":
        return start
    if start < 0:
        raise FunctionError(f"index out of range: {start}")
    return int(holder.find(wanted, start))


def last_index_of(holder: Any, wanted: Any, last: int | None = None) -> int:
    if isinstance(holder, list):
        return max((i for i, item in enumerate(holder) if item == wanted), default=-1)
    if last is not None and last < 0:
        raise FunctionError(f"index out of range: {last}")
    if last is not None and last >= len(holder):
        return last if wanted == "" else -1
    return int(holder.rfind(wanted) if last is None else holder.rfind(wanted, 0, last + len(wanted)))


def substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    for index in (start, stop):
        if not 0 <= index <= len(text):
            raise FunctionError(f"index out of range: {index}")
    if start > stop:
        raise FunctionError(f"invalid substring range. start: {start}, end: {stop}")
    return text[start:stop]


def replace(text: str, old: str, new: str, count: int = -1) -> str:
    return text.replace(old, new, count)


def split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if separator == "":
        parts = list(text)
        return parts if limit < 0 or len(parts) <= limit else [*parts[: limit - 1], "".join(parts[limit - 1 :])]
    return text.split(separator, limit - 1 if limit > 0 else -1)


def join(items: list[str], separator: str = "") -> str:
    if not all(isinstance(item, str) for item in items):
        raise FunctionError("no such overload")
    return separator.join(items)


def reverse(holder: Any) -> Any:
    return holder[::-1]


def quote(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def format_(template: str, arguments: list[Any]) -> str:
    """`'%s is %d'.format([...])`."""
    found: list[str] = []
    at = used = 0
    while at < len(template):
        char = template[at]
        at += 1
        if char != "%":
            found.append(char)
            continue
        if template[at : at + 1] == "%":
            found.append("%")
            at += 1
            continue
        precision = ""
        while template[at : at + 1] in (".", *"0123456789"):
            precision += template[at]
            at += 1
        verb, at = template[at : at + 1], at + 1
        if len(arguments) == used:
            raise FunctionError(f"index {used} out of range")
        found.append(_clause(verb, precision, arguments[used]))
        used += 1
    return "".join(found)


def _clause(verb: str, precision: str, value: Any) -> str:
    if verb == "s":
        return _shown(value)
    clause = _CLAUSES.get(verb)
    if clause is None:
        raise FunctionError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')
    name, kinds, takes = clause
    accepted = isinstance(value, takes) and (bool in takes or not isinstance(value, bool))
    if not accepted:
        from minikctl.apimachinery.cel.operations import kind_of

        told = f"{name} clause can only be used on {kinds}, was given {kind_of(value)}"
        raise FunctionError(f"error during formatting: {told}")
    if verb == "d":
        return string(value)
    if verb == "f":
        return f"{float(value):{precision or '.6'}f}"
    if verb == "e":
        mantissa, _, exponent = f"{float(value):{precision or '.6'}e}".partition("e")
        return f"{mantissa} \u00d7 10{exponent.lstrip('+').translate(_RAISED)}"
    if isinstance(value, str | bytes):
        text = (value.encode() if isinstance(value, str) else value).hex()
        return text.upper() if verb == "X" else text
    return f"{int(value):{verb}}"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# verb -> what it is called, what it is for, the types it takes
_CLAUSES: dict[str, tuple[str, str, tuple[type, ...]]] = {
    "d": ("decimal", "integers", (int, float)),
    "f": ("fixed-point", "doubles", (float, int)),
    "e": ("scientific", "doubles", (float, int)),
    "b": ("binary", "integers and bools", (int, bool)),
    "x": ("hex", "integers, byte buffers, and strings", (int, str, bytes)),
    "X": ("hex", "integers, byte buffers, and strings", (int, str, bytes)),
    "o": ("octal", "integers", (int,)),
}


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if isinstance(value, dict) and not any(str(key).endswith("__") for key in value):
        return "{" + ", ".join(f"{_shown(key)}: {_shown(item)}" for key, item in sorted(value.items())) + "}"
    return "null" if value is None else string(value)


# Lists, sets, numbers


def is_sorted(items: list[Any]) -> bool:
    return all(not items[i + 1] < items[i] for i in range(len(items) - 1))


def total(items: list[Any]) -> Any:
    if items and isinstance(items[0], timedelta):
        return sum(items, timedelta())
    found = sum(items)
    if isinstance(found, int) and not -(2**63) <= found < 2**63:
        raise FunctionError("integer overflow")
    return found


def least(items: list[Any]) -> Any:
    if not items:
        raise FunctionError("min called on empty list")
    return min(items)


def greatest(items: list[Any]) -> Any:
    if not items:
        raise FunctionError("max called on empty list")
    return max(items)


def distinct(items: list[Any]) -> list[Any]:
    from minikctl.apimachinery.cel.operations import equals

    found: list[Any] = []
    for item in items:
        if not any(equals(item, other) for other in found):
            found.append(item)
    return found


def flatten(items: list[Any], depth: int = 1) -> list[Any]:
    if depth < 0:
        raise FunctionError("level must be non-negative")
    found: list[Any] = []
    for item in items:
        if isinstance(item, list) and depth:
            found += flatten(item, depth - 1)
        else:
            found.append(item)
    return found


def slice_(items: list[Any], start: int, end: int) -> list[Any]:
    why = ""
    if start < 0 or end < 0:
        why = "negative indexes not supported"
    elif start > end:
        why = "start index must be less than or equal to end index"
    elif end > len(items):
        why = f"list is length {len(items)}"
    if why:
        raise FunctionError(f"cannot slice({start}, {end}), {why}")
    return items[start:end]


def sort_by(items: list[Any], keys: list[Any]) -> list[Any]:
    """The items in the order of their keys, which must be of one type that has an order."""
    if keys and not isinstance(keys[0], bool | int | float | str | bytes | datetime | timedelta):
        raise FunctionError("list elements must be comparable")
    if any(type(key) is not type(keys[0]) for key in keys):
        raise FunctionError("list elements must have the same type")
    return [items[at] for at in sorted(range(len(items)), key=lambda at: keys[at])]


def unwrapped(items: list[Any]) -> list[Any]:
    """The values of those optionals that have one."""
    return [item.value() for item in items if item.has_value()]


# Regular expressions


def _compiled(pattern: str, prefix: str = "Illegal regex: ") -> Any:
    """The expression; FunctionError in Go's words, after the prefix of the function that needs it."""
    from minikctl.apimachinery import goregexp
    from minikctl.apimachinery.regexpproblems import regexp_problem

    problem = regexp_problem(pattern)
    if problem:
        raise FunctionError(prefix + problem)
    try:
        return goregexp.compiled(pattern)
    except goregexp.NotTranslatableError as error:
        raise FunctionError(f"{prefix}error parsing regexp: {error}") from None


def find(text: str, pattern: str) -> str:
    match = _compiled(pattern).search(text)
    return match.group() if match else ""


def find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match.group() for match in _compiled(pattern).finditer(text)]
    return found if limit < 0 else found[:limit]


def escape_key(text: str) -> str:
    """A key as a step of a JSON pointer."""
    return text.replace("~", "~0").replace("/", "~1")


FUNCTIONS: dict[str, Function] = {
    "opt__": opt,
    "pairs__": pairs,
    "flat__": flat,
    "mapof__": map_of,
    "merged__": merged,
    "string__": string,
    "size__": size,
    "matches__": matches,
    "charAt": char_at,
    "indexOf": index_of,
    "lastIndexOf": last_index_of,
    "substring": substring,
    "replace": replace,
    "split": split,
    "join": join,
    "reverse": reverse,
    "lowerAscii": lambda text: "".join(c.lower() if c.isascii() else c for c in text),
    "upperAscii": lambda text: "".join(c.upper() if c.isascii() else c for c in text),
    "trim": lambda text: text.strip(),
    "format": format_,
    "strings__quote": quote,
    "isSorted": is_sorted,
    "sum": total,
    "min": least,
    "max": greatest,
    "distinct": distinct,
    "flatten": flatten,
    "slice": slice_,
    "sort": lambda items: sort_by(items, items),
    "find": find,
    "findAll": find_all,
    "jsonpatch__escapeKey": escape_key,
    "sets__contains": lambda items, wanted: all(item in items for item in wanted),
    "sets__equivalent": lambda a, b: all(item in b for item in a) and all(item in a for item in b),
    "sets__intersects": lambda a, b: any(item in b for item in a),
    "lists__range": lambda count: list(range(count)),
    "sortby__": sort_by,
    "first": lambda items: optional().of(items[0]) if items else optional().none(),
    "last": lambda items: optional().of(items[-1]) if items else optional().none(),
    "optional__unwrap": unwrapped,
    "unwrapOpt": unwrapped,
}
