"""KubeSchedulerConfiguration: decoding, defaults, plugin sets, and what the profiles then do."""

from __future__ import annotations

from typing import Any

import pytest
from schedulerlab import FakeApi, start

from minikctl.scheduler.config import API_VERSION, KIND, ConfigError, default, load
from minikctl.scheduler.plugins import default_profile, make_profile


def configuration(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": KIND, **fields}


def profile(*args: tuple[str, dict[str, Any]], **plugins: Any) -> dict[str, Any]:
    entries = [{"name": name, "args": values} for name, values in args]
    return {"plugins": plugins, "pluginConfig": entries}


def names(*plugins: str) -> list[dict[str, str]]:
    return [{"name": plugin} for plugin in plugins]


def fit(**strategy: Any) -> dict[str, Any]:
    return profile(("NodeResourcesFit", {"scoringStrategy": strategy}))


PROFILE = "initializing profiles: creating profile for scheduler name default-scheduler: "
ARGS = "strict decoding error: decoding .profiles[0].pluginConfig[0]: strict decoding error: decoding args for plugin "
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"foo": 1}, 'strict decoding error: unknown field "foo"'),
    ({"profiles": [{"foo": 1}]}, 'strict decoding error: unknown field "profiles[0].foo"'),
    (
        {"percentageOfNodesToScore": "5"},
        "json: cannot unmarshal string into Go struct field KubeSchedulerConfiguration.percentageOfNodesToScore of "
        "type int32",
    ),
    (
        {"profiles": [fit(requestedToCapacityRatio={"shape": [{"Score": 2}]})]},
        ARGS + "NodeResourcesFit: strict decoding error: unknown field "
        '"scoringStrategy.requestedToCapacityRatio.shape[0].Score"',
    ),
    (
        {"profiles": [profile(("DefaultPreemption", {"kind": "InterPodAffinityArgs", "apiVersion": API_VERSION}))]},
        "decoding .profiles[0].pluginConfig[0]: args for plugin DefaultPreemption were not of type "
        "DefaultPreemptionArgs.kubescheduler.config.k8s.io, got InterPodAffinityArgs.kubescheduler.config.k8s.io",
    ),
    (
        {"profiles": [{"pluginConfig": [{"name": "NodeAffinity", "args": [1]}]}]},
        "decoding .profiles[0].pluginConfig[0]: decoding args for plugin NodeAffinity: json: cannot unmarshal array "
        "into Go value of type v1.NodeAffinityArgs",
    ),
    ({"percentageOfNodesToScore": 101}, "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]"),
    (
        {"profiles": [{"schedulerName": "a"}, {"schedulerName": "a"}]},
        'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"',
    ),
    (
        {"profiles": [profile(("InterPodAffinity", {"hardPodAffinityWeight": 200}))]},
        "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 200: not in valid range [0, 100]",
    ),
    (
        {"profiles": [profile(("PodTopologySpread", {"defaultConstraints": [{"maxSkew": 1}]}))]},
        '[profiles[0].pluginConfig[0].args.defaultingType: Invalid value: "System": when .defaultConstraints are not '
        "empty, profiles[0].pluginConfig[0].args.defaultConstraints[0].topologyKey: Required value: can not be empty, "
        "profiles[0].pluginConfig[0].args.defaultConstraints[0].whenUnsatisfiable: Required value: can not be empty]",
    ),
    (
        {"profiles": [fit(type="Emptiest")]},
        PROFILE + 'initializing plugin "NodeResourcesFit": scoringStrategy.type: Unsupported value: "Emptiest": '
        'supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
    ),
    (
        {"profiles": [profile(filter={"enabled": names("ImageLocality")})]},
        PROFILE + 'plugin "ImageLocality" does not extend FilterPlugin plugin',
    ),
    (
        {"profiles": [profile(filter={"enabled": names("Coscheduling")})]},
        PROFILE + 'FilterPlugin "Coscheduling" does not exist',
    ),
    (
        {"profiles": [profile(bind={"disabled": names("*")})]},
        PROFILE + 'at least one bind plugin is needed for profile with scheduler name "default-scheduler"',
    ),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_what_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(configuration(**fields))
    assert str(caught.value) == message


