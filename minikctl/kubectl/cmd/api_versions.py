"""kubectl api-versions: the API groups and versions the server serves.

Upstream counterpart: kubectl's `pkg/cmd/apiresources`.
"""

from __future__ import annotations

from minikctl.kubectl.command import Command, Options


class ApiVersionsOptions(Options):
    """Prints group/version lines, sorted."""

    def complete(self, args: list[str]) -> None:
        self.no_arguments(args)

    def run(self) -> None:
        versions: set[str] = set()
        for group, names in self.factory.resources.groups().items():
            versions.update(f"{group}/{name}" if group else name for name in names)
        for version in sorted(versions):
            self.factory.out(version)


COMMAND = Command(
    "api-versions",
    ApiVersionsOptions,
    long='Print the API versions the server supports, in the form of "group/version".',
    example="""
        # Print the supported API versions
        kubectl api-versions
        """,
)
