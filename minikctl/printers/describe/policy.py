"""PodDisruptionBudgets and PriorityClasses.

Upstream counterpart: the describers of these names.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.selectors import format_label_selector
from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.writer import UNSET, Writer, boolean, flat

Obj = dict[str, Any]


def pod_disruption_budget(budget: Obj, lookup: Lookup, now: float) -> str:
    """A PodDisruptionBudget: what must stay available, and how far that is."""
    spec, status = budget.get("spec") or {}, budget.get("status") or {}
    out = Writer()
    out.field("Name", budget["metadata"]["name"])
    out.field("Namespace", budget["metadata"].get("namespace", ""))
    if spec.get("minAvailable") is not None:
        out.field("Min available", spec["minAvailable"])
    elif spec.get("maxUnavailable") is not None:
        out.field("Max unavailable", spec["maxUnavailable"])
    selector = spec.get("selector")
    out.field("Selector", UNSET if selector is None else format_label_selector(selector))
    out.line("Status:")
    for label, key in (
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ):
        out.field(label, status.get(key) or 0, 2)
    return finish(out, budget, lookup, now)


def priority_class(priority_class: Obj, lookup: Lookup, now: float) -> str:
    """A PriorityClass."""
    out = Writer()
    out.field("Name", priority_class["metadata"]["name"])
    out.field("Value", priority_class.get("value") or 0)
    out.field("GlobalDefault", boolean(priority_class.get("globalDefault")))
    out.field("PreemptionPolicy", priority_class.get("preemptionPolicy", ""))
    out.field("Description", priority_class.get("description", ""))
    out.field("Annotations", flat(priority_class["metadata"].get("annotations")))
    return finish(out, priority_class, lookup, now)
