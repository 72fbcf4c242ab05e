"""Namespaces, and the ResourceQuotas and LimitRanges they show.

Upstream counterpart: NamespaceDescriber, ResourceQuotaDescriber and LimitRangeDescriber.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.quantity import Quantity, canonical, of_int, parse
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.writer import Writer, head

Obj = dict[str, Any]

_SCOPES = {
    "Terminating": "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before "
    "being actively terminated by the system.",
    "NotTerminating": "Matches all pods that do not have an active deadline. These pods usually include long running "
    "pods whose container command is not expected to terminate.",
    "BestEffort": "Matches all pods that do not have resource requirements set. These pods have a best effort quality "
    "of service.",
    "NotBestEffort": "Matches all pods that have at least one resource requirement set. These pods have a burstable or "
    "guaranteed quality of service.",
}
_LIMIT_TITLES = ("Type", "Resource", "Min", "Max", "Default Request", "Default Limit", "Max Limit/Request Ratio")
_LIMITS = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")


def describe(namespace: Obj, lookup: Lookup, now: float) -> str:
    """A Namespace with its quotas and limit ranges."""
    name = namespace["metadata"]["name"]
    quotas, ranges = _list("resourcequotas", name, lookup), _list("limitranges", name, lookup)
    status = namespace.get("status") or {}
    out = head(namespace, namespaced=False)
    out.field("Status", status.get("phase", ""))
    if status.get("conditions"):
        out.line("Conditions:")
        out.heading("Type", "Status", "LastTransitionTime", "Reason", "Message", level=1)
        out.conditions(status["conditions"], "lastTransitionTime", "reason", "message")
    if quotas is not None:
        out.line("")
        _quotas(out, quotas)
    if ranges is not None:
        out.line("")
        _ranges(out, ranges)
    return out.text()


def _list(resource: str, namespace: str, lookup: Lookup) -> list[Obj] | None:
    try:
        return lookup.list(resource, namespace)
    except StatusError as error:
        if error.reason == "NotFound":
            return None
        raise


def _quotas(out: Writer, quotas: list[Obj]) -> None:
    if not quotas:
        out.line("No resource quota.")
        return
    out.line("Resource Quotas")
    for quota in sorted(quotas, key=lambda each: str(each["metadata"]["name"])):
        out.field("Name", quota["metadata"]["name"], 1)
        _scopes(out, quota, 1, "* ")
        out.line("Resource\tUsed\tHard", 1)
        out.line("--------\t---\t---", 1)
        status = quota.get("status") or {}
        hard, used = status.get("hard") or {}, status.get("used") or {}
        for resource in sorted(hard):
            out.row(resource, canonical(used.get(resource, "0")), canonical(hard[resource]), level=1)


def _scopes(out: Writer, quota: Obj, level: int, bullet: str) -> None:
    scopes = sorted(quota["spec"].get("scopes") or ())
    if scopes:
        out.field("Scopes", ", ".join(scopes), level)
        for scope in scopes:
            if scope in _SCOPES:
                out.line(bullet + _SCOPES[scope], level)


def _ranges(out: Writer, ranges: list[Obj]) -> None:
    if not ranges:
        out.line("No LimitRange resource.")
        return
    out.line("Resource Limits")
    out.row(*_titles(" ", _LIMIT_TITLES))
    out.row(*_titles(" ", ["-" * len(title) for title in _LIMIT_TITLES]))
    for each in ranges:
        _limits(out, each["spec"], " ")


def _titles(prefix: str, titles: tuple[str, ...] | list[str]) -> list[str]:
    return [prefix + titles[0], *titles[1:]]


def _limits(out: Writer, spec: Obj, prefix: str = "") -> None:
    for item in spec.get("limits") or ():
        # upstream's order is that of a Go map; here it is alphabetical
        for resource in sorted({name for limit in _LIMITS for name in item.get(limit) or ()}):
            cells = [(item.get(limit) or {}).get(resource) for limit in _LIMITS]
            texts = ["-" if cell is None else canonical(cell) for cell in cells]
            out.row(f"{prefix}{item.get('type', '')}", resource, *texts)


def limit_range(limit_range: Obj, lookup: Lookup, now: float) -> str:
    """A LimitRange, one line per type and resource."""
    out = Writer()
    out.field("Name", limit_range["metadata"]["name"])
    out.field("Namespace", limit_range["metadata"].get("namespace", ""))
    out.heading(*_LIMIT_TITLES)
    _limits(out, limit_range.get("spec") or {})
    return out.text()


def resource_quota(quota: Obj, lookup: Lookup, now: float) -> str:
    """A ResourceQuota: its scopes, what is used and what may be."""
    out = Writer()
    out.field("Name", quota["metadata"]["name"])
    out.field("Namespace", quota["metadata"].get("namespace", ""))
    _scopes(out, quota, 0, " * ")
    out.heading("Resource", "Used", "Hard")
    status = quota.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    for resource in sorted(hard):
        limit = parse(hard[resource])
        out.row(resource, _alike(parse(used.get(resource, "0")), limit), limit)
    return out.text()


def _alike(used: Quantity, limit: Quantity) -> Quantity:
    """The amount in the other's format; Go rounds it to whole units on the way."""
    return used if used.format == limit.format else of_int(used.value(), limit.format)
