"""minikctl node: the machines under the emulated nodes, and what goes wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import DURATION, INT, STRING, STRING_ARRAY, STRING_SLICE, Flag

_FAILURES = "down, cut-off, not-ready, memory-pressure, disk-pressure, pid-pressure or slow-pulls"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


class _NodeOptions(Options):
    """Shared: names of nodes, each of which something is done to."""

    names: list[str]

    def complete(self, args: list[str]) -> None:
        if not args:
            raise self.usage_error("at least one node name is required")
        self.names = [name.removeprefix("node/") for name in args]

    def each(self, do: Callable[[str], None], word: str) -> None:
        """Do it to every node, one after another, and say so."""
        from minikctl.machines import MachineError

        for name in self.names:
            try:
                do(name)
            except MachineError as error:
                raise KubectlError(str(error)) from None
            self.factory.out(f"node/{name} {word}")

    def quantity(self, flag: str) -> str:
        """A flag's value, refused where it is no quantity."""
        from minikctl.apimachinery import quantity

        text = str(self.flags[flag])
        if text:
            try:
                quantity.parse(text)
            except ValueError as error:
                raise KubectlError(f"--{flag}: {error}") from None
        return text


class AddOptions(_NodeOptions):
    """Adds machines, each of which registers a node."""

    node: dict[str, Any]

    def complete(self, args: list[str]) -> None:
        self.names = args

    def validate(self) -> None:
        count = self.flags["count"]
        if count and self.names:
            raise KubectlError("give names or --count, not both")
        if not 0 <= count <= 5000:
            raise KubectlError("--count must be between 1 and 5000")
        self.node = {"cpu": self.quantity("cpu"), "memory": self.quantity("memory"), "pods": str(self.flags["pods"])}
        self.node["storage"] = self.quantity("ephemeral-storage")
        self.node["resources"] = _pairs(self.flags["resource"], "--resource")
        self.node["labels"] = _pairs(self.flags["labels"], "--labels")
        self.node["taints"] = [_taint(text) for text in self.flags["taints"]]

    def run(self) -> None:
        from minikctl import machines

        cluster = self.factory.cluster

        def add(name: str) -> None:
            machines.add(cluster, name, self.node)

        if self.names:
            self.each(add, "added")
            return
        for _ in range(self.flags["count"] or 1):
            self.names = [machines.free_name(cluster)]
            self.each(add, "added")


class RemoveOptions(_NodeOptions):
    """Takes machines away."""

    def run(self) -> None:
        from minikctl import machines

        self.each(lambda name: machines.remove(self.factory.cluster, name), "removed")


class StopOptions(_NodeOptions):
    """Switches machines off."""

    def validate(self) -> None:
        if self.flags["grace-period"] < 0:
            raise KubectlError("--grace-period must not be negative")

    def run(self) -> None:
        from minikctl import machines

        grace = float(self.flags["grace-period"])
        word = "shutting down" if grace else "stopped"
        self.each(lambda name: machines.stop(self.factory.cluster, name, grace), word)


class StartOptions(_NodeOptions):
    """Switches machines on."""

    def run(self) -> None:
        from minikctl import machines

        self.each(lambda name: machines.start(self.factory.cluster, name), "started")


class ConfigureOptions(_NodeOptions):
    """Configures kubelets."""

    sources: dict[str, str]

    def validate(self) -> None:
        import os

        self.sources = {}
        if self.flags.changed("static-pod-path"):
            path = self.flags["static-pod-path"]
            self.sources["file"] = os.path.abspath(path) if path else ""
        if self.flags.changed("static-pod-url"):
            url = self.flags["static-pod-url"]
            if url and not url.startswith(("http://", "https://")):
                raise KubectlError("--static-pod-url must begin with http:// or https://")
            self.sources["http"] = url
        if not self.sources:
            raise KubectlError("give --static-pod-path or --static-pod-url")

    def run(self) -> None:
        from minikctl import machines

        self.each(lambda name: machines.configure(self.factory.cluster, name, self.sources), "configured")


class FailOptions(_NodeOptions):
    """Has machines fail."""

    def validate(self) -> None:
        from minikctl.kubelet.machines import FAILURES

        mode = self.flags["mode"]
        if mode not in FAILURES:
            raise KubectlError(f"--mode must be {_FAILURES}")
        if self.flags["available"] and not mode.endswith("-pressure"):
            raise KubectlError("--available is for failures of pressure")
        if self.flags["delay"] and mode != "slow-pulls":
            raise KubectlError("--delay is for slow-pulls")
        self.quantity("available")

    def run(self) -> None:
        from minikctl import machines

        flags, cluster = self.flags, self.factory.cluster

        def fail(name: str) -> None:
            machines.fail(cluster, name, flags["mode"], flags["available"], flags["delay"], flags["for"])

        self.each(fail, f"failing: {flags['mode']}")


class RecoverOptions(_NodeOptions):
    """Ends failures."""

    def validate(self) -> None:
        from minikctl.kubelet.machines import FAILURES

        if unknown := [mode for mode in self.flags["mode"] if mode not in FAILURES]:
            raise KubectlError(f"--mode must be {_FAILURES}, not {unknown[0]}")

    def run(self) -> None:
        from minikctl import machines

        def recover(name: str) -> None:
            if not machines.recover(self.factory.cluster, name, self.flags["mode"]):
                raise machines.MachineError(f'node "{name}" has no such failure')

        self.each(recover, "recovered")


