"""kubectl cordon: keeps new pods away from nodes.

Upstream counterpart: NewCmdCordon in kubectl's `pkg/cmd/drain`.
"""

from __future__ import annotations

from minikctl.kubectl.command import Command
from minikctl.kubectl.cordoning import FLAGS, NodeOptions


class CordonOptions(NodeOptions):
    """Which nodes to cordon."""

    use = "cordon NODE"

    def run(self) -> None:
        self.mark(True)


COMMAND = Command(
    "cordon NODE",
    CordonOptions,
    FLAGS,
    long="Mark node as unschedulable.",
    example="""
        # Mark node "foo" as unschedulable
        kubectl cordon foo
        """,
)
