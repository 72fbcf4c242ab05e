"""Rows of the admissionregistration group."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import UNSET, Obj, age, define, name


def _webhooks(obj: Obj, now: float) -> list[Any]:
    return [name(obj), len(obj.get("webhooks") or ()), age(obj, now)]


def _policy(rules: str) -> Any:
    def row(obj: Obj, now: float) -> list[Any]:
        spec = obj.get("spec") or {}
        kind = spec.get("paramKind")
        text = UNSET if kind is None else f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}"
        return [name(obj), len(spec.get(rules) or ()), text, age(obj, now)]

    return row


def _selector_struct(selector: Obj) -> str:
    """A LabelSelector the way Go's generated String method writes it."""
    matched = "".join([f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items())])
    expressions = ""
    for wanted in selector.get("matchExpressions") or ():
        values = " ".join(wanted.get("values") or ())
        expressions += (
            f"LabelSelectorRequirement{{Key:{wanted.get('key', '')},Operator:{wanted.get('operator', '')},"
            f"Values:[{values}],}},"
        )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{matched}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )


def _policy_binding(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    reference = spec.get("paramRef")
    text = UNSET
    if reference is not None:
        if reference.get("name"):
            text = f"{reference.get('namespace') or '*'}/{reference['name']}"
        elif reference.get("selector") is not None:
            text = _selector_struct(reference["selector"])
    return [name(obj), spec.get("policyName", ""), text, age(obj, now)]


_GROUP = "admissionregistration.k8s.io"
_WEBHOOKS = define("Name", "Webhooks:integer", "Age")
_BINDING = define("Name", "PolicyName", "ParamRef", "Age")

TABLES = {
    f"mutatingwebhookconfigurations.{_GROUP}": (_WEBHOOKS, _webhooks),
    f"validatingwebhookconfigurations.{_GROUP}": (_WEBHOOKS, _webhooks),
    f"validatingadmissionpolicies.{_GROUP}": (
        define("Name", "Validations:integer", "ParamKind", "Age"),
        _policy("validations"),
    ),
    f"mutatingadmissionpolicies.{_GROUP}": (
        define("Name", "Mutations:integer", "ParamKind", "Age"),
        _policy("mutations"),
    ),
    f"validatingadmissionpolicybindings.{_GROUP}": (_BINDING, _policy_binding),
    f"mutatingadmissionpolicybindings.{_GROUP}": (_BINDING, _policy_binding),
}
