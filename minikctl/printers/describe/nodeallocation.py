"""The tables of a node's description that count what its pods ask for.

Upstream counterpart: describeNodeResource, with the sums of component-helpers' `resource/helpers.go`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.podresources import aggregate_quantities, is_pod_level_resource
from minikctl.apimachinery.quantity import ZERO, Quantity, parse
from minikctl.printers.describe.writer import Writer, since

Obj = dict[str, Any]
Amounts = dict[str, Quantity]

# what Go makes of an infinite float
_INFINITE = -(2**63)
_COUNTED = ("cpu", "memory", "ephemeral-storage")


def describe_allocation(out: Writer, node: Obj, pods: list[Obj], now: float) -> None:
    """The pods of a node with their shares of it, and the sums."""
    status = node.get("status") or {}
    allocatable = {
        key: parse(value) for key, value in (status.get("allocatable") or status.get("capacity") or {}).items()
    }
    out.field("Non-terminated Pods", f"({len(pods)} in total)")
    out.line("Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge", 1)
    out.line("---------\t----\t\t------------\t----------\t---------------\t-------------\t---", 1)
    requests: Amounts = {}
    limits: Amounts = {}
    for pod in pods:
        metadata = pod["metadata"]
        wanted, capped = pod_amounts(pod, "requests", use_status=True), pod_amounts(pod, "limits", use_status=True)
        cells = [
            _share(amounts, resource, allocatable) for resource in ("cpu", "memory") for amounts in (wanted, capped)
        ]
        age = since(metadata.get("creationTimestamp"), now)
        out.row(metadata.get("namespace", ""), metadata["name"], "", *cells, age, level=1)
        _add(requests, pod_amounts(pod, "requests"))
        _add(limits, pod_amounts(pod, "limits"))
    out.line("Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)")
    out.heading("Resource", "Requests", "Limits", level=1)
    huge = sorted([name for name in allocatable if name.startswith("hugepages-")])
    for name in (*_COUNTED, *huge):
        has_any = bool(allocatable.get(name, ZERO))
        cells = [_share(amounts, name, allocatable if has_any else None) for amounts in (requests, limits)]
        out.row(name, *cells, level=1)
    for name in sorted(allocatable):
        if name not in _COUNTED and name != "pods" and name not in huge:
            out.row(name, requests.get(name, ZERO), limits.get(name, ZERO), level=1)


def _share(amounts: Amounts, name: str, allocatable: Amounts | None) -> str:
    """An amount and what percentage of the node it is; 0 where the node's amount does not count."""
    amount = amounts.get(name, ZERO)
    if allocatable is None:
        return f"{amount} (0%)"
    whole = allocatable.get(name, ZERO)
    used, total = (amount.milli(), whole.milli()) if name == "cpu" else (amount.value(), whole.value())
    return f"{amount} ({int(float(used) / float(total) * 100) if total else _INFINITE}%)"


def pod_amounts(pod: Obj, kind: str, use_status: bool = False) -> Amounts:
    """The effective "requests" or "limits" of a pod, exact; `use_status` counts what a resize still holds."""
    spec = pod.get("spec") or {}
    if use_status:
        spec = _with_status(pod, spec, kind)
    total = aggregate_quantities(spec, kind)
    for name, text in ((spec.get("resources") or {}).get(kind) or {}).items():
        if is_pod_level_resource(name):
            total[name] = parse(text)
    for name, text in (spec.get("overhead") or {}).items():
        if kind == "requests":
            total[name] = total[name] + parse(text) if name in total else parse(text)
        elif total.get(name):
            total[name] += parse(text)
    return total


def _with_status(pod: Obj, spec: Obj, kind: str) -> Obj:
    """The spec with each container's amounts raised to those in force and promised."""
    status = pod.get("status") or {}
    infeasible = any(
        condition.get("type") == "PodResizePending" and condition.get("reason") == "Infeasible"
        for condition in status.get("conditions") or ()
    )
    changed = dict(spec)
    for key, statuses_key in (("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")):
        statuses = {each.get("name"): each for each in status.get(statuses_key) or ()}
        changed[key] = [
            _effective(container, statuses.get(container.get("name")), kind, infeasible)
            for container in spec.get(key) or ()
        ]
    return changed


def _effective(container: Obj, status: Obj | None, kind: str, infeasible: bool) -> Obj:
    if status is None or status.get("resources") is None:
        return container
    resources = container.get("resources") or {}
    sources = [status["resources"].get(kind)]
    if not infeasible:
        sources.insert(0, resources.get(kind))
    if kind == "requests":
        sources.append(status.get("allocatedResources"))
    highest: dict[str, str] = {}
    for source in sources:
        for name, text in (source or {}).items():
            if name not in highest or parse(text) > parse(highest[name]):
                highest[name] = text
    return {**container, "resources": {**resources, kind: highest}}


def _add(total: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = total[name] + amount if name in total else amount
