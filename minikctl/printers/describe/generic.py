"""The describer of every kind without one of its own, custom resources included: the whole object as a tree.

Upstream counterpart: the genericDescriber of kubectl's describe package.
"""

from __future__ import annotations

from typing import Any

from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.writer import Writer, head
from minikctl.printers.gofmt import value_text

Obj = dict[str, Any]

_ACRONYMS = frozenset(("API", "URL", "UID", "GUID"))
_SKIPPED = frozenset(
    (".metadata.managedFields", ".metadata.name", ".metadata.namespace", ".metadata.labels", ".metadata.annotations")
)


def describe(obj: Obj, lookup: Lookup, now: float) -> str:
    """Name, namespace, labels and annotations, then all fields in alphabetical order."""
    out = head(obj)
    _content(out, 0, obj, "")
    return finish(out, obj, lookup, now)


def _content(out: Writer, level: int, content: Obj, path: str) -> None:
    for field in sorted(content):
        here = f"{path}.{field}"
        if here in _SKIPPED:
            continue
        value = content[field]
        label = smart_label(field)
        if isinstance(value, dict):
            out.line(f"{label}:", level)
            _content(out, level + 1, value, here)
        elif isinstance(value, list):
            out.line(f"{label}:", level)
            for child in value:
                if isinstance(child, dict):
                    _content(out, level + 1, child, here)
                else:
                    out.line(value_text(child), level + 1)
        else:
            out.field(label, value_text(value), level)


def smart_label(field: str) -> str:
    """A field's name as words: `apiVersion` is `API Version`; names that are no plain words stay."""
    for char in field:
        if not char.isalpha() and char != "-":
            return field
    words = []
    for part in _joined(split_camel_case(field)):
        upper = part.upper()
        if upper in _ACRONYMS:
            words.append(upper)
        elif part == part.lower():
            words.append(part[:1].upper() + part[1:])
        else:
            words.append(part)
    return " ".join(words)


def split_camel_case(text: str) -> list[str]:
    """The words of a camel-case name; an upper-case letter belongs to the lower-case ones after it."""
    runs: list[str] = []
    last = ""
    for char in text:
        kind = "l" if char.islower() else "u" if char.isupper() else "o"
        if kind == last:
            runs[-1] += char
        else:
            runs.append(char)
        last = kind
    for i in range(len(runs) - 1):
        if runs[i][:1].isupper() and runs[i + 1][0].islower():
            runs[i + 1] = runs[i][-1] + runs[i + 1]
            runs[i] = runs[i][:-1]
    return [run for run in runs if run]


def _joined(parts: list[str]) -> list[str]:
    """The parts with a plural's end put back: CID and Rs are CIDRs."""
    out: list[str] = []
    i = 0
    while i < len(parts):
        part = parts[i]
        if len(part) >= 2 and part == part.upper() and i + 1 < len(parts) and parts[i + 1][0].isupper():
            part += parts[i + 1]
            i += 1
        out.append(part)
        i += 1
    return out
