"""Many pods at once: each step in the right order, as a watch sees it, and said in events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest
from controllers_world import Obj, World, new_image, workload

from minikctl.apimachinery.request import Change
from minikctl.client.component import Component, Mapper
from minikctl.cluster import Cluster

See = Callable[[str, Obj], None]


class Observer:
    """A component that only looks: every change of a pod, in order."""

    name = "observer"

    def __init__(self, see: See) -> None:
        self._see = see

    @property
    def watches(self) -> Mapping[str, Mapper]:
        return {"pods": self._changed}

    def _changed(self, change: Change) -> Iterable[str]:
        self._see(change.type, change.object)
        return ()

    def sync(self, key: str) -> float | None:
        raise AssertionError(key)


def observe(world: World, monkeypatch: pytest.MonkeyPatch, see: See) -> None:
    components: Callable[[Cluster], list[Component]] = Cluster.components
    monkeypatch.setattr(Cluster, "components", lambda self: [*components(self), Observer(see)])
    world.cluster.forget_reconciling()


@pytest.fixture(autouse=True)
def honest_components() -> None:
    """Nothing: smaller tests check that no component alters what it shares; here that would take most of the time."""


@pytest.fixture
def roomy(make_cluster: Callable[..., Cluster]) -> World:
    made = World(make_cluster(nodes=16))
    made.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    return made


def is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def lives(type_: str, pod: Obj) -> bool:
    finished = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return type_ != "DELETED" and "deletionTimestamp" not in pod["metadata"] and not finished


def test_a_thousand_indexes_run_in_order(roomy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    active: set[str] = set()
    most = 0

    def see(type_: str, pod: Obj) -> None:
        nonlocal most
        name = pod["metadata"]["name"]
        if type_ == "ADDED":
            started.append(int(pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]))
        active.add(name) if lives(type_, pod) else active.discard(name)
        most = max(most, len(active))

    observe(roomy, monkeypatch, see)
    container = {"name": "main", "image": "example.com/task:1", "command": ["true"]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    spec = {"completions": 1000, "parallelism": 50, "completionMode": "Indexed", "template": template}
    meta = {"name": "many", "namespace": "demo"}
    roomy.create("jobs.batch", {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec})
    roomy.cluster.advance(5)
    assert started == list(range(1000))
    assert most == 50
    status = roomy.status("jobs.batch", "many")
    assert (status["succeeded"], status["completedIndexes"], status.get("failed")) == (1000, "0-999", None)
    told = roomy.events("Job", "many")
    assert [text.partition(":")[0] for text in told[:9]] == ["SuccessfulCreate"] * 9
    assert told[0].startswith("SuccessfulCreate: Created pod: many-0-")
    assert roomy.conditions("jobs.batch", "many")["Complete"] == "True CompletionsReached"


def test_a_hundred_members_come_in_order_and_are_replaced_in_reverse(
    roomy: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    ready: set[str] = set()

    def see(type_: str, pod: Obj) -> None:
        name = pod["metadata"]["name"]
        if type_ == "ADDED":
            steps.append(f"+{name}")
            below = {f"db-{number}" for number in range(int(name.rpartition("-")[2]))}
            assert below <= ready
        elif type_ == "DELETED":
            steps.append(f"-{name}")
        if lives(type_, pod) and is_ready(pod):
            ready.add(name)
        else:
            ready.discard(name)
            # Whatever is replaced, all others stay ready.
            assert len(ready) >= min(99, len(steps) - 1)

    observe(roomy, monkeypatch, see)
    roomy.create("statefulsets.apps", workload("StatefulSet", "db", replicas=100, serviceName="db"))
    assert steps == [f"+db-{number}" for number in range(100)]
    assert roomy.events("StatefulSet")[0] == "SuccessfulCreate: Create Pod db-0 in StatefulSet db successful"
    roomy.merge("statefulsets.apps", "db", new_image("2"))
    assert steps[100:] == [f"{sign}db-{number}" for number in reversed(range(100)) for sign in "-+"]
    status = roomy.status("statefulsets.apps", "db")
    assert (status["updatedReplicas"], status["currentRevision"]) == (100, status["updateRevision"])


def test_a_thousand_replicas_roll_over_within_their_bounds(roomy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    living: dict[str, str] = {}
    ready: set[str] = set()
    bounds = {"most": 0, "least": 1000}
    created: list[str] = []

    def see(type_: str, pod: Obj) -> None:
        name, generation = pod["metadata"]["name"], pod["metadata"]["labels"]["pod-template-hash"]
        if type_ == "ADDED":
            created.append(generation)
        if lives(type_, pod):
            living[name] = generation
        else:
            living.pop(name, None)
        ready.add(name) if name in living and is_ready(pod) else ready.discard(name)
        if len(created) > 1000:
            bounds["most"] = max(bounds["most"], len(living))
            bounds["least"] = min(bounds["least"], len(ready))

    observe(roomy, monkeypatch, see)
    roomy.create("deployments.apps", workload("Deployment", "web", replicas=1000))
    roomy.merge("deployments.apps", "web", new_image("2"))
    assert (len(created), len(set(created)), len(set(living.values())), len(living)) == (2000, 2, 1, 1000)
    assert created == sorted(created, key=lambda generation: generation != created[0])
    assert bounds == {"most": 1250, "least": 750}
    told = [text for text in roomy.events("Deployment") if text.startswith("ScalingReplicaSet: Scaled ")]
    old, new = (f"web-{generation}" for generation in dict.fromkeys(created))
    assert told[:3] == [
        f"ScalingReplicaSet: Scaled up replica set {old} from 0 to 1000",
        f"ScalingReplicaSet: Scaled up replica set {new} from 0 to 250",
        f"ScalingReplicaSet: Scaled down replica set {old} from 1000 to 750",
    ]
    assert roomy.status("deployments.apps", "web")["availableReplicas"] == 1000
    assert roomy.settles()
