"""Which requests webhooks and admission policies see: rules, selectors, and what none of them may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import resources, selectors

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.registry.context import Context

_GROUP = "admissionregistration.k8s.io"
# Two kinds that are one: who asks for either sees both.
_EVENTS = ("events", "events.events.k8s.io")
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


def matched(
    match: Obj, obj: Obj | None, old: Obj | None, ctx: Context, rules: str = "resourceRules"
) -> Resource | None:
    """The version in which a policy's, binding's or webhook's match wants to see the request; None for not at all."""
    if not _namespace_matches(match.get("namespaceSelector"), obj, old, ctx):
        return None
    if not _object_matches(match.get("objectSelector"), obj, old):
        return None
    if _by_rules(match.get("excludeResourceRules") or (), match, ctx) is not None:
        return None
    listed = match.get(rules)
    if not listed:
        return ctx.resource if rules == "resourceRules" else None
    return _by_rules(listed, match, ctx)


def _by_rules(rules: Iterable[Obj], match: Obj, ctx: Context) -> Resource | None:
    """The request's own version if a rule names it, else an equivalent one, earlier rules first."""
    if any(_rule_matches(rule, ctx.resource, ctx) for rule in rules):
        return ctx.resource
    if match.get("matchPolicy", "Equivalent") != "Equivalent":
        return None
    known = ctx.server.resource_set() if ctx.resource.custom else resources.builtin()
    keys = _EVENTS if ctx.resource.key in _EVENTS else (ctx.resource.key,)
    others = [row for key in keys for row in known.versions(key) if row.api_version != ctx.resource.api_version]
    return next((row for rule in rules for row in others if _rule_matches(rule, row, ctx)), None)


def _rule_matches(rule: Obj, resource: Resource, ctx: Context) -> bool:
    request = ctx.request
    if not _has(rule.get("operations"), ctx.operation):
        return False
    if not (_has(rule.get("apiGroups"), resource.group) and _has(rule.get("apiVersions"), resource.version)):
        return False
    scope = rule.get("scope", "*")
    cluster_wide = not resource.namespaced
    if scope != "*" and (scope == "Cluster") is not cluster_wide:
        return False
    names = rule.get("resourceNames")
    if names and request.name not in names:
        return False
    return any(_resource_matches(text, resource.plural, request.subresource) for text in rule.get("resources") or ())


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