@pytest.mark.parametrize("document", [None, [], "x", {}, {"kind": KIND}, {"kind": "Pod", "apiVersion": "v1"}])
def test_other_documents_are_refused(document: Any) -> None:
    with pytest.raises(ConfigError):
        load(document)


def test_the_default_configuration_is_the_default_profile() -> None:
    client: Any = FakeApi()
    made, known = make_profile(client, default()), default_profile(client)
    assert [plugin.name for plugin in made.filters] == [
        p.name for p in known.filters if p.name in default().points["filter"]
    ]
    assert [(plugin.name, weight) for plugin, weight in made.scorers] == [(p.name, w) for p, w in known.scorers]
    assert made[3:6] == known[3:6]


def test_plugin_sets_are_merged() -> None:
    multi = {"disabled": names("ImageLocality"), "enabled": [{"name": "NodeAffinity", "weight": 9}]}
    score = {"disabled": names("InterPodAffinity"), "enabled": [{"name": "PodTopologySpread", "weight": 7}]}
    found = load(configuration(profiles=[profile(multiPoint=multi, score=score)]))[0]
    assert found.points["score"] == [
        "PodTopologySpread",  # reconfigured for this point: comes first
        "TaintToleration", "NodeAffinity", "NodeResourcesFit", "VolumeBinding", "NodeResourcesBalancedAllocation",
    ]  # fmt: skip
    assert (found.weights["NodeAffinity"], found.weights["PodTopologySpread"]) == (9, 7)
    assert "InterPodAffinity" in found.points["filter"]


SCHEDULERS = configuration(
    percentageOfNodesToScore=30,
    profiles=[
        {"schedulerName": "default-scheduler", "percentageOfNodesToScore": 100},
        {"schedulerName": "packer", **fit(type="MostAllocated")},
        {"schedulerName": "north", **profile(("NodeAffinity", {"addedAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "side", "operator": "In", "values": ["north"]}]}]}}}))},
        {"schedulerName": "blind", **profile(filter={"disabled": names("NodeUnschedulable", "TaintToleration")},
                                             postFilter={"disabled": names("*")})},
    ],
)  # fmt: skip


@pytest.fixture
def several(node: Any) -> FakeApi:
    api = FakeApi()
    start(api, {"scheduler": SCHEDULERS})
    api.put("nodes", node("a"))
    api.put("nodes", node("b", labels={"side": "north"}))
    return api


def test_each_profile_has_its_percentage() -> None:
    assert [found.percentage for found in load(SCHEDULERS)] == [100, 30, 30, 30]


def test_pods_go_by_their_schedulers_profile(several: FakeApi, pod: Any) -> None:
    several.put("pods", pod("first", cpu="1", nodeName="b"))
    several.put("pods", pod("spread", cpu="1"))
    several.put("pods", pod("packed", cpu="1", schedulerName="packer"))
    several.put("pods", pod("elsewhere", cpu="1", schedulerName="nobody"))
    several.settle()
    assert [several.node_of(name) for name in ("spread", "packed", "elsewhere")] == ["a", "b", ""]


def test_added_affinity_holds_for_all_pods(several: FakeApi, pod: Any) -> None:
    several.put("pods", pod("compass", schedulerName="north", nodeSelector={"kubernetes.io/hostname": "a"}))
    several.settle()
    assert several.message("compass").startswith(
        "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, "
        "1 node(s) didn't match scheduler-enforced node affinity. "
    )


def test_disabled_plugins_have_no_say(several: FakeApi, pod: Any, node: Any) -> None:
    several.put("nodes", node("a", unschedulable=True))
    several.put("nodes", node("b", unschedulable=True))
    several.put("pods", pod("blind", schedulerName="blind"))
    several.put("pods", pod("huge", cpu="99", schedulerName="blind"))
    several.settle()
    assert several.node_of("blind")
    assert several.message("huge") == "0/2 nodes are available: 2 Insufficient cpu."
