"""ResourceQuota: charges what is created to the namespace's quotas, or refuses it.

The usage goes into each quota's status in the request's own transaction. Counterpart of
`apiserver/pkg/admission/plugin/resourcequota` with the evaluators of `pkg/quota/v1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apiserver.admission.refusal import forbidden

if TYPE_CHECKING:
    from minikctl.apimachinery.quantity import Quantity
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

QUOTAS = "resourcequotas"
# Kinds that are also charged when they change.
_CHARGED_ON_UPDATE = frozenset({"services", "persistentvolumeclaims", "resourceclaims.resource.k8s.io"})
_PER_CONTAINER = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Refuse what a quota does not leave room for; charge it otherwise."""
    quotas = [quota for quota in ctx.reader.peek_all(QUOTAS) if quota["metadata"]["namespace"] == ctx.namespace]
    if not quotas or obj is None or not _charges(ctx):
        return
    from minikctl.apimachinery import quotausage

    key = ctx.resource.key
    extended = _extended(ctx)
    concerned = []
    for quota in quotas:
        if not quotausage.in_scope(quota, key, obj):
            continue
        hard = (quota.get("status") or {}).get("hard") or {}
        names = [name for name in hard if key in quotausage.resources_of(name, extended)]
        if key == "pods":
            _check_constraints(quota, names, obj, ctx)
        used = (quota.get("status") or {}).get("used") or {}
        if any(name not in used for name in names):
            why = f"status unknown for quota: {quota['metadata']['name']}, resources: {','.join(sorted(names))}"
            raise forbidden(obj, ctx, why)
        concerned.append(quota)
    charged = []
    for quota in concerned:
        # What was no matter of this quota before is charged to it whole.
        counted = old if old is not None and quotausage.in_scope(quota, key, old) else None
        if cost := _cost(obj, counted, extended, ctx):
            charged.append(_charged(quota, cost, obj, ctx))
    if charged:
        ctx.on_commit.append(lambda: _store(charged, ctx))


def _charges(ctx: Context) -> bool:
    subresource = ctx.request.subresource
    if ctx.operation == "CREATE":
        return not subresource
    if ctx.resource.key == "pods":
        return subresource == "resize"
    return not subresource and ctx.resource.key in _CHARGED_ON_UPDATE


def _extended(ctx: Context) -> dict[str, str]:
    """The extended resources that device classes stand for, of interest for claims alone."""
    from minikctl.apimachinery import devicequota

    if ctx.resource.key != devicequota.CLAIMS:
        return {}
    return devicequota.extended_resources(ctx.reader.peek_all(devicequota.CLASSES))


def _usage(obj: Obj, extended: dict[str, str], ctx: Context) -> dict[str, Quantity]:
    from minikctl.apimachinery import devicequota, quotausage

    now = ctx.server.clock.now()
    if ctx.resource.key != devicequota.CLAIMS:
        return quotausage.usage(ctx.resource.key, obj, now)
    name = devicequota.pod_of(obj)
    return quotausage.claim_usage(obj, extended, ctx.reader.peek("pods", ctx.namespace, name) if name else None, now)


def _cost(obj: Obj, old: Obj | None, extended: dict[str, str], ctx: Context) -> dict[str, Quantity]:
    """What the request adds to the usage, zeros left out."""
    cost = _usage(obj, extended, ctx)
    if old is not None:
        before = _usage(old, extended, ctx)
        cost = {name: amount - before[name] if name in before else amount for name, amount in cost.items()}
    return {name: amount for name, amount in cost.items() if amount.nanos > 0}


def _charged(quota: Obj, cost: dict[str, Quantity], obj: Obj, ctx: Context) -> Obj:
    """The quota with the cost added to its usage; Forbidden where that is above a limit."""
    from minikctl.apimachinery.quantity import parse

    status = quota["status"]
    hard, used = status.get("hard") or {}, status.get("used") or {}
    asked = {name: amount for name, amount in cost.items() if name in hard}
    after = {name: parse(used.get(name, "0")) + amount for name, amount in asked.items()}
    exceeded = sorted(name for name, amount in after.items() if amount > parse(hard[name]))
    if exceeded:
        lists = [",".join(f"{name}={parse(amounts[name])}" for name in exceeded) for amounts in (used, hard)]
        requested = ",".join(f"{name}={asked[name]}" for name in exceeded)
        why = f"exceeded quota: {quota['metadata']['name']}, requested: {requested}, used: {lists[0]}"
        raise forbidden(obj, ctx, f"{why}, limited: {lists[1]}")
    if not asked:
        return quota
    return {**quota, "status": {**status, "used": {**used, **{name: str(amount) for name, amount in after.items()}}}}


def _store(charged: list[Obj], ctx: Context) -> None:
    for quota in charged:
        live = ctx.reader.peek(QUOTAS, ctx.namespace, quota["metadata"]["name"])
        if live is not None and live["status"] != quota["status"]:
            ctx.write(QUOTAS, {**quota, "metadata": dict(live["metadata"])})


def _check_constraints(quota: Obj, names: list[str], pod: Obj, ctx: Context) -> None:
    """Where cpu or memory is limited, each container must say what it asks for."""
    required = [name for name in names if name in _PER_CONTAINER]
    if not required:
        return
    spec = pod["spec"]
    whole = _said(spec)
    missing: dict[str, list[str]] = {}
    for container in (*spec.get("containers", ()), *(spec.get("initContainers") or ())):
        said = _said(container) | whole
        for name in required:
            if name not in said:
                missing.setdefault(name, []).append(container["name"])
    if missing:
        parts = [f"{name} for: {','.join(sorted(set(missing[name])))}" for name in sorted(missing)]
        raise forbidden(pod, ctx, f"failed quota: {quota['metadata']['name']}: must specify {'; '.join(parts)}")


def _said(holder: Obj) -> set[str]:
    """The quota resources that a container (or pod) names in its requests and limits."""
    resources = holder.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    return {*requests, *(f"requests.{name}" for name in requests), *(f"limits.{name}" for name in limits)}
