"""kubectl options: the flags that every command takes."""

from __future__ import annotations

from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.flagsets import GLOBAL


class OptionsOptions(Options):
    """Prints the global flags."""

    def run(self) -> None:
        from minikctl.kubectl.help import flag_usages, visible

        self.factory.out("The following options can be passed to any command:\n")
        self.factory.streams.out.write(flag_usages(visible(GLOBAL)))


COMMAND = Command(
    "options",
    OptionsOptions,
    long="Print the list of flags that all commands take.",
    example="""
        # Print flags that all commands take
        kubectl options
        """,
)
