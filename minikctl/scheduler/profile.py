"""One profile of the scheduler: which plugins run at which extension point, with what weights.

Counterpart of kube-scheduler's `profile` and `framework/runtime`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from minikctl.scheduler.framework import Plugin
    from minikctl.scheduler.plugins.dynamicresources import DynamicResources
    from minikctl.scheduler.plugins.volumebinding import VolumeBinding

DEFAULT_SCHEDULER = "default-scheduler"

_FEW_NODES = 100
_LOWEST_PERCENTAGE = 5
_HIGHEST_PERCENTAGE = 50
_NODES_PER_PERCENT = 125


class PreemptionArgs(NamedTuple):
    """DefaultPreemptionArgs: how many candidates are enough, in percent of the nodes and at least."""

    percentage: int = 10
    absolute: int = 100


class Profile(NamedTuple):
    """What a pod with a certain schedulerName goes through."""

    scheduler_name: str
    filters: list[Plugin]  # PreFilter and Filter, in order
    scorers: list[tuple[Plugin, int]]  # PreScore, Score and NormalizeScore, with weights
    gates: bool = True  # whether SchedulingGates holds pods back (PreEnqueue)
    post_filters: tuple[str, ...] = ()
    preemption: PreemptionArgs = PreemptionArgs()
    volume_binding: VolumeBinding | None = None  # Reserve and PreBind
    dynamic_resources: DynamicResources | None = None  # PreEnqueue, PostFilter, Reserve and PreBind
    percentage: int = 0  # of nodes to score; 0: as many as the cluster's size suggests

    def enough(self, nodes: int) -> int:
        """How many feasible nodes are enough to stop looking for more (numFeasibleNodesToFind)."""
        if not self.scorers:
            return 1
        if nodes < _FEW_NODES:
            return nodes
        percentage = self.percentage or max(_HIGHEST_PERCENTAGE - nodes // _NODES_PER_PERCENT, _LOWEST_PERCENTAGE)
        return max(nodes * percentage // 100, _FEW_NODES)
