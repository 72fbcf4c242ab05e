"""The pod's own subresources: binding, eviction, resize and ephemeral containers.

Counterparts: `pkg/registry/core/pod/storage` and its eviction and resize REST storages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, selectors
from minikctl.apimachinery.meta import set_condition
from minikctl.apimachinery.request import Obj, Request, Response
from minikctl.apiserver import admission
from minikctl.apiserver.registry import decode, deletion, patching, read, write
from minikctl.apiserver.registry.kinds.pods import PodStrategy
from minikctl.apiserver.registry.strategy import keep
from minikctl.apiserver.validation.pod import validate_binding

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
_BUDGETS = "poddisruptionbudgets.policy"
_MAX_DISRUPTED = 2000
_ALLOWED = "DisruptionAllowed"
_RESIZED = ("containers", "initContainers")


def bind(ctx: Context) -> Response:
    """Give a pod its node (POST pods/NAME/binding)."""
    binding = _posted("v1", "Binding", ctx)
    found = validate_binding(binding)
    if found:
        raise errors.unknown(found)
    node = binding["target"]["name"]
    _admit(binding, "v1", "Binding", ctx)
    meta = binding.get("metadata") or {}
    given = {part: meta[part] for part in ("annotations", "labels") if meta.get(part)}

    def assign(pod: Obj) -> None:
        for what, key in (("UID", "uid"), ("ResourceVersion", "resourceVersion")):
            if meta.get(key) and meta[key] != pod["metadata"].get(key):
                raise write.failed_precondition(what, meta[key], pod["metadata"].get(key, ""), pod, ctx)
        if pod["metadata"].get("deletionTimestamp"):
            raise _binding_conflict(ctx, f"pod {ctx.request.name} is being deleted, cannot be assigned to a host")
        spec = pod["spec"]
        if spec.get("nodeName"):
            raise _binding_conflict(ctx, f'pod {ctx.request.name} is already assigned to node "{spec["nodeName"]}"')
        if spec.get("schedulingGates"):
            raise _binding_conflict(ctx, f"pod {ctx.request.name} has non-empty .spec.schedulingGates")
        spec["nodeName"] = node
        for part, entries in given.items():
            pod["metadata"][part] = {**(pod["metadata"].get(part) or {}), **entries}
        _scheduled(pod, ctx.now)

    _write_past_validation(ctx, assign)
    return Response(dict(_SUCCESS), 201, ctx.warnings)


def bind_named(ctx: Context) -> Response:
    """The same for the pod that a Binding names (POST bindings)."""
    asked = ctx.request
    body = asked.body if isinstance(asked.body, dict) else {}
    meta = body.get("metadata")
    name = str(meta.get("name") or "") if isinstance(meta, dict) else ""
    pods = ctx.server.lookup("pods")
    request = Request("create", asked.user, pods, asked.namespace, name, "binding", body, options=asked.options)
    request.notes, request.answers = asked.notes, asked.answers
    return bind(ctx.server.context(request, "CREATE"))


def _posted(api_version: str, kind: str, ctx: Context) -> Obj:
    """What is posted to a pod; clients name that pod in it."""
    body: Any = ctx.request.body
    if ctx.request.trusted:
        trusted: Obj = body
        return trusted
    if kind == "Eviction" and isinstance(body, dict) and body.get("apiVersion") == "policy/v1beta1":
        body = {**body, "apiVersion": api_version}
    posted = decode.decode_part(body, api_version, kind, ctx)
    write.check_namespace(posted, ctx)
    if posted["metadata"].get("name") != ctx.request.name:
        raise errors.bad_request(f"name in URL does not match name in {kind} object")
    return posted


def _admit(body: Obj, api_version: str, kind: str, ctx: Context) -> None:
    """Ask policies and webhooks about what is created below a pod."""
    ctx.operation = "CREATE"
    obj = {"apiVersion": api_version, "kind": kind, **body}
    admission.mutate(obj, None, ctx)
    admission.validate(obj, None, ctx)
    body.update(obj)


def _binding_conflict(ctx: Context, why: str) -> errors.StatusError:
    return errors.conflict("pods/binding", ctx.request.name, why)


def _scheduled(pod: Obj, now: str) -> None:
    """Set the PodScheduled condition as the binding REST does, and drop the nomination."""
    status = pod["status"]
    status.pop("nominatedNodeName", None)
    conditions = status["conditions"] = list(status.get("conditions") or ())
    entry = {
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "status": "True",
        "type": "PodScheduled",
    }
    for index, condition in enumerate(conditions):
        if condition["type"] == "PodScheduled":
            conditions[index] = entry
            return
    conditions.append(entry)


def _write_past_validation(ctx: Context, change: Callable[[Obj], None]) -> None:
    """Update the pod in a way its ordinary update does not allow; nothing else of it can change.

    `change` may alter the pod, its metadata, spec and status, but nothing below them: that is shared. No
    manager owns what is written, since upstream writes it to the storage directly.
    """
    from minikctl.store.record import index_of

    store = ctx.server.storage.store
    with store.transaction():
        record = ctx.server.storage.record("pods", ctx.namespace, ctx.request.name)
        if record is None:
            raise errors.not_found("pods", ctx.request.name)
        old = store.view(record)
        new = {**old, **{part: dict(old.get(part) or ()) for part in ("metadata", "spec", "status")}}
        change(new)
        if not ctx.dry_run:
            ctx.server.storage.update(record, new, index_of("pods", old), keep=True)


def evict(ctx: Context) -> Response:
    """Delete a pod if every disruption budget allows it (POST pods/NAME/eviction)."""
    body = _posted("policy/v1", "Eviction", ctx)
    _admit(body, "policy/v1", "Eviction", ctx)
    options: dict[str, Any] = dict(body.get("deleteOptions") or {})
    ctx.dry_run = ctx.dry_run or bool(options.get("dryRun"))
    if ctx.dry_run:
        options["dryRun"] = ["All"]
    store = ctx.server.storage.store
    with store.transaction():
        pod = read.get(ctx)
        if not _unprotected(pod):
            _spend_budget(pod, ctx)
        _mark_disrupted(pod, ctx)
        single = Request("delete", ctx.user, ctx.resource, ctx.namespace, ctx.request.name, options=options)
        single.answers = ctx.request.answers
        deletion.delete(ctx.server.context(single, "DELETE"))
    return Response(dict(_SUCCESS), 201, ctx.warnings)


def _unprotected(pod: Obj) -> bool:
    """Budgets do not hold pods that have ended, wait for a node, or are going anyway."""
    phase = pod.get("status", {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or "deletionTimestamp" in pod["metadata"]


def _spend_budget(pod: Obj, ctx: Context) -> None:
    meta = pod["metadata"]
    labels = meta.get("labels")
    if not labels:
        return
    budgets = [
        budget
        for budget in ctx.reader.list(_BUDGETS, meta["namespace"])
        if selectors.from_label_selector(budget["spec"].get("selector")).matches(labels)
    ]
    if not budgets:
        return
    if len(budgets) > 1:
        text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise errors.StatusError("", text, code=500)
    budget = budgets[0]
    if not _is_ready(pod) and _healthy_enough(budget):
        return
    status = budget.setdefault("status", {})
    name = budget["metadata"]["name"]
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise _too_many(f"The disruption budget {name} is still being processed by the server.", 10)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed < 0:
        raise errors.forbidden("poddisruptionbudget.policy", name, "pdb disruptions allowed is negative")
    if len(status.get("disruptedPods") or ()) > _MAX_DISRUPTED:
        text = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise errors.forbidden("poddisruptionbudget.policy", name, text)
    if not allowed:
        raise _too_many(f"The disruption budget {name} {_why_none(status)}", 0)
    status["disruptionsAllowed"] = allowed - 1
    if allowed == 1:
        spent = {"type": _ALLOWED, "status": "False", "reason": "InsufficientPods", "message": ""}
        set_condition(status, {**spent, "observedGeneration": status.get("observedGeneration", 0)}, ctx.now)
    status.setdefault("disruptedPods", {})[meta["name"]] = ctx.now
    ctx.write(_BUDGETS, budget)


def _why_none(status: Obj) -> str:
    """Why a budget allows nothing now; if its controller failed, its counts say nothing."""
    conditions = status.get("conditions") or ()
    told = next((c for c in conditions if c["type"] == _ALLOWED and c["status"] == "False" and c["message"]), None)
    denied = "does not allow evicting pods currently"
    if told is not None and told["reason"] == "SyncFailed":
        return f"{denied} because it failed sync: {told['message']}"
    wanted, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
    if healthy <= wanted:
        return f"needs {wanted} healthy pods and has {healthy} currently"
    return denied if told is None else f"{denied} ({told['reason']}): {told['message']}"


def _too_many(why: str, retry: int) -> errors.StatusError:
    causes = [{"reason": "DisruptionBudget", "message": why}]
    return errors.too_many_requests("Cannot evict pod as it would violate the pod's disruption budget.", retry, causes)


def _is_ready(pod: Obj) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _healthy_enough(budget: Obj) -> bool:
    """Whether an unhealthy pod may go without counting (unhealthyPodEvictionPolicy)."""
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status", {})
    return bool(status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0)


def _mark_disrupted(pod: Obj, ctx: Context) -> None:
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastProbeTime": None,
        "observedGeneration": pod["metadata"].get("generation", 1),
    }
    set_condition(pod.setdefault("status", {}), condition, ctx.now)
    ctx.write("pods", pod)


def resize(ctx: Context) -> Response:
    """Change the resources of a running pod's containers; anything else in the body is dropped."""
    return _limited(ctx, _only_resources)


