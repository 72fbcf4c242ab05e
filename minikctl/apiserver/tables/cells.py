"""What the rows of many kinds share: column definitions, ages, containers, selectors.

Imported by every table module, the pod path included: it may import next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minikctl.apimachinery.duration import human

Obj = dict[str, Any]
Column = dict[str, Any]
Row = Callable[[Obj, float], list[Any]]

NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"

_DAY = 86400


def define(*specs: str) -> list[Column]:
    """Column definitions from short forms: "Ready", "Desired:integer", "IP+" (wide only), "Name:string:name".

    A column called Name has the format "name", as the server says it.
    """
    columns = []
    for spec in specs:
        wide = spec.endswith("+")
        name, _, kind = (spec[:-1] if wide else spec).partition(":")
        kind, _, form = kind.partition(":")
        if name == "Name" and not form:
            form = "name"
        column = {"name": name, "type": kind or "string", "format": form, "description": "", "priority": int(wide)}
        columns.append(column)
    return columns


def epoch(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 time in UTC; cheaper than the datetime module."""
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    if month <= 2:
        year -= 1
        month += 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
    clock = int(text[11:13]) * 3600 + int(text[14:16]) * 60
    if len(text) == 20 and text[19] == "Z":
        return days * _DAY + clock + int(text[17:19])
    if not text.endswith("Z"):
        from minikctl.apimachinery.clock import parse_time

        return parse_time(text)
    return days * _DAY + clock + float(text[17:-1])


def since(text: str | None, now: float) -> str:
    """How long ago, as people say it; `<unknown>` without a time."""
    return human(now - epoch(text)) if text else UNKNOWN


def age(obj: Obj, now: float) -> str:
    """Time since the creation of the object."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def name(obj: Obj) -> str:
    text: str = obj["metadata"].get("name", "")
    return text


def containers(pod_spec: Obj | None) -> tuple[str, str]:
    """Names and images of the containers, comma-separated."""
    listed = (pod_spec or {}).get("containers") or []
    return ",".join([c.get("name", "") for c in listed]), ",".join([c.get("image", "") for c in listed])


def labels(values: dict[str, str] | None) -> str:
    """A label map as `a=b,c=d`, `<none>` when empty."""
    return ",".join([f"{key}={values[key]}" for key in sorted(values)]) if values else NONE


def selector(label_selector: Obj | None, empty: str = NONE) -> str:
    """A LabelSelector as a selector text; `empty` where it has no requirement."""
    if not label_selector:
        return empty
    matched: dict[str, str] = label_selector.get("matchLabels") or {}
    parts = [(key, f"{key}={value}") for key, value in matched.items()]
    for requirement in label_selector.get("matchExpressions") or []:
        parts.append((requirement["key"], _expression(requirement)))
    parts.sort(key=lambda part: part[0])
    return ",".join([text for _, text in parts]) or empty


def _expression(requirement: Obj) -> str:
    key, operator = requirement["key"], requirement.get("operator")
    if operator == "Exists":
        return str(key)
    if operator == "DoesNotExist":
        return f"!{key}"
    word = "in" if operator == "In" else "notin"
    return f"{key} {word} ({','.join(sorted(requirement.get('values') or []))})"


def shorten(texts: Iterable[str], limit: int = 3) -> str:
    """The first few of a list: `a,b,c + 2 more...`, `<unset>` for none."""
    listed = list(texts)
    if len(listed) > limit:
        return f"{','.join(listed[:limit])} + {len(listed) - limit} more..."
    return ",".join(listed) or UNSET


def is_true(conditions: list[Obj] | None, kind: str) -> bool:
    """Whether the first condition of that type has status True."""
    for condition in conditions or ():
        if condition.get("type") == kind:
            return bool(condition.get("status") == "True")
    return False
