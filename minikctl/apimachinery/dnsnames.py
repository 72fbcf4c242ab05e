"""DNS labels and subdomains: what is wrong with one, in upstream's words (apimachinery's `util/validation`).

The lists of complaints are memoised, so callers must not change them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

Check = Callable[[str], "list[str]"]

_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
_LOWER_DIGITS = _LOWER | frozenset("0123456789")

LABEL_1123 = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN_1123 = LABEL_1123 + r"(\." + LABEL_1123 + ")*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"

SUBDOMAIN_HELP = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.',"
    " and must start and end with an alphanumeric character"
)
_LABEL_HELP = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-',"
    " and must start and end with an alphanumeric character"
)
_LABEL_1035_HELP = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an"
    " alphabetic character, and end with an alphanumeric character"
)


def regex_error(help_text: str, pattern: str, *examples: str) -> str:
    """Upstream's way of explaining a failed pattern, with examples."""
    if not examples:
        return f"{help_text} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{help_text} (e.g. {shown}regex used for validation is '{pattern}')"


def max_length(limit: int) -> str:
    return f"must be no more than {limit} characters"


def _label_shape(value: str) -> bool:
    """Whether the text has the form of an RFC 1123 label, its length aside."""
    return (
        value != ""
        and value[0] in _LOWER_DIGITS
        and value[-1] in _LOWER_DIGITS
        and _LOWER_DIGITS.issuperset(value.replace("-", "a"))
    )


def subdomain_shape(value: str) -> bool:
    return all(_label_shape(part) for part in value.split("."))


@lru_cache(maxsize=8192)
def is_dns1123_label(value: str) -> list[str]:
    errors = [max_length(63)] if len(value.encode()) > 63 else []
    if not _label_shape(value):
        if subdomain_shape(value):
            errors.append("must not contain dots")
        else:
            errors.append(regex_error(_LABEL_HELP, LABEL_1123, "my-name", "123-abc"))
    return errors


@lru_cache(maxsize=8192)
def is_dns1123_subdomain(value: str) -> list[str]:
    errors = [max_length(253)] if len(value.encode()) > 253 else []
    if not subdomain_shape(value):
        errors.append(regex_error(SUBDOMAIN_HELP, SUBDOMAIN_1123, "example.com"))
    return errors


@lru_cache(maxsize=1024)
def is_dns1035_label(value: str) -> list[str]:
    errors = [max_length(63)] if len(value.encode()) > 63 else []
    if not (_label_shape(value) and value[0] in _LOWER):
        errors.append(regex_error(_LABEL_1035_HELP, _LABEL_1035, "my-name", "abc-123"))
    return errors
