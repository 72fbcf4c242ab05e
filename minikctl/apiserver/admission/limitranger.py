"""LimitRanger: fills in the default requests and limits of a namespace, and holds pods and claims to its bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import aggregate
from minikctl.apimachinery.podresources import aggregate_quantities
from minikctl.apimachinery.quantity import Quantity, parse
from minikctl.apiserver.admission.refusal import forbidden

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

    Amounts = dict[str, Quantity]

ANNOTATION = "kubernetes.io/limit-ranger"


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Give the containers of a new or resized pod the defaults they lack, and note that in an annotation."""
    assert obj is not None
    if ctx.operation == "UPDATE" and ctx.request.subresource != "resize":
        return
    if old is not None and "deletionTimestamp" in old["metadata"]:
        return
    for limit_range in _ranges(ctx):
        requests: dict[str, str] = {}
        limits: dict[str, str] = {}
        for limit in limit_range["spec"].get("limits") or ():
            if limit.get("type") == "Container":
                requests.update(limit.get("defaultRequest") or {})
                limits.update(limit.get("default") or {})
        _fill(obj, requests, limits)


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Refuse what exceeds a bound; the first LimitRange with a complaint speaks."""
    assert obj is not None
    subresource = ctx.request.subresource
    if ctx.resource.key == "pods" and ctx.operation == "UPDATE" and subresource != "resize":
        return
    if old is not None and "deletionTimestamp" in old["metadata"]:
        return
    check = _pod_problems if ctx.resource.key == "pods" else _claim_problems
    for limit_range in _ranges(ctx):
        problems = [p for limit in limit_range["spec"].get("limits") or () for p in check(limit, obj)]
        if problems:
            raise forbidden(obj, ctx, aggregate(problems))


def _ranges(ctx: Context) -> list[Obj]:
    return [found for found in ctx.reader.peek_all("limitranges") if found["metadata"]["namespace"] == ctx.namespace]


def _fill(pod: Obj, requests: dict[str, str], limits: dict[str, str]) -> None:
    notes: list[str] = []
    spec = pod["spec"]
    for group, what in (("containers", "container"), ("initContainers", "init container")):
        for container in spec.get(group) or ():
            resources = container.setdefault("resources", {})
            for kind, defaults in (("request", requests), ("limit", limits)):
                have = resources.get(f"{kind}s") or {}
                added = {name: amount for name, amount in defaults.items() if name not in have}
                if added:
                    resources[f"{kind}s"] = {**have, **added}
                    notes.append(f"{', '.join(sorted(added))} {kind} for {what} {container.get('name', '')}")
    if notes:
        annotations = pod["metadata"].get("annotations") or {}
        pod["metadata"]["annotations"] = {**annotations, ANNOTATION: "LimitRanger plugin set: " + "; ".join(notes)}


def _pod_problems(limit: Obj, pod: Obj) -> Iterator[str]:
    kind, spec = limit.get("type"), pod["spec"]
    if kind == "Container":
        for container in (*spec.get("containers", ()), *(spec.get("initContainers") or ())):
            resources = container.get("resources") or {}
            yield from _problems(limit, _parsed(resources.get("requests")), _parsed(resources.get("limits")))
    elif kind == "Pod":
        whole = spec.get("resources") or {}
        requests = {**aggregate_quantities(spec, "requests"), **_parsed(whole.get("requests"))}
        limits = {**aggregate_quantities(spec, "limits"), **_parsed(whole.get("limits"))}
        yield from _problems(limit, requests, limits)


def _claim_problems(limit: Obj, claim: Obj) -> Iterator[str]:
    if limit.get("type") != "PersistentVolumeClaim":
        return
    requests = _parsed((claim["spec"].get("resources") or {}).get("requests"))
    yield from filter(None, (_minimum(limit, name, requests, {}) for name in sorted(limit.get("min") or ())))
    for name, bound in sorted(_parsed(limit.get("max")).items()):
        head = f"maximum {name} usage per PersistentVolumeClaim is {bound}"
        if name not in requests:
            yield f"{head}.  No request is specified"
        elif requests[name] > bound:
            yield f"{head}, but request is {requests[name]}"


def _problems(limit: Obj, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for check, field in ((_minimum, "min"), (_maximum, "max"), (_ratio, "maxLimitRequestRatio")):
        for name in sorted(limit.get(field) or ()):
            if problem := check(limit, name, requests, limits):
                yield problem


def _minimum(limit: Obj, name: str, requests: Amounts, limits: Amounts) -> str:
    bound = parse(limit["min"][name])
    head = f"minimum {name} usage per {limit['type']} is {bound}"
    if name not in requests:
        return f"{head}.  No request is specified"
    if requests[name] < bound:
        return f"{head}, but request is {requests[name]}"
    if name in limits and limits[name] < bound:
        return f"{head}, but limit is {limits[name]}"
    return ""


def _maximum(limit: Obj, name: str, requests: Amounts, limits: Amounts) -> str:
    bound = parse(limit["max"][name])
    head = f"maximum {name} usage per {limit['type']} is {bound}"
    if name not in limits:
        return f"{head}.  No limit is specified"
    if limits[name] > bound:
        return f"{head}, but limit is {limits[name]}"
    if name in requests and requests[name] > bound:
        return f"{head}, but request is {requests[name]}"
    return ""


def _ratio(limit: Obj, name: str, requests: Amounts, limits: Amounts) -> str:
    bound = parse(limit["maxLimitRequestRatio"][name])
    head = f"{name} max limit to request ratio per {limit['type']} is {bound}"
    if not requests.get(name):
        return f"{head}, but no request is specified or request is 0"
    if not limits.get(name):
        return f"{head}, but no limit is specified or limit is 0"
    ratio = limits[name].nanos / requests[name].nanos
    return f"{head}, but provided ratio is {ratio:f}" if ratio > bound.approximate() else ""


def _parsed(listed: dict[str, str] | None) -> Amounts:
    return {name: parse(text) for name, text in (listed or {}).items()}
