"""Query parameters as the typed options of a request; what does not fit its type is a BadRequest.

Counterpart of apimachinery's `runtime.ParameterCodec` with the conversions of `pkg/apis/meta/v1`.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from minikctl.apimachinery import errors

Query = dict[str, list[str]]

_BOOLEANS = frozenset(
    {
        "allowWatchBookmarks", "follow", "force", "ignoreStoreReadErrorWithClusterBreakingPotential",
        "insecureSkipTLSVerifyBackend", "orphanDependents", "previous", "sendInitialEvents", "stderr", "stdin",
        "stdout", "timestamps", "tty", "watch",
    }
)  # fmt: skip
_INTEGERS = frozenset(
    {"gracePeriodSeconds", "limit", "limitBytes", "sinceSeconds", "tailLines", "timeoutSeconds"}
)  # fmt: skip
_LISTS = frozenset({"command", "dryRun"})
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_LARGEST = 1 << 63


def parse(query_string: bytes) -> Query:
    """Every parameter with its values, in order. What cannot be decoded is kept as it stands."""
    if not query_string:
        return {}
    query: Query = {}
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, errors="replace"):
        query.setdefault(name, []).append(value)
    return query


def options(query: Query) -> dict[str, Any]:
    """The parameters under their wire names, as Python values. BadRequest in the words of Go's strconv."""
    found: dict[str, Any] = {}
    for name, values in query.items():
        if name in _BOOLEANS:
            found[name] = true(values[0])
        elif name in _INTEGERS:
            if values[0] != "":
                found[name] = integer(values[0])
        elif name in _LISTS:
            found[name] = values
        elif name == "ports":
            found[name] = [integer(part, 32) for value in values for part in value.split(",")]
        else:
            found[name] = values[0]
    return found


def true(value: str) -> bool:
    """Only "false" and "0" are false."""
    return value.lower() not in ("false", "0")


def integer(text: str, bits: int = 64) -> int:
    """The number a parameter says; BadRequest where it says none."""
    if not _INTEGER.match(text):
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    value = int(text) if len(text) < 32 else _LARGEST
    largest = 1 << (bits - 1)
    if not -largest <= value < largest:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return value


def field_name(query: Query) -> str:
    """The one name a field selector allows (metadata.name=NAME), "" without one."""
    for value in query.get("fieldSelector", ()):
        found = _selected_name(value)
        if found:
            return found
    return ""


def named(field_selector: str | None) -> bool:
    """Whether a field selector allows one name only."""
    return bool(field_selector and _selected_name(field_selector))


def _selected_name(field_selector: str) -> str:
    for term in field_selector.split(","):
        name, equals, wanted = term.partition("=")
        if equals and name.strip() == "metadata.name":
            return wanted.lstrip("=").strip()
    return ""