def ephemeral_containers(ctx: Context) -> Response:
    """Add ephemeral containers; anything else in the body is dropped."""
    return _limited(ctx, _only_ephemeral)


def _limited(ctx: Context, limit: Any) -> Response:
    verb = ctx.request.verb
    if verb == "get":
        return Response(read.get(ctx))
    ctx.strategy = _Limited(ctx.strategy.resource, limit)
    if verb == "update":
        obj = write.update(ctx, write.transform_from_body(ctx))
    else:
        obj = patching.patch(ctx)
    return Response(obj, 200, ctx.warnings)


def _only_resources(new: Obj, old: Obj) -> None:
    """What is resized; containers that are added, removed, renamed or reordered are left for validation to refuse."""
    groups = [(new["spec"].get(group) or [], old["spec"].get(group) or []) for group in _RESIZED]
    if any(len(asked) != len(present) for asked, present in groups):
        return
    spec = dict(old["spec"])
    for group, (asked, present) in zip(_RESIZED, groups, strict=True):
        if not present:
            continue
        same = all(a.get("name") == p.get("name") for a, p in zip(asked, present, strict=True))
        merged = [_with_resources(p, a) for a, p in zip(asked, present, strict=True)]
        spec[group] = merged if same else asked
    keep(spec, new["spec"], "resources")
    new["spec"] = spec
    _keep_metadata(new, old)


def _with_resources(container: Obj, asked: Obj) -> Obj:
    merged = dict(container)
    for key in ("resources", "resizePolicy"):
        keep(merged, asked, key)
    return merged


def _keep_metadata(new: Obj, old: Obj) -> None:
    """Leave the metadata as it was, but for what the server writes (ResetObjectMetaForStatus)."""
    for key in ("labels", "annotations", "finalizers", "ownerReferences", "generation"):
        keep(new["metadata"], old["metadata"], key)


def _only_ephemeral(new: Obj, old: Obj) -> None:
    ephemeral = new["spec"].get("ephemeralContainers")
    new["spec"] = dict(old["spec"])
    if ephemeral is not None:
        new["spec"]["ephemeralContainers"] = ephemeral
    _keep_metadata(new, old)


class _Limited(PodStrategy):
    """The pod strategy of a subresource that may change only a part of the spec."""

    def __init__(self, resource: Any, limit: Any) -> None:
        super().__init__(resource)
        self._limit = limit

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        self._limit(new, old)
        super().prepare_for_update(new, old, ctx)
