"""YAML as kubectl prints it: sorted keys, lists not indented under their key, goyaml's quoting and folding.

Written by hand: a general YAML library is slower to import than a whole `get` may take and lays things out
differently. Upstream counterpart: sigs.k8s.io/yaml on top of goyaml.v2. Scalars are in yamlscalars.
"""

from __future__ import annotations

from typing import Any

from minikctl.printers.yamlscalars import LINE_BREAKS, SAFE, WORDS, inline, key_text, text

_LONGEST_KEY = 128
_INSERTION = 12
# Moves ASCII letters behind everything else: goyaml sorts other characters before letters.
_LETTERS_LAST = {code: code + 0x100 for code in (*range(65, 91), *range(97, 123))}


def dump(value: Any) -> str:
    """A JSON value as a YAML document."""
    out: list[str] = []
    if isinstance(value, dict) and value:
        _mapping(value, "", "", out)
    elif isinstance(value, list) and value:
        _sequence(value, "", "", out)
    else:
        out.append(inline(value, "", 0) + "\n")
    return "".join(out)


def _mapping(value: dict[str, Any], first: str, indent: str, out: list[str]) -> None:
    """Append the lines of a mapping; `first` stands before its first key, `indent` before the others."""
    for key in sorted_keys(value):
        item = value[key]
        simple = True
        if SAFE(key) and key not in WORDS and len(key) <= _LONGEST_KEY:
            head = f"{first}{key}:"
        else:
            simple = len(key.encode()) <= _LONGEST_KEY and not any(char in LINE_BREAKS for char in key)
            if simple:
                head = f"{first}{key_text(key)}:"
            else:
                out.append(f"{first}? {text(key, indent, len(first) + 2)}\n")
                head = f"{indent}:"
        first = indent
        if item.__class__ is str and SAFE(item) and item not in WORDS:
            out.append(f"{head} {item}\n")
        elif not item or not isinstance(item, (dict, list)):
            out.append(f"{head} {inline(item, indent, len(head) + 1)}\n")
        elif isinstance(item, dict):
            if simple:
                out.append(head + "\n")
            _mapping(item, indent + "  " if simple else f"{head} ", indent + "  ", out)
        elif simple:
            out.append(head + "\n")
            _sequence(item, indent, indent, out)
        else:
            _sequence(item, f"{head} ", indent + "  ", out)


def _sequence(value: list[Any], first: str, indent: str, out: list[str]) -> None:
    for item in value:
        if isinstance(item, dict) and item:
            _mapping(item, f"{first}- ", indent + "  ", out)
        elif isinstance(item, list) and item:
            _sequence(item, f"{first}- ", indent + "  ", out)
        else:
            out.append(f"{first}- {inline(item, indent, len(first) + 2)}\n")
        first = indent


def sorted_keys(value: dict[str, Any]) -> list[str]:
    """Keys in goyaml's order: digits count as numbers, other characters before letters."""
    if len(value) == 1:
        return list(value)
    joined = "".join(value)
    if joined.isascii() and not any(char.isdigit() for char in joined):
        return sorted(value, key=_sort_key)
    if len(value) <= _INSERTION:
        return _insertion_sort(list(value))
    from functools import cmp_to_key

    return sorted(value, key=cmp_to_key(_compare))


def _sort_key(key: str) -> str:
    return key.translate(_LETTERS_LAST)


def _insertion_sort(keys: list[str]) -> list[str]:
    """Go's sort of few elements: with digits the order is no strict one, so the way of sorting shows."""
    for i in range(1, len(keys)):
        j = i
        while j > 0 and _compare(keys[j], keys[j - 1]) < 0:
            keys[j], keys[j - 1] = keys[j - 1], keys[j]
            j -= 1
    return keys


def _compare(a: str, b: str) -> int:
    if a == b:
        return 0
    at = 0
    shorter = min(len(a), len(b))
    while at < shorter and a[at] == b[at]:
        at += 1
    if at == shorter:
        return -1 if len(a) < len(b) else 1
    x, y = a[at], b[at]
    if x.isalpha() and y.isalpha():
        return -1 if x < y else 1
    if x.isalpha() or y.isalpha():
        return -1 if y.isalpha() else 1
    first, second = _digits(a, at), _digits(b, at)
    lead = 1 if (x == "0" or y == "0") and _follows_number(a, at) else 0
    numbers = [_int64(lead, first), _int64(lead, second)]
    if numbers[0] != numbers[1]:
        return -1 if numbers[0] < numbers[1] else 1
    if len(first) != len(second):
        return -1 if len(first) < len(second) else 1
    return -1 if x < y else 1


def _int64(lead: int, digits: str) -> int:
    """Digits read into a 64-bit integer that wraps around, as upstream's comparison does."""
    number = lead
    for digit in digits:
        number = number * 10 + ord(digit) - 48
    return (number + 2**63) % 2**64 - 2**63


def _digits(text: str, at: int) -> str:
    end = at
    while end < len(text) and text[end].isdecimal():
        end += 1
    return text[at:end]


def _follows_number(text: str, at: int) -> bool:
    while at > 0 and text[at - 1].isdecimal():
        at -= 1
        if text[at] != "0":
            return True
    return False
