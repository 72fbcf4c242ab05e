"""kubectl drain: cordons nodes and evicts their pods.

Upstream counterpart: kubectl's `pkg/cmd/drain`.
"""

from __future__ import annotations

from minikctl.apimachinery import selectors
from minikctl.apimachinery.errors import StatusError
from minikctl.kubectl import cordoning, strategy
from minikctl.kubectl.command import Command
from minikctl.kubectl.draining import Drainer, Settings, full_name
from minikctl.kubectl.errors import Aggregate, KubectlError, PlainError, raise_all
from minikctl.kubectl.flags import BOOL, DURATION, INT, STRING, Flag, quote
from minikctl.kubectl.flagsets import CHUNK_SIZE
from minikctl.kubectl.info import Info

FLAGS = (
    *cordoning.FLAGS,
    CHUNK_SIZE,
    Flag("delete-emptydir-data", "", BOOL, False, "Continue even if there are pods using emptyDir."),
    Flag("disable-eviction", "", BOOL, False, "Delete pods instead of evicting them, whatever disruption budgets say."),
    Flag("force", "", BOOL, False, "Continue even if there are pods that do not declare a controller."),
    Flag("grace-period", "", INT, -1, "Seconds given to each pod to end gracefully; negative for the pod's own."),
    Flag("ignore-daemonsets", "", BOOL, False, "Ignore DaemonSet-managed pods."),
    Flag("pod-selector", "", STRING, "", "Label selector to filter pods on the node"),
    Flag("skip-wait-for-delete-timeout", "", INT, 0, "Do not wait for pods deleted longer than this many seconds ago."),
    Flag("timeout", "", DURATION, 0.0, "Time to wait before giving up, zero means infinite", shown="0s"),
)


class DrainOptions(cordoning.NodeOptions):
    """Which nodes to drain, and how."""

    use = "drain NODE"

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        if flags["pod-selector"]:
            try:
                selectors.parse(flags["pod-selector"])
            except ValueError:
                raise KubectlError("--pod-selector=<pod_selector> must be a valid label selector") from None
        super().complete(args)
        settings = Settings(
            force=flags["force"],
            ignore_daemon_sets=flags["ignore-daemonsets"],
            delete_empty_dir=flags["delete-emptydir-data"],
            disable_eviction=flags["disable-eviction"],
            grace_period=flags["grace-period"],
            timeout=flags["timeout"],
            pod_selector=flags["pod-selector"],
            skip_deleted_after=flags["skip-wait-for-delete-timeout"],
            chunk_size=flags["chunk-size"],
            dry_run=self.dry_run,
        )
        self.drainer = Drainer(self.factory, settings)

    def run(self) -> None:
        self.mark(True)
        fatal: list[Exception] = []
        remaining: list[str] = []
        for info in self.nodes:
            try:
                self._drain(info)
            except (Aggregate, KubectlError, StatusError) as error:
                self.factory.err(
                    f"error: unable to drain node {quote(info.name)} due to error: {error}, continuing command..."
                )
                fatal.append(error)
                remaining.append(info.name)
                continue
            self.show(info.obj, "drained")
        if remaining:
            self.factory.err("There are pending nodes to be drained:")
            for name in remaining:
                self.factory.err(f" {name}")
        raise_all(PlainError(str(error)) for error in _unnested(fatal))

    def _drain(self, info: Info) -> None:
        selection = self.drainer.select(info.name)
        raise_all(selection.errors())
        warnings = selection.warnings()
        if warnings:
            self.factory.err(f"Warning: {warnings}")
        if self.dry_run == strategy.CLIENT:
            for pod in selection.pods:
                self.factory.out(f"evicting pod {full_name(pod)} (dry run)")
            return
        try:
            self.drainer.remove(selection.pods)
        except (Aggregate, KubectlError, StatusError) as error:
            self._list_pending(info, error)
            raise

    def _list_pending(self, info: Info, error: Exception) -> None:
        pending = self.drainer.select(info.name)
        if pending.pods:
            self.factory.err(f"There are pending pods in node {quote(info.name)} when an error occurred: {error}")
            for pod in pending.pods:
                self.factory.err(f"pod/{pod['metadata']['name']}")
        errors = pending.errors()
        if errors:
            text = Aggregate(errors)
            self.factory.err(f"Following errors occurred while getting the list of pods to delete:\n{text}")


def _unnested(errors: list[Exception]) -> list[Exception]:
    """The errors of the only node one by one; of several nodes, one for each."""
    if len(errors) == 1 and isinstance(errors[0], Aggregate):
        return errors[0].errors
    return errors


COMMAND = Command(
    "drain NODE",
    DrainOptions,
    FLAGS,
    long="""
Drain node in preparation for maintenance.

 The node is marked unschedulable, then its pods are evicted, as disruption budgets allow. Mirror pods stay. With pods
of daemon sets, drain only goes on with --ignore-daemonsets, and leaves these where they are: their controller ignores
the mark. Pods without a controller only go with --force, also those whose controller is gone.

 'drain' waits for graceful termination. When the node shall take pods again, use kubectl uncordon.
""",
    example="""
        # Drain node "foo", even if there are pods that are not managed by a controller
        kubectl drain foo --force

        # As above, but stop if there are such pods, and use a grace period of 15 minutes
        kubectl drain foo --grace-period=900
        """,
)
