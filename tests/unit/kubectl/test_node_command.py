"""minikctl node: what it says, and what becomes of the nodes."""

from __future__ import annotations

from typing import Any

import pytest


def names(shell: Any) -> list[str]:
    return str(shell.ok("get", "nodes", "-o", "name")).split()


def test_machines_come_and_go(shell: Any) -> None:
    options = ("--cpu=2", "--labels=zone=b,disk=ssd", "--taints=a=b:NoSchedule", "--resource=example.com/gpu=4")
    assert shell.ok("node", "add", "--count=2", *options) == "node/node-3 added\nnode/node-4 added\n"
    node = shell.ok("get", "node", "node-4", "-o", "jsonpath={.metadata.labels.disk} {.spec.taints} {.status.capacity}")
    assert node == (
        'ssd [{"effect":"NoSchedule","key":"a","value":"b"}] '
        '{"cpu":"2","ephemeral-storage":"100Gi","example.com/gpu":"4","memory":"8Gi","pods":"110"}'
    )
    events = shell.ok("get", "events", "-o", "jsonpath={range .items[*]}{.reason} {end}").split()
    assert {"Starting", "NodeReady", "RegisteredNode"} < set(events)
    assert shell.run("node", "add", "node-4").err == 'error: there is a node "node-4" already\n'
    assert shell.ok("node", "remove", "node-3") == "node/node-3 removed\n"
    assert "node/node-3" not in names(shell)
    assert "node-3" not in shell.ok("get", "lease", "-n", "kube-node-lease", "-o", "name")


def test_a_machine_that_was_deleted_registers_again_when_it_starts(shell: Any) -> None:
    shell.ok("delete", "node", "node-2")
    assert "node/node-2" not in names(shell)
    shell.ok("node", "start", "node-2")
    assert "node/node-2" in names(shell)


def test_stopping_and_starting(shell: Any) -> None:
    assert shell.ok("node", "stop", "node-1") == "node/node-1 stopped\n"
    assert shell.ok("node", "list") == (
        "NAME              MACHINE   FAILURES\n"
        "control-plane-1   Running   <none>\n"
        "node-1            Stopped   down\n"
        "node-2            Running   <none>\n"
    )
    shell.ok("clock", "advance", "60s")
    assert "NotReady" in shell.ok("get", "node", "node-1")
    assert shell.run("node", "stop", "node-1").err == 'error: node "node-1" is stopped already\n'
    assert shell.ok("node", "start", "node-1") == "node/node-1 started\n"
    assert "NotReady" not in shell.ok("get", "node", "node-1")
    assert shell.run("node", "start", "node-1").err == 'error: node "node-1" is not stopped\n'


def test_a_stopped_node_has_a_lease_that_stands_still(shell: Any) -> None:
    renewed = ("get", "lease", "-n", "kube-node-lease", "node-1", "-o", "jsonpath={.spec.renewTime}")
    shell.ok("clock", "advance", "1h")
    assert shell.ok(*renewed) == "2026-01-02T04:04:05.000000Z"
    shell.ok("clock", "advance", "15s")
    shell.ok("label", "lease", "-n", "kube-node-lease", "node-1", "a=b")
    shell.ok("node", "stop", "node-1")
    for _ in range(2):
        assert shell.ok(*renewed) == "2026-01-02T04:04:15.000000Z"
        shell.ok("clock", "advance", "44s")
    ready = "jsonpath={.status.conditions[?(@.type=='Ready')]['status','lastTransitionTime']}"
    assert shell.ok("get", "node", "node-1", "-o", ready) == "Unknown 2026-01-02T04:05:05Z"


def test_failures_end_by_themselves(shell: Any) -> None:
    shell.ok("node", "fail", "node-1", "node-2", "--mode=not-ready", "--for=10m")
    assert shell.ok("get", "nodes").count("NotReady") == 2
    assert shell.ok("node", "recover", "node-2") == "node/node-2 recovered\n"
    shell.ok("clock", "advance", "9m59s")
    assert shell.ok("get", "nodes").count("NotReady") == 1
    shell.ok("clock", "advance", "1s")
    assert shell.ok("get", "nodes").count("NotReady") == 0


def test_pressure_becomes_a_condition_and_a_taint(shell: Any) -> None:
    shell.ok("node", "fail", "node-1", "--mode=pid-pressure")
    taints = ("get", "node", "node-1", "-o", "jsonpath={.spec.taints[*].key}")
    assert shell.ok(*taints) == "node.kubernetes.io/pid-pressure"
    shell.ok("node", "recover", "node-1", "--mode=pid-pressure")
    shell.ok("clock", "advance", "299s")
    assert shell.ok(*taints) == "node.kubernetes.io/pid-pressure"
    shell.ok("clock", "advance", "1s")
    assert shell.ok(*taints) == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("stop",), "at least one node name is required"),
        (("stop", "nobody"), 'there is no emulated machine for a node "nobody"'),
        (("stop", "node-1", "--grace-period=-1"), "--grace-period must not be negative"),
        (("fail", "node-1"), 'required flag(s) "mode" not set'),
        (("fail", "node-1", "--mode=fire"), "--mode must be down, cut-off, not-ready"),
        (("fail", "node-1", "--mode=down", "--available=1Gi"), "--available is for failures of pressure"),
        (("fail", "node-1", "--mode=down", "--delay=1s"), "--delay is for slow-pulls"),
        (("fail", "node-1", "--mode=disk-pressure", "--available=lots"), "--available: "),
        (("recover", "node-1"), 'node "node-1" has no such failure'),
        (("recover", "node-1", "--mode=fire"), "not fire"),
        (("add", "x", "--count=2"), "give names or --count, not both"),
        (("add", "x", "--labels=a"), "--labels: 'a' is not KEY=VALUE"),
        (("add", "x", "--taints=a:Never"), "--taints: 'a:Never' is not KEY=VALUE:EFFECT"),
        (("add", "x", "--cpu=many"), "--cpu: "),
        (("add", "Not_A_Name"), "Not_A_Name"),
    ],
)
def test_refusals(shell: Any, words: tuple[str, ...], says: str) -> None:
    answer = shell.run("node", *words)
    assert answer.status == 1
    assert answer.err.startswith("error: ") or "is invalid" in answer.err
    assert says in answer.err


def test_a_realistic_cluster_takes_its_time(shell: Any) -> None:
    shell.ok("cluster", "create", "slow", "--latency=realistic", "--profile=bare")
    shell.ok("run", "web", "--image=nginx:1.27")
    assert "ContainerCreating" in shell.ok("get", "pods")
    shell.ok("wait", "--for=condition=Ready", "pod/web", "--timeout=60s")
    assert " Running " in shell.ok("get", "pods")
    assert shell.run("cluster", "create", "x", "--latency=some").err == "error: --latency must be none or realistic\n"


def test_the_first_cluster_may_be_realistic_too(make_shell: Any) -> None:
    shell = make_shell(MINIKCTL_PROFILE="bare", MINIKCTL_CLOCK="frozen", MINIKCTL_LATENCY="realistic")
    shell.ok("run", "web", "--image=nginx:1.27")
    assert "ContainerCreating" in shell.ok("get", "pods")
    other = make_shell("other", MINIKCTL_LATENCY="some")
    assert other.run("get", "pods").err == "error: MINIKCTL_LATENCY must be none or realistic\n"
