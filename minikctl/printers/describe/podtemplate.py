"""Pod templates, and the lines that pods and templates share: tolerations, spread constraints, selectors.

Upstream counterpart: DescribePodTemplate and its neighbours in kubectl's describe package.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.selectors import format_label_selector
from minikctl.printers.describe.containers import describe_containers
from minikctl.printers.describe.volumes import describe_volumes
from minikctl.printers.describe.writer import Writer

Obj = dict[str, Any]


def describe_pod_template(out: Writer, template: Obj | None) -> None:
    """The template of a workload."""
    out.line("Pod Template:")
    if template is None:
        out.write("<unset>", 1)
        return
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    out.labels("  Labels", metadata.get("labels"))
    if metadata.get("annotations"):
        out.annotations("  Annotations", metadata["annotations"])
    if spec.get("serviceAccountName"):
        out.field("Service Account", spec["serviceAccountName"], 1)
    if spec.get("initContainers"):
        describe_containers(out, "Init Containers", spec["initContainers"], None, None, "  ")
    describe_containers(out, "Containers", spec.get("containers") or [], None, None, "  ")
    describe_volumes(out, spec.get("volumes"), "  ")
    spread_constraints(out, spec.get("topologySpreadConstraints"), "  ")
    if spec.get("priorityClassName"):
        out.field("Priority Class Name", spec["priorityClassName"], 1)
    placement(out, spec, "  ")
    scheduling_group(out, spec, "  ")


def placement(out: Writer, spec: Obj, space: str = "") -> None:
    """Node selector and tolerations."""
    out.labels(f"{space}Node-Selectors", spec.get("nodeSelector"))
    tolerations = sorted(spec.get("tolerations") or (), key=lambda each: each.get("key") or "")
    out.lines(f"{space}Tolerations", [toleration_text(toleration) for toleration in tolerations])


def toleration_text(toleration: Obj) -> str:
    """A toleration in one line: `key=value:Effect op=Exists for 300s`."""
    key, value, effect = toleration.get("key") or "", toleration.get("value"), toleration.get("effect")
    text: str = key
    if value:
        text += f"={value}"
    if effect:
        text += f":{effect}"
    if toleration.get("operator") == "Exists" and not value:
        text += " op=Exists" if key or effect else "op=Exists"
    if toleration.get("tolerationSeconds") is not None:
        text += f" for {toleration['tolerationSeconds']}s"
    return text


def spread_constraints(out: Writer, constraints: list[Obj] | None, space: str = "") -> None:
    """Topology spread constraints, sorted by topology key."""
    if not constraints:
        return
    lines = []
    for constraint in sorted(constraints, key=lambda each: each.get("topologyKey") or ""):
        text = (
            f"{constraint.get('topologyKey', '')}:{constraint.get('whenUnsatisfiable', '')} "
            f"when max skew {constraint.get('maxSkew') or 0} is exceeded"
        )
        if constraint.get("labelSelector") is not None:
            text += f" for selector {format_label_selector(constraint['labelSelector'])}"
        lines.append(text)
    out.lines("Topology Spread Constraints", lines, space)


def scheduling_group(out: Writer, spec: Obj, space: str = "") -> None:
    """The group a pod is scheduled with."""
    group = spec.get("schedulingGroup")
    if group is not None:
        out.line(f"{space}SchedulingGroup:")
        out.field("PodGroupName", group.get("podGroupName") or "", 1)
