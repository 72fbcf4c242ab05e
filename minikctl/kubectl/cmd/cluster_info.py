"""kubectl cluster-info: where the control plane and its services are; `dump` prints everything.

Upstream counterpart: kubectl's `pkg/cmd/clusterinfo`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import DURATION, STRING, STRING_SLICE, Flag
from minikctl.kubectl.flagsets import ALL_NAMESPACES, print_flags

_GREEN, _YELLOW, _PLAIN = "\x1b[0;32m", "\x1b[0;33m", "\x1b[0m"
_DUMPED = (
    "events", "replicationcontrollers", "services", "daemonsets.apps", "deployments.apps", "replicasets.apps", "pods",
)  # fmt: skip


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

    def run(self) -> None:
        from minikctl.kubectl.printing import printer

        flags = self.flags
        client = self.factory.client
        extension = flags["output"] if flags["output"] in ("json", "yaml") else "txt"

        def show(obj: Obj, name: str) -> None:
            self._write(name + "." + extension, lambda out: printer(flags, out)(obj))

        show(client.list("nodes"), "nodes")
        for namespace in self._namespaces():
            for resource in _DUMPED:
                row = self.factory.resources.lookup(resource)
                assert row is not None
                show(client.list(row, namespace), os.path.join(namespace, row.plural))
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
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
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
