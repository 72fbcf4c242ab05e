"""metrics.k8s.io/v1beta1: what nodes and pods use, as a metrics server would report it; answered, not stored.

Served unless the cluster is of the bare profile. The figures are those of `apimachinery.podusage`.
Counterpart: metrics-server's `pkg/api`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors, podusage
from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.metricskinds import GROUP
from minikctl.apiserver.registry import read

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_WINDOW = "15s"
_MEASURED = ("cpu", "memory")


def answer(ctx: Context) -> Obj:
    """The metrics of one object, or of all that a list selects."""
    name = ctx.request.name
    found = _nodes(ctx) if ctx.resource.plural == "nodes" else _pods(ctx)
    if ctx.request.verb == "get":
        if not found:
            if ctx.reader.get(ctx.resource.plural, ctx.namespace, name) is None:
                raise errors.not_found(ctx.resource.plural, name)
            shown = f"{ctx.namespace}/{name}" if ctx.resource.namespaced else name
            details = {"name": shown, "group": GROUP, "kind": ctx.resource.kind.lower()}
            text = f'{ctx.resource.kind.lower()}.{GROUP} "{shown}" not found'
            raise errors.StatusError("NotFound", text, details)
        if ctx.request.accept == "table":
            return ctx.server.table(ctx, found, {})
        return found[0]
    if ctx.request.accept == "table":
        return ctx.server.table(ctx, found, {})
    head = {"kind": ctx.resource.list_kind, "apiVersion": ctx.resource.api_version}
    return {**head, "metadata": {}, "items": found}


def _selected(ctx: Context, objects: list[Obj]) -> list[Obj]:
    """The nodes or pods that a request is about."""
    options, name = ctx.request.options, ctx.request.name
    labels = read.label_selector(options.get("labelSelector"))
    fields = read.field_selector(options.get("fieldSelector"), ctx)
    return [
        obj
        for obj in objects
        if (not name or obj["metadata"]["name"] == name)
        and (labels is None or labels.matches(obj["metadata"].get("labels") or {}))
        and (fields is None or fields.matches(obj))
    ]


def _pods(ctx: Context) -> list[Obj]:
    pods = _selected(ctx, ctx.reader.list("pods", ctx.namespace))
    return [_metrics(ctx, pod, containers) for pod in pods if (containers := _containers(ctx, pod))]


def _containers(ctx: Context, pod: Obj) -> list[Obj]:
    """What the containers of a running pod use; nothing of others."""
    if (pod.get("status") or {}).get("phase") != "Running":
        return []
    if not podusage.reported(ctx.reader.get("nodes", "", pod["spec"].get("nodeName", ""))):
        return []
    now = ctx.server.clock.now()
    return [
        {
            "name": container["name"],
            "usage": _usage({name: podusage.container_usage(pod, container, name, now) for name in _MEASURED}),
        }
        for container in podusage.measured(pod)
    ]


def _nodes(ctx: Context) -> list[Obj]:
    nodes = [node for node in _selected(ctx, ctx.reader.list("nodes")) if podusage.reported(node)]
    now = ctx.server.clock.now()
    used: dict[str, dict[str, int]] = {node["metadata"]["name"]: dict.fromkeys(_MEASURED, 0) for node in nodes}
    for pod in ctx.reader.list("pods"):
        total = used.get(pod["spec"].get("nodeName", ""))
        if total is not None and (pod.get("status") or {}).get("phase") == "Running":
            for container in podusage.measured(pod):
                for name in _MEASURED:
                    total[name] += podusage.container_usage(pod, container, name, now)
    return [_metrics(ctx, node, None, _usage(used[node["metadata"]["name"]])) for node in nodes]


def _usage(thousandths: dict[str, int]) -> dict[str, str]:
    """Quantities in the units that a metrics server uses: nanocores and kibibytes."""
    return {"cpu": f"{thousandths['cpu'] * 1_000_000}n", "memory": f"{thousandths['memory'] // 1000 // 1024}Ki"}


def _metrics(ctx: Context, obj: Obj, containers: list[Obj] | None, usage: dict[str, str] | None = None) -> Obj:
    meta, now = obj["metadata"], rfc3339(ctx.server.clock.now())
    metadata: Obj = {"name": meta["name"], "creationTimestamp": now}
    for name in ("namespace", "labels"):
        if meta.get(name):
            metadata[name] = meta[name]
    found: Obj = {"kind": ctx.resource.kind, "apiVersion": ctx.resource.api_version, "metadata": metadata}
    found.update(timestamp=now, window=_WINDOW)
    return {**found, "containers": containers} if containers is not None else {**found, "usage": usage}
