"""String formats that CustomResourceDefinitions may ask for (kube-openapi's `strfmt`).

Schema validation calls `fits` for strings with a `format`. A format it does not know accepts everything,
as upstream's registry does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

_UUID = "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}"
_PATTERNS = {
    "uuid": _UUID % ("[0-9a-f]", "[0-9a-f]"),
    "uuid3": _UUID % ("3", "[0-9a-f]"),
    "uuid4": _UUID % ("4", "[89ab]"),
    "uuid5": _UUID % ("5", "[89ab]"),
    "hexcolor": "#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})",
    "rgbcolor": r"rgb\(\s*(%s)\s*,\s*(%s)\s*,\s*(%s)\s*\)" % (("0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5]",) * 3),
    "mac": r"([0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}|[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4}){2})",
    "ssn": r"\d{3}[- ]?\d{2}[- ]?\d{4}",
    "email": r"([^@<>\"]*<)?[^@\s<>,;:\\\"\[\]()]+@[^@\s<>,;:\\\"()]+>?",
    "hostname": r"[^\W_]([^\W_-]|-(?=[^\W_])){0,62}(\.[^\W_]([^\W_]|-(?=[^\W_-])){0,62})*\.?",
    "bsonobjectid": "[0-9a-fA-F]{24}",
    "date": r"\d{4}-\d{2}-\d{2}",
    "duration": r"[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*|0",
    "k8sshortname": "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
    "k8slongname": r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
}
_HUMAN_DURATION = (
    r"\s*[+-]?\d+\s*(ns|us|µs|ms|s|m|h|d|w|nanos?|micros?|millis?|secs?|seconds?|mins?|minutes?|hours?|days?|weeks?)\s*"
)
_DATE_TIME = r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}([.,]\d+)?([Zz]|[+-]\d{2}:?\d{2})?"


def known(format_: str) -> bool:
    """Whether texts are judged by that format."""
    return format_.replace("-", "") in _KNOWN_STRINGS


def fits(format_: str, text: str) -> bool:
    """Whether the text is of that format; True for formats that are unknown. Dashes in the name do not count."""
    name = format_.replace("-", "")
    special = _SPECIAL.get(name)
    if special is not None:
        return special(text)
    pattern = _PATTERNS.get(name)
    return pattern is None or _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _uri(text: str) -> bool:
    """What Go's url.ParseRequestURI accepts: an absolute URI or an absolute path."""
    if not text or any(char <= " " or char == "\x7f" for char in text):
        return False
    if text.startswith("/") or text == "*":
        return True
    scheme, colon, rest = text.partition(":")
    if (
        not colon
        or not scheme[:1].isalpha()
        or not scheme.replace("+", "a").replace("-", "a").replace(".", "a").isalnum()
    ):
        return False
    return bool(rest) and scheme.isascii()


def _address(version: int) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        from ipaddress import ip_address

        try:
            return ip_address(text).version == version
        except ValueError:
            return False

    return check


def _cidr(text: str) -> bool:
    from ipaddress import ip_network

    try:
        return "/" in text and ip_network(text, strict=False) is not None
    except ValueError:
        return False


def _date(text: str) -> bool:
    from datetime import date

    if not _compiled(_PATTERNS["date"]).fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _date_time(text: str) -> bool:
    return not text or (_compiled(_DATE_TIME).fullmatch(text) is not None and _date(text[:10]) and text[11:13] <= "23")


def _duration(text: str) -> bool:
    return any(_compiled(pattern).fullmatch(text) for pattern in (_PATTERNS["duration"], _HUMAN_DURATION))


def _base64(text: str) -> bool:
    body = text.rstrip("=")
    pattern = r"[A-Za-z0-9+/]*"
    return len(text) % 4 == 0 and len(text) - len(body) <= 2 and _compiled(pattern).fullmatch(body) is not None


def _hostname(text: str) -> bool:
    return len(text) <= 255 and _compiled(_PATTERNS["hostname"]).fullmatch(text) is not None


def _isbn(*lengths: int) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        digits = text.replace("-", "").replace(" ", "")
        if len(digits) not in lengths or not (digits.isascii() and digits[:-1].isdigit()):
            return False
        last = 10 if digits[-1] in "xX" and len(digits) == 10 else int(digits[-1]) if digits[-1].isdigit() else -1
        values = [int(digit) for digit in digits[:-1]] + [last]
        if len(digits) == 10:
            return last >= 0 and sum((10 - at) * value for at, value in enumerate(values)) % 11 == 0
        return last >= 0 and sum((1, 3)[at % 2] * value for at, value in enumerate(values)) % 10 == 0

    return check


def _credit_card(text: str) -> bool:
    digits = re.sub(r"[^0-9]+", "", text)
    if not 13 <= len(digits) <= 19:
        return False
    total = 0
    for at, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + at % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


_SPECIAL: dict[str, Callable[[str], bool]] = {
    "uri": _uri,
    "ipv4": _address(4),
    "ipv6": _address(6),
    "cidr": _cidr,
    "date": _date,
    "datetime": _date_time,
    "duration": _duration,
    "byte": _base64,
    "hostname": _hostname,
    "isbn": _isbn(10, 13),
    "isbn10": _isbn(10),
    "isbn13": _isbn(13),
    "creditcard": _credit_card,
}


# Formats of CustomResourceDefinitions by type; upstream ignores dashes in the names.
_KNOWN_STRINGS = frozenset(
    (
        *("bsonobjectid", "byte", "cidr", "creditcard", "date", "datetime", "duration", "email", "hexcolor"),
        *("hostname", "ipv4", "ipv6", "isbn", "isbn10", "isbn13", "k8slongname", "k8sshortname", "mac"),
        *("password", "quantity", "rgbcolor", "ssn", "uri", "uuid", "uuid3", "uuid4", "uuid5"),
    )
)
_KNOWN_NUMBERS = {"integer": ("int32", "int64"), "number": ("float", "double")}


def unknown_formats(schema: dict[str, Any]) -> list[str]:
    """The formats in a CRD's schema that have no meaning, in the order in which they are found."""
    found: list[str] = []
    name, kind = schema.get("format"), schema.get("type") or "string"
    if name:
        known = name.replace("-", "") in _KNOWN_STRINGS if kind == "string" else name in _KNOWN_NUMBERS.get(kind, ())
        if not known:
            found.append(str(name))
    children = [schema.get("items")]
    for key in ("allOf", "anyOf", "oneOf"):
        children += schema.get(key) or ()
    children.append(schema.get("not"))
    children += [part for _, part in sorted((schema.get("properties") or {}).items())]
    children.append(schema.get("additionalProperties"))
    children += [part for _, part in sorted((schema.get("patternProperties") or {}).items())]
    return found + [name for child in children if isinstance(child, dict) for name in unknown_formats(child)]
