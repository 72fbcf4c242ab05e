"""The scheduler's plugins, one module each; `default_plugins` lists them in the default profile's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.scheduler.framework import Plugin
from minikctl.scheduler.plugins.balancedallocation import BalancedAllocation
from minikctl.scheduler.plugins.imagelocality import ImageLocality
from minikctl.scheduler.plugins.interpodaffinity import InterPodAffinity
from minikctl.scheduler.plugins.nodeaffinity import NodeAffinity
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
from minikctl.scheduler.profile import DEFAULT_SCHEDULER, Profile

if TYPE_CHECKING:
    from minikctl.client.client import Client


def default_profile(client: Client, scheduler_name: str = DEFAULT_SCHEDULER) -> Profile:
    """The profile that a scheduler without a configuration has."""
    plugins = default_plugins(client)
    scorers = [(plugin, plugin.weight) for plugin in plugins if plugin.weight]
    binding = next(plugin for plugin in plugins if isinstance(plugin, VolumeBinding))
    return Profile(scheduler_name, plugins, scorers, volume_binding=binding)


def default_plugins(client: Client) -> list[Plugin]:
    """New instances of all plugins that filter or score, in the order they are asked."""
    return [
        NodeUnschedulable(),
        NodeName(),
        TaintToleration(),
        NodeAffinity(),
        NodePorts(),
        NodeResourcesFit(),
        VolumeRestrictions(client),
        NodeVolumeLimits(client),
        VolumeBinding(client),
        VolumeZone(client),
        PodTopologySpread(client),
        InterPodAffinity(client),
        BalancedAllocation(),
        ImageLocality(),
    ]
