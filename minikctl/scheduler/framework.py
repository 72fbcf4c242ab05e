"""The scheduling framework: what a plugin is, and the words it answers with.

A plugin implements the extension points it needs and inherits the rest. Filter and Score look at
one node at a time so that results can be kept (equivalence.py); a plugin whose answer for one node
hangs on pods elsewhere follows these through `affected`. Counterpart of kube-scheduler's
`framework/interface.go`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from minikctl.scheduler.podinfo import Guest, Shape
    from minikctl.scheduler.snapshot import Cluster, NodeInfo

MAX_SCORE: Final = 100


class PluginError(Exception):
    """A plugin cannot answer at all: the pod's scheduling ends with this error (framework.Error)."""


class Failure:
    """Why a node (or, from PreFilter, every node) is refused.

    `unresolvable` tells preemption that removing pods cannot help.
    """

    __slots__ = ("reasons", "unresolvable")

    def __init__(self, *reasons: str, unresolvable: bool = False) -> None:
        self.reasons = reasons
        self.unresolvable = unresolvable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Failure) and self.reasons == other.reasons and self.unresolvable == other.unresolvable

    def __hash__(self) -> int:
        return hash((self.reasons, self.unresolvable))

    def __repr__(self) -> str:
        return f"Failure({', '.join(map(repr, self.reasons))}, unresolvable={self.unresolvable})"


class _Skip:
    """What PreFilter and PreScore answer where the plugin has nothing to say about a pod."""

    def __repr__(self) -> str:
        return "SKIP"


SKIP: Final = _Skip()


class Plugin:
    """Base of all plugins. `weight` is the default profile's score weight."""

    name = ""
    weight = 0

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        """State for `filter`; SKIP where every node passes; a Failure refuses the pod as a whole."""
        return SKIP

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        """None where the pod may run on the node."""
        return None

    def pre_score(self, shape: Shape, cluster: Cluster) -> Any:
        """State for `score`, or SKIP where all nodes would score alike."""
        return SKIP

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float | None:
        """The raw score of a node: 0..100 unless the plugin normalizes; None scores 0 and is left out of that."""
        return 0

    def normalize(self, raw: float, low: float, high: float) -> int:
        """A raw score as 0..100, given the lowest and highest among feasible nodes."""
        return int(raw)

    def affected(self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int) -> bool:
        """Note in the state that pods came to (count 1) or left (-1) `node`.

        True where the answers for other nodes may differ now. Only plugins whose answer for one node
        hangs on pods elsewhere implement this; they tell by `topology_keys` and `local` on what else it hangs.
        """
        return False

    def topology_keys(self, state: Any) -> Iterable[str]:
        """The labels whose values the answers hang on, save those that are different on every node."""
        return ()

    def local(self, state: Any, shape: Shape, node: NodeInfo) -> Hashable:
        """What the answer for `node` hangs on besides its values of `topology_keys`: the node's own part."""
        return None

    def survey(self, state: Any, shape: Shape, sample: Sequence[tuple[NodeInfo, int]]) -> None:
        """Before scoring: the feasible nodes, one for each lot that scores alike, with how many there are."""

    def forget(self) -> None:
        """Drop what was looked up of objects other than nodes and pods: it may have changed."""

    def simulate(self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int) -> Any:
        """A copy of the filter state as if the pod had come or gone (preemption, nominated pods)."""
        return state


def defines(plugin: Plugin, point: str) -> bool:
    """Whether the plugin implements an extension point itself."""
    return getattr(type(plugin), point) is not getattr(Plugin, point)


def normalize_by_highest(raw: float, high: float) -> int:
    """helper.DefaultNormalizeScore: the highest becomes 100."""
    return int(raw * MAX_SCORE // high) if high > 0 else int(raw)


def normalize_reversed(raw: float, high: float) -> int:
    """helper.DefaultNormalizeScore, reversed: the highest becomes 0."""
    return MAX_SCORE - int(raw * MAX_SCORE // high) if high > 0 else MAX_SCORE
