"""On which nodes a DaemonSet's pods belong, and the pod for a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import nodeaffinity
from minikctl.apimachinery.meta import deep_copy
from minikctl.apimachinery.taints import untolerated

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

HASH_LABEL = "controller-revision-hash"
GENERATION_LABEL = "pod-template-generation"

_GENERATION_ANNOTATION = "deprecated.daemonset.template.generation"
_NO_EXECUTE = ("not-ready", "unreachable")
_NO_SCHEDULE = ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")


def tolerations(spec: Obj) -> list[Obj]:
    """The template's tolerations and those every daemon pod has, which take the place of the like of them."""
    added = [(name, "NoExecute") for name in _NO_EXECUTE] + [(name, "NoSchedule") for name in _NO_SCHEDULE]
    if spec.get("hostNetwork"):
        added.append(("network-unavailable", "NoSchedule"))
    found = list(spec.get("tolerations") or ())
    for name, effect in added:
        entry = {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": effect}
        alike = [at for at, own in enumerate(found) if _is_alike(own, entry)]
        for at in alike:
            found[at] = entry
        if not alike:
            found.append(entry)
    return found


def _is_alike(own: Obj, entry: Obj) -> bool:
    """Equal but for the time, which a daemon has without end (MatchToleration)."""
    return all(own.get(field, "") == entry.get(field, "") for field in ("key", "effect", "operator", "value"))


def belongs(spec: Obj, tolerated: list[Obj], node: Obj) -> tuple[bool, bool]:
    """(should a pod start on the node, may a running one stay) (NodeShouldRunDaemonPod)."""
    name = node["metadata"]["name"]
    if spec.get("nodeName") not in (None, "", name):
        return False, False
    if not nodeaffinity.matches_pod(spec, name, node["metadata"].get("labels") or {}):
        return False, False
    taints = (node.get("spec") or {}).get("taints")
    if not taints:
        return True, True
    if untolerated(taints, tolerated, ("NoExecute", "NoSchedule")) is None:
        return True, True
    return False, untolerated(taints, tolerated, ("NoExecute",)) is None


def node_of(pod: Obj) -> str:
    """The node a daemon pod is on or meant for."""
    spec = pod["spec"]
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field.get("key") == "metadata.name" and field.get("operator") == "In" and len(field["values"]) == 1:
                return str(field["values"][0])
    return ""


def generation_of(set_: Obj) -> str:
    return str((set_["metadata"].get("annotations") or {}).get(_GENERATION_ANNOTATION, ""))


def template_for(set_: Obj, hash_: str) -> Obj:
    """The template with the labels and tolerations of this revision."""
    template: Obj = deep_copy(set_["spec"]["template"])
    labels = template["metadata"].setdefault("labels", {})
    if generation := generation_of(set_):
        labels[GENERATION_LABEL] = generation
    labels[HASH_LABEL] = hash_
    template["spec"]["tolerations"] = tolerations(template["spec"])
    return template


def pin(pod: Obj, node: str) -> None:
    """Let the scheduler put the pod on `node` only."""
    affinity = pod["spec"].setdefault("affinity", {})
    affinity.setdefault("nodeAffinity", {})["requiredDuringSchedulingIgnoredDuringExecution"] = {
        "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
    }


def is_updated(pod: Obj, set_: Obj, hash_: str) -> bool:
    """Whether the pod is of the current template (IsPodUpdated)."""
    labels = pod["metadata"].get("labels") or {}
    generation = generation_of(set_)
    return labels.get(HASH_LABEL) == hash_ or (bool(generation) and labels.get(GENERATION_LABEL) == generation)
