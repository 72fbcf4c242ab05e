"""minikctl cluster: the cluster files and the kubeconfig entries that point at them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from minikctl.kubectl import kubeconfig
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, INT, STRING, Flag


class _ClusterOptions(Options):
    """Shared: a cluster's name and the file it is in."""

    name = ""

    @property
    def folder(self) -> str:
        return os.path.join(kubeconfig.home(self.factory.environ), "clusters")

    def path(self, name: str) -> str:
        """The file of a named cluster, or of the current context where no name is given."""
        if not name:
            return kubeconfig.store_path(self.factory.target.server)
        if "/" in name or name.startswith("."):
            raise KubectlError(f"{name!r} is not a name for a cluster")
        return os.path.join(self.folder, f"{name}.db")

    def one_name(self, args: list[str], optional: bool = False) -> str:
        if len(args) > 1 or not (args or optional):
            raise self.usage_error("exactly one cluster name is required" if not optional else "one name at most")
        return args[0] if args else ""


class CreateOptions(_ClusterOptions):
    """Makes a cluster file and a context for it, and uses it."""

    def complete(self, args: list[str]) -> None:
        self.name = self.one_name(args)

    def validate(self) -> None:
        from minikctl.apimachinery import quantity, switches

        if not 1 <= self.flags["nodes"] <= 15_000:
            raise KubectlError("--nodes must be between 1 and 15000")
        if self.flags["profile"] not in ("default", "bare"):
            raise KubectlError("--profile must be default or bare")
        if self.flags["cloud-provider"] not in ("", "emulated"):
            raise KubectlError("--cloud-provider must be emulated, or empty")
        if self.flags["latency"] not in ("none", "realistic"):
            raise KubectlError("--latency must be none or realistic")
        readers: dict[str, Callable[[str], object]] = {
            "cpu": quantity.parse,
            "memory": quantity.parse,
            "runtime-config": switches.api_versions,
            "feature-gates": switches.feature_gates,
        }
        for name, read in readers.items():
            try:
                read(self.flags[name])
            except ValueError as error:
                raise KubectlError(f"--{name}: {error}") from None

    def run(self) -> None:
        from minikctl import clusters
        from minikctl.apimachinery import switches

        environ, path = self.factory.environ, self.path(self.name)
        settings: dict[str, Any] = {name: self.flags[name] for name in ("nodes", "cpu", "memory", "profile", "latency")}
        settings["cloud-provider"] = self.flags["cloud-provider"]
        settings["runtime-config"] = switches.api_versions(self.flags["runtime-config"]) or None
        settings["feature-gates"] = switches.feature_gates(self.flags["feature-gates"]) or None
        if self.flags["scheduler-config"]:
            from minikctl.kubectl import schedulerconfig

            settings["scheduler"] = schedulerconfig.read(self.flags["scheduler-config"])
        config = self.factory.config
        clusters.create(path, settings, environ.get("MINIKCTL_CLOCK", ""), environ.get("MINIKCTL_SEED"))
        kubeconfig.add_cluster(config, self.name, path, environ)
        self.factory.out(f'Cluster "{self.name}" created and set as the current context.')


class ListOptions(_ClusterOptions):
    """Lists the cluster files of this home."""

    def complete(self, args: list[str]) -> None:
        self.no_arguments(args)

    def run(self) -> None:
        current = kubeconfig.store_path(self.factory.target.server)
        names = (
            sorted(n[:-3] for n in os.listdir(self.folder) if n.endswith(".db")) if os.path.isdir(self.folder) else []
        )
        for name in names:
            mark = "*" if os.path.abspath(self.path(name)) == os.path.abspath(current) else " "
            self.factory.out(f"{mark} {name}")


class UseOptions(_ClusterOptions):
    """Makes a cluster the current context."""

    def complete(self, args: list[str]) -> None:
        self.name = self.one_name(args)

    def run(self) -> None:
        path = self.path(self.name)
        if not os.path.exists(path):
            raise KubectlError(f'no cluster named "{self.name}"')
        kubeconfig.add_cluster(self.factory.config, self.name, path, self.factory.environ)
        self.factory.out(f'Switched to cluster "{self.name}".')


