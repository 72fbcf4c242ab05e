"""The official Python client: typed, dynamic, watches, a loop like an informer's, leader election, streams."""

from __future__ import annotations

import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("kubernetes")

from kubernetes import client, config, dynamic, stream, watch
from kubernetes.client.rest import ApiException

# The client leaves idle connections of its pool to the garbage collector.
pytestmark = [
    pytest.mark.usefixtures("careless"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]


@pytest.fixture
def api(served: str) -> Iterator[client.ApiClient]:
    found = config.new_client_from_config(served)
    yield found
    found.close()


def config_map(name: str, **data: str) -> client.V1ConfigMap:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)


def test_typed_objects(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    made = core.create_namespaced_config_map("default", config_map("typed", a="1"))
    assert made.metadata.uid
    made.data["b"] = "2"
    assert core.replace_namespaced_config_map("typed", "default", made).data == {"a": "1", "b": "2"}
    with pytest.raises(ApiException) as refused:
        core.replace_namespaced_config_map("typed", "default", made)
    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    patched = core.patch_namespaced_config_map("typed", "default", {"data": {"a": None}})
    assert patched.data == {"b": "2"}
    core.delete_namespaced_config_map("typed", "default")
    with pytest.raises(ApiException) as gone:
        core.read_namespaced_config_map("typed", "default")
    assert gone.value.status == 404


def test_lists_come_in_pages(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    for number in range(5):
        core.create_namespaced_config_map("default", config_map(f"page-{number}", n=str(number)))
    names: list[str] = []
    token = ""
    while True:
        page = core.list_namespaced_config_map("default", limit=2, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert [name for name in names if name.startswith("page-")] == [f"page-{number}" for number in range(5)]


def test_a_deployment_runs(api: client.ApiClient) -> None:
    apps = client.AppsV1Api(api)
    labels = {"app": "runner"}
    spec = client.V1PodSpec(containers=[client.V1Container(name="c", image="registry.example.com/c:1")])
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=labels), spec=spec)
    deployment = client.V1Deployment(
        metadata=client.V1ObjectMeta(name="runner"),
        spec=client.V1DeploymentSpec(
            replicas=2, selector=client.V1LabelSelector(match_labels=labels), template=template
        ),
    )
    apps.create_namespaced_deployment("default", deployment)
    for event in watch.Watch().stream(apps.list_namespaced_deployment, "default", timeout_seconds=30):
        found = event["object"]
        if found.metadata.name == "runner" and found.status.ready_replicas == 2:
            break
    else:
        pytest.fail("the Deployment did not become ready")
    apps.patch_namespaced_deployment_scale("runner", "default", {"spec": {"replicas": 1}})
    assert apps.read_namespaced_deployment_scale("runner", "default").spec.replicas == 1
    apps.delete_namespaced_deployment("runner", "default", propagation_policy="Foreground")


def test_the_dynamic_client(api: client.ApiClient) -> None:
    found = dynamic.DynamicClient(api)
    kind = found.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dynamic"}, "data": {"x": "y"}}
    assert kind.create(body=body, namespace="default").data.x == "y"
    applied = kind.server_side_apply(
        body={**body, "data": {"x": "z"}}, name="dynamic", namespace="default", field_manager="me", force_conflicts=True
    )
    assert applied.data.x == "z"
    assert [one.metadata.name for one in kind.get(namespace="default", field_selector="metadata.name=dynamic").items]
    kind.delete(name="dynamic", namespace="default")


def test_a_loop_that_lists_and_watches(api: client.ApiClient) -> None:
    """What an informer does: list, then watch from the list's revision, and go on from there."""
    core = client.CoreV1Api(api)
    core.create_namespaced_config_map("default", config_map("cached-0"))
    listed = core.list_namespaced_config_map("default")
    cache = {item.metadata.name: item for item in listed.items}
    seen: list[tuple[str, str]] = []

    def follow() -> None:
        watcher = watch.Watch()
        version = listed.metadata.resource_version
        for event in watcher.stream(
            core.list_namespaced_config_map, "default", resource_version=version, timeout_seconds=30
        ):
            name = event["object"].metadata.name
            seen.append((event["type"], name))
            if event["type"] == "DELETED":
                cache.pop(name)
            else:
                cache[name] = event["object"]
            if name == "last":
                watcher.stop()

    follower = threading.Thread(target=follow)
    follower.start()
    core.create_namespaced_config_map("default", config_map("cached-1"))
    core.patch_namespaced_config_map("cached-1", "default", {"data": {"a": "b"}})
    core.delete_namespaced_config_map("cached-0", "default")
    core.create_namespaced_config_map("default", config_map("last"))
    follower.join(30)
    assert seen == [("ADDED", "cached-1"), ("MODIFIED", "cached-1"), ("DELETED", "cached-0"), ("ADDED", "last")]
    assert cache["cached-1"].data == {"a": "b"}


def test_one_leader_at_a_time(api: client.ApiClient) -> None:
    leases = client.CoordinationV1Api(api)
    spec = client.V1LeaseSpec(holder_identity="one", lease_duration_seconds=15)
    lease = leases.create_namespaced_lease(
        "default", client.V1Lease(metadata=client.V1ObjectMeta(name="lead"), spec=spec)
    )
    rivals = [leases.read_namespaced_lease("lead", "default") for _ in range(2)]
    outcomes = []
    for number, rival in enumerate(rivals):
        rival.spec.holder_identity = f"rival-{number}"
        try:
            leases.replace_namespaced_lease("lead", "default", rival)
            outcomes.append("leads")
        except ApiException as error:
            outcomes.append(error.reason)
    assert outcomes == ["leads", "Conflict"]
    assert leases.read_namespaced_lease("lead", "default").spec.holder_identity == "rival-0"
    assert lease.spec.holder_identity == "one"


ELECTION = """
import sys
from kubernetes import config
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

config.load_kube_config(sys.argv[1])
lock = LeaseLock("election", "default", sys.argv[2])
leads = lambda: print(sys.argv[2], "leads", flush=True)
settings = electionconfig.Config(lock, 4, 3, 1, onstarted_leading=leads, onstopped_leading=None)
leaderelection.LeaderElection(settings).run()
"""


def test_the_clients_own_leader_election(served: str) -> None:
    pytest.importorskip("kubernetes.leaderelection.resourcelock.leaselock")
    started = [
        subprocess.Popen([sys.executable, "-c", ELECTION, served, name], stdout=subprocess.PIPE, text=True)
        for name in ("first", "second")
    ]
    try:
        ready, _, _ = select.select([process.stdout for process in started], [], [], 60)
        leader = ready[0].readline().split()[0]
        started[("first", "second").index(leader)].kill()  # without giving up its Lease
        heir = started[("second", "first").index(leader)]
        assert heir.stdout is not None
        assert heir.stdout.readline().split()[1:] == ["leads"]
    finally:
        for process in started:
            process.kill()
            process.communicate()


def test_exec_streams(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    command = ["sh", "-c", "echo begun; sleep 100000"]
    env = [client.V1EnvVar(name="A", value="b")]
    container = client.V1Container(name="c", image="busybox", command=command, env=env)
    pod = client.V1Pod(metadata=client.V1ObjectMeta(name="shell"), spec=client.V1PodSpec(containers=[container]))
    core.create_namespaced_pod("default", pod)
    until = time.monotonic() + 30
    while core.read_namespaced_pod("shell", "default").status.phase != "Running":
        assert time.monotonic() < until
    assert core.read_namespaced_pod_log("shell", "default") == "begun\n"
    answer = stream.stream(
        core.connect_get_namespaced_pod_exec,
        "shell",
        "default",
        command=["sh", "-c", "echo $A"],
        stdout=True,
        stderr=True,
        stdin=False,
        tty=False,
    )
    assert answer == "b\n"
