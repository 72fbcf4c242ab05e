"""Defaults of admissionregistration.k8s.io: webhooks and admission policies."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj

_GROUP = "admissionregistration.k8s.io"


def _set(holder: dict[str, Any], name: str, value: Any) -> None:
    if holder.get(name) is None:
        holder[name] = value


def _webhooks(obj: Obj, mutating: bool) -> None:
    for webhook in obj.get("webhooks") or ():
        _set(webhook, "failurePolicy", "Fail")
        _match(webhook)
        _set(webhook, "timeoutSeconds", 10)
        if mutating:
            _set(webhook, "reinvocationPolicy", "Never")
        _scopes(webhook.get("rules"))
        service = (webhook.get("clientConfig") or {}).get("service")
        if service:
            _set(service, "port", 443)


def _match(holder: dict[str, Any]) -> None:
    _set(holder, "matchPolicy", "Equivalent")
    _set(holder, "namespaceSelector", {})
    _set(holder, "objectSelector", {})


def _scopes(rules: Any) -> None:
    for rule in rules or ():
        _set(rule, "scope", "*")


def _match_resources(holder: dict[str, Any], name: str) -> None:
    match = holder.get(name)
    if match is not None:
        _match(match)
        _scopes(match.get("resourceRules"))
        _scopes(match.get("excludeResourceRules"))


def _validating_webhooks(obj: Obj, version: str) -> None:
    _webhooks(obj, mutating=False)


def _mutating_webhooks(obj: Obj, version: str) -> None:
    _webhooks(obj, mutating=True)


def _policy(obj: Obj, version: str) -> None:
    spec = obj.get("spec")
    if spec is None:
        spec = obj["spec"] = {}
    _set(spec, "failurePolicy", "Fail")
    _match_resources(spec, "matchConstraints")


def _policy_binding(obj: Obj, version: str) -> None:
    _match_resources(obj.get("spec") or {}, "matchResources")


DEFAULTS = {
    f"validatingwebhookconfigurations.{_GROUP}": _validating_webhooks,
    f"mutatingwebhookconfigurations.{_GROUP}": _mutating_webhooks,
    f"validatingadmissionpolicies.{_GROUP}": _policy,
    f"validatingadmissionpolicybindings.{_GROUP}": _policy_binding,
    f"mutatingadmissionpolicies.{_GROUP}": _policy,
    f"mutatingadmissionpolicybindings.{_GROUP}": _policy_binding,
}
