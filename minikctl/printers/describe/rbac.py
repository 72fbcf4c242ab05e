"""Roles, ClusterRoles and their bindings.

Upstream counterpart: the describers of these names, and kubectl's `util/rbac`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.writer import go_list, head

Obj = dict[str, Any]
# group, resource, resource name, URL; None where it does not apply
Target = tuple[str | None, str | None, str | None, str | None]


def role(role: Obj, lookup: Lookup, now: float) -> str:
    """A Role or ClusterRole: the verbs allowed on each resource, name and URL."""
    out = head(role, namespaced=False)
    out.line("PolicyRule:")
    out.heading("Resources", "Non-Resource URLs", "Resource Names", "Verbs", level=1)
    for (group, resource, name, url), verbs in compact_rules(role.get("rules") or []):
        out.row(
            _qualified(resource, group),
            go_list(() if url is None else (url,)),
            go_list(() if name is None else (name,)),
            go_list(verbs),
            level=1,
        )
    return out.text()


def compact_rules(rules: list[Obj]) -> list[tuple[Target, list[str]]]:
    """Rules taken apart and put together again: one entry per target, in upstream's order."""
    resources: dict[Target, list[str]] = {}
    urls: list[tuple[Target, list[str]]] = []
    for rule in rules:
        for target, verb in _break_down(rule):
            if target[3] is not None:
                urls.append((target, [verb]))
            else:
                resources.setdefault(target, []).append(verb)
    return sorted([*urls, *resources.items()], key=_sort_key)


def _break_down(rule: Obj) -> Iterator[tuple[Target, str]]:
    verbs = rule.get("verbs") or ()
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in verbs:
                for name in rule.get("resourceNames") or (None,):
                    yield (group, resource, name, None), verb
    for url in rule.get("nonResourceURLs") or ():
        for verb in verbs:
            yield (None, None, None, url), verb


def _sort_key(entry: tuple[Target, list[str]]) -> str:
    """Upstream sorts by the text that its generated code makes of a rule."""
    (group, resource, name, url), verbs = entry
    lists = [go_list(() if value is None else (value,)) for value in (group, resource, name, url)]
    return (
        f"&PolicyRule{{Verbs:{go_list(verbs)},APIGroups:{lists[0]},Resources:{lists[1]},ResourceNames:{lists[2]},"
        f"NonResourceURLs:{lists[3]},}}"
    )


def _qualified(resource: str | None, group: str | None) -> str:
    """RESOURCE.GROUP/SUBRESOURCE."""
    if resource is None:
        return ""
    name, slash, subresource = resource.partition("/")
    return f"{name}.{group}{slash}{subresource}" if group else resource


def binding(binding: Obj, lookup: Lookup, now: float) -> str:
    """A RoleBinding or ClusterRoleBinding: the role and who has it."""
    out = head(binding, namespaced=False)
    out.line("Role:")
    role_ref = binding.get("roleRef") or {}
    out.field("Kind", role_ref.get("kind", ""), 1)
    out.field("Name", role_ref.get("name", ""), 1)
    out.line("Subjects:")
    out.heading("Kind", "Name", "Namespace", level=1)
    for subject in binding.get("subjects") or ():
        out.row(subject.get("kind", ""), subject.get("name", ""), subject.get("namespace", ""), level=1)
    return out.text()
