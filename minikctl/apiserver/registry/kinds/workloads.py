"""Workloads: Jobs, whose selector is made from their uid, what else counts as a change, fields behind gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.strategy import Strategy

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_ORPHANED = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them"
    " or set propagationPolicy=Orphan to suppress this warning"
)
_UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")
_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_NAME_LABELS = ("job-name", "batch.kubernetes.io/job-name")


class JobStrategy(Strategy):
    default_propagation = "Orphan"

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        super().prepare_for_create(obj, ctx)
        if not obj["spec"].get("manualSelector"):
            _generate_selector(obj)

    def prepare_for_delete(self, obj: Obj, ctx: Context) -> None:
        if ctx.request.options.get("propagationPolicy") is None and "orphanDependents" not in ctx.request.options:
            ctx.warnings.append(_ORPHANED)


def _generate_selector(job: Obj) -> None:
    """Label the template with the Job's uid and name and select by the uid (generateSelector)."""
    meta, spec = job["metadata"], job["spec"]
    template = spec["template"].setdefault("metadata", {})
    labels = template["labels"] = dict(template.get("labels") or {})
    for name in _NAME_LABELS:
        labels.setdefault(name, meta.get("name", ""))
    for name in _UID_LABELS:
        labels.setdefault(name, meta["uid"])
    # upstream, every read of the stored Job defaults its labels to those of its template
    if not meta.get("labels"):
        meta["labels"] = dict(labels)
    selector = spec.setdefault("selector", {})
    selector.setdefault("matchLabels", {}).setdefault(_UID_LABELS[1], meta["uid"])


class DeploymentStrategy(Strategy):
    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        super().prepare_for_update(new, old, ctx)
        if "generation" in new["metadata"] and new["metadata"].get("annotations") != old["metadata"].get("annotations"):
            # Annotations reach the ReplicaSets, so the controller has to look again.
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


class StatefulSetStrategy(Strategy):
    """How many pods an update may take at once is behind a gate: without it the field is dropped, with it defaulted."""

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        _judge_max_unavailable(obj, None, ctx)
        super().prepare_for_create(obj, ctx)

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        _judge_max_unavailable(new, old, ctx)
        super().prepare_for_update(new, old, ctx)


def _judge_max_unavailable(new: Obj, old: Obj | None, ctx: Context) -> None:
    rolling = _rolling_update(new)
    if rolling is None:
        return
    if ctx.server.gate("MaxUnavailableStatefulSet"):
        rolling.setdefault("maxUnavailable", 1)
    elif rolling.get("maxUnavailable") is not None and (_rolling_update(old) or {}).get("maxUnavailable") is None:
        del rolling["maxUnavailable"]


def _rolling_update(set_: Obj | None) -> Obj | None:
    strategy: Obj = ((set_ or {}).get("spec") or {}).get("updateStrategy") or {}
    return strategy.get("rollingUpdate") if strategy.get("type") == "RollingUpdate" else None


class DaemonSetStrategy(Strategy):
    """Counts changes of the template; what was once spec.templateGeneration is an annotation in apps/v1."""

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        super().prepare_for_create(obj, ctx)
        _set_template_generation(obj, max(1, _template_generation(obj)))

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        super().prepare_for_update(new, old, ctx)
        changed = new["spec"]["template"] != old["spec"]["template"]
        _set_template_generation(new, _template_generation(old) + changed)


def _template_generation(obj: Obj) -> int:
    text = (obj["metadata"].get("annotations") or {}).get(_TEMPLATE_GENERATION, "")
    return parse_int(text) or 0


def _set_template_generation(obj: Obj, number: int) -> None:
    annotations = dict(obj["metadata"].get("annotations") or {})
    obj["metadata"]["annotations"] = {**annotations, _TEMPLATE_GENERATION: str(number)}


STRATEGIES = {
    "jobs.batch": JobStrategy,
    "deployments.apps": DeploymentStrategy,
    "daemonsets.apps": DaemonSetStrategy,
    "statefulsets.apps": StatefulSetStrategy,
}
