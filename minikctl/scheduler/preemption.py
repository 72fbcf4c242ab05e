"""DefaultPreemption: which pods would have to go so that an urgent one fits, and where that hurts least.

Called by the scheduler when no node is feasible (PostFilter). Counterpart of kube-scheduler's
`framework/preemption` and its DefaultPreemption plugin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.selectors import from_label_selector
from minikctl.scheduler.equivalence import Results
from minikctl.scheduler.framework import Failure, defines
from minikctl.scheduler.podinfo import PodInfo, Shape
from minikctl.scheduler.profile import PreemptionArgs
from minikctl.scheduler.snapshot import Cluster, NodeInfo

if TYPE_CHECKING:
    from minikctl.client.client import Client

NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."
NOT_HELPFUL = Failure("Preemption is not helpful for scheduling", unresolvable=True)
NO_VICTIMS = Failure("No preemption victims found for incoming pod", unresolvable=True)


class Candidate(NamedTuple):
    node: NodeInfo
    victims: list[PodInfo]
    violations: int
    cost: tuple[object, ...]


class Preemption:
    """One attempt to make room for `pod`, whose results found no feasible node."""

    def __init__(self, client: Client, cluster: Cluster, results: Results, pod: PodInfo, args: PreemptionArgs) -> None:
        self._cluster = cluster
        self._results = results
        self._pod = pod
        self._args = args
        self._budgets = client.items("poddisruptionbudgets.policy") if pod.shape.preempts else []
        self._budgets_known = [(b["metadata"]["uid"], b["metadata"]["resourceVersion"]) for b in self._budgets]

    def ineligible(self, nominated: str) -> str:
        """Why the pod may not preempt at all; empty where it may."""
        if not self._pod.shape.preempts:
            return NEVER
        node = self._cluster.nodes.get(nominated) if nominated else None
        if node is not None:
            failure = self._results.failure_of(nominated)
            resolvable = failure is None or not failure.unresolvable
            if resolvable and any(pod.terminating and self._lower(pod) for pod in node.pods.values()):
                return TERMINATING
        return ""

    def run(self) -> tuple[Candidate | None, dict[Failure, int]]:
        """The best candidate, or None and why nodes are none, with how many of them."""
        why: dict[Failure, int] = {}
        candidates: list[Candidate] = []
        peaceful = False  # whether some candidate violates no budget
        if self._results.refusal is not None:
            return None, {NOT_HELPFUL: len(self._cluster.nodes)}
        reasons = self._results.reasons()
        resolvable = sum(count for failure, count in reasons.items() if not failure.unresolvable)
        enough = min(resolvable, max(self._args.absolute, resolvable * self._args.percentage // 100))
        for node, _, failure in self._results.refusals() if resolvable else ():
            if failure.unresolvable:
                continue
            found = self._remembered(node)
            if isinstance(found, Failure):
                why[found] = why.get(found, 0) + 1
                continue
            candidates.append(found)
            peaceful = peaceful or not found.violations
            if peaceful and len(candidates) >= enough:
                break
        if candidates:
            return min(candidates, key=lambda candidate: candidate.cost), {}
        hopeless = sum(reasons.values()) - resolvable
        if hopeless:
            why[NOT_HELPFUL] = why.get(NOT_HELPFUL, 0) + hopeless
        return None, why

    def _lower(self, pod: PodInfo) -> bool:
        return pod.shape.priority < self._pod.shape.priority

    def _remembered(self, node: NodeInfo) -> Candidate | Failure:
        """The victims on a node, worked out anew where anything about it changed since the last time."""
        rivals = rivals_on(self._cluster, self._pod, node)
        state = (self._results.look_number(node.name), [rival.uid for rival in rivals], self._budgets_known)
        memo = self._results.memo
        known = memo.get(node.name)
        if known is None or known[0] != state:
            known = memo[node.name] = state, self._victims(node, rivals)
        found: Candidate | Failure = known[1]
        return found

    def _victims(self, node: NodeInfo, rivals: list[PodInfo]) -> Candidate | Failure:
        potential = [pod for pod in node.pods.values() if self._lower(pod)]
        if not potential:
            return NO_VICTIMS
        trial = _Trial(self._results, node, rivals)
        for pod in potential:
            trial.remove(pod)
        failure = trial.failure()
        if failure is not None:
            return failure
        potential.sort(key=lambda pod: (-pod.shape.priority, pod.created, pod.name))
        violating, others = self._split_by_budget(potential)
        victims: list[PodInfo] = []
        violations = 0
        for pods, counts in ((violating, 1), (others, 0)):
            for pod in pods:
                if not trial.reprieve(pod):
                    victims.append(pod)
                    violations += counts
        victims.sort(key=lambda pod: (-pod.shape.priority, pod.created, pod.name))
        return Candidate(node, victims, violations, _cost(victims, violations)) if victims else NO_VICTIMS

    def _split_by_budget(self, pods: list[PodInfo]) -> tuple[list[PodInfo], list[PodInfo]]:
        """Pods whose removal would violate a PodDisruptionBudget, and the others."""
        violating: list[PodInfo] = []
        others: list[PodInfo] = []
        allowed: dict[str, int] = {}
        for pod in pods:
            broken = False
            for budget in self._budgets_of(pod):
                uid = budget["metadata"]["uid"]
                left = allowed.setdefault(uid, budget.get("status", {}).get("disruptionsAllowed", 0))
                allowed[uid] = left - 1
                broken = broken or left <= 0
            (violating if broken else others).append(pod)
        return violating, others

    def _budgets_of(self, pod: PodInfo) -> list[Obj]:
        namespace, labels = pod.shape.namespace, pod.shape.labels
        if not labels:
            return []
        return [
            budget
            for budget in self._budgets
            if budget["metadata"]["namespace"] == namespace
            and (selector := budget["spec"].get("selector")) is not None
            and not (from_label_selector(selector)).nothing
            and from_label_selector(selector).matches(labels)
            and pod.name not in (budget.get("status", {}).get("disruptedPods") or {})
        ]


class _Trial:
    """A node on which pods are taken away and put back, with the filters' states following.

    Where pods are nominated to run there (`rivals`), the pod must fit both beside them and without them.
    """

    def __init__(self, results: Results, node: NodeInfo, rivals: list[PodInfo]) -> None:
        self._shape = results.shape
        self._boards = [_Board(results, node)]
        if rivals:
            beside = _Board(results, node)
            for rival in rivals:
                beside.put(self._shape, rival, 1)
            self._boards.insert(0, beside)

    def remove(self, pod: PodInfo) -> None:
        for board in self._boards:
            board.put(self._shape, pod, -1)

    def reprieve(self, pod: PodInfo) -> bool:
        """Put a pod back if the incoming one still fits then."""
        for board in self._boards:
            board.put(self._shape, pod, 1)
        if self.failure() is None:
            return True
        self.remove(pod)
        return False

    def failure(self) -> Failure | None:
        for board in self._boards:
            failure = board.failure(self._shape)
            if failure is not None:
                return failure
        return None


class _Board:
    """A copy of a node with the filters' states as if it were the real one."""

    __slots__ = ("filters", "node")

    def __init__(self, results: Results, node: NodeInfo) -> None:
        self.node = node.copy()
        self.filters = [[plugin, state, defines(plugin, "simulate")] for plugin, state in results.filters]

    def put(self, shape: Shape, pod: PodInfo, count: int) -> None:
        """Let a pod come (1) or go (-1)."""
        if count > 0:
            self.node.add(pod)
        else:
            self.node.remove(pod)
        for item in self.filters:
            if item[2]:
                item[1] = item[0].simulate(item[1], shape, self.node, pod.guest, count)

    def failure(self, shape: Shape) -> Failure | None:
        for plugin, state, _ in self.filters:
            failure: Failure | None = plugin.filter(state, shape, self.node)
            if failure is not None:
                return failure
        return None


def rivals_on(cluster: Cluster, pod: PodInfo, node: NodeInfo) -> list[PodInfo]:
    """The pods nominated to run on a node that a pod has to leave room for."""
    others = cluster.nominated.get(node.name)
    if not others:
        return []
    priority = pod.shape.priority
    return [other for other in others.values() if other.key != pod.key and other.shape.priority >= priority]


def fits_beside(results: Results, node: NodeInfo, rivals: list[PodInfo]) -> bool:
    """Whether the pod still fits on a feasible node when nominated pods come too."""
    return _Trial(results, node, rivals).failure() is None


def _cost(victims: list[PodInfo], violations: int) -> tuple[object, ...]:
    """Order of candidates: fewest violations, lowest top priority, lowest sum, fewest, started last."""
    priorities = [pod.shape.priority for pod in victims]
    top = max(priorities)
    earliest = min(pod.created for pod in victims if pod.shape.priority == top)
    offset = (1 << 31) + 1  # as upstream, so that many negative priorities do not beat few
    return violations, top, sum(p + offset for p in priorities), len(victims), _Latest(earliest)


class _Latest(str):
    """A time that sorts before earlier ones."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)
