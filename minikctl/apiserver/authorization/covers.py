"""Whether rules a user holds cover rules to be granted, and the rest in upstream's words.

Counterpart of `pkg/registry/rbac/validation` (Covers, BreakdownRule, CompactString).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

Rule = dict[str, Any]
_FIELDS = (
    ("apiGroups", "APIGroups"),
    ("resources", "Resources"),
    ("nonResourceURLs", "NonResourceURLs"),
    ("resourceNames", "ResourceNames"),
    ("verbs", "Verbs"),
)


def missing(held: list[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """The simplest parts of the wanted rules that no held rule covers."""
    return [part for rule in wanted for part in breakdown(rule) if not any(_covers(owner, part) for owner in held)]


def breakdown(rule: Rule) -> Iterator[Rule]:
    """A rule as rules of one group, resource (name) or URL and verb each."""
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in rule.get("verbs") or ():
                part = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                names = rule.get("resourceNames")
                if not names:
                    yield part
                for name in names or ():
                    yield {**part, "resourceNames": [name]}
    for url in rule.get("nonResourceURLs") or ():
        for verb in rule.get("verbs") or ():
            yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(owner: Rule, part: Rule) -> bool:
    if not _has(owner.get("verbs"), part["verbs"][0]):
        return False
    if "nonResourceURLs" in part:
        url = part["nonResourceURLs"][0]
        urls = owner.get("nonResourceURLs") or ()
        return any(u in ("*", url) or (u.endswith("*") and url.startswith(u[:-1])) for u in urls)
    if not _has(owner.get("apiGroups"), part["apiGroups"][0]):
        return False
    resource = part["resources"][0]
    resources = owner.get("resources") or ()
    _, slash, subresource = resource.partition("/")
    if not _has(resources, resource) and not (slash and f"*/{subresource}" in resources):
        return False
    names = owner.get("resourceNames")
    return not names or (bool(part.get("resourceNames")) and part["resourceNames"][0] in names)


def _has(values: Any, wanted: str) -> bool:
    return wanted in (values or ()) or "*" in (values or ())


def compact(rules: Iterable[Rule]) -> list[str]:
    """Rules for the same resource joined, each as `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`, sorted."""
    joined: dict[tuple[Any, ...], Rule] = {}
    for number, rule in enumerate(rules):
        scope: tuple[Any, ...] = tuple((name, tuple(rule.get(name) or ())) for name, _ in _FIELDS[:-1])
        if rule.get("nonResourceURLs"):
            scope = (number,)
        if scope in joined:
            joined[scope]["verbs"] = [*joined[scope]["verbs"], *rule["verbs"]]
        else:
            joined[scope] = dict(rule)
    return sorted({_text(rule) for rule in joined.values()})


def _text(rule: Rule) -> str:
    parts = []
    for name, shown in _FIELDS:
        if rule.get(name):
            parts.append(f"{shown}:[" + " ".join(json.dumps(value) for value in rule[name]) + "]")
    return "{" + ", ".join(parts) + "}"
