"""YAML documents as plain values that remember how their numbers and nulls were written.

kustomize edits YAML nodes, not JSON: a replacement copies a scalar's text, an empty null vanishes in a merge while
`null` stays. `parse` reads, `plain` gives the JSON value at the end. Upstream counterpart: kyaml's RNode on yaml.v3.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

from minikctl.kubectl.kustomize.problem import BrokenObject, MalformedYAML
from minikctl.kubectl.manifest import Builder, ParseError

_SEPARATOR = re.compile(rb"^---.*\n", re.MULTILINE)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt]|[ \t]+)(\d{1,2}):(\d\d):(\d\d)(?:\.(\d+))?(?:[ \t]*(Z|[-+]\d\d?(?::?\d\d)?))?"
)
_V3_STRINGS = frozenset(
    ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF")
)


class EmptyNull:
    """A null that is written as nothing at all (`key:`)."""

    __slots__ = ()

    def __deepcopy__(self, memo: Any) -> EmptyNull:
        return self

    def __bool__(self) -> bool:
        return False


EMPTY = EmptyNull()


class IntText(int):
    """An integer that was not written in its usual form."""

    text: str


class FloatText(float):
    """A float with the text it was written as."""

    text: str


class Quoted(str):
    """A quoted string: what is merged into its place is quoted too."""


class Timestamp(str):
    """An unquoted date: a string here, a full timestamp in the output."""


def is_null(value: Any) -> bool:
    """Whether a value is null, however it is written."""
    return value is None or value is EMPTY


def is_scalar(value: Any) -> bool:
    """Whether a value is neither a mapping nor a sequence."""
    return not isinstance(value, dict | list)


def text(value: Any) -> str:
    """The text of a scalar."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return "null"
    if value is EMPTY:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, IntText | FloatText):
        return value.text
    return go_float(value) if isinstance(value, float) else str(value)


def go_float(value: float) -> str:
    """A float as Go prints it."""
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return repr(value)


def retyped(new: str, old: Any) -> Any:
    """A text put into a scalar's place: it keeps the old one's type where that is possible."""
    if isinstance(old, str) and not isinstance(old, Timestamp):
        return new
    resolved = resolve(new)
    before, after = _tag(old), _tag(resolved)
    if before not in (after, "!!null") and (before, after) != ("!!float", "!!int"):
        raise BrokenObject(f"map[string]interface {{}}(nil): yaml: cannot decode {after} `{new}` as a {before}")
    return resolved


def _tag(value: Any) -> str:
    if is_null(value):
        return "!!null"
    if isinstance(value, str):
        return "!!timestamp" if isinstance(value, Timestamp) else "!!str"
    return "!!bool" if isinstance(value, bool) else "!!int" if isinstance(value, int) else "!!float"


def resolve(scalar: str) -> Any:
    """What a plain scalar means in YAML 1.2 as yaml.v3 reads it."""
    if scalar in _V3_STRINGS:
        return scalar
    if scalar == "":
        return EMPTY
    first = scalar[0]
    if first.isdigit() and len(scalar) >= 8 and (_DATE.fullmatch(scalar) or _TIME.fullmatch(scalar)):
        return Timestamp(scalar)
    value = Builder.plain(scalar)
    if value.__class__ is str or value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and str(value) == scalar:
        return value
    if "." in scalar or ("e" in scalar.lower() and not scalar.lower().startswith("0x")):
        number = FloatText(value)
        number.text = scalar
        return number
    if isinstance(value, int):
        whole = IntText(value)
        whole.text = scalar
        return whole
    number = FloatText(value)
    number.text = scalar
    return number


class _NodeBuilder(Builder):
    """Reads one document with yaml.v3's rules."""

    @staticmethod
    def plain(text: str) -> Any:
        return resolve(text)

    @staticmethod
    def quoted(text: str) -> str:
        return Quoted(text)

    def duplicate(self, key: str, line: int) -> None:
        why = f'line {line}: mapping key "{key}" already defined at line {line}'
        raise BrokenObject(f"map[string]interface {{}}(nil): yaml: unmarshal errors:\n  {why}")


def parse(data: bytes) -> Iterator[Any]:
    """The documents of a YAML or JSON stream, empty ones left out."""
    import yaml

    for chunk in _split(data):
        try:
            value = _NodeBuilder(chunk).document()
        except yaml.YAMLError as error:
            raise MalformedYAML(f"yaml: {_problem(error)}") from None
        except ParseError as error:
            raise MalformedYAML(str(error).removeprefix("error converting YAML to JSON: ")) from None
        if not is_null(value):
            yield value


def _split(data: bytes) -> Iterator[bytes]:
    start = 0
    for found in _SEPARATOR.finditer(data):
        yield data[start : found.start()]
        start = found.end()
    yield data[start:]


def _problem(error: Any) -> str:
    from minikctl.kubectl.manifest import go_yaml_error

    return go_yaml_error(error, version=3).removeprefix("yaml: ")


def plain(value: Any) -> Any:
    """The JSON value of a node."""
    if value.__class__ is str:
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if value is EMPTY or value is None or isinstance(value, bool):
        return None if value is EMPTY else value
    if isinstance(value, str):
        return _full_time(str(value)) if isinstance(value, Timestamp) else str(value)
    if isinstance(value, int):
        return int(value) if -(1 << 63) <= value < 1 << 64 else float(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e21 else float(value)
    return value


def _full_time(scalar: str) -> str:
    day = _DATE.fullmatch(scalar)
    try:
        if day:
            year, month, date = map(int, day.groups())
            return datetime.date(year, month, date).isoformat() + "T00:00:00Z"
        found = _TIME.fullmatch(scalar)
        assert found
        parts = [int(part) for part in found.groups()[:6]]
        moment = datetime.datetime(*parts).isoformat()  # type: ignore[arg-type]  # six numbers
    except ValueError:
        return scalar
    fraction = (found.group(7) or "").rstrip("0")
    zone = found.group(8) or "Z"
    if zone != "Z":
        sign, digits = zone[0], zone[1:].replace(":", "")
        hours, minutes = (digits, "00") if len(digits) <= 2 else (digits[:-2], digits[-2:])
        zone = f"{sign}{int(hours):02}:{minutes}"
        zone = "Z" if zone[1:] == "00:00" else zone
    return moment + (f".{fraction}" if fraction else "") + zone


def copied(value: Any) -> Any:
    """A deep copy."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value
