"""kubectl rollout restart: replaces the pods of a workload, by an annotation in its template.

Upstream counterpart: `rollout_restart.go` of kubectl's `pkg/cmd/rollout`.
"""

from __future__ import annotations

from minikctl.apimachinery.clock import parse_time, rfc3339
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info
from minikctl.kubectl.rollout import CHANGE_FLAGS, WORKLOADS, PatchRollout

_ANNOTATION = "kubectl.kubernetes.io/restartedAt"


class RestartOptions(PatchRollout):
    """Which workloads to restart."""

    operation = "restarted"

    def change(self, info: Info, obj: Obj) -> None:
        if info.row.key not in WORKLOADS:
            raise KubectlError("restarting is not supported")
        if info.row.key == "deployments.apps" and obj["spec"].get("paused"):
            raise KubectlError("can't restart paused deployment (run rollout resume first)")
        metadata = obj["spec"]["template"].setdefault("metadata", {})
        annotations = metadata["annotations"] = metadata.get("annotations") or {}
        annotations[_ANNOTATION] = self._stamp(annotations.get(_ANNOTATION))

    def _stamp(self, last: str | None) -> str:
        """The present, a second on where the last restart was in this second: here a rollout takes no time."""
        now = rfc3339(self.factory.now())
        return rfc3339(parse_time(now) + 1) if last == now else now


COMMAND = Command(
    "rollout restart RESOURCE",
    RestartOptions,
    CHANGE_FLAGS,
    long="""
Restart a resource.

 Its pods are replaced in a rollout.
""",
    example="""
        # Restart all deployments in the test-namespace namespace
        kubectl rollout restart deployment -n test-namespace

        # Restart a deployment
        kubectl rollout restart deployment/nginx

        # Restart a daemon set
        kubectl rollout restart daemonset/abc

        # Restart deployments with the app=nginx label
        kubectl rollout restart deployment --selector=app=nginx
        """,
)
