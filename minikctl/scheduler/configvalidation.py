"""What may not stand in a KubeSchedulerConfiguration, in the words of kube-scheduler's `apis/config/validation`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from minikctl.apimachinery.field import FieldError, duplicate, forbidden, invalid, not_supported, required
from minikctl.apimachinery.label_syntax import label_key_errors

Obj = dict[str, Any]
Problems = Iterator[FieldError]

_STRATEGIES = ("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio")
_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
_DEFAULTINGS = ("System", "List")
_REMOVED = ("AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits")
_HIGHEST_SCORE = 10
_POINTS = (
    "preEnqueue", "queueSort", "preFilter", "filter", "postFilter", "preScore", "score", "reserve", "permit",
    "preBind", "bind", "postBind",
)  # fmt: skip


def validate(config: Obj) -> list[FieldError]:
    """All that is wrong with a decoded and defaulted configuration."""
    return list(_configuration(config))


def _configuration(config: Obj) -> Problems:
    parallelism = config.get("parallelism", 16)
    if parallelism <= 0:
        yield invalid("parallelism", parallelism, "should be an integer value greater than zero")
    profiles = config["profiles"]
    seen: dict[str, int] = {}
    for number, profile in enumerate(profiles):
        path = f"profiles[{number}]"
        yield from _profile(profile, path)
        name = profile.get("schedulerName", "")
        if name in seen:
            yield duplicate(f"{path}.schedulerName", f"profiles[{seen[name]}].schedulerName")
        seen[name] = number
    yield from _queue_sorts(profiles)
    yield from _percentage(config, "percentageOfNodesToScore")
    initial, longest = config.get("podInitialBackoffSeconds", 1), config.get("podMaxBackoffSeconds", 10)
    if initial <= 0:
        yield invalid("podInitialBackoffSeconds", initial, "must be greater than 0")
    if longest < initial:
        text = "must be greater than or equal to PodInitialBackoffSeconds"
        yield invalid("podMaxBackoffSeconds", longest, text)
    if config.get("extenders"):
        yield forbidden("extenders", "extenders are not supported by this emulation")


def _percentage(holder: Obj, path: str) -> Problems:
    percentage = holder.get("percentageOfNodesToScore", 0)
    if not 0 <= percentage <= 100:
        yield invalid(path, percentage, "not in valid range [0-100]")


def _profile(profile: Obj, path: str) -> Problems:
    if not profile.get("schedulerName"):
        yield required(f"{path}.schedulerName")
    yield from _percentage(profile, f"{path}.percentageOfNodesToScore")
    plugins = profile.get("plugins") or {}
    for point in _POINTS:
        for index, plugin in enumerate((plugins.get(point) or {}).get("enabled") or ()):
            yield from _removed(plugin.get("name", ""), f"{path}.plugins.{point}.enabled[{index}]")
    seen = set()
    for index, entry in enumerate(profile.get("pluginConfig") or ()):
        where, name = f"{path}.pluginConfig[{index}]", entry.get("name", "")
        if name in seen:
            yield duplicate(where, name)
        seen.add(name)
        yield from _removed(name, where)
        check = _ARGS.get(name)
        if check is not None:
            yield from check(entry["args"], f"{where}.args")


def _removed(name: str, path: str) -> Problems:
    if name in _REMOVED:
        text = 'was invalid in version "v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")'
        yield invalid(path, name, text)


def _queue_sorts(profiles: list[Obj]) -> Problems:
    sorts = [(profile.get("plugins") or {}).get("queueSort") or {} for profile in profiles]
    enabled = len(sorts[0].get("enabled") or ())
    if enabled > 1:
        path = "profiles[0].plugins.queueSort.Enabled"
        yield invalid(path, enabled, "only one queue sort plugin can be enabled")
    for number, sort in enumerate(sorts[1:], 1):
        if sort != sorts[0]:
            yield invalid(f"profiles[{number}].plugins.queueSort", sort, "must be the same for all profiles")


# Arguments


def _default_preemption(args: Obj, path: str) -> Problems:
    percentage, absolute = args.get("minCandidateNodesPercentage", 10), args.get("minCandidateNodesAbsolute", 100)
    at_percentage, at_absolute = f"{path}.minCandidateNodesPercentage", f"{path}.minCandidateNodesAbsolute"
    if not 0 <= percentage <= 100:
        yield invalid(at_percentage, percentage, "not in valid range [0, 100]")
    if absolute < 0:
        yield invalid(at_absolute, absolute, "not in valid range [0, inf)")
    if not percentage and not absolute:
        yield invalid(at_percentage, 0, "cannot be zero at the same time as minCandidateNodesAbsolute")
        yield invalid(at_absolute, 0, "cannot be zero at the same time as minCandidateNodesPercentage")


def _inter_pod_affinity(args: Obj, path: str) -> Problems:
    weight = args.get("hardPodAffinityWeight", 1)
    if not 0 <= weight <= 100:
        yield invalid(f"{path}.hardPodAffinityWeight", weight, "not in valid range [0, 100]")


def _pod_topology_spread(args: Obj, path: str) -> Problems:
    kind, constraints = args["defaultingType"], args.get("defaultConstraints") or []
    if kind not in _DEFAULTINGS:
        yield not_supported(f"{path}.defaultingType", kind, _DEFAULTINGS)
    elif kind == "System" and constraints:
        yield invalid(f"{path}.defaultingType", kind, "when .defaultConstraints are not empty")
    known: list[tuple[str, str]] = []
    for index, constraint in enumerate(constraints):
        yield from _constraint(constraint, f"{path}.defaultConstraints[{index}]")
        pair = (constraint.get("topologyKey", ""), constraint.get("whenUnsatisfiable", ""))
        if pair in known:
            yield duplicate(f"{path}.defaultConstraints[{index}]", f"{{{pair[0]}, {pair[1]}}}")
        known.append(pair)


def _constraint(constraint: Obj, path: str) -> Problems:
    skew, action = constraint.get("maxSkew", 0), constraint.get("whenUnsatisfiable", "")
    if skew <= 0:
        yield invalid(f"{path}.maxSkew", skew, "not in valid range (0, inf)")
    key = constraint.get("topologyKey", "")
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    else:
        yield from _label_name(key, f"{path}.topologyKey")
    if not action:
        yield required(f"{path}.whenUnsatisfiable", "can not be empty")
    elif action not in _ACTIONS:
        yield not_supported(f"{path}.whenUnsatisfiable", action, _ACTIONS)
    if constraint.get("labelSelector") is not None:
        text = "constraint must not define a selector, as they deduced for each pod"
        yield forbidden(f"{path}.labelSelector", text)


def _label_name(name: str, path: str) -> Problems:
    for problem in label_key_errors(name):
        yield invalid(path, name, problem)


def _function_shape(points: Iterable[Obj], path: str) -> Problems:
    shape = [(point.get("utilization", 0), point.get("score", 0)) for point in points]
    if not shape:
        yield required(path, "at least one point must be specified")
    for index in range(1, len(shape)):
        if shape[index - 1][0] >= shape[index][0]:
            text = "values must be sorted in increasing order"
            yield invalid(f"{path}[{index}].utilization", shape[index][0], text)
            break
    for index, (utilization, score) in enumerate(shape):
        if not 0 <= utilization <= 100:
            yield invalid(f"{path}[{index}].utilization", utilization, "not in valid range [0, 100]")
        if not 0 <= score <= _HIGHEST_SCORE:
            yield invalid(f"{path}[{index}].score", score, f"not in valid range [0, {_HIGHEST_SCORE}]")


def node_resources_fit(args: Obj) -> Problems:
    """The plugin itself looks at these arguments, when it is made."""
    for index, name in enumerate(args.get("ignoredResources") or ()):
        yield from _label_name(name, f"ignoredResources[{index}]")
    for index, group in enumerate(args.get("ignoredResourceGroups") or ()):
        where = f"ignoredResourceGroups[{index}]"
        if "/" in group:
            yield invalid(where, group, "resource group name can't contain '/'")
        yield from _label_name(group, where)
    strategy, where = args["scoringStrategy"], "scoringStrategy"
    kind, ratio = strategy.get("type", ""), strategy.get("requestedToCapacityRatio")
    if kind not in _STRATEGIES:
        yield not_supported(f"{where}.type", kind, _STRATEGIES)
    for index, resource in enumerate(strategy["resources"]):
        if not 0 < resource["weight"] <= 100:
            text = f"resource weight of {resource.get('name', '')} not in valid range (0, 100]"
            yield invalid(f"{where}.resources[{index}].weight", resource["weight"], text)
    if kind == "RequestedToCapacityRatio":
        if ratio is None:
            text = "must be specified when type is RequestedToCapacityRatio"
            yield required(f"{where}.requestedToCapacityRatio", text)
        else:
            yield from _function_shape(ratio.get("shape") or (), f"{where}.requestedToCapacityRatio.shape")
    elif ratio is not None:
        text = "must be nil when type is not RequestedToCapacityRatio"
        yield forbidden(f"{where}.requestedToCapacityRatio", text)


def _balanced_allocation(args: Obj, path: str) -> Problems:
    seen = set()
    for index, resource in enumerate(args["resources"]):
        name = resource.get("name", "")
        if name in seen:
            yield duplicate(f"{path}.resources[{index}].name", name)
        seen.add(name)
        if resource["weight"] != 1:
            yield invalid(f"{path}.resources[{index}].weight", resource["weight"], "must be 1")


def _volume_binding(args: Obj, path: str) -> Problems:
    seconds = args.get("bindTimeoutSeconds", 600)
    if seconds < 0:
        text = "invalid BindTimeoutSeconds, should not be a negative value"
        yield invalid(f"{path}.bindTimeoutSeconds", seconds, text)
    if args.get("shape"):
        text = "unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring"
        yield invalid(f"{path}.shape", args["shape"], text)


_ARGS: dict[str, Callable[[Obj, str], Problems]] = {
    "DefaultPreemption": _default_preemption,
    "InterPodAffinity": _inter_pod_affinity,
    "NodeResourcesBalancedAllocation": _balanced_allocation,
    "PodTopologySpread": _pod_topology_spread,
    "VolumeBinding": _volume_binding,
}