class DeleteOptions(_ClusterOptions):
    """Removes a cluster's file; its kubeconfig entries and what serving has left beside it go with it."""

    def complete(self, args: list[str]) -> None:
        self.name = self.one_name(args)

    def run(self) -> None:
        from minikctl import clusters
        from minikctl.serving import processes

        path = self.path(self.name)
        if not os.path.exists(path):
            raise KubectlError(f'no cluster named "{self.name}"')
        if processes.running(path):
            raise KubectlError(f'cluster "{self.name}" is being served; end that first with `minikctl serve --stop`')
        clusters.delete(path)
        for name in (processes.kubeconfig_path(path), processes.log_path(path)):
            if os.path.exists(name):
                os.remove(name)
        kubeconfig.remove_cluster(self.factory.config, self.name, self.factory.environ)
        self.factory.out(f'Cluster "{self.name}" deleted.')


class InfoOptions(_ClusterOptions):
    """Prints what is in a cluster file."""

    def complete(self, args: list[str]) -> None:
        self.name = self.one_name(args, optional=True)

    def run(self) -> None:
        from minikctl import clusters
        from minikctl.apimachinery.clock import rfc3339
        from minikctl.serving import processes

        found = clusters.info(self.path(self.name))
        settings = found["settings"]
        due = found["next due"]
        lines = {
            "File": found["file"],
            "Size": f"{found['bytes']} bytes",
            "Started": found["started"],
            "Time": rfc3339(found["time"]),
            "Revision": f"{found['revision']} (history from {found['compacted']})",
            "Next due": rfc3339(due) if due is not None else "nothing",
            "Profile": settings.get("profile", ""),
            "Cloud": settings.get("cloud-provider", ""),
            "Serves": ", ".join(settings.get("runtime-config") or ()),
            "Gates": ", ".join(
                f"{gate}={str(on).lower()}" for gate, on in (settings.get("feature-gates") or {}).items()
            ),
            "Objects": str(sum(found["objects"].values())),
        }
        served = [process.url for process in processes.running(self.path(self.name))]
        if served:
            lines["Served"] = ", ".join(served)
        for label, value in lines.items():
            if value:
                self.factory.out(f"{label + ':':<10} {value}")
        for key, count in found["objects"].items():
            self.factory.out(f"  {count:>6} {key}")


class CloudOptions(_ClusterOptions):
    """Prints what the current cluster's emulated cloud has."""

    def complete(self, args: list[str]) -> None:
        self.no_arguments(args)

    def run(self) -> None:
        from minikctl import machines

        cluster = self.factory.cluster
        if not cluster.settings().get("cloud-provider"):
            raise KubectlError("the cluster has no cloud; see `minikctl cluster create --cloud-provider`")
        cloud = cluster.cloud()
        rows: list[tuple[str, ...]] = [("INSTANCE", "ZONE", "STATE")]
        for machine in machines.states(cluster):
            instance = cloud.instance(machine.name)
            rows.append((machine.name, instance.zone if instance else "", machine.state))
        self._table(rows)
        balancers: list[tuple[str, ...]] = [("LOAD BALANCER", "SERVICE", "ADDRESS", "PORTS", "HOSTS")]
        for each in cloud.load_balancers().values():
            row = (each.name, each.service, each.ip, ",".join(each.ports), ",".join(each.hosts) or "<none>")
            balancers.append(row)
        self._table(balancers)
        self._table([("ROUTE", "NODE"), *((cidr, node) for node, cidr in cloud.routes())])

    def _table(self, rows: list[tuple[str, ...]]) -> None:
        """A table, where it has more than its head."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows if len(rows) > 1 else ():
            cells = "   ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
            self.factory.out(cells.rstrip())


class SchedulerConfigOptions(_ClusterOptions):
    """Shows the current cluster's scheduler configuration, or gives it another one."""

    def complete(self, args: list[str]) -> None:
        if len(args) > 1:
            raise self.usage_error("one file name at most")
        self.name = args[0] if args else ""

    def validate(self) -> None:
        if self.name and self.flags["default"]:
            raise KubectlError("a file and --default exclude each other")

    def run(self) -> None:
        from minikctl.kubectl import schedulerconfig

        cluster = self.factory.cluster
        if self.name or self.flags["default"]:
            cluster.configure_scheduler(schedulerconfig.read(self.name) if self.name else None)
            self.factory.out("scheduler configuration " + ("set" if self.name else "reset to the default"))
            return
        from minikctl.kubectl.printing import dumper

        known = cluster.settings().get("scheduler")
        self.factory.streams.out.write(dumper("yaml")(known) if known else "# the default configuration\n")


