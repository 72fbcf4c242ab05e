"""Running a command in a container, for exec and cp.

The emulated shell runs it at once: there is no stream, the input goes along and the output comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory


class Output(NamedTuple):
    """What a command printed, and how it ended."""

    stdout: str
    stderr: str
    exit_code: int


def execute(factory: Factory, pod: Obj, container: str, command: Sequence[str], stdin: str = "") -> Output:
    """Run a command in a running container."""
    metadata = pod["metadata"]
    answer = factory.client.create(
        "pods",
        {},
        metadata["namespace"],
        subresource="exec",
        name=metadata["name"],
        container=container,
        command=list(command),
        stdin=stdin,
    )
    return Output(answer["stdout"], answer["stderr"], answer["exitCode"])
