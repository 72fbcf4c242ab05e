"""Checks of single strings and numbers: names, labels, ports, addresses, keys.

Each `is_*` function returns the list of upstream's complaints, empty for a valid value; the lists are
memoised, so callers must not change them. Counterpart: apimachinery's `util/validation` and
`api/validate/content`, component-helpers' path segment rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from minikctl.apimachinery.dnsnames import (
    SUBDOMAIN_1123,
    SUBDOMAIN_HELP,
    is_dns1035_label,
    is_dns1123_label,
    is_dns1123_subdomain,
    max_length,
    regex_error,
    subdomain_shape,
)
from minikctl.apimachinery.field import quote

# What others find here though it is defined elsewhere.
__all__ = ["is_dns1035_label", "is_dns1123_label", "is_dns1123_subdomain", "max_length", "regex_error"]

NameCheck = Callable[[str, bool], "list[str]"]

_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
_DIGITS = frozenset("0123456789")
_LOWER_DIGITS = _LOWER | _DIGITS
_ALNUM = _LOWER_DIGITS | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

_LABEL_1123_UNDERSCORE = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SUBDOMAIN_UNDERSCORE = _LABEL_1123_UNDERSCORE + r"(\." + _LABEL_1123_UNDERSCORE + ")*"
_WILDCARD_SUBDOMAIN = r"\*\." + SUBDOMAIN_1123
_NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_ENV_NAME = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_HTTP_HEADER = "[-A-Za-z0-9]+"
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_PERCENT = "[0-9]+%"

_SUBDOMAIN_UNDERSCORE_HELP = SUBDOMAIN_HELP.replace("characters, '-'", "characters, '_', '-'")
_WILDCARD_HELP = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must"
    " consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)
_NAME_PART_HELP = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_LABEL_VALUE_HELP = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.',"
    " and must start and end with an alphanumeric character"
)
_ENV_NAME_HELP = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.',"
    " and must not start with a digit"
)
_RELAXED_ENV_HELP = "a valid environment variable name must consist only of printable ASCII characters other than '='"
_C_IDENTIFIER_HELP = (
    "a valid C identifier must start with alphabetic character or '_', followed by a string of"
    " alphanumeric characters or '_'"
)
_CONFIG_KEY_HELP = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
_HTTP_HEADER_HELP = "a valid HTTP header must consist of alphanumeric characters or '-'"
_PERCENT_HELP = "a valid percent string must be a numeric string followed by an ending '%'"

NON_EMPTY = "must be non-empty"


def inclusive_range(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def _matches(pattern: str, value: str) -> bool:
    return re.fullmatch(pattern, value, re.ASCII) is not None


def is_dns1123_subdomain_with_underscore(value: str) -> list[str]:
    errors = [max_length(253)] if len(value.encode()) > 253 else []
    if not _matches(_SUBDOMAIN_UNDERSCORE, value):
        errors.append(regex_error(_SUBDOMAIN_UNDERSCORE_HELP, _SUBDOMAIN_UNDERSCORE, "example.com"))
    return errors


def is_wildcard_dns1123_subdomain(value: str) -> list[str]:
    errors = [max_length(253)] if len(value.encode()) > 253 else []
    if not (value.startswith("*.") and subdomain_shape(value[2:])):
        errors.append(regex_error(_WILDCARD_HELP, _WILDCARD_SUBDOMAIN, "*.example.com"))
    return errors


def _name_shape(value: str) -> bool:
    return (
        value != ""
        and value[0] in _ALNUM
        and value[-1] in _ALNUM
        and _ALNUM.issuperset(value.replace("-", "a").replace("_", "a").replace(".", "a"))
    )


@lru_cache(maxsize=8192)
def is_qualified_name(value: str) -> list[str]:
    """`[prefix/]name`, as label keys, resource names and condition types are written."""
    name_help = regex_error(_NAME_PART_HELP, _NAME_PART, "MyName", "my.name", "123-abc")
    parts = value.split("/")
    if len(parts) > 2:
        return [
            f"a valid label key {name_help} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    errors = []
    if len(parts) == 2:
        if not parts[0]:
            errors.append(f"prefix part {NON_EMPTY}")
        else:
            if len(parts[0].encode()) > 253:
                errors.append("prefix part must be no more than 253 bytes")
            if not subdomain_shape(parts[0]):
                errors.append("prefix part " + regex_error(SUBDOMAIN_HELP, SUBDOMAIN_1123, "example.com"))
    name = parts[-1]
    if not name:
        errors.append(f"name part {NON_EMPTY}")
    elif len(name.encode()) > 63:
        errors.append("name part must be no more than 63 bytes")
    if not _name_shape(name):
        errors.append(f"name part {name_help}")
    return errors


@lru_cache(maxsize=16384)
def is_valid_label_value(value: str) -> list[str]:
    errors = ["must be no more than 63 bytes"] if len(value.encode()) > 63 else []
    if value and not _name_shape(value):
        errors.append(regex_error(_LABEL_VALUE_HELP, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return errors


def is_valid_port_num(port: int) -> list[str]:
    return [] if 1 <= port <= 65535 else [inclusive_range(1, 65535)]


def is_valid_port_name(port: str) -> list[str]:
    """An IANA service name, the form of a named container port."""
    errors = [max_length(15)] if len(port) > 15 else []
    if not port or not (_LOWER_DIGITS | {"-"}).issuperset(port):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if _LOWER.isdisjoint(port):
        errors.append("must contain at least one letter (a-z)")
    if "--" in port:
        errors.append("must not contain consecutive hyphens")
    if port and (port[0] == "-" or port[-1] == "-"):
        errors.append("must not begin or end with a hyphen")
    return errors


def is_in_range(value: int, low: int, high: int) -> list[str]:
    return [] if low <= value <= high else [inclusive_range(low, high)]


def is_valid_user_id(value: int) -> list[str]:
    """Also the rule for group ids: a positive int32, though the field is an int64."""
    return is_in_range(value, 0, 2**31 - 1)


is_valid_group_id = is_valid_user_id


def is_valid_percent(value: str) -> list[str]:
    return [] if _matches(_PERCENT, value) else [regex_error(_PERCENT_HELP, _PERCENT, "1%", "93%")]


def is_http_header_name(value: str) -> list[str]:
    return [] if _matches(_HTTP_HEADER, value) else [regex_error(_HTTP_HEADER_HELP, _HTTP_HEADER, "X-Header-Name")]


def is_http_path(value: str) -> list[str]:
    return [] if _matches(_HTTP_PATH, value) else [regex_error("Invalid path", _HTTP_PATH)]


def _directory_prefix(value: str) -> list[str]:
    if value in (".", ".."):
        return [f"must not be '{value}'"]
    return ["must not start with '..'"] if value.startswith("..") else []


def is_env_var_name(value: str) -> list[str]:
    errors = []
    if not _matches(_ENV_NAME, value):
        errors.append(regex_error(_ENV_NAME_HELP, _ENV_NAME, "my.env-name", "MY_ENV.NAME", "MyEnvName1"))
    return errors + _directory_prefix(value)


def is_relaxed_env_var_name(value: str) -> list[str]:
    errors = [] if value else [f"environment variable name {NON_EMPTY}"]
    if not (value.isascii() and value.isprintable()) or "=" in value:
        errors.append(_RELAXED_ENV_HELP)
    return errors


def is_c_identifier(value: str) -> list[str]:
    if _matches(_C_IDENTIFIER, value):
        return []
    return [regex_error(_C_IDENTIFIER_HELP, _C_IDENTIFIER, "my_name", "MY_NAME", "MyName")]


@lru_cache(maxsize=4096)
def is_config_map_key(value: str) -> list[str]:
    errors = [max_length(253)] if len(value.encode()) > 253 else []
    if not _matches(_CONFIG_KEY, value):
        errors.append(regex_error(_CONFIG_KEY_HELP, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    return errors + _directory_prefix(value)


def is_path_segment(value: str) -> list[str]:
    """What any object name must satisfy: it becomes part of a URL."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in value]


def is_path_segment_prefix(value: str) -> list[str]:
    return [f"may not contain '{char}'" for char in "/%" if char in value]


def _mask_trailing_dash(name: str) -> str:
    """A generated name continues after its prefix, so a prefix may end in a dash."""
    if len(name) > 1 and name.endswith("-"):
        return name[:-2] + "a"
    return name


def subdomain_name(name: str, prefix: bool) -> list[str]:
    """The name rule of most kinds; `prefix` is set for generateName."""
    return is_dns1123_subdomain(_mask_trailing_dash(name) if prefix else name)


def label_name(name: str, prefix: bool) -> list[str]:
    return is_dns1123_label(_mask_trailing_dash(name) if prefix else name)


def path_segment_name(name: str, prefix: bool) -> list[str]:
    return is_path_segment_prefix(name) if prefix else is_path_segment(name)


def quoted_list(values: list[str]) -> str:
    """A Go string slice as `%#v` prints it."""
    return "[]string{" + ", ".join([quote(value) for value in values]) + "}"
