"""Filter and Score results of one shape of pods, kept up to date node by node.

The first pod of a shape looks at every node; for the next ones only the nodes that changed since are
looked at again. Nodes that cannot be told apart by any plugin form a lot, and what hangs on pods
elsewhere (spreading, affinity) is judged once per lot. The outcome is that of looking at all nodes
every time (a property test holds it to that). Ties go to the node used longest ago.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple, TypeVar

from minikctl.scheduler.framework import SKIP, Failure, Plugin, defines
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.profile import Profile
from minikctl.scheduler.snapshot import RELABELLED, Cluster, NodeInfo

_SPARE_LOTS = 64

_T = TypeVar("_T")


class Lot:
    """Nodes that get the same answers from all plugins, as far as is known: they share all keys."""

    __slots__ = ("count", "failure", "late", "pick", "plugin", "raws", "size", "stamp", "total", "version")

    def __init__(self, raws: tuple[float | None, ...], late: tuple[Failure | None, ...]) -> None:
        self.raws = raws  # scores of the plugins that look at the node alone
        self.late = late  # what filters that come after the first topological one say
        self.size = 0  # nodes that belong here
        self.version = -1  # of the topological state that `failure` was judged by
        self.failure: Failure | None = None
        self.plugin = ""
        # Of the selection under way: which one, how many nodes it found, the one to take, its score.
        self.stamp = 0
        self.count = 0
        self.pick: NodeInfo
        self.total = 0


class Scorer(NamedTuple):
    """One scoring plugin at work; `column` is its place in a lot's raw scores, -1 where it is topological."""

    plugin: Plugin
    state: Any
    weight: int
    normalizes: bool
    column: int


class Scores(NamedTuple):
    """One plugin's scores of a node."""

    plugin: str
    raw: float
    normalized: int
    weight: int


class Choice(NamedTuple):
    """The node to take, if any; how many nodes were looked at and how many of them would do."""

    node: NodeInfo | None
    looked_at: int
    feasible: int


