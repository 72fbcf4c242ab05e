"""kubectl rollout status: follows a rollout until it is done, printing what a watch would print.

Upstream counterpart: `rollout_status.go` of kubectl's `pkg/cmd/rollout` and its status viewers.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, DURATION, INT64, Flag, quote
from minikctl.kubectl.info import Info
from minikctl.kubectl.rollout import NAMING, REVISION, RolloutOptions
from minikctl.kubectl.watches import follow

FLAGS = (
    *NAMING,
    Flag("revision", "", INT64, 0, "Pin to a specific revision. Defaults to 0 (last revision)."),
    Flag("timeout", "", DURATION, 0.0, "Time to wait before ending the watch, zero means never.", shown="0s"),
    Flag("watch", "w", BOOL, True, "Watch the status of the rollout until it's done."),
)


class StatusOptions(RolloutOptions):
    """Whose rollout to follow, and how long."""

    def validate(self) -> None:
        super().validate()
        if self.flags["revision"] < 0:
            raise KubectlError(f"revision must be a positive integer: {self.flags['revision']}")

    def run(self) -> None:
        if not self.builder().visit(self._follow):
            self.none_found()

    def _follow(self, info: Info) -> None:
        viewer = _VIEWERS.get(info.row.key)
        if viewer is None:
            raise KubectlError(f"no status viewer has been implemented for {info.row.group_kind}")
        for event in follow(self.factory, info, self.flags["timeout"]):
            if event["type"] == "DELETED":
                raise KubectlError("object has been deleted")
            text, done = viewer(event["object"], self.flags["revision"])
            self.factory.out(text)
            if done or not self.flags["watch"]:
                return


def deployment_status(obj: Obj, revision: int) -> tuple[str, bool]:
    """What a Deployment's status says of its rollout, and whether it is done."""
    metadata, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    name = quote(metadata["name"])
    if revision > 0:
        running = int((metadata.get("annotations") or {}).get(REVISION, "0"))
        if running != revision:
            raise KubectlError(f"desired revision ({revision}) is different from the running revision ({running})")
    if metadata.get("generation", 0) > status.get("observedGeneration", 0):
        return "Waiting for deployment spec update to be observed...", False
    for condition in status.get("conditions") or ():
        if condition["type"] == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            raise KubectlError(f"deployment {name} exceeded its progress deadline")
    wanted, replicas = spec.get("replicas", 1), status.get("replicas", 0)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    waiting = f"Waiting for deployment {name} rollout to finish: "
    if updated < wanted:
        return f"{waiting}{updated} out of {wanted} new replicas have been updated...", False
    if replicas > updated:
        return f"{waiting}{replicas - updated} old replicas are pending termination...", False
    if available < updated:
        return f"{waiting}{available} of {updated} updated replicas are available...", False
    return f"deployment {name} successfully rolled out", True


def daemon_set_status(obj: Obj, revision: int) -> tuple[str, bool]:
    """The same of a DaemonSet."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    _check_strategy(obj)
    if metadata.get("generation", 0) > status.get("observedGeneration", 0):
        return "Waiting for daemon set spec update to be observed...", False
    wanted, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
    waiting = f"Waiting for daemon set {quote(metadata['name'])} rollout to finish: "
    if updated < wanted:
        return f"{waiting}{updated} out of {wanted} new pods have been updated...", False
    available = status.get("numberAvailable", 0)
    if available < wanted:
        return f"{waiting}{available} of {wanted} updated pods are available...", False
    return f"daemon set {quote(metadata['name'])} successfully rolled out", True


def stateful_set_status(obj: Obj, revision: int) -> tuple[str, bool]:
    """The same of a StatefulSet."""
    spec, status = obj["spec"], obj.get("status") or {}
    _check_strategy(obj)
    observed = status.get("observedGeneration", 0)
    if not observed or obj["metadata"].get("generation", 0) > observed:
        return "Waiting for statefulset spec update to be observed...", False
    wanted, ready, updated = spec.get("replicas", 1), status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if ready < wanted:
        return f"Waiting for {wanted - ready} pods to be ready...", False
    rolling = spec["updateStrategy"].get("rollingUpdate")
    if rolling is not None:
        partition = rolling.get("partition")
        if partition is not None and updated < wanted - partition:
            new = f"{updated} out of {wanted - partition} new pods have been updated..."
            return f"Waiting for partitioned roll out to finish: {new}", False
        return f"partitioned roll out complete: {updated} new pods have been updated...", True
    if status.get("updateRevision") != status.get("currentRevision"):
        at = f"{updated} pods at revision {status.get('updateRevision', '')}..."
        return f"waiting for statefulset rolling update to complete {at}", False
    at = f"{status.get('currentReplicas', 0)} pods at revision {status.get('currentRevision', '')}..."
    return f"statefulset rolling update complete {at}", True


def _check_strategy(obj: Obj) -> None:
    if (obj["spec"].get("updateStrategy") or {}).get("type") != "RollingUpdate":
        raise KubectlError("rollout status is only available for RollingUpdate strategy type")


_VIEWERS = {
    "deployments.apps": deployment_status,
    "daemonsets.apps": daemon_set_status,
    "statefulsets.apps": stateful_set_status,
}

COMMAND = Command(
    "rollout status (TYPE NAME | TYPE/NAME) [flags]",
    StatusOptions,
    FLAGS,
    long="""
Show the status of the rollout.

 By default, the latest rollout is watched until it is done; --watch=false only shows where it is. A rollout that
begins meanwhile is followed too; --revision=N ends with an error when another revision takes over.
""",
    example="""
        # Watch the rollout status of a deployment
        kubectl rollout status deployment/nginx
        """,
)
