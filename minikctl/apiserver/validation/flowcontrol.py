"""Validation of flowcontrol.apiserver.k8s.io: FlowSchemas and PriorityLevelConfigurations."""

from __future__ import annotations

import math
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.flowcontrolfixed import fixed_level, fixed_schema
from minikctl.apiserver.validation.names import is_dns1123_label, subdomain_name

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"]
_SUBJECTS = {"ServiceAccount": "serviceAccount", "User": "user", "Group": "group"}
_NAMESPACE_INTRO = "each member of this list must be '*' or a DNS-1123 label; "
_MAX_PRECEDENCE = 10000
_MAX_QUEUES = 10_000_000
_MAX_ENTROPY = 60


def _flow_schema(obj: Obj) -> list[FieldError]:
    spec, name = obj.get("spec") or {}, (obj.get("metadata") or {}).get("name")
    precedence, path = spec.get("matchingPrecedence") or 0, "spec.matchingPrecedence"
    errors: list[FieldError] = []
    if precedence <= 0:
        errors.append(field.invalid(path, precedence, "must be a positive value"))
    if precedence > _MAX_PRECEDENCE:
        errors.append(field.invalid(path, precedence, f"must not be greater than {_MAX_PRECEDENCE}"))
    if precedence == 1 and name != "exempt":
        text = "only the schema named 'exempt' may have matchingPrecedence 1"
        errors.append(field.invalid(path, precedence, text))
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in ("ByNamespace", "ByUser"):
        shown = {"Type": method.get("type") or ""}
        errors.append(field.not_supported("spec.distinguisherMethod.type", shown, ["ByNamespace", "ByUser"]))
    level = (spec.get("priorityLevelConfiguration") or {}).get("name") or ""
    path = "spec.priorityLevelConfiguration.name"
    if level:
        errors += [field.invalid(path, level, text) for text in subdomain_name(level, False)]
    else:
        errors.append(field.required(path, "must reference a priority level"))
    for index, rule in enumerate(spec.get("rules") or ()):
        errors += _rule(rule or {}, f"spec.rules[{index}]")
    return errors + fixed_schema(name or "", spec) + _conditions(obj)


