"""Results that are kept up to date equal results made anew, and these what the plugins say node by node."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minikctl.scheduler.equivalence import Choice, Results, Scores
from minikctl.scheduler.framework import SKIP, defines
from minikctl.scheduler.plugins import default_profile
from minikctl.scheduler.podinfo import Shapes
from minikctl.scheduler.profile import Profile
from minikctl.scheduler.resultscache import ResultsCache
from minikctl.scheduler.snapshot import Cluster, NodeInfo


class OneService:
    """All that the plugins can read: a Service for the pods of one app, which they are spread by."""

    def items(self, resource: str, *args: Any, **kwargs: Any) -> list[Any]:
        return [{"metadata": {"name": "s"}, "spec": {"selector": {"app": "a"}}}] if resource == "services" else []

    def find(self, *args: Any, **kwargs: Any) -> None:
        return None


def _term(app: str, key: str) -> dict[str, Any]:
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}


REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
HOST, ZONE = "kubernetes.io/hostname", "zone"
SPECS: list[dict[str, Any]] = [
    {},
    {"nodeSelector": {"zone": "z1"}},
    {"affinity": {"podAntiAffinity": {REQUIRED: [_term("a", HOST)]}}},
    {"affinity": {"podAntiAffinity": {REQUIRED: [_term("b", ZONE)]}}},
    {"affinity": {"podAffinity": {REQUIRED: [_term("a", ZONE)]}}},
    {"affinity": {"podAffinity": {PREFERRED: [{"weight": 7, "podAffinityTerm": _term("b", ZONE)}]}}},
    {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": ZONE,
                "whenUnsatisfiable": when,
                "labelSelector": {"matchLabels": {"app": "a"}},
            }
            for when in ("DoNotSchedule", "ScheduleAnyway")
        ]
    },
    {
        "nodeSelector": {"zone": "z1"},
        "topologySpreadConstraints": [
            {
                "maxSkew": 2,
                "topologyKey": HOST,
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "b"}},
                "nodeTaintsPolicy": "Honor",
                "nodeAffinityPolicy": "Ignore",
                "minDomains": 5,
            },
            {
                "maxSkew": 1,
                "topologyKey": ZONE,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
                "matchLabelKeys": ["app"],
            },
        ],
    },
    {
        "affinity": {
            "podAffinity": {PREFERRED: [{"weight": 3, "podAffinityTerm": _term("a", HOST)}]},
            "podAntiAffinity": {
                REQUIRED: [_term("b", HOST)],
                PREFERRED: [{"weight": 9, "podAffinityTerm": _term("a", ZONE)}],
            },
            "nodeAffinity": {
                PREFERRED: [{"weight": 5, "preference": {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}}],
            },
        }
    },
    {"tolerations": [{"key": "t", "operator": "Exists"}]},
    {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 1, "hostPort": 80}]}]},
]


def _node(index: int, taint: bool, cordoned: bool) -> dict[str, Any]:
    labels = {HOST: f"n{index}", **({"zone": f"z{index % 3}"} if index % 4 else {})}
    spec: dict[str, Any] = {"unschedulable": True} if cordoned else {}
    if taint:
        spec["taints"] = [{"key": "t", "effect": "NoSchedule" if index % 2 else "PreferNoSchedule"}]
    return {
        "metadata": {"name": f"n{index}", "labels": labels},
        "spec": spec,
        "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "5"}},
    }


def _pod(number: int, app: str, spec: int, cpu: int, node: int | None) -> dict[str, Any]:
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": f"{cpu}m"}} if cpu else {}}
    body = {"containers": [container], **SPECS[spec]}
    if node is not None:
        body["nodeName"] = f"n{node}"
    meta = {"name": f"p{number}", "namespace": "demo", "uid": f"u{number}", "labels": {"app": app}}
    return {"metadata": meta, "spec": body, "status": {}}


def refusals(results: Results) -> list[tuple[str, str, Any]]:
    return [(node.name, plugin, failure) for node, plugin, failure in results.refusals()]


def node_by_node(shape: Any, cluster: Cluster, profile: Profile) -> tuple[dict[str, Any], dict[str, list[Scores]]]:
    """Refusals and scores as a scheduler finds them that asks every plugin about every node."""
    refused: dict[str, Any] = {}
    states = [(plugin, plugin.pre_filter(shape, cluster)) for plugin in profile.filters]
    for node in cluster.nodes.values():
        for plugin, state in states:
            failure = None if state is SKIP else plugin.filter(state, shape, node)
            if failure is not None:
                refused[node.name] = plugin.name, failure
                break
    return refused, scores_of(shape, cluster, profile, [n for n in cluster.nodes.values() if n.name not in refused])


def scores_of(shape: Any, cluster: Cluster, profile: Profile, feasible: list[NodeInfo]) -> dict[str, list[Scores]]:
    """The scores of these nodes."""
    scores: dict[str, list[Scores]] = {node.name: [] for node in feasible}
    for plugin, weight in profile.scorers:
        state = plugin.pre_score(shape, cluster)
        if state is SKIP or not feasible:
            continue
        plugin.survey(state, shape, [(node, 1) for node in feasible])
        raws = [plugin.score(state, shape, node) for node in feasible]
        known = [raw for raw in raws if raw is not None] or [0]
        for node, raw in zip(feasible, raws, strict=True):
            value = int(raw or 0)
            if defines(plugin, "normalize"):
                value = 0 if raw is None else plugin.normalize(raw, min(known), max(known))
            scores[node.name].append(Scores(plugin.name, raw or 0, value, weight))
    return scores


def chosen(shape: Any, cluster: Cluster, profile: Profile, start: int, enough: int, skipped: set[str]) -> Choice:
    """The choice of a scheduler that walks from node to node until it has enough of them."""
    refused, _ = node_by_node(shape, cluster, profile)
    ring, _ = cluster.ring
    feasible: list[NodeInfo] = []
    looked_at = 0
    for node in ring[start:] + ring[:start]:
        if len(feasible) == enough:
            break
        looked_at += 1
        if node.name not in refused and node.name not in skipped:
            feasible.append(node)
    scores = scores_of(shape, cluster, profile, feasible)

    def worth(node: NodeInfo) -> tuple[int, int]:
        return -sum(score.weight * score.normalized for score in scores[node.name]), node.last_used

    return Choice(min(feasible, key=worth, default=None), looked_at, len(feasible))


_apps = st.sampled_from("abc")
_specs = st.integers(0, len(SPECS) - 1)
_steps = st.one_of(
    st.tuples(st.just("node"), st.integers(0, 6), st.booleans(), st.booleans()),
    st.tuples(st.just("lose"), st.integers(0, 6)),
    st.tuples(st.just("place"), st.integers(0, 9), _apps, _specs, st.sampled_from((0, 300, 900)), st.integers(0, 6)),
    st.tuples(st.just("displace"), st.integers(0, 9)),
    st.tuples(st.just("look"), _apps, _specs, st.sampled_from((0, 300, 900))),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_steps, max_size=40))
def test_kept_results_equal_new_ones(steps: list[Any]) -> None:
    cluster, shapes = Cluster(), Shapes()
    client: Any = OneService()
    profile, kept = default_profile(client), ResultsCache(client)
    for index in range(4):
        cluster.set_node(_node(index, False, False))
    for kind, *rest in steps:
        if kind == "node":
            cluster.set_node(_node(*rest))
        elif kind == "lose":
            cluster.remove_node(f"n{rest[0]}")
        elif kind == "place":
            cluster.place(shapes.info(_pod(*rest)))
        elif kind == "displace":
            [cluster.displace(f"n{n}", f"demo/p{rest[0]}") for n in range(7)]
        else:
            shape = shapes.info(_pod(99, *rest, None)).shape
            results = kept.of(shape, cluster, profile)
            fresh = Results(shape, cluster, profile)
            refused, scores = node_by_node(shape, cluster, profile)
            assert {name: (plugin, failure) for name, plugin, failure in refusals(results)} == refused
            assert results.scores() == scores
            assert refusals(results) == refusals(fresh)
            assert results.scores() == fresh.scores()
            if results.refusal is None:
                everything = len(cluster.nodes)
                assert results.choose() == chosen(shape, cluster, profile, 0, everything, set())
                assert results.choose(2, 3) == chosen(shape, cluster, profile, 2, 3, set())
                choice = results.choose(1, 2, lambda node: node.name in ("n0", "n3"))
                assert choice == chosen(shape, cluster, profile, 1, 2, {"n0", "n3"})
