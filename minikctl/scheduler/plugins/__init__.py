"""The scheduler's plugins, one module each; `make_profile` puts those of a configured profile together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from minikctl.scheduler.framework import Plugin
from minikctl.scheduler.plugins.balancedallocation import BalancedAllocation
from minikctl.scheduler.plugins.dynamicresources import DynamicResources
from minikctl.scheduler.plugins.imagelocality import ImageLocality
from minikctl.scheduler.plugins.interpodaffinity import InterPodAffinity
from minikctl.scheduler.plugins.nodeaffinity import NodeAffinity
from minikctl.scheduler.plugins.nodedeclaredfeatures import NodeDeclaredFeatures
from minikctl.scheduler.plugins.nodename import NodeName
from minikctl.scheduler.plugins.nodeports import NodePorts
from minikctl.scheduler.plugins.noderesourcesfit import NodeResourcesFit
from minikctl.scheduler.plugins.nodeunschedulable import NodeUnschedulable
from minikctl.scheduler.plugins.nodevolumelimits import NodeVolumeLimits
from minikctl.scheduler.plugins.podtopologyspread import PodTopologySpread
from minikctl.scheduler.plugins.tainttoleration import TaintToleration
from minikctl.scheduler.plugins.volumebinding import VolumeBinding
from minikctl.scheduler.plugins.volumerestrictions import VolumeRestrictions
from minikctl.scheduler.plugins.volumezone import VolumeZone
from minikctl.scheduler.points import DEFAULT_PLUGINS, extends
from minikctl.scheduler.profile import DEFAULT_SCHEDULER, PreemptionArgs, Profile

if TYPE_CHECKING:
    from minikctl.client.client import Client
    from minikctl.scheduler.config import ProfileConfig

Args = Mapping[str, Any]

_POST_FILTERS = ("DynamicResources", "DefaultPreemption")


def profiles_of(client: Client, configuration: Any) -> dict[str, Profile]:
    """Scheduler name -> profile, of a KubeSchedulerConfiguration or, without one, of the defaults."""
    if not configuration:
        return {DEFAULT_SCHEDULER: default_profile(client, DEFAULT_SCHEDULER)}
    from minikctl.scheduler import config

    return {found.scheduler_name: make_profile(client, found) for found in config.load(configuration)}


def default_profile(client: Client, name: str = DEFAULT_SCHEDULER) -> Profile:
    """The profile of a scheduler without a configuration: every plugin, with its own weight."""
    plugins = [factory(client, {}) for plugin, _ in DEFAULT_PLUGINS if (factory := _FACTORIES.get(plugin))]
    scorers = [(plugin, plugin.weight) for plugin in plugins if plugin.weight]
    filters = [plugin for plugin in plugins if extends(plugin.name, "filter")]
    devices = next(plugin for plugin in plugins if isinstance(plugin, DynamicResources))
    return Profile(
        name,
        filters,
        scorers,
        post_filters=_POST_FILTERS,
        volume_binding=_binding(plugins),
        dynamic_resources=devices,
    )


def make_profile(client: Client, config: ProfileConfig) -> Profile:
    """New instances of a profile's plugins, in the order of each extension point."""
    points = config.points
    names = dict.fromkeys((*points["filter"], *points["score"]))
    plugins = {name: _FACTORIES[name](client, config.args.get(name) or {}) for name in names if name in _FACTORIES}
    scoring = [name for name in points["score"] if name in plugins and plugins[name].weight]
    preemption = config.args.get("DefaultPreemption") or {}
    devices = next((plugin for plugin in plugins.values() if isinstance(plugin, DynamicResources)), None)
    return Profile(
        config.scheduler_name,
        [plugins[name] for name in points["filter"] if name in plugins],
        [(plugins[name], config.weights[name]) for name in scoring],
        gates="SchedulingGates" in points["preEnqueue"],
        post_filters=tuple(points["postFilter"]),
        preemption=PreemptionArgs(
            preemption.get("minCandidateNodesPercentage", 10), preemption.get("minCandidateNodesAbsolute", 100)
        ),
        volume_binding=_binding(list(plugins.values())) if "VolumeBinding" in points["preBind"] else None,
        dynamic_resources=devices if "DynamicResources" in points["preBind"] else None,
        percentage=config.percentage,
    )


def _binding(plugins: list[Plugin]) -> VolumeBinding | None:
    return next((plugin for plugin in plugins if isinstance(plugin, VolumeBinding)), None)


def _spread(client: Client, args: Args) -> Plugin:
    listed = args.get("defaultingType") == "List"
    return PodTopologySpread(client, args.get("defaultConstraints") or [] if listed else None)


def _affinity(client: Client, args: Args) -> Plugin:
    ignored = bool(args.get("ignorePreferredTermsOfExistingPods"))
    return InterPodAffinity(client, args.get("hardPodAffinityWeight", 1), ignored)


# Plugins that filter or score, by name; the others are parts of the scheduler itself.
_FACTORIES: dict[str, Callable[[Client, Args], Plugin]] = {
    "NodeUnschedulable": lambda client, args: NodeUnschedulable(),
    "NodeName": lambda client, args: NodeName(),
    "TaintToleration": lambda client, args: TaintToleration(),
    "NodeAffinity": lambda client, args: NodeAffinity(args.get("addedAffinity")),
    "NodePorts": lambda client, args: NodePorts(),
    "NodeResourcesFit": lambda client, args: NodeResourcesFit(args, DynamicResources(client).backed),
    "VolumeRestrictions": lambda client, args: VolumeRestrictions(client),
    "NodeVolumeLimits": lambda client, args: NodeVolumeLimits(client),
    "VolumeBinding": lambda client, args: VolumeBinding(client),
    "VolumeZone": lambda client, args: VolumeZone(client),
    "PodTopologySpread": _spread,
    "InterPodAffinity": _affinity,
    "DynamicResources": lambda client, args: DynamicResources(client),
    "NodeResourcesBalancedAllocation": lambda client, args: BalancedAllocation(args),
    "ImageLocality": lambda client, args: ImageLocality(),
    "NodeDeclaredFeatures": lambda client, args: NodeDeclaredFeatures(),
}
