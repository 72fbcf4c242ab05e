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
from minikctl.scheduler.podinfo import PodInfo
from minikctl.scheduler.snapshot import Cluster, NodeInfo

if TYPE_CHECKING:
    from minikctl.client.client import Client

NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."
NOT_HELPFUL = Failure("Preemption is not helpful for scheduling", unresolvable=True)
NO_VICTIMS = Failure("No preemption victims found for incoming pod", unresolvable=True)

_MIN_CANDIDATES = 100
_MIN_CANDIDATES_PERCENT = 10


class Candidate(NamedTuple):
    node: NodeInfo
    victims: list[PodInfo]
    violations: int


class Preemption:
    """One attempt to make room for `pod`, whose results found no feasible node."""

    def __init__(self, client: Client, cluster: Cluster, results: Results, pod: PodInfo) -> None:
        self._client = client
        self._cluster = cluster
        self._results = results
        self._pod = pod
        self._budgets: dict[str, list[Obj]] = {}

    def ineligible(self, nominated: str) -> str:
        """Why the pod may not preempt at all; empty where it may."""
        if not self._pod.shape.preempts:
            return NEVER
        node = self._cluster.nodes.get(nominated) if nominated else None
        if node is not None:
            failure = self._results.failures().get(nominated)
            resolvable = failure is None or not failure.unresolvable
            if resolvable and any(pod.terminating and self._lower(pod) for pod in node.pods.values()):
                return TERMINATING
        return ""

    def run(self) -> tuple[Candidate | None, dict[str, Failure]]:
        """The best candidate, or None and why each node is none."""
        why: dict[str, Failure] = {}
        candidates: list[Candidate] = []
        enough = max(_MIN_CANDIDATES, len(self._cluster.nodes) * _MIN_CANDIDATES_PERCENT // 100)
        for name, failure in self._results.failures().items():
            if failure.unresolvable:
                why[name] = NOT_HELPFUL
                continue
            found = self._victims(self._cluster.nodes[name])
            if isinstance(found, Failure):
                why[name] = found
            else:
                candidates.append(found)
                if len(candidates) >= enough:
                    break
        return (min(candidates, key=_cost) if candidates else None), why

    def _lower(self, pod: PodInfo) -> bool:
        return pod.shape.priority < self._pod.shape.priority

    def _victims(self, node: NodeInfo) -> Candidate | Failure:
        potential = [pod for pod in node.pods.values() if self._lower(pod)]
        if not potential:
            return NO_VICTIMS
        trial = _Trial(self._results, node)
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
        return Candidate(node, victims, violations) if victims else NO_VICTIMS

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
        if namespace not in self._budgets:
            self._budgets[namespace] = self._client.items("poddisruptionbudgets.policy", namespace)
        if not labels:
            return []
        return [
            budget
            for budget in self._budgets[namespace]
            if (selector := budget["spec"].get("selector")) is not None
            and not (from_label_selector(selector)).nothing
            and from_label_selector(selector).matches(labels)
            and pod.name not in (budget.get("status", {}).get("disruptedPods") or {})
        ]


class _Trial:
    """A node on which pods are taken away and put back, with the filters' states following."""

    def __init__(self, results: Results, node: NodeInfo) -> None:
        self._shape = results.shape
        self._node = node.copy()
        self._filters = [[plugin, state, defines(plugin, "simulate")] for plugin, state in results.filters]

    def remove(self, pod: PodInfo) -> None:
        self._node.remove(pod)
        self._follow(pod, -1)

    def add(self, pod: PodInfo) -> None:
        self._node.add(pod)
        self._follow(pod, 1)

    def reprieve(self, pod: PodInfo) -> bool:
        """Put a pod back if the incoming one still fits then."""
        self.add(pod)
        if self.failure() is None:
            return True
        self.remove(pod)
        return False

    def failure(self) -> Failure | None:
        for plugin, state, _ in self._filters:
            failure: Failure | None = plugin.filter(state, self._shape, self._node)
            if failure is not None:
                return failure
        return None

    def _follow(self, pod: PodInfo, count: int) -> None:
        for item in self._filters:
            if item[2]:
                item[1] = item[0].simulate(item[1], self._shape, self._node, pod.guest, count)


def fits_beside(results: Results, node: NodeInfo, pods: list[PodInfo]) -> bool:
    """Whether the pod still fits on a feasible node when nominated pods come too."""
    trial = _Trial(results, node)
    for pod in pods:
        trial.add(pod)
    return trial.failure() is None


def _cost(candidate: Candidate) -> tuple[object, ...]:
    """Order of candidates: fewest violations, lowest top priority, lowest sum, fewest, started last."""
    victims = candidate.victims
    priorities = [pod.shape.priority for pod in victims]
    top = max(priorities)
    earliest = min(pod.created for pod in victims if pod.shape.priority == top)
    offset = (1 << 31) + 1  # as upstream, so that many negative priorities do not beat few
    return candidate.violations, top, sum(p + offset for p in priorities), len(victims), _Latest(earliest)


class _Latest(str):
    """A time that sorts before earlier ones."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)
