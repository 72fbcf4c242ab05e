"""Reconciling roles and bindings: what is missing, what is extra, and the object that results.

Pure functions for auth reconcile. Upstream counterpart: component-helpers' `auth/rbac/reconciliation`.
"""

from __future__ import annotations

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.authorization.covers import missing

_AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate"


class Result:
    """The object as it should be, and how it differs from the one there is. `operation` is "" for none."""

    def __init__(self, obj: Obj, operation: str = "", protected: bool = False) -> None:
        self.object = obj
        self.operation = operation
        self.protected = protected
        self.missing_rules: list[Obj] = []
        self.extra_rules: list[Obj] = []
        self.missing_subjects: list[Obj] = []
        self.extra_subjects: list[Obj] = []


def role(existing: Obj | None, expected: Obj, remove_extra: bool) -> Result:
    """A Role or ClusterRole that covers the expected rules, and no others with `remove_extra`."""
    rules = list(expected.get("rules") or ())
    if existing is None:
        result = Result(expected, "create")
        result.missing_rules = rules
        return result
    result = _merged(existing, expected)
    obj = result.object
    if expected.get("aggregationRule") is None:
        live = list(existing.get("rules") or ())
        result.extra_rules = missing(rules, live)
        result.missing_rules = missing(live, rules)
        if not remove_extra and result.missing_rules:
            obj["rules"] = live + result.missing_rules
            result.operation = "update"
        elif remove_extra and (result.missing_rules or result.extra_rules):
            obj["rules"] = rules
            result.operation = "update"
        return result
    _merge_selectors(result, existing, expected, remove_extra)
    return result


def _merge_selectors(result: Result, existing: Obj, expected: Obj, remove_extra: bool) -> None:
    """The aggregation rule of a ClusterRole."""
    wanted = expected["aggregationRule"].get("clusterRoleSelectors") or []
    live = (existing.get("aggregationRule") or {}).get("clusterRoleSelectors") or []
    lacking = [each for each in wanted if each not in live]
    extra = [each for each in live if each not in wanted]
    if remove_extra and (lacking or extra):
        result.object["aggregationRule"] = {"clusterRoleSelectors": wanted}
        result.operation = "update"
    elif not remove_extra and lacking:
        result.object["aggregationRule"] = {"clusterRoleSelectors": live + lacking}
        result.operation = "update"


def binding(existing: Obj | None, expected: Obj, remove_extra: bool) -> Result:
    """A binding to the expected subjects, and no others with `remove_extra`."""
    subjects = list(expected.get("subjects") or ())
    if existing is None:
        result = Result(expected, "create")
        result.missing_subjects = subjects
        return result
    if existing.get("roleRef") != expected.get("roleRef"):
        return Result(expected, "recreate", _protected(existing))
    result = _merged(existing, expected)
    live = list(existing.get("subjects") or ())
    result.missing_subjects = [each for each in subjects if each not in live]
    result.extra_subjects = [each for each in live if each not in subjects]
    if not remove_extra and result.missing_subjects:
        result.object["subjects"] = live + result.missing_subjects
        result.operation = "update"
    elif remove_extra and (result.missing_subjects or result.extra_subjects):
        result.object["subjects"] = subjects
        result.operation = "update"
    return result


def _protected(existing: Obj) -> bool:
    return bool((existing["metadata"].get("annotations") or {}).get(_AUTO_UPDATE) == "false")


def _merged(existing: Obj, expected: Obj) -> Result:
    """The existing object with the expected labels and annotations added."""
    obj: Obj = deep_copy(existing)
    result = Result(obj, "", _protected(existing))
    for field in ("annotations", "labels"):
        live = existing["metadata"].get(field) or {}
        both = {**(expected["metadata"].get(field) or {}), **live}
        if both != live:
            obj["metadata"][field] = both
            result.operation = "update"
    return result


def rule_text(rule: Obj) -> str:
    """A rule as Go prints it."""
    fields = ("Verbs", "APIGroups", "Resources", "ResourceNames", "NonResourceURLs")
    keys = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
    parts = [f"{field}:[{' '.join(rule.get(key) or ())}]" for field, key in zip(fields, keys, strict=True)]
    return "{" + " ".join(parts) + "}"


def subject_text(subject: Obj) -> str:
    """A subject as Go prints it."""
    parts = [f"{field}:{subject.get(key, '')}" for field, key in _SUBJECT_FIELDS]
    return "{" + " ".join(parts) + "}"


_SUBJECT_FIELDS = (("Kind", "kind"), ("APIGroup", "apiGroup"), ("Name", "name"), ("Namespace", "namespace"))
