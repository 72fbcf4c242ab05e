"""The difference shown when an update changes what must not change.

In the style of go-cmp, which upstream uses: changed fields with both values, runs of equal ones
counted. Imported only for a refusal.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.field import quote

Lines = list[str]

_ACRONYMS = {
    "dnsPolicy": "DNSPolicy",
    "dnsConfig": "DNSConfig",
    "hostPID": "HostPID",
    "hostIPC": "HostIPC",
    "tty": "TTY",
    "os": "OS",
}


def diff(old: Any, new: Any, kind: str = "core.PodSpec") -> str:
    """Both values, from the type's name down to what differs."""
    lines: Lines = []
    _compare("", old, new, 0, kind, lines)
    return "\n".join(lines) + "\n"


def _name(key: str) -> str:
    return _ACRONYMS.get(key, key[:1].upper() + key[1:])


def _compare(label: str, old: Any, new: Any, depth: int, kind: str, lines: Lines) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        _compare_maps(label, old, new, depth, kind, lines)
    elif isinstance(old, list) and isinstance(new, list):
        _compare_lists(label, old, new, depth, lines)
    else:
        indent = "\t" * depth
        if old is not None:
            lines.append(f"- {indent}{label}{_text(old)},")
        if new is not None:
            lines.append(f"+ {indent}{label}{_text(new)},")


def _compare_maps(label: str, old: Any, new: Any, depth: int, kind: str, lines: Lines) -> None:
    indent = "\t" * depth
    lines.append(f"  {indent}{label}{kind}{{")
    same = 0
    for key in [*old, *[key for key in new if key not in old]]:
        if old.get(key) == new.get(key):
            same += 1
            continue
        _identical(same, "fields", depth + 1, lines)
        same = 0
        _compare(f"{_name(key)}: ", old.get(key), new.get(key), depth + 1, "", lines)
    _identical(same, "fields", depth + 1, lines)
    lines.append(f"  {indent}}}" + ("," if depth else ""))


def _compare_lists(label: str, old: list[Any], new: list[Any], depth: int, lines: Lines) -> None:
    indent = "\t" * depth
    lines.append(f"  {indent}{label}{{")
    same = 0
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        if before == after:
            same += 1
            continue
        _identical(same, "elements", depth + 1, lines)
        same = 0
        _compare("", before, after, depth + 1, "", lines)
    _identical(same, "elements", depth + 1, lines)
    lines.append(f"  {indent}}},")


def _identical(count: int, what: str, depth: int, lines: Lines) -> None:
    if count:
        noun = what if count > 1 else what[:-1]
        indent = "\t" * depth
        lines.append(f"  {indent}... // {count} identical {noun}")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join([f"{_name(key)}: {_text(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "{" + ", ".join([_text(item) for item in value]) + "}"
    return str(value)
