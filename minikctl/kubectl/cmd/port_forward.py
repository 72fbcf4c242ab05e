"""kubectl port-forward: not possible here, and says so.

Emulated containers listen on no port. Upstream counterpart: kubectl's `pkg/cmd/portforward`.
"""

from __future__ import annotations

from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import DURATION, STRING_SLICE, Flag


class PortForwardOptions(Options):
    """Which ports to forward."""

    def complete(self, args: list[str]) -> None:
        if len(args) < 2:
            raise self.usage_error("TYPE/NAME and list of ports are required for port-forward")

    def run(self) -> None:
        raise KubectlError("port-forward is not supported by minikctl: emulated containers listen on no port")


COMMAND = Command(
    "port-forward TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
    PortForwardOptions,
    (
        Flag("address", "", STRING_SLICE, ["localhost"], "Addresses to listen on (comma separated)."),
        Flag("pod-running-timeout", "", DURATION, 60.0, "Time to wait until a pod is running.", shown="1m0s"),
    ),
    long="""
Forward one or more local ports to a pod.

 minikctl cannot do this yet: emulated containers listen on no port.
""",
    example="""
        # Listen on port 8888 locally, forwarding to 5000 in the pod
        kubectl port-forward pod/mypod 8888:5000
        """,
)
