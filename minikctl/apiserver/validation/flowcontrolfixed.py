"""Flow control's mandatory objects: their specs stay what they are, but for the exempt level's shares.

Counterpart of the comparisons with `pkg/apis/flowcontrol/internalbootstrap` in the group's validation.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field, flowcontrol
from minikctl.apimachinery.field import FieldError, Struct


def fixed_schema(name: str, spec: dict[str, Any]) -> list[FieldError]:
    """What is wrong with the spec of a FlowSchema of that name because it is a mandatory one."""
    if name not in flowcontrol.MANDATORY or _schema(spec) == _schema(flowcontrol.schema_specs()[name]):
        return []
    return [field.invalid("spec", _schema(spec), f"spec of '{name}' must equal the fixed value")]


def fixed_level(name: str, spec: dict[str, Any]) -> list[FieldError]:
    """What is wrong with the spec of a PriorityLevelConfiguration of that name because it is a mandatory one."""
    if name not in flowcontrol.MANDATORY:
        return []
    have, want = _level(spec), _level(flowcontrol.level_specs()[name])
    if name == "exempt":
        if {**have, "Exempt": None} == {**want, "Exempt": None}:
            return []
        text = "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"
        return [field.invalid("spec", have, text)]
    return [] if have == want else [field.invalid("spec", have, f"spec of '{name}' must equal the fixed value")]


def _schema(spec: dict[str, Any]) -> Struct:
    """The spec as the Go struct it is compared and shown as."""
    method = spec.get("distinguisherMethod")
    return Struct(
        PriorityLevelConfiguration=Struct(Name=(spec.get("priorityLevelConfiguration") or {}).get("name") or ""),
        MatchingPrecedence=spec.get("matchingPrecedence") or 0,
        DistinguisherMethod=None if method is None else Struct(Type=method.get("type") or ""),
        Rules=[_rule(rule or {}) for rule in spec.get("rules") or ()] or None,
    )


def _rule(rule: dict[str, Any]) -> Struct:
    others = [
        Struct(Verbs=one.get("verbs") or None, NonResourceURLs=one.get("nonResourceURLs") or None)
        for one in rule.get("nonResourceRules") or ()
    ]
    return Struct(
        Subjects=[_subject(subject or {}) for subject in rule.get("subjects") or ()] or None,
        ResourceRules=[_resource_rule(one or {}) for one in rule.get("resourceRules") or ()] or None,
        NonResourceRules=others or None,
    )


def _resource_rule(rule: dict[str, Any]) -> Struct:
    return Struct(
        Verbs=rule.get("verbs") or None,
        APIGroups=rule.get("apiGroups") or None,
        Resources=rule.get("resources") or None,
        ClusterScope=bool(rule.get("clusterScope")),
        Namespaces=rule.get("namespaces") or None,
    )


def _subject(subject: dict[str, Any]) -> Struct:
    user, group, account = (subject.get(key) for key in ("user", "group", "serviceAccount"))
    return Struct(
        Kind=subject.get("kind") or "",
        User=None if user is None else Struct(Name=user.get("name") or ""),
        Group=None if group is None else Struct(Name=group.get("name") or ""),
        ServiceAccount=None
        if account is None
        else Struct(Namespace=account.get("namespace") or "", Name=account.get("name") or ""),
    )


def _level(spec: dict[str, Any]) -> Struct:
    limited, exempt = spec.get("limited"), spec.get("exempt")
    return Struct(
        Type=spec.get("type") or "",
        Limited=None if limited is None else _limited(limited),
        Exempt=None
        if exempt is None
        else Struct(
            NominalConcurrencyShares=exempt.get("nominalConcurrencyShares"),
            LendablePercent=exempt.get("lendablePercent"),
        ),
    )


def _limited(limited: dict[str, Any]) -> Struct:
    response = limited.get("limitResponse") or {}
    queuing = response.get("queuing")
    shown = None
    if queuing is not None:
        shown = Struct(
            Queues=queuing.get("queues") or 0,
            HandSize=queuing.get("handSize") or 0,
            QueueLengthLimit=queuing.get("queueLengthLimit") or 0,
        )
    return Struct(
        NominalConcurrencyShares=limited.get("nominalConcurrencyShares") or 0,
        LimitResponse=Struct(Type=response.get("type") or "", Queuing=shown),
        LendablePercent=limited.get("lendablePercent"),
        BorrowingLimitPercent=limited.get("borrowingLimitPercent"),
    )
