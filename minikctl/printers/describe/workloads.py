"""ReplicationControllers, ReplicaSets, StatefulSets and DaemonSets.

Upstream counterpart: the describers of these names, and getPodStatusForController.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.quantity import canonical
from minikctl.apimachinery.selectors import Selector, format_label_selector, from_label_selector, from_set
from minikctl.printers.describe.claim import storage_class_of_claim
from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.podtemplate import describe_pod_template
from minikctl.printers.describe.writer import NONE, Writer, controlled_by, date, flat, go_list

Obj = dict[str, Any]

_PHASES = ("Running", "Pending", "Succeeded", "Failed")


def replication_controller(controller: Obj, lookup: Lookup, now: float) -> str:
    """A ReplicationController and the state of its pods."""
    spec, status = controller["spec"], controller.get("status") or {}
    pods = pod_states(controller, from_set(spec.get("selector")), lookup)
    out = _begin(controller)
    out.field("Selector", flat(spec.get("selector")))
    _marks(out, controller)
    out.field("Replicas", f"{status.get('replicas') or 0} current / {spec.get('replicas') or 0} desired")
    out.field("Pods Status", pods)
    describe_pod_template(out, spec.get("template"))
    state_conditions(out, status)
    return finish(out, controller, lookup, now)


def replica_set(replica_set: Obj, lookup: Lookup, now: float) -> str:
    """A ReplicaSet and the state of its pods."""
    spec, status = replica_set["spec"], replica_set.get("status") or {}
    try:
        pods = pod_states(replica_set, from_label_selector(spec.get("selector")), lookup)
    except StatusError as error:
        pods = f"error in fetching pods: {error}"
    out = _begin(replica_set)
    out.field("Selector", format_label_selector(spec.get("selector")))
    _marks(out, replica_set)
    controlled_by(out, replica_set)
    out.field("Replicas", f"{status.get('replicas') or 0} current / {spec.get('replicas') or 0} desired")
    out.field("Pods Status", pods)
    describe_pod_template(out, spec.get("template"))
    state_conditions(out, status)
    return finish(out, replica_set, lookup, now)


def stateful_set(stateful_set: Obj, lookup: Lookup, now: float) -> str:
    """A StatefulSet, the state of its pods and its volume claims."""
    spec, status = stateful_set["spec"], stateful_set.get("status") or {}
    selector = from_label_selector(spec.get("selector"))
    pods = pod_states(stateful_set, selector, lookup)
    out = _begin(stateful_set)
    out.field("CreationTimestamp", date(stateful_set["metadata"].get("creationTimestamp")))
    out.field("Selector", selector)
    _marks(out, stateful_set)
    out.field("Replicas", f"{spec.get('replicas') or 0} desired | {status.get('replicas') or 0} total")
    strategy = spec.get("updateStrategy") or {}
    out.field("Update Strategy", strategy.get("type", ""))
    rolling = strategy.get("rollingUpdate") or {}
    if rolling.get("partition") is not None:
        out.field("Partition", rolling["partition"], 1)
        if rolling.get("maxUnavailable") is not None:
            out.field("MaxUnavailable", rolling["maxUnavailable"], 1)
    out.field("Pods Status", pods)
    describe_pod_template(out, spec.get("template"))
    _claim_templates(out, spec.get("volumeClaimTemplates"))
    return finish(out, stateful_set, lookup, now)


def daemon_set(daemon_set: Obj, lookup: Lookup, now: float) -> str:
    """A DaemonSet: on how many nodes it runs, and the state of its pods."""
    spec, status = daemon_set["spec"], daemon_set.get("status") or {}
    selector = from_label_selector(spec.get("selector"))
    pods = pod_states(daemon_set, selector, lookup)
    out = _begin(daemon_set)
    out.field("Selector", selector)
    out.field("Node-Selector", flat((spec["template"].get("spec") or {}).get("nodeSelector")))
    _marks(out, daemon_set)
    for label, key in (
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ):
        out.line(f"{label}: {status.get(key) or 0}")
    out.field("Pods Status", pods)
    describe_pod_template(out, spec["template"])
    return finish(out, daemon_set, lookup, now)


def pod_states(controller: Obj, selector: Selector, lookup: Lookup) -> str:
    """How many pods of a controller are in which phase, as one line."""
    metadata = controller["metadata"]
    counts = dict.fromkeys(_PHASES, 0)
    for pod in lookup.list("pods", metadata.get("namespace", ""), str(selector)):
        phase = (pod.get("status") or {}).get("phase")
        if phase in counts and is_controlled(pod, metadata["uid"]):
            counts[phase] += 1
    running, waiting, succeeded, failed = counts.values()
    return f"{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed"


def is_controlled(obj: Obj, uid: str) -> bool:
    """Whether the object with this uid is its controller."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return bool(reference["uid"] == uid)
    return False


def state_conditions(out: Writer, status: Obj) -> None:
    """The table of conditions of a replicated workload."""
    if status.get("conditions"):
        out.line("Conditions:\n  Type\tStatus\tReason")
        out.line("----\t------\t------", 1)
        for condition in status["conditions"]:
            out.line(f"{condition.get('type', '')} \t{condition.get('status', '')}\t{condition.get('reason', '')}", 1)


def _begin(obj: Obj) -> Writer:
    out = Writer()
    out.field("Name", obj["metadata"]["name"])
    out.field("Namespace", obj["metadata"].get("namespace", ""))
    return out


def _marks(out: Writer, obj: Obj) -> None:
    out.labels("Labels", obj["metadata"].get("labels"))
    out.annotations("Annotations", obj["metadata"].get("annotations"))


def _claim_templates(out: Writer, templates: list[Obj] | None) -> None:
    if not templates:
        out.field("Volume Claims", NONE)
        return
    out.line("Volume Claims:")
    for claim in templates:
        metadata, spec = claim.get("metadata") or {}, claim.get("spec") or {}
        out.field("Name", metadata.get("name", ""), 1)
        out.field("StorageClass", storage_class_of_claim(claim), 1)
        out.labels("Labels", metadata.get("labels"), "  ")
        out.labels("Annotations", metadata.get("annotations"), "  ")
        wanted = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
        out.field("Capacity", "<default>" if wanted is None else canonical(wanted), 1)
        out.field("Access Modes", go_list(spec.get("accessModes")), 1)
