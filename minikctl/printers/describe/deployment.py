"""Deployments with their old and new ReplicaSets.

Upstream counterpart: DeploymentDescriber and kubectl's `util/deployment`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.selectors import from_label_selector
from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.podtemplate import describe_pod_template
from minikctl.printers.describe.workloads import is_controlled, state_conditions
from minikctl.printers.describe.writer import NONE, Writer, date

Obj = dict[str, Any]


def describe(deployment: Obj, lookup: Lookup, now: float) -> str:
    """A Deployment: its strategy, template, conditions and ReplicaSets."""
    metadata, spec, status = deployment["metadata"], deployment["spec"], deployment.get("status") or {}
    out = Writer()
    out.field("Name", metadata["name"])
    out.field("Namespace", metadata.get("namespace", ""))
    out.field("CreationTimestamp", date(metadata.get("creationTimestamp")))
    out.labels("Labels", metadata.get("labels"))
    out.annotations("Annotations", metadata.get("annotations"))
    out.field("Selector", from_label_selector(spec.get("selector")))
    out.field(
        "Replicas",
        f"{spec.get('replicas') or 0} desired | {status.get('updatedReplicas') or 0} updated | "
        f"{status.get('replicas') or 0} total | {status.get('availableReplicas') or 0} available | "
        f"{status.get('unavailableReplicas') or 0} unavailable",
    )
    strategy = spec.get("strategy") or {}
    out.field("StrategyType", strategy.get("type", ""))
    out.field("MinReadySeconds", spec.get("minReadySeconds") or 0)
    rolling = strategy.get("rollingUpdate")
    if rolling is not None:
        unavailable, surge = rolling.get("maxUnavailable", "<nil>"), rolling.get("maxSurge", "<nil>")
        out.field("RollingUpdateStrategy", f"{unavailable} max unavailable, {surge} max surge")
    describe_pod_template(out, spec["template"])
    state_conditions(out, status)
    old, new = _replica_sets(deployment, lookup)
    if old or new:
        out.field("OldReplicaSets", _summary(old))
        out.field("NewReplicaSet", _summary(new))
    return finish(out, deployment, lookup, now)


def _replica_sets(deployment: Obj, lookup: Lookup) -> tuple[list[Obj], list[Obj]]:
    """All old ReplicaSets, and the one of the current template (in a list)."""
    metadata, spec = deployment["metadata"], deployment["spec"]
    selector = str(from_label_selector(spec.get("selector")))
    try:
        found = lookup.list("replicasets.apps", metadata.get("namespace", ""), selector)
    except StatusError:
        return [], []
    owned = [each for each in found if is_controlled(each, metadata["uid"])]
    owned.sort(key=lambda each: (each["metadata"].get("creationTimestamp") or "", each["metadata"]["name"]))
    wanted = _without_hash(spec["template"])
    for each in owned:
        if _without_hash(each["spec"]["template"]) == wanted:
            return [other for other in owned if other is not each], [each]
    return owned, []


def _without_hash(template: Obj) -> Obj:
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if value}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != "pod-template-hash"}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _summary(replica_sets: list[Obj]) -> str:
    texts = []
    for each in replica_sets:
        created, wanted = (each.get("status") or {}).get("replicas") or 0, each["spec"].get("replicas") or 0
        texts.append(f"{each['metadata']['name']} ({created}/{wanted} replicas created)")
    return ", ".join(texts) or NONE
