"""kubectl version: the version of client and server.

Upstream counterpart: kubectl's `pkg/cmd/version`.
"""

from __future__ import annotations

from typing import Any

from minikctl import KUBERNETES_VERSION
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, STRING, Flag

KUSTOMIZE_VERSION = "v5.8.1"


def client_version() -> dict[str, Any]:
    """What this client says of itself (version.Info)."""
    import platform
    import sys

    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    major, minor = KUBERNETES_VERSION.lstrip("v").split(".")[:2]
    return {
        "major": major,
        "minor": minor,
        "gitVersion": KUBERNETES_VERSION,
        "compiler": "python",
        "platform": f"{sys.platform}/{machine}",
    }


class VersionOptions(Options):
    """Client and server versions."""

    def complete(self, args: list[str]) -> None:
        if args:
            raise KubectlError(f"extra arguments: [{' '.join(args)}]")

    def validate(self) -> None:
        if self.flags["output"] not in ("", "yaml", "json"):
            raise KubectlError("--output must be 'yaml' or 'json'")

    def run(self) -> None:
        answer: dict[str, Any] = {"clientVersion": client_version(), "kustomizeVersion": KUSTOMIZE_VERSION}
        if not self.flags["client"]:
            answer["serverVersion"] = self.factory.client.request("get", None, path="/version")
        output = self.flags["output"]
        if output == "json":
            import json

            self.factory.out(json.dumps(answer, indent=2))
            return
        if output == "yaml":
            from minikctl.printers.yamlout import dump

            self.factory.streams.out.write(dump(answer))
            self.factory.out("")
            return
        self.factory.out(f"Client Version: {answer['clientVersion']['gitVersion']}")
        self.factory.out(f"Kustomize Version: {KUSTOMIZE_VERSION}")
        if "serverVersion" in answer:
            self.factory.out(f"Server Version: {answer['serverVersion']['gitVersion']}")


COMMAND = Command(
    "version [flags]",
    VersionOptions,
    (
        Flag("client", "", BOOL, False, "If true, shows client version only (no server required)."),
        Flag("output", "o", STRING, "", "One of 'yaml' or 'json'."),
    ),
    long="Print the version of client and server for the current context.",
    example="""
        # Print the client and server versions
        kubectl version
        """,
)
