"""Filter and Score results of one shape of pods, kept up to date node by node.

The first pod of a shape looks at every node; for the next ones only the nodes that changed since
are looked at again, and the best node is on top of a heap. The outcome is that of looking at all
nodes every time (a property test holds it to that). Ties go to the node used longest ago.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from typing import Any

from minikctl.scheduler.framework import EVERYWHERE, SKIP, Failure, Plugin, defines
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, Entry, NodeInfo

# One scoring plugin at work: the plugin, its state, its weight, whether it normalizes.
_Scorer = tuple[Plugin, Any, int, bool]


class Verdict:
    """What is known of one node: a failure, or raw scores and their weighted total."""

    __slots__ = ("failure", "node", "plugin", "raws", "total")

    def __init__(self, node: NodeInfo, plugin: str, failure: Failure | None, raws: tuple[float | None, ...]) -> None:
        self.node = node
        self.plugin = plugin
        self.failure = failure
        self.raws = raws
        self.total = 0


class Results:
    """All verdicts for one shape. `refusal` is set where PreFilter refuses the pod altogether."""

    def __init__(self, shape: Shape, cluster: Cluster, plugins: Iterable[Plugin], weights: dict[str, int]) -> None:
        self.shape = shape
        self.cluster = cluster
        self.refusal: Failure | None = None
        self.filters: list[tuple[Plugin, Any]] = []
        self.scorers: list[_Scorer] = []
        self.verdicts: dict[str, Verdict] = {}
        self._heap: list[tuple[int, int, int, Verdict]] = []
        self._counts: list[dict[float, int]] = []
        self._ranges: list[tuple[float, float]] = []
        self._layout = cluster.layout
        self._position = cluster.position
        self._prepare(list(plugins), weights)
        if self.refusal is None:
            self._look_at_all()

    def _prepare(self, plugins: list[Plugin], weights: dict[str, int]) -> None:
        for plugin in plugins:
            state = plugin.pre_filter(self.shape, self.cluster)
            if isinstance(state, Failure):
                self.refusal = state
                return
            if state is not SKIP:
                self.filters.append((plugin, state))
        for plugin in plugins:
            weight = weights.get(plugin.name, plugin.weight)
            if weight and (state := plugin.pre_score(self.shape, self.cluster)) is not SKIP:
                self.scorers.append((plugin, state, weight, defines(plugin, "normalize")))
        self._counts = [{} for _ in self.scorers]

    def stale(self) -> bool:
        """Whether nodes came or went, or too much happened to catch up: make it anew."""
        return self._layout != self.cluster.layout or self._position < self.cluster.journal_start

    def catch_up(self) -> None:
        """Look again at the nodes that changed since the last time."""
        cluster = self.cluster
        if self._position == cluster.position or self.refusal is not None:
            return
        entries = cluster.changed_since(self._position) or []
        self._position = cluster.position
        dirty = self._dirty(entries)
        if dirty is None:
            self._look_at_all()
            return
        for node in dirty.values():
            self._replace(self._look_at(node))
        self._score(dirty)

    def best(self, skip: Callable[[NodeInfo], bool] | None = None) -> NodeInfo | None:
        """The feasible node with the highest score for which `skip` does not hold."""
        heap, verdicts = self._heap, self.verdicts
        passed = []
        found = None
        while heap:
            top = heap[0]
            verdict = top[3]
            if verdicts.get(verdict.node.name) is not verdict or -top[0] != verdict.total:
                heappop(heap)
                continue
            if skip is not None and skip(verdict.node):
                passed.append(heappop(heap))
                continue
            found = verdict.node
            break
        for item in passed:
            heappush(heap, item)
        return found

    def failures(self) -> dict[str, Failure]:
        """Node name -> why it was refused."""
        return {name: verdict.failure for name, verdict in self.verdicts.items() if verdict.failure is not None}

    def _dirty(self, entries: list[Entry]) -> dict[str, NodeInfo] | None:
        """The nodes to look at again; None for all."""
        dirty: dict[str, NodeInfo] = {}
        everywhere = False
        states = [(plugin, state) for plugin, state in self.filters if defines(plugin, "affected")]
        states += [(scorer[0], scorer[1]) for scorer in self.scorers if defines(scorer[0], "affected")]
        for node, guest, count in entries:
            dirty[node.name] = node
            if guest is None:
                # labels may have changed: what plugins counted per topology value is void
                if states:
                    self._prepare_again()
                    return None
                continue
            for plugin, state in states:
                more = plugin.affected(state, self.shape, node, guest, count)
                if more is EVERYWHERE:
                    everywhere = True
                    continue
                for other in more:  # type: ignore[union-attr]
                    dirty[other.name] = other
        return None if everywhere else dirty

    def _prepare_again(self) -> None:
        weights = {scorer[0].name: scorer[2] for scorer in self.scorers}
        self.filters = [(plugin, plugin.pre_filter(self.shape, self.cluster)) for plugin, _ in self.filters]
        self.filters = [item for item in self.filters if item[1] is not SKIP]
        self.scorers = [
            (plugin, plugin.pre_score(self.shape, self.cluster), weights[plugin.name], normalizes)
            for plugin, _, _, normalizes in self.scorers
        ]

    def _look_at_all(self) -> None:
        self.verdicts = {node.name: self._look_at(node) for node in self.cluster.nodes.values()}
        self._counts = [{} for _ in self.scorers]
        for verdict in self.verdicts.values():
            if verdict.failure is None:
                self._count(verdict, 1)
        self._ranges = []
        self._score({})

    def _look_at(self, node: NodeInfo) -> Verdict:
        shape = self.shape
        for plugin, state in self.filters:
            failure = plugin.filter(state, shape, node)
            if failure is not None:
                return Verdict(node, plugin.name, failure, ())
        raws = tuple([scorer[0].score(scorer[1], shape, node) for scorer in self.scorers])
        return Verdict(node, "", None, raws)

    def _replace(self, verdict: Verdict) -> None:
        name = verdict.node.name
        before = self.verdicts.get(name)
        if before is not None and before.failure is None:
            self._count(before, -1)
        self.verdicts[name] = verdict
        if verdict.failure is None:
            self._count(verdict, 1)

    def _count(self, verdict: Verdict, sign: int) -> None:
        for index, scorer in enumerate(self.scorers):
            if scorer[3]:
                counts, raw = self._counts[index], verdict.raws[index]
                if raw is None:
                    continue
                left = counts.get(raw, 0) + sign
                if left:
                    counts[raw] = left
                else:
                    del counts[raw]

    def _score(self, dirty: dict[str, NodeInfo]) -> None:
        """Give totals to the dirty nodes, or to all where a range that normalizes moved."""
        ranges = [(min(counts), max(counts)) if counts else (0.0, 0.0) for counts in self._counts]
        if ranges == self._ranges:
            heap = self._heap
            for name in dirty:
                verdict = self.verdicts[name]
                if verdict.failure is None:
                    verdict.total = self._total(verdict)
                    heappush(heap, (-verdict.total, verdict.node.last_used, verdict.node.order, verdict))
            if len(heap) < 4 * len(self.verdicts) + 64:
                return
        self._ranges = ranges
        heap = []
        for verdict in self.verdicts.values():
            if verdict.failure is None:
                verdict.total = self._total(verdict)
                heap.append((-verdict.total, verdict.node.last_used, verdict.node.order, verdict))
        heapify(heap)
        self._heap = heap

    def _total(self, verdict: Verdict) -> int:
        total = 0
        for index, (plugin, _, weight, normalizes) in enumerate(self.scorers):
            raw = verdict.raws[index]
            if raw is None:
                continue
            if normalizes:
                low, high = self._ranges[index]
                raw = plugin.normalize(raw, low, high)
            total += weight * int(raw)
        return total

    def totals(self) -> dict[str, dict[str, int]]:
        """Node name -> plugin -> weighted score, of the feasible nodes (for explanations and tests)."""
        found: dict[str, dict[str, int]] = {}
        for name, verdict in self.verdicts.items():
            if verdict.failure is None:
                scores = found[name] = {}
                for index, (plugin, _, weight, normalizes) in enumerate(self.scorers):
                    raw = verdict.raws[index]
                    low, high = self._ranges[index]
                    if raw is not None and normalizes:
                        raw = plugin.normalize(raw, low, high)
                    scores[plugin.name] = weight * int(raw or 0)
        return found
