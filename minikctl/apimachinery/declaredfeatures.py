"""Features that nodes declare (`status.declaredFeatures`), and which of them a pod or its update needs.

Kubelets report what they can, the scheduler leaves out nodes that lack what a pod needs, and the admission plugin
NodeDeclaredFeatureValidator refuses updates of bound pods that their node could not follow. Counterpart:
`component-helpers/nodedeclaredfeatures`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj

_RESTART_ALL = "RestartAllContainersOnContainerExits"
_RESIZE_PODS = "InPlacePodLevelResourcesVerticalScaling"
_RESIZE_INIT_CONTAINERS = "InPlacePodVerticalScalingInitContainers"
# What a kubelet of v1.36 declares with its default feature gates.
DECLARED = ("ExtendWebSocketsToKubelet", _RESIZE_PODS, _RESIZE_INIT_CONTAINERS, _RESTART_ALL)


def needed_to_run(spec: Obj) -> tuple[str, ...]:
    """The features that a node must declare for a pod with this spec to be scheduled there, sorted."""
    for key in ("containers", "initContainers"):
        for container in spec.get(key) or ():
            rules = container.get("restartPolicyRules")
            if rules and any(rule.get("action") == "RestartAllContainers" for rule in rules):
                return (_RESTART_ALL,)
    return ()


def needed_to_update(new: Obj, old: Obj) -> tuple[str, ...]:
    """The features that a pod's node must declare for this change of the spec, sorted."""
    needed = []
    if new.get("resources") != old.get("resources"):
        needed.append(_RESIZE_PODS)
    after = new.get("initContainers") or []
    for index, container in enumerate(old.get("initContainers") or ()):
        now = after[index] if index < len(after) else {}
        if container.get("restartPolicy") != "Always" and container.get("resources") != now.get("resources"):
            needed.append(_RESIZE_INIT_CONTAINERS)
            break
    return tuple(needed)


def missing(needed: tuple[str, ...], node: Obj) -> list[str]:
    """Those of the needed features that the node does not declare."""
    declared = (node.get("status") or {}).get("declaredFeatures") or ()
    return [name for name in needed if name not in declared]