class ListOptions(Options):
    """Lists the machines."""

    def complete(self, args: list[str]) -> None:
        self.no_arguments(args)

    def run(self) -> None:
        from minikctl import machines

        rows = [("NAME", "MACHINE", "FAILURES")]
        rows += [
            (row.name, row.state, ",".join(row.failures) or "<none>") for row in machines.states(self.factory.cluster)
        ]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        for name, state, failures in rows:
            self.factory.out(f"{name:<{widths[0]}}   {state:<{widths[1]}}   {failures}")


def _pairs(texts: list[str], flag: str) -> dict[str, str]:
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise KubectlError(f"{flag}: {text!r} is not KEY=VALUE")
        found[key] = value
    return found


def _taint(text: str) -> dict[str, str]:
    body, colon, effect = text.rpartition(":")
    key, _, value = body.partition("=")
    if not colon or not key or effect not in _EFFECTS:
        raise KubectlError(f"--taints: {text!r} is not KEY=VALUE:EFFECT")
    return {"key": key, "value": value, "effect": effect} if value else {"key": key, "effect": effect}


ADD = Command(
    "node add [NAME...] [--count=1] [--cpu=4] [--memory=8Gi] [--labels=KEY=VALUE,...] [--taints=KEY=VALUE:EFFECT,...]",
    AddOptions,
    flags=(
        Flag("count", "", INT, 0, "How many to add, named node-1, node-2 and so on, as far as these are free"),
        Flag("cpu", "", STRING, "4", "CPUs of the machine"),
        Flag("memory", "", STRING, "8Gi", "Memory of the machine"),
        Flag("pods", "", INT, 110, "How many pods it takes"),
        Flag("ephemeral-storage", "", STRING, "100Gi", "Local disk of the machine"),
        Flag("resource", "", STRING_ARRAY, [], "An extended resource, such as example.com/gpu=4 (may be repeated)"),
        Flag("labels", "", STRING_SLICE, [], "Labels of the node, as KEY=VALUE"),
        Flag("taints", "", STRING_SLICE, [], "Taints of the node, as KEY=VALUE:EFFECT or KEY:EFFECT"),
    ),
    long="Add machines to the cluster. Each one runs an emulated kubelet and registers as a node.",
    example="""
        # Add two machines like the others
        minikctl node add --count=2

        # Add one with graphics cards, in a zone of its own and for those who ask for it
        minikctl node add gpu-1 --cpu=16 --memory=64Gi --resource=example.com/gpu=4 \\
          --labels=topology.kubernetes.io/zone=b --taints=dedicated=gpu:NoSchedule
        """,
)
REMOVE = Command(
    "node remove NAME...",
    RemoveOptions,
    long="Take machines away for good, and their Node objects with them. What ran there is lost: drain first to "
    "move it.",
)
STOP = Command(
    "node stop NAME... [--grace-period=SECONDS]",
    StopOptions,
    flags=(
        Flag("grace-period", "", INT, 0, "Seconds that pods have to stop in a graceful shutdown; 0 is a power cut"),
    ),
    long="Switch machines off. The control plane notices when heartbeats stay away: the node turns NotReady after 40 "
    "to 50 seconds, and pods are evicted after the five minutes they tolerate.",
    example="""
        # A power cut, and what comes of it
        minikctl node stop node-1
        minikctl clock advance 6m
        minikctl get nodes,pods -o wide
        """,
)
START = Command(
    "node start NAME...",
    StartOptions,
    long="Switch stopped machines on again. Containers that ran there are started anew. A machine whose Node object "
    "was deleted registers again.",
)
CONFIGURE = Command(
    "node configure NAME... [--static-pod-path=PATH] [--static-pod-url=URL]",
    ConfigureOptions,
    flags=(
        Flag("static-pod-path", "", STRING, "", "A file or folder of files with Pods; none if empty"),
        Flag("static-pod-url", "", STRING, "", "A URL that answers with a Pod or a PodList; none if empty"),
    ),
    long="Say where kubelets take static pods from. Both are looked at now and every 20 seconds of cluster time; the "
    "API shows the pods as mirror pods.",
    example="""
        # Run the Pods in a folder on node-1
        minikctl node configure node-1 --static-pod-path=manifests/

        # Stop running them
        minikctl node configure node-1 --static-pod-path=
        """,
)
FAIL = Command(
    "node fail NAME... --mode=MODE [--for=DURATION]",
    FailOptions,
    flags=(
        Flag("mode", "", STRING, "", f"What goes wrong: {_FAILURES}"),
        Flag("available", "", STRING, "", "Under pressure, what is left of memory (50Mi), disk (5Gi) or PIDs (100)"),
        Flag("delay", "", DURATION, 0.0, "How much longer every image pull takes with slow-pulls (30s)"),
        Flag("for", "", DURATION, 0.0, "End the failure by itself after this time; 0 means never"),
    ),
    required=("mode",),
    long="Have machines fail.\n\n"
    "down is a power cut (as node stop). cut-off: containers go on, but the control plane hears nothing. not-ready: "
    "the kubelet reports that its network is not ready. Under pressure the kubelet evicts pods in its order until "
    "enough is free again, and its condition holds for five more minutes. slow-pulls: pulling images takes longer.",
    example="""
        # Ten minutes without a network
        minikctl node fail node-1 --mode=cut-off --for=10m

        # So little memory that pods are evicted
        minikctl node fail node-2 --mode=memory-pressure --available=20Mi
        """,
)
RECOVER = Command(
    "node recover NAME... [--mode=MODE,...]",
    RecoverOptions,
    flags=(Flag("mode", "", STRING_SLICE, [], "The failures to end; all of them by default"),),
    long="End failures of machines.",
)
LIST = Command(
    "node list", ListOptions, long="List the machines under the emulated nodes, and what is wrong with them."
)