class SnapshotOptions(_ClusterOptions):
    """Copies the current cluster to a file."""

    def complete(self, args: list[str]) -> None:
        if len(args) != 1:
            raise self.usage_error("exactly one file name is required")
        self.name = args[0]

    def run(self) -> None:
        from minikctl import clusters

        clusters.snapshot(self.factory.cluster.store.path, self.name)
        self.factory.out(f"Snapshot written to {self.name}")


class RestoreOptions(SnapshotOptions):
    """Brings the current cluster back to a snapshot's state."""

    def run(self) -> None:
        from minikctl import clusters

        clusters.restore(self.name, self.path(""))
        self.factory.out(f"Restored from {self.name}")


class CheckOptions(_ClusterOptions):
    """Looks for broken invariants."""

    def complete(self, args: list[str]) -> None:
        self.name = self.one_name(args, optional=True)

    def run(self) -> None:
        from minikctl import clusters

        found = clusters.problems(self.path(self.name))
        for problem in found:
            self.factory.out(problem)
        if found:
            raise KubectlError(f"{len(found)} problem{'s' if len(found) > 1 else ''} found")
        self.factory.out("ok")


CREATE = Command(
    "cluster create NAME [--nodes=3] [--cpu=4] [--memory=8Gi] [--profile=default|bare] [--latency=none|realistic]",
    CreateOptions,
    flags=(
        Flag("nodes", "", INT, 3, "Number of nodes, the control plane's included"),
        Flag("cpu", "", STRING, "4", "CPUs of each node"),
        Flag("memory", "", STRING, "8Gi", "Memory of each node"),
        Flag("profile", "", STRING, "default", "default, or bare: nothing in kube-system and no StorageClass"),
        Flag("latency", "", STRING, "none", "none, or realistic: pulls, starts, probes and stops take their time"),
        Flag("cloud-provider", "", STRING, "", "emulated: load balancers, zones and routes as a cloud gives them"),
        Flag("runtime-config", "", STRING, "", "API versions to serve, as kube-apiserver takes them: VERSION=true,..."),
        Flag("feature-gates", "", STRING, "", "Feature gates to set: GATE=true,..."),
        Flag("scheduler-config", "", STRING, "", "File with the scheduler's KubeSchedulerConfiguration"),
    ),
    long="Create a cluster in a file of its own and make it the current context.",
)
LIST = Command("cluster list", ListOptions, long="List the clusters; a star marks the current one.")
USE = Command("cluster use NAME", UseOptions, long="Make a cluster the current context.")
DELETE = Command("cluster delete NAME", DeleteOptions, long="Delete a cluster with everything in it.")
INFO = Command("cluster info [NAME]", InfoOptions, long="Show what is in a cluster's file.")
CLOUD = Command(
    "cluster cloud",
    CloudOptions,
    long="Show what the emulated cloud of the current cluster has: its instances, load balancers and routes. A cluster "
    "has one where it was made with `cluster create --cloud-provider=emulated`.",
)
SNAPSHOT = Command("cluster snapshot FILE", SnapshotOptions, long="Copy the current cluster, whole, to a new file.")
RESTORE = Command(
    "cluster restore FILE", RestoreOptions, long="Bring the current cluster back to exactly the state of a snapshot."
)
CHECK = Command("cluster check [NAME]", CheckOptions, long="Check a cluster's file for broken invariants.")
SCHEDULER_CONFIG = Command(
    "cluster scheduler-config [FILE] [--default]",
    SchedulerConfigOptions,
    flags=(Flag("default", "", BOOL, False, "Go back to the scheduler's default configuration"),),
    long="Show the KubeSchedulerConfiguration of the current cluster's scheduler, or restart the scheduler with the "
    "one in FILE: profiles under several scheduler names, plugins on and off per extension point, weights, plugin "
    "arguments and percentageOfNodesToScore. Pods that wait are tried again.",
    example="""
        # Let the scheduler fill up one node after the other
        minikctl cluster scheduler-config bin-packing.yaml

        # Show what it goes by
        minikctl cluster scheduler-config
        """,
)
