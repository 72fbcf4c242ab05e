"""The extension points of the scheduling framework, and which plugin of v1.36 has a part in which.

Counterpart of kube-scheduler's plugin registry and the interfaces its plugins implement.
"""

from __future__ import annotations

POINTS = (
    "preFilter", "filter", "postFilter", "reserve", "preScore", "score", "preBind", "bind", "postBind", "permit",
    "preEnqueue", "queueSort",
)  # fmt: skip

# The default profile's multiPoint set, in order, with weights (0: none given).
DEFAULT_PLUGINS = (
    ("SchedulingGates", 0),
    ("PrioritySort", 0),
    ("NodeUnschedulable", 0),
    ("NodeName", 0),
    ("TaintToleration", 3),
    ("NodeAffinity", 2),
    ("NodePorts", 0),
    ("NodeResourcesFit", 1),
    ("VolumeRestrictions", 0),
    ("NodeVolumeLimits", 0),
    ("VolumeBinding", 0),
    ("VolumeZone", 0),
    ("PodTopologySpread", 2),
    ("InterPodAffinity", 2),
    ("DynamicResources", 0),
    ("DefaultPreemption", 0),
    ("NodeResourcesBalancedAllocation", 1),
    ("ImageLocality", 1),
    ("DefaultBinder", 0),
    ("NodeDeclaredFeatures", 0),
)

_FILTERS = frozenset(("preFilter", "filter"))
_SCORES = frozenset(("preScore", "score"))
_PARTS: dict[str, frozenset[str]] = {
    "SchedulingGates": frozenset(("preEnqueue",)),
    "PrioritySort": frozenset(("queueSort",)),
    "NodeUnschedulable": frozenset(("filter",)),
    "NodeName": frozenset(("filter",)),
    "TaintToleration": frozenset(("filter", "preScore", "score")),
    "NodeAffinity": _FILTERS | _SCORES,
    "NodePorts": _FILTERS,
    "NodeResourcesFit": _FILTERS | _SCORES,
    "VolumeRestrictions": _FILTERS,
    "NodeVolumeLimits": _FILTERS,
    "VolumeBinding": _FILTERS | _SCORES | {"reserve", "preBind"},
    "VolumeZone": _FILTERS,
    "PodTopologySpread": _FILTERS | _SCORES,
    "InterPodAffinity": _FILTERS | _SCORES,
    "DynamicResources": _FILTERS | {"preEnqueue", "postFilter", "reserve", "preBind"},
    "DefaultPreemption": frozenset(("preEnqueue", "postFilter")),
    "NodeResourcesBalancedAllocation": _SCORES,
    "ImageLocality": frozenset(("score",)),
    "DefaultBinder": frozenset(("bind",)),
    "NodeDeclaredFeatures": _FILTERS,
}


def known(name: str) -> bool:
    """Whether there is a plugin of that name."""
    return name in _PARTS


def extends(name: str, point: str) -> bool:
    """Whether a plugin implements an extension point."""
    return point in _PARTS[name]


def type_name(point: str) -> str:
    """The interface of an extension point: "preFilter" -> PreFilterPlugin."""
    return f"{point[0].upper()}{point[1:]}Plugin"
