"""kubectl uncordon: lets pods come to nodes again.

Upstream counterpart: NewCmdUncordon in kubectl's `pkg/cmd/drain`.
"""

from __future__ import annotations

from minikctl.kubectl.command import Command
from minikctl.kubectl.cordoning import FLAGS, NodeOptions


class UncordonOptions(NodeOptions):
    """Which nodes to uncordon."""

    use = "uncordon NODE"

    def run(self) -> None:
        self.mark(False)


COMMAND = Command(
    "uncordon NODE",
    UncordonOptions,
    FLAGS,
    long="Mark node as schedulable.",
    example="""
        # Mark node "foo" as schedulable
        kubectl uncordon foo
        """,
)