class Results:
    """All answers for one shape. `refusal` is set where PreFilter refuses the pod altogether."""

    def __init__(self, shape: Shape, cluster: Cluster, profile: Profile) -> None:
        self.shape = shape
        self.cluster = cluster
        self.refusal: Failure | None = None
        self.refused_by = ""
        self.filters: list[tuple[Plugin, Any]] = []
        self.scorers: list[Scorer] = []
        self.position = cluster.position
        self.outcome = 0  # grows whenever a node's answer may be another one than before
        self.memo: dict[str, tuple[Any, Any]] = {}  # what preemption found out about nodes
        self._profile = profile
        self._layout = cluster.layout
        self._stamp = 0
        self._build()

    # Building and following

    def _build(self) -> None:
        """Look at all nodes anew."""
        self.refusal = None
        self.outcome += 1
        self.memo.clear()
        self._ring, self._index = self.cluster.ring
        self._lots: dict[Any, Lot] = {}
        self._slots: list[Lot | None] = [None] * len(self._ring)
        self._failed: list[tuple[str, Failure] | None] = [None] * len(self._ring)
        self._tally: dict[Failure, int] = {}  # of `_failed`
        self.version = 0
        self.looks = [0] * len(self._ring)  # grows for a node whenever something about it may have changed
        self._run_pre_filters()
        if self.refusal is None:
            self._run_pre_scores()
            self._sort_plugins()
            for index, node in enumerate(self._ring):
                self._look_at(index, node)

    def _run_pre_filters(self) -> None:
        self.filters = []
        for plugin in self._profile.filters:
            state = plugin.pre_filter(self.shape, self.cluster)
            if isinstance(state, Failure):
                self.refusal, self.refused_by = state, plugin.name
                return
            if state is not SKIP:
                self.filters.append((plugin, state))

    def _run_pre_scores(self) -> None:
        self.scorers = []
        columns = 0
        for plugin, weight in self._profile.scorers:
            state = plugin.pre_score(self.shape, self.cluster)
            if state is not SKIP:
                topological = defines(plugin, "affected")
                column = -1 if topological else columns
                columns += not topological
                self.scorers.append(Scorer(plugin, state, weight, defines(plugin, "normalize"), column))

    def _sort_plugins(self) -> None:
        topological = [defines(plugin, "affected") for plugin, _ in self.filters]
        first = topological.index(True) if True in topological else len(topological)
        self._early = self.filters[:first]
        self._tail = list(zip(self.filters[first:], topological[first:], strict=True))
        self._late = [item for item, hangs_together in self._tail if not hangs_together]
        self._states = [item for item, hangs_together in self._tail if hangs_together]
        self._columns = [scorer for scorer in self.scorers if scorer.column >= 0]
        self._states += [(scorer.plugin, scorer.state) for scorer in self.scorers if scorer.column < 0]
        keys: dict[str, None] = {}
        for plugin, state in self._states:
            keys.update(dict.fromkeys(plugin.topology_keys(state)))
        self._keys = tuple(keys)

    def state_of(self, name: str) -> Any:
        """The filter state of a plugin; None where it has none for this shape."""
        return next((state for plugin, state in self.filters if plugin.name == name), None)

    def stale(self) -> bool:
        """Whether nodes came or went, or too much happened to catch up: make it anew."""
        return self._layout != self.cluster.layout or self.position < self.cluster.journal_start

    def catch_up(self) -> None:
        """Look again at the nodes that changed since the last time."""
        cluster, shape = self.cluster, self.shape
        if self.position == cluster.position or self.refusal is not None:
            return
        entries = cluster.changed_since(self.position) or []
        self.position = cluster.position
        dirty: dict[str, NodeInfo] = {}
        for node, guest, count in entries:
            dirty[node.name] = node
            if guest is None:
                if count == RELABELLED and self._states:
                    # what plugins counted per topology value is void
                    self._build()
                    return
                continue
            for plugin, state in self._states:
                if plugin.affected(state, shape, node, guest, count):
                    self.version += 1
                    self.outcome += 1
        for name, node in dirty.items():
            self._look_at(self._index[name], node)
        if len(self._lots) > 2 * len(self._ring) + _SPARE_LOTS:
            self._lots = {key: lot for key, lot in self._lots.items() if lot.size}

    def _look_at(self, index: int, node: NodeInfo) -> None:
        """Ask what can be answered for the node alone, and put it into its lot."""
        shape = self.shape
        self.looks[index] += 1
        before, refused = self._slots[index], self._failed[index]
        if before is not None:
            before.size -= 1
            self._slots[index] = None
        elif refused is not None:
            self._tally[refused[1]] -= 1
            self._failed[index] = None
        for plugin, state in self._early:
            failure = plugin.filter(state, shape, node)
            if failure is not None:
                self._failed[index] = plugin.name, failure
                self._tally[failure] = self._tally.get(failure, 0) + 1
                if refused is None or refused[1] != failure:
                    self.outcome += 1
                return
        raws = tuple([scorer[0].score(scorer[1], shape, node) for scorer in self._columns])
        key: Any = raws
        late: tuple[Failure | None, ...] = ()
        if self._states:
            labels = node.labels
            late = tuple([plugin.filter(state, shape, node) for plugin, state in self._late])
            own = tuple([plugin.local(state, shape, node) for plugin, state in self._states])
            key = (tuple([labels.get(key) for key in self._keys]), own, late, raws)
        lot = self._lots.get(key)
        if lot is None:
            lot = self._lots[key] = Lot(raws, late)
        lot.size += 1
        self._slots[index] = lot
        if lot is not before:
            self.outcome += 1

    def _judge(self, lot: Lot, node: NodeInfo) -> None:
        """Ask the filters that hang on pods elsewhere; `node` is any node of the lot."""
        lot.version = self.version
        late = iter(lot.late)
        for (plugin, state), topological in self._tail:
            failure = plugin.filter(state, self.shape, node) if topological else next(late)
            if failure is not None:
                lot.failure, lot.plugin = failure, plugin.name
                return
        lot.failure = None

    # Choosing

    def choose(
        self, start: int = 0, enough: int | None = None, skip: Callable[[NodeInfo], bool] | None = None
    ) -> Choice:
        """The best of the first `enough` feasible nodes from place `start` on for which `skip` does not hold."""
        found, looked_at, feasible = self._search(start, enough or len(self._ring), skip)
        if not found:
            return Choice(None, looked_at, 0)
        if feasible > 1:
            self._grade(found)
        best = min(found, key=lambda lot: (-lot.total, lot.pick.last_used))
        return Choice(best.pick, looked_at, feasible)

    def _search(self, start: int, enough: int, skip: Callable[[NodeInfo], bool] | None) -> tuple[list[Lot], int, int]:
        ring, slots, version = self._ring, self._slots, self.version
        stamp = self._stamp = self._stamp + 1
        found: list[Lot] = []
        looked_at = feasible = 0
        for lot, node in zip(_around(slots, start), _around(ring, start), strict=True):
            looked_at += 1
            if lot is None:
                continue
            if lot.version != version:
                self._judge(lot, node)
            if lot.failure is not None or (skip is not None and skip(node)):
                continue
            if lot.stamp != stamp:
                lot.stamp, lot.pick, lot.count = stamp, node, 1
                found.append(lot)
            else:
                lot.count += 1
                if node.last_used < lot.pick.last_used:
                    lot.pick = node
            feasible += 1
            if feasible >= enough:
                break
        return found, looked_at, feasible

    def _grade(self, found: list[Lot]) -> None:
        """Give the lots their totals."""
        for lot in found:
            lot.total = 0
        for scorer, raws, scores in self._columns_of(found):
            for lot, raw, score in zip(found, raws, scores, strict=True):
                if raw is not None:
                    lot.total += scorer.weight * score

    def _columns_of(self, found: list[Lot]) -> Iterator[tuple[Scorer, list[float | None], list[int]]]:
        """Every scorer with its raw and its normalized scores of the lots."""
        shape = self.shape
        sample = [(lot.pick, lot.count) for lot in found]
        for scorer in self.scorers:
            plugin, state = scorer.plugin, scorer.state
            if scorer.column >= 0:
                raws = [lot.raws[scorer.column] for lot in found]
            else:
                plugin.survey(state, shape, sample)
                raws = [plugin.score(state, shape, lot.pick) for lot in found]
            if not scorer.normalizes:
                yield scorer, raws, [int(raw or 0) for raw in raws]
                continue
            known = [raw for raw in raws if raw is not None] or [0]
            low, high = min(known), max(known)
            seen: dict[float, int] = {}
            for raw in known:
                if raw not in seen:
                    seen[raw] = plugin.normalize(raw, low, high)
            yield scorer, raws, [0 if raw is None else seen[raw] for raw in raws]

    # Telling

    def reasons(self) -> dict[Failure, int]:
        """Why nodes were refused, with how many of them."""
        counts = {failure: count for failure, count in self._tally.items() if count}
        judged: set[Lot] = set()
        for index, lot in enumerate(self._slots):
            if lot is None or lot in judged:
                continue
            judged.add(lot)
            if lot.version != self.version:
                self._judge(lot, self._ring[index])
            if lot.failure is not None:
                counts[lot.failure] = counts.get(lot.failure, 0) + lot.size
        return counts

    def refusals(self) -> Iterator[tuple[NodeInfo, str, Failure]]:
        """Every node that was refused, by which plugin and why."""
        for index, node in enumerate(self._ring):
            if (found := self._refusal_at(index)) is not None:
                yield node, *found

    def failure_of(self, name: str) -> Failure | None:
        """Why a node was refused."""
        found = self._refusal_at(self._index[name])
        return found[1] if found is not None else None

    def _refusal_at(self, index: int) -> tuple[str, Failure] | None:
        lot = self._slots[index]
        if lot is None:
            return self._failed[index]
        if lot.version != self.version:
            self._judge(lot, self._ring[index])
        return None if lot.failure is None else (lot.plugin, lot.failure)

    def look_number(self, name: str) -> int:
        """A number that grows whenever something about the node may have changed."""
        return self.looks[self._index[name]] + (self.version << 32)

    def scores(self) -> dict[str, list[Scores]]:
        """Node name -> every plugin's scores, of the feasible nodes."""
        found, _, _ = self._search(0, len(self._ring), None)
        by_lot: dict[int, list[Scores]] = {id(lot): [] for lot in found}
        for scorer, raws, scores in self._columns_of(found):
            for lot, raw, score in zip(found, raws, scores, strict=True):
                by_lot[id(lot)].append(Scores(scorer.plugin.name, raw or 0, score, scorer.weight))
        return {node.name: by_lot[id(lot)] for node, lot in self._feasible()}

    def _feasible(self) -> Iterable[tuple[NodeInfo, Lot]]:
        for index, node in enumerate(self._ring):
            lot = self._slots[index]
            if lot is not None and lot.failure is None:
                yield node, lot


def _around(items: list[_T], start: int) -> Iterator[_T]:
    """All items once, beginning at place `start`."""
    return chain(islice(items, start, None), islice(items, start))
