"""minikctl clock: what time it is in the cluster, and moving it on by hand."""

from __future__ import annotations

from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError


class NowOptions(Options):
    """Prints cluster time."""

    def complete(self, args: list[str]) -> None:
        self.no_arguments(args)

    def run(self) -> None:
        from minikctl.apimachinery.clock import rfc3339

        self.factory.out(rfc3339(self.factory.cluster.present()))


class AdvanceOptions(Options):
    """Moves cluster time forward; all work on the way is done at its own time."""

    seconds = 0.0

    def complete(self, args: list[str]) -> None:
        if len(args) != 1:
            raise self.usage_error("exactly one duration is required, such as 90s, 36h or 1h30m")
        from minikctl.apimachinery.duration import parse_go

        try:
            self.seconds = parse_go(args[0])
        except ValueError as error:
            raise KubectlError(str(error)) from None

    def validate(self) -> None:
        if self.seconds < 0:
            raise KubectlError("the cluster's clock only goes forward")

    def run(self) -> None:
        from minikctl.apimachinery.clock import rfc3339

        self.factory.cluster.advance(self.seconds)
        self.factory.out(rfc3339(self.factory.cluster.present()))


NOW = Command("clock now", NowOptions, long="Print the time of the cluster (UTC).")
ADVANCE = Command(
    "clock advance DURATION",
    AdvanceOptions,
    long="Move the time of the cluster forward. Work that becomes due on the way is done at its own time: CronJobs "
    "run, back-offs end, certificates and tokens expire.",
    example="""
        # Let a day and a half go by
        minikctl clock advance 36h
        """,
)
