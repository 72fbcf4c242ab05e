"""kubectl rollout resume: lets a paused Deployment roll out again.

Upstream counterpart: `rollout_resume.go` of kubectl's `pkg/cmd/rollout`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info
from minikctl.kubectl.rollout import CHANGE_FLAGS, PatchRollout


class ResumeOptions(PatchRollout):
    """Which Deployments to resume."""

    operation = "resumed"

    def change(self, info: Info, obj: Obj) -> None:
        if info.row.key != "deployments.apps":
            raise KubectlError("resuming is not supported")
        if not obj["spec"].pop("paused", False):
            raise KubectlError("is not paused")


COMMAND = Command(
    "rollout resume RESOURCE",
    ResumeOptions,
    CHANGE_FLAGS,
    long="""
Resume a paused resource.

 Its controller reconciles it again. Only deployments can be resumed.
""",
    example="""
        # Resume a paused deployment
        kubectl rollout resume deployment/nginx
        """,
)
