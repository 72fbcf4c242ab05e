"""Validation of rbac.authorization.k8s.io."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, Struct
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.names import is_dns1123_subdomain, is_path_segment
from minikctl.apiserver.validation.selectors import validate_label_selector

_GROUP = "rbac.authorization.k8s.io"


def _rules(obj: Obj, namespaced: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, rule in enumerate(obj.get("rules") or ()):
        errors += _rule(rule or {}, namespaced, f"rules[{index}]")
    return errors


def _rule(rule: dict[str, Any], namespaced: bool, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if not rule.get("verbs"):
        errors.append(field.required(f"{path}.verbs", "verbs must contain at least one value"))
    urls = rule.get("nonResourceURLs")
    if urls:
        at = f"{path}.nonResourceURLs"
        if namespaced:
            errors.append(field.invalid(at, urls, "namespaced rules cannot apply to non-resource URLs"))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            errors.append(field.invalid(at, urls, "rules cannot apply to both regular resources and non-resource URLs"))
        return errors
    if not rule.get("apiGroups"):
        errors.append(field.required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        errors.append(field.required(f"{path}.resources", "resource rules must supply at least one resource"))
    return errors


def _role(obj: Obj) -> list[FieldError]:
    return _rules(obj, namespaced=True)


def _role_update(new: Obj, old: Obj) -> list[FieldError]:
    return _role(new)


def _cluster_role(obj: Obj) -> list[FieldError]:
    errors = _rules(obj, namespaced=False)
    aggregation = obj.get("aggregationRule")
    if aggregation is None:
        return errors
    path = "aggregationRule.clusterRoleSelectors"
    selectors = aggregation.get("clusterRoleSelectors") or []
    if not selectors:
        errors.append(field.required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
    for index, selector in enumerate(selectors):
        errors += validate_label_selector(selector, f"{path}[{index}]")
    return errors


def _cluster_role_update(new: Obj, old: Obj) -> list[FieldError]:
    return _cluster_role(new)


def _binding(obj: Obj, kinds: list[str]) -> list[FieldError]:
    reference = obj.get("roleRef") or {}
    errors: list[FieldError] = []
    group, kind, name = reference.get("apiGroup") or "", reference.get("kind") or "", reference.get("name") or ""
    if group != _GROUP:
        errors.append(field.not_supported("roleRef.apiGroup", group, [_GROUP]))
    if kind not in kinds:
        errors.append(field.not_supported("roleRef.kind", kind, kinds))
    if not name:
        errors.append(field.required("roleRef.name"))
    else:
        errors += [field.invalid("roleRef.name", name, text) for text in is_path_segment(name)]
    return errors


def _subject(subject: dict[str, Any], namespaced: bool, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    name, kind, group = subject.get("name") or "", subject.get("kind") or "", subject.get("apiGroup") or ""
    if not name:
        errors.append(field.required(f"{path}.name"))
    if kind == "ServiceAccount":
        if name:
            errors += [field.invalid(f"{path}.name", name, text) for text in is_dns1123_subdomain(name)]
        if group:
            errors.append(field.not_supported(f"{path}.apiGroup", group, [""]))
        if not namespaced and not subject.get("namespace"):
            errors.append(field.required(f"{path}.namespace"))
    elif kind in ("User", "Group"):
        if group != _GROUP:
            errors.append(field.not_supported(f"{path}.apiGroup", group, [_GROUP]))
    else:
        errors.append(field.not_supported(f"{path}.kind", kind, ["ServiceAccount", "User", "Group"]))
    return errors


def _subjects(obj: Obj, namespaced: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, subject in enumerate(obj.get("subjects") or ()):
        errors += _subject(subject or {}, namespaced, f"subjects[{index}]")
    return errors


def _role_binding(obj: Obj) -> list[FieldError]:
    return _binding(obj, ["Role", "ClusterRole"]) + _subjects(obj, namespaced=True)


def _cluster_role_binding(obj: Obj) -> list[FieldError]:
    return _binding(obj, ["ClusterRole"]) + _subjects(obj, namespaced=False)


def _reference_change(new: Obj, old: Obj) -> list[FieldError]:
    names = (("apiGroup", "APIGroup"), ("kind", "Kind"), ("name", "Name"))
    reference, before = new.get("roleRef") or {}, old.get("roleRef") or {}
    if all((reference.get(key) or "") == (before.get(key) or "") for key, _ in names):
        return []
    shown = Struct({go: reference.get(key) or "" for key, go in names})
    return [field.invalid("roleRef", shown, "cannot change roleRef")]


def _role_binding_update(new: Obj, old: Obj) -> list[FieldError]:
    return _role_binding(new) + _reference_change(new, old)


def _cluster_role_binding_update(new: Obj, old: Obj) -> list[FieldError]:
    return _cluster_role_binding(new) + _reference_change(new, old)


VALIDATE: dict[str, Checks] = {
    f"roles.{_GROUP}": (_role, _role_update, None),
    f"clusterroles.{_GROUP}": (_cluster_role, _cluster_role_update, None),
    f"rolebindings.{_GROUP}": (_role_binding, _role_binding_update, None),
    f"clusterrolebindings.{_GROUP}": (_cluster_role_binding, _cluster_role_binding_update, None),
}
