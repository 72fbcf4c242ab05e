"""kubectl rollout history: the retained revisions of a workload.

Upstream counterpart: `rollout_history.go` of kubectl's `pkg/cmd/rollout` and its history viewers.
"""

from __future__ import annotations

from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import INT64, Flag
from minikctl.kubectl.flagsets import PRINT
from minikctl.kubectl.info import Info
from minikctl.kubectl.rollout import (
    NAMING,
    Revision,
    RolloutOptions,
    at_revision,
    check_kind,
    describe_revision,
    revisions,
)
from minikctl.kubectl.typedprinting import typed_printer

FLAGS = (
    *PRINT,
    *NAMING,
    Flag("revision", "", INT64, 0, "See the details, including podTemplate of the revision specified"),
)


class HistoryOptions(RolloutOptions):
    """Whose revisions to show."""

    def validate(self) -> None:
        super().validate()
        if self.flags["revision"] < 0:
            raise KubectlError(f"revision must be a positive integer: {self.flags['revision']}")

    def run(self) -> None:
        self.builder().visit(self._show)

    def _show(self, info: Info) -> None:
        check_kind(info, "history viewer", "retrieving history")
        found = revisions(self.factory, info)
        wanted = self.flags["revision"]
        one = next((each for each in found if each.number == wanted), None)
        if self.flags["output"]:
            self._print(info, found, one)
            return
        if wanted and found:
            if one is None:
                raise KubectlError("unable to find the specified revision")
            text = f"with revision #{wanted}\n{describe_revision(info, one)}"
        else:
            text = "\n" + (table(found) if found else "No rollout history found.")
        typed_printer(self.flags, self.factory.streams.out, text)(info.obj)

    def _print(self, info: Info, found: list[Revision], one: Revision | None) -> None:
        show = typed_printer(self.flags, self.factory.streams.out, "")
        if self.flags["revision"]:
            if one is None:
                raise KubectlError("unable to find the specified revision")
            found = [one]
        for each in found:
            show(at_revision(info, each))


def table(found: list[Revision]) -> str:
    """Revisions and why they were made."""
    from minikctl.printers.tabwriter import align

    rows = "".join(f"{each.number}\t{each.change_cause or '<none>'}\n" for each in found)
    return align(f"REVISION\tCHANGE-CAUSE\n{rows}", 0, 2)


COMMAND = Command(
    "rollout history (TYPE NAME | TYPE/NAME) [flags]",
    HistoryOptions,
    FLAGS,
    long="View previous rollout revisions and configurations.",
    example="""
        # View the rollout history of a deployment
        kubectl rollout history deployment/abc

        # View the details of daemonset revision 3
        kubectl rollout history daemonset/abc --revision=3
        """,
)
