"""Rows of configuration and policy kinds: config maps, secrets, service accounts, quotas, disruption budgets."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import Obj, age, define, name


def _config_map(obj: Obj, now: float) -> list[Any]:
    return [name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj, now)]


def _secret(obj: Obj, now: float) -> list[Any]:
    return [name(obj), obj.get("type", ""), len(obj.get("data") or ()), age(obj, now)]


def _service_account(obj: Obj, now: float) -> list[Any]:
    return [name(obj), age(obj, now)]


def _resource_quota(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    requests: list[str] = []
    limits: list[str] = []
    for resource in sorted(hard):
        text = f"{resource}: {used.get(resource, '0')}/{hard[resource]}"
        (limits if resource.startswith("limits.") else requests).append(text)
    return [name(obj), ", ".join(requests), ", ".join(limits), age(obj, now)]


def _disruption_budget(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    bounds = ["N/A" if spec.get(key) is None else str(spec[key]) for key in ("minAvailable", "maxUnavailable")]
    return [name(obj), *bounds, (obj.get("status") or {}).get("disruptionsAllowed", 0), age(obj, now)]


TABLES = {
    "configmaps": (define("Name", "Data", "Age"), _config_map),
    "secrets": (define("Name", "Type", "Data", "Age"), _secret),
    "serviceaccounts": (define("Name", "Age"), _service_account),
    "resourcequotas": (define("Name", "Request", "Limit", "Age"), _resource_quota),
    "poddisruptionbudgets.policy": (
        define("Name", "Min Available", "Max Unavailable", "Allowed Disruptions:integer", "Age"),
        _disruption_budget,
    ),
}
