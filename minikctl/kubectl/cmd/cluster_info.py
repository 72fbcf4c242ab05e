"""kubectl cluster-info: where the control plane and its services are; `dump` prints everything.

Upstream counterpart: kubectl's `pkg/cmd/clusterinfo`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO, cast

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import podpicking
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import DURATION, STRING, STRING_SLICE, Flag
from minikctl.kubectl.flagsets import ALL_NAMESPACES, print_flags

if TYPE_CHECKING:
    from minikctl.kubectl.printing import Printer

_GREEN, _YELLOW, _PLAIN = "\x1b[0;32m", "\x1b[0;33m", "\x1b[0m"
# What is dumped of a namespace, and the file it goes to.
_DUMPED = {
    "events": "events",
    "replicationcontrollers": "replication-controllers",
    "services": "services",
    "daemonsets.apps": "daemonsets",
    "deployments.apps": "deployments",
    "replicasets.apps": "replicasets",
    "pods": "pods",
}


class ClusterInfoOptions(Options):
    """The addresses of the control plane and of services marked as the cluster's."""

    def run(self) -> None:
        server = self.factory.target.server
        self._line("Kubernetes control plane", server)
        listed = self.factory.client.list(
            "services", "kube-system", label_selector="kubernetes.io/cluster-service=true"
        )
        for service in listed["items"]:
            metadata = service["metadata"]
            name = metadata["labels"].get("kubernetes.io/name") or metadata["name"]
            ports = service["spec"].get("ports") or [{}]
            port = ports[0].get("name", "")
            path = f"{metadata['name']}:{port}" if port else metadata["name"]
            self._line(name, f"{server}/api/v1/namespaces/kube-system/services/{path}/proxy")
        self.factory.out(
            f"\nTo further debug and diagnose cluster problems, use '{self.factory.program} cluster-info dump'."
        )

    def _line(self, name: str, link: str) -> None:
        if self.factory.streams.out.isatty():
            name, link = f"{_GREEN}{name}{_PLAIN}", f"{_YELLOW}{link}{_PLAIN}"
        self.factory.out(f"{name} is running at {link}")


class DumpOptions(Options):
    """Nodes, and the objects and logs of some namespaces."""

    def validate(self) -> None:
        podpicking.running_timeout(self.flags)

    def run(self) -> None:
        from minikctl.kubectl.typedprinting import typed_printer

        flags = self.flags
        if flags["template"] and not flags.changed("output"):
            flags = flags.without(("output",), {"output": "go-template"})
        client = self.factory.client
        extension = flags["output"] if flags["output"] in ("json", "yaml") else "txt"
        out = _Outlet()
        print_list = typed_printer(flags, cast("TextIO", out), "")

        def show(resource: str, namespace: str, name: str) -> None:
            row = self.factory.resources.lookup(resource)
            assert row is not None
            listed = client.list(row, namespace)
            if flags["output"].lower() == "name":
                version = listed["apiVersion"].rpartition("/")[2]
                raise KubectlError(f"list types are not supported by name printing: *{version}.{listed['kind']}")
            # The items of a typed list do not say what they are.
            items = [{key: item[key] for key in item if key not in ("apiVersion", "kind")} for item in listed["items"]]
            self._write(name + "." + extension, lambda file: out.through(file, print_list, {**listed, "items": items}))

        show("nodes", "", "nodes")
        for namespace in self._namespaces():
            for resource, file in _DUMPED.items():
                show(resource, namespace, os.path.join(namespace, file))
            for pod in client.list("pods", namespace)["items"]:
                self._logs(pod)
        directory = flags["output-directory"]
        if directory and directory != "-":
            self.factory.out(f"Cluster info dumped to {directory}")

    def _namespaces(self) -> list[str]:
        flags = self.flags
        if flags["all-namespaces"]:
            return [item["metadata"]["name"] for item in self.factory.client.list("namespaces")["items"]]
        return list(flags["namespaces"]) or ["kube-system", self.factory.namespace]

    def _write(self, name: str, write: Callable[[Any], object]) -> None:
        directory = self.flags["output-directory"]
        if not directory or directory == "-":
            write(self.factory.streams.out)
            return
        path = os.path.join(directory, name)
        _make_directory(os.path.dirname(path))
        try:
            with open(path, "w", encoding="utf-8") as file:
                write(file)
        except OSError as error:
            raise KubectlError(f"open {path}: {(error.strerror or '').lower()}") from None

    def _logs(self, pod: Obj) -> None:
        metadata = pod["metadata"]
        name, namespace = metadata["name"], metadata["namespace"]

        def write(out: Any) -> None:
            spec = pod["spec"]
            for container in [*(spec.get("initContainers") or ()), *spec["containers"]]:
                out.write(f"==== START logs for container {container['name']} of pod {namespace}/{name} ====\n")
                try:
                    text = self.factory.client.get(
                        "pods", name, namespace, subresource="log", container=container["name"]
                    )
                    out.write(text if isinstance(text, str) else "")
                except StatusError as error:
                    out.write(f"{error.message}\n")
                out.write(f"==== END logs for container {container['name']} of pod {namespace}/{name} ====\n")

        self._write(os.path.join(namespace, name, "logs.txt"), write)


class _Outlet:
    """A stream that leads to another file each time, for a printer that remembers what it has printed."""

    def __init__(self) -> None:
        self._file: TextIO | None = None

    def through(self, file: TextIO, show: Printer, obj: Obj) -> None:
        """Print an object to a file."""
        self._file = file
        show(obj)

    def write(self, text: str) -> int:
        """Pass a text on."""
        assert self._file is not None
        return self._file.write(text)


def _make_directory(path: str) -> None:
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        while not os.path.lexists(path):
            path = os.path.dirname(path)
        raise KubectlError(f"mkdir {path}: {(error.strerror or '').lower()}") from None


COMMAND = Command(
    "cluster-info [flags]",
    ClusterInfoOptions,
    long="""
Show where the control plane and the services with label kubernetes.io/cluster-service=true are.

 For more, use 'kubectl cluster-info dump'.
""",
    example="""
        # Print the address of the control plane and cluster services
        kubectl cluster-info
        """,
)
DUMP = Command(
    "cluster-info dump [flags]",
    DumpOptions,
    (
        ALL_NAMESPACES,
        *print_flags("json"),
        Flag("namespaces", "", STRING_SLICE, [], "A comma separated list of namespaces to dump."),
        Flag("output-directory", "", STRING, "", "Where to write the files. Empty or '-': standard output."),
        Flag("pod-running-timeout", "", DURATION, 20.0, "Time to wait until a pod runs; minikctl needs none."),
    ),
    long="""
Print what helps to debug a cluster: nodes, and objects and logs of some namespaces.

 Everything goes to standard output unless --output-directory is given. Only kube-system and the current namespace are
 dumped by default; --namespaces and --all-namespaces choose others.
""",
    example="""
        # Dump current cluster state to stdout
        kubectl cluster-info dump

        # Dump it to files
        kubectl cluster-info dump --output-directory=/path/to/cluster-state

        # Dump all namespaces
        kubectl cluster-info dump --all-namespaces
        """,
)
