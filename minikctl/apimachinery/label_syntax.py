"""The syntax of label keys and values (apimachinery's IsQualifiedName and IsValidLabelValue).

Called by selectors, by validation and by kubectl's `label` and `annotate`. The tests are set look-ups
because they run for every label of every object written.
"""

from __future__ import annotations

_ALNUM = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_NAME_CHARS = _ALNUM | frozenset("-_.")
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")

_NAME_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
    " character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_QUALIFIED_RULE = (
    "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
    " alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g."
    " 'example.com/MyName')"
)


def label_key_errors(key: str) -> list[str]:
    """What is wrong with a label or annotation key (IsQualifiedName), in upstream's words."""
    prefix, slash, name = key.rpartition("/")
    if "/" in prefix:
        return [_QUALIFIED_RULE]
    errors = []
    if slash:
        if not prefix:
            errors.append("prefix part must be non-empty")
        else:
            errors += ["prefix part " + text for text in _subdomain_errors(prefix)]
    if not name:
        errors.append("name part must be non-empty")
    elif len(name.encode()) > 63:
        errors.append("name part must be no more than 63 bytes")
    if not _is_name(name):
        errors.append(_NAME_RULE)
    return errors


def label_value_errors(value: str) -> list[str]:
    """What is wrong with a label value, in upstream's words."""
    errors = ["must be no more than 63 bytes"] if len(value.encode()) > 63 else []
    if value and not _is_name(value):
        errors.append(_VALUE_RULE)
    return errors


def _is_name(text: str) -> bool:
    return bool(text) and text[0] in _ALNUM and text[-1] in _ALNUM and _NAME_CHARS.issuperset(text)


def _subdomain_errors(text: str) -> list[str]:
    errors = ["must be no more than 253 bytes"] if len(text.encode()) > 253 else []
    for part in text.split("."):
        if not part or part[0] not in _LOWER or part[-1] not in _LOWER or not _LOWER.issuperset(part.replace("-", "")):
            errors.append(_SUBDOMAIN_RULE)
            break
    return errors