def _rule(rule: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    subjects = rule.get("subjects") or []
    if not subjects:
        errors.append(field.required(f"{path}.subjects", "subjects must contain at least one value"))
    for index, subject in enumerate(subjects):
        errors += _subject(subject or {}, f"{path}.subjects[{index}]")
    resources, others = rule.get("resourceRules") or [], rule.get("nonResourceRules") or []
    if not resources and not others:
        text = "at least one of resourceRules and nonResourceRules has to be non-empty"
        errors.append(field.required(path, text))
    for index, item in enumerate(resources):
        errors += _resource_rule(item or {}, f"{path}.resourceRules[{index}]")
    for index, item in enumerate(others):
        errors += _non_resource_rule(item or {}, f"{path}.nonResourceRules[{index}]")
    return errors


def _subject(subject: dict[str, Any], path: str) -> list[FieldError]:
    kind = subject.get("kind") or ""
    key = _SUBJECTS.get(kind)
    if key is None:
        return [field.not_supported(f"{path}.kind", kind, ["Group", "ServiceAccount", "User"])]
    at, value = f"{path}.{key}", subject.get(key)
    errors: list[FieldError] = []
    if value is None:
        errors.append(field.required(at, f"{key} is required when subject kind is '{kind}'"))
    elif not value.get("name"):
        errors.append(field.required(f"{at}.name"))
    elif kind == "ServiceAccount" and value["name"] != "*":
        errors += [field.invalid(f"{at}.name", value["name"], text) for text in subdomain_name(value["name"], False)]
    if kind == "ServiceAccount" and value is not None:
        namespace = value.get("namespace") or ""
        if namespace:
            errors += [field.invalid(f"{at}.namespace", namespace, text) for text in is_dns1123_label(namespace)]
        else:
            errors.append(field.required(f"{at}.namespace", "must specify namespace for service account"))
    for other, name in _SUBJECTS.items():
        if other != kind and subject.get(name) is not None:
            text = f"{name} is forbidden when subject kind is not '{other}'"
            errors.append(field.forbidden(f"{path}.{name}", text))
    return errors


def _verbs(rule: dict[str, Any], path: str) -> list[FieldError]:
    verbs = rule.get("verbs") or []
    if not verbs:
        return [field.required(f"{path}.verbs", "verbs must contain at least one value")]
    if "*" in verbs:
        text = "if '*' is present, must not specify other verbs"
        return [field.invalid(f"{path}.verbs", verbs, text)] if len(verbs) > 1 else []
    if not set(verbs) <= set(_VERBS):
        return [field.not_supported(f"{path}.verbs", verbs, _VERBS)]
    return []


def _resource_rule(rule: dict[str, Any], path: str) -> list[FieldError]:
    errors = _verbs(rule, path)
    for key, one, many in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        values = rule.get(key) or []
        if not values:
            errors.append(field.required(f"{path}.{key}", f"resource rules must supply at least one {one}"))
        elif len(values) > 1 and "*" in values:
            text = f"if '*' is present, must not specify other {many}"
            errors.append(field.invalid(f"{path}.{key}", values, text))
    namespaces, at = rule.get("namespaces") or [], f"{path}.namespaces"
    if not namespaces and not rule.get("clusterScope"):
        text = "resource rules that are not cluster scoped must supply at least one namespace"
        errors.append(field.required(at, text))
    elif "*" in namespaces:
        if len(namespaces) > 1:
            text = "if '*' is present, must not specify other namespaces"
            errors.append(field.invalid(at, namespaces, text))
    else:
        for index, name in enumerate(namespaces):
            for text in is_dns1123_label(name):
                errors.append(field.invalid(f"{at}[{index}]", name, _NAMESPACE_INTRO + text))
    return errors


def _non_resource_rule(rule: dict[str, Any], path: str) -> list[FieldError]:
    errors = _verbs(rule, path)
    urls, at = rule.get("nonResourceURLs") or [], f"{path}.nonResourceURLs"
    if not urls:
        errors.append(field.required(at, "nonResourceURLs must contain at least one value"))
    elif "*" in urls:
        if len(urls) > 1:
            text = "if '*' is present, must not specify other non-resource URLs"
            errors.append(field.invalid(at, urls, text))
    else:
        for index, url in enumerate(urls):
            problem = _url_problem(url)
            if problem:
                errors.append(field.invalid(f"{at}[{index}]", url, problem))
    return errors


def _url_problem(url: str) -> str:
    if not url:
        return "must not be empty"
    if url == "/":
        return ""
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    stars = url.count("*")
    return "wildcard can only do suffix matching" if stars > 1 or (stars and not url.endswith("/*")) else ""


def _conditions(obj: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        path, kind = f"status.conditions[{index}].type", condition.get("type") or ""
        if kind in seen:
            errors.append(field.duplicate(path, kind))
        seen.add(kind)
        if not kind:
            errors.append(field.required(path, "must not be empty"))
    return errors


def _priority_level(obj: Obj) -> list[FieldError]:
    spec, name = obj.get("spec") or {}, (obj.get("metadata") or {}).get("name")
    kind, limited = spec.get("type") or "", spec.get("limited")
    errors: list[FieldError] = []
    if (name == "exempt") != (kind == "Exempt"):
        text = "type must be 'Exempt' if and only if name is 'exempt'"
        errors.append(field.invalid("spec.type", kind, text))
    if kind == "Exempt":
        if limited is not None:
            errors.append(field.forbidden("spec.limited", "must be nil if the type is not Limited"))
        errors += _lendable(spec.get("exempt") or {}, "spec.exempt")
    elif kind == "Limited":
        if spec.get("exempt") is not None:
            errors.append(field.forbidden("spec.exempt", "must be nil if the type is Limited"))
        if limited is None:
            errors.append(field.required("spec.limited", "must not be empty when type is Limited"))
        else:
            errors += _lendable(limited, "spec.limited")
            errors += _response(limited.get("limitResponse") or {}, "spec.limited.limitResponse")
    else:
        errors.append(field.not_supported("spec.type", kind, ["Exempt", "Limited"]))
    return errors + fixed_level(name or "", spec) + _conditions(obj)


def _lendable(level: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    shares, lendable = level.get("nominalConcurrencyShares"), level.get("lendablePercent")
    if shares is not None and shares < 0:
        errors.append(field.invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer"))
    if lendable is not None and not 0 <= lendable <= 100:
        errors.append(field.invalid(f"{path}.lendablePercent", lendable, "must be between 0 and 100, inclusive"))
    borrowing = level.get("borrowingLimitPercent")
    if borrowing is not None and borrowing < 0:
        text = "if specified, must be a non-negative integer"
        errors.append(field.invalid(f"{path}.borrowingLimitPercent", borrowing, text))
    return errors


def _response(response: dict[str, Any], path: str) -> list[FieldError]:
    kind, queuing = response.get("type") or "", response.get("queuing")
    if kind == "Reject":
        if queuing is None:
            return []
        text = "must be nil if limited.limitResponse.type is not Limited"
        return [field.forbidden(f"{path}.queuing", text)]
    if kind != "Queue":
        return [field.not_supported(f"{path}.type", kind, ["Queue", "Reject"])]
    if queuing is None:
        text = "must not be empty if limited.limitResponse.type is Limited"
        return [field.required(f"{path}.queuing", text)]
    return _queuing(queuing, f"{path}.queuing")


def _queuing(queuing: dict[str, Any], path: str) -> list[FieldError]:
    length, queues = queuing.get("queueLengthLimit") or 0, queuing.get("queues") or 0
    hand = queuing.get("handSize") or 0
    errors: list[FieldError] = []
    if length <= 0:
        errors.append(field.invalid(f"{path}.queueLengthLimit", length, "must be positive"))
    if queues <= 0:
        errors.append(field.invalid(f"{path}.queues", queues, "must be positive"))
    elif queues > _MAX_QUEUES:
        errors.append(field.invalid(f"{path}.queues", queues, f"must not be greater than {_MAX_QUEUES}"))
    at = f"{path}.handSize"
    if hand <= 0:
        errors.append(field.invalid(at, hand, "must be positive"))
    elif hand > queues:
        errors.append(field.invalid(at, hand, f"should not be greater than queues ({queues})"))
    elif queues <= _MAX_QUEUES and _entropy(queues, hand) > _MAX_ENTROPY:
        text = (
            f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {_MAX_ENTROPY}"
        )
        errors.append(field.invalid(at, hand, text))
    return errors


def _entropy(deck: int, hand: int) -> int:
    """Bits of hash needed to deal a hand out of a deck; more than anyone has is enough to know."""
    if hand > _MAX_ENTROPY:
        return _MAX_ENTROPY + 1 if deck > 2 else 0
    return math.ceil(sum(math.log2(deck - index) for index in range(hand)))


def _level_status(new: Obj, old: Obj) -> list[FieldError]:
    return _conditions(new)


VALIDATE: dict[str, Checks] = {
    "flowschemas.flowcontrol.apiserver.k8s.io": (_flow_schema, lambda new, old: _flow_schema(new), _level_status),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": (
        _priority_level,
        lambda new, old: _priority_level(new),
        _level_status,
    ),
}
