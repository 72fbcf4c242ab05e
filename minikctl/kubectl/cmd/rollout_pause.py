"""kubectl rollout pause: a paused Deployment keeps its pods whatever its template becomes.

Upstream counterpart: `rollout_pause.go` of kubectl's `pkg/cmd/rollout`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info
from minikctl.kubectl.rollout import CHANGE_FLAGS, PatchRollout


class PauseOptions(PatchRollout):
    """Which Deployments to pause."""

    operation = "paused"

    def change(self, info: Info, obj: Obj) -> None:
        if info.row.key != "deployments.apps":
            raise KubectlError("pausing is not supported")
        if obj["spec"].get("paused"):
            raise KubectlError("is already paused")
        obj["spec"]["paused"] = True


COMMAND = Command(
    "rollout pause RESOURCE",
    PauseOptions,
    CHANGE_FLAGS,
    long="""
Mark the given resource as paused.

 A paused resource is not reconciled by its controller. "kubectl rollout resume" takes the mark away. Only deployments
can be paused.
""",
    example="""
        # Mark the nginx deployment as paused: its pods stay as they are, changes to its template
        # wait until it is resumed
        kubectl rollout pause deployment/nginx
        """,
)
