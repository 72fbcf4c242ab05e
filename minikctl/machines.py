"""What people do to the emulated machines: add, remove, stop and start them, and have them fail.

Each function changes the machine's entry in the kubelet's storage and has the kubelet look at it; the
API sees what a control plane would see of such a machine. `minikctl node` calls these.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.quantity import as_int
from minikctl.cluster import Cluster
from minikctl.kubelet import machines, nodes

DEFAULT_AVAILABLE = {"memory-pressure": "50Mi", "disk-pressure": "5Gi", "pid-pressure": "100"}
DEFAULT_PULL_SECONDS = 30.0
NOT_READY = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)


class MachineError(Exception):
    """What was asked for cannot be done; the text says why."""


class MachineState(NamedTuple):
    """A row of `node list`."""

    name: str
    state: str
    failures: list[str]


def add(cluster: Cluster, name: str, node: dict[str, Any]) -> None:
    """Put a new machine there; `node` is what it registers with (see kubelet.nodes.node_object).

    MachineError where there is one already, StatusError where the apiserver would not have such a node.
    """
    with cluster.store.transaction():
        if _find(cluster, name) is not None or cluster.client().find("nodes", name) is not None:
            raise MachineError(f'there is a node "{name}" already')
        given = {"control_plane": False, **node}
        wanted = nodes.node_object(name, now=cluster.present(), ip="", **given)
        cluster.client().create("nodes", wanted, dryRun=["All"])  # refuses what cannot be registered
        _put(cluster, name, {"register": given})
    cluster.settle()


def free_name(cluster: Cluster) -> str:
    """The first of node-1, node-2, ... that is not taken."""
    client, index = cluster.client(), 1
    while _find(cluster, f"node-{index}") is not None or client.find("nodes", f"node-{index}") is not None:
        index += 1
    return f"node-{index}"


def remove(cluster: Cluster, name: str) -> None:
    """Take a machine away, and its Node with it; its pods are left to the garbage collector."""
    state = cluster.store.state("kubelet")
    with cluster.store.transaction():
        _get(cluster, name)
        state.delete(f"machine/{name}")
        for key in (f"ips/{name}", f"images/{name}", f"pulls/{name}"):
            state.delete(key)
        for key, record in state.scan("pod/"):
            if record["node"] == name:
                state.delete(key)
                for rest in (f"logs/{record['uid']}/", f"files/{record['uid']}/"):
                    for inner, _ in state.scan(rest):
                        state.delete(inner)
        try:
            cluster.client().delete("nodes", name)
        except StatusError as error:
            if error.reason != "NotFound":
                raise
    cluster.settle()


def stop(cluster: Cluster, name: str, grace: float) -> None:
    """Switch a machine off: at once, or with so many seconds for its pods to stop."""
    with cluster.store.transaction():
        machine = _get(cluster, name)
        if "down" in machine:
            raise MachineError(f'node "{name}" is stopped already')
        now = cluster.present()
        if grace:
            machine["shutdown"] = {"at": now, "grace": grace}
        else:
            machine["down"] = now
        _put(cluster, name, machine)
    cluster.settle()


def start(cluster: Cluster, name: str) -> None:
    """Switch a machine on; it registers again where its Node was deleted."""
    with cluster.store.transaction():
        machine = _get(cluster, name)
        known = cluster.client().find("nodes", name)
        if not machines.recover(machine, "down") and known is not None:
            raise MachineError(f'node "{name}" is not stopped')
        if known is None and "register" not in machine:
            settings = cluster.settings()
            node = {"cpu": str(settings["cpu"]), "memory": str(settings["memory"])}
            machine["register"] = {"control_plane": name.startswith("control-plane"), **node}
        _put(cluster, name, machine)
    cluster.settle()


def fail(cluster: Cluster, name: str, failure: str, available: str, seconds: float, lasting: float) -> None:
    """Have a machine fail; `available` is what is left under pressure, `seconds` how much longer pulls take.

    It ends by itself after `lasting` seconds, if that is not 0.
    """
    with cluster.store.transaction():
        machine = _get(cluster, name)
        if "down" in machine:
            raise MachineError(f'node "{name}" is stopped')
        field, kind = machines.field_of(failure)
        now = cluster.present()
        if kind:
            left = as_int(available or DEFAULT_AVAILABLE[failure])
            machine.setdefault(field, {})[kind] = {"available": left}
        else:
            values = {"pull": seconds or DEFAULT_PULL_SECONDS, "not_ready": NOT_READY}
            machine[field] = values.get(field, now)
        if lasting:
            machine.setdefault("until", {})[failure] = now + lasting
        _put(cluster, name, machine)
    cluster.settle()


def recover(cluster: Cluster, name: str, failures: list[str]) -> list[str]:
    """End these failures (all of them where none is named); those that there were."""
    with cluster.store.transaction():
        machine = _get(cluster, name)
        ended = [failure for failure in failures or machines.FAILURES if machines.recover(machine, failure)]
        _put(cluster, name, machine)
    cluster.settle()
    return ended


def configure(cluster: Cluster, name: str, sources: dict[str, str]) -> None:
    """Say where a node takes static pods from: "file" and "http" to a path and a URL, empty for none."""
    with cluster.store.transaction():
        machine = _get(cluster, name)
        static = {**(machine.get("static") or {}), **sources}
        machine["static"] = {source: place for source, place in static.items() if place}
        if not machine["static"]:
            del machine["static"]
        _put(cluster, name, machine)
    cluster.settle()


def states(cluster: Cluster) -> list[MachineState]:
    """Every machine with what is the matter with it."""
    found = []
    for key, machine in cluster.store.state("kubelet").scan("machine/"):
        if "down" in machine:
            state = "Stopped"
        else:
            state = "ShuttingDown" if "shutdown" in machine else "Running"
        found.append(MachineState(key[len("machine/") :], state, machines.failures(machine)))
    return found


def _find(cluster: Cluster, name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = cluster.store.state("kubelet").get(f"machine/{name}")
    return found


def _get(cluster: Cluster, name: str) -> dict[str, Any]:
    machine = _find(cluster, name)
    if machine is None:
        raise MachineError(f'there is no emulated machine for a node "{name}"')
    return machine


def _put(cluster: Cluster, name: str, machine: dict[str, Any]) -> None:
    cluster.store.state("kubelet").put(f"machine/{name}", machine)
    cluster.store.set_due("kubelet", f"/{name}", cluster.present())
