"""Which requests webhooks and admission policies see: rules, selectors, and what none of them may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import resources, selectors

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

_GROUP = "admissionregistration.k8s.io"
WEBHOOKS = frozenset({f"validatingwebhookconfigurations.{_GROUP}", f"mutatingwebhookconfigurations.{_GROUP}"})
POLICIES = frozenset(
    f"{kind}.{_GROUP}"
    for kind in (
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
    )
)


def matches(match: Obj, obj: Obj | None, old: Obj | None, ctx: Context, rules: str = "resourceRules") -> bool:
    """Whether a request is among those a policy's, binding's or webhook's match describes."""
    listed = match.get(rules)
    if listed is not None and listed != [] and not _any_rule(listed, match, ctx):
        return False
    if listed in (None, []) and rules == "rules":
        return False
    if _any_rule(match.get("excludeResourceRules") or (), match, ctx):
        return False
    return _namespace_matches(match.get("namespaceSelector"), obj, old, ctx) and _object_matches(
        match.get("objectSelector"), obj, old
    )


def _any_rule(rules: Iterable[Obj], match: Obj, ctx: Context) -> bool:
    versions = [(ctx.resource.group, ctx.resource.version)]
    if match.get("matchPolicy", "Equivalent") == "Equivalent":
        known = ctx.server.resource_set() if ctx.resource.custom else resources.builtin()
        versions += [(row.group, row.version) for row in known.versions(ctx.resource.key)]
    return any(_rule_matches(rule, group, version, ctx) for rule in rules for group, version in versions)


def _rule_matches(rule: Obj, group: str, version: str, ctx: Context) -> bool:
    request = ctx.request
    if not _has(rule.get("operations"), ctx.operation):
        return False
    if not (_has(rule.get("apiGroups"), group) and _has(rule.get("apiVersions"), version)):
        return False
    scope = rule.get("scope", "*")
    cluster_wide = not ctx.resource.namespaced
    if scope != "*" and (scope == "Cluster") is not cluster_wide:
        return False
    names = rule.get("resourceNames")
    if names and request.name not in names:
        return False
    return any(
        _resource_matches(text, ctx.resource.plural, request.subresource) for text in rule.get("resources") or ()
    )


def _resource_matches(text: str, plural: str, subresource: str) -> bool:
    resource, _, wanted = text.partition("/")
    return resource in ("*", plural) and wanted in (("*", subresource) if subresource else ("", "*"))


def _has(values: Any, wanted: str) -> bool:
    return "*" in (values or ()) or wanted in (values or ())


def _namespace_matches(selector: Obj | None, obj: Obj | None, old: Obj | None, ctx: Context) -> bool:
    if not selector:
        return True
    if ctx.resource.key == "namespaces":
        labels = _labels(obj or old)
    elif not ctx.resource.namespaced:
        return True
    else:
        labels = _labels(ctx.reader.peek("namespaces", "", ctx.namespace))
    return selectors.from_label_selector(selector).matches(labels)


def _object_matches(selector: Obj | None, obj: Obj | None, old: Obj | None) -> bool:
    if not selector:
        return True
    found = selectors.from_label_selector(selector)
    return any(found.matches(_labels(one)) for one in (obj, old) if one is not None)


def _labels(obj: Obj | None) -> dict[str, str]:
    labels: dict[str, str] = ((obj or {}).get("metadata") or {}).get("labels") or {}
    return labels
