"""Waiting in cluster time: the loop behind wait, delete, rollout status and the like.

Nothing sleeps here: the cluster jumps to its next due work, and only where nothing is due does it watch
for other processes. Upstream counterpart: client-go's watchtools as kubectl uses them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory


class Deadline:
    """A span of cluster time that begins when it is made."""

    def __init__(self, factory: Factory, seconds: float) -> None:
        self.cluster = factory.cluster
        self.at = self.cluster.present() + seconds
        self._over = False

    def passed(self) -> bool:
        """Whether the time is up."""
        return self._over or self.cluster.present() >= self.at

    def until(self, done: Callable[[], bool]) -> bool:
        """Let the cluster run until `done`; False where it was not done in time."""
        if self.passed():
            return False
        if done():
            return True
        self.cluster.settle()
        while not done():
            if not self.cluster.wait(self.at):
                self._over = True
                return done()
        return True


def timed_out(info: Info) -> KubectlError:
    """The error of a wait that took too long."""
    return KubectlError(f"timed out waiting for the condition on {info.object_name()}")


def is_gone(factory: Factory, info: Info, uid: str = "") -> bool:
    """Whether the object is gone (or another one has its name)."""
    live = factory.client.find(info.row, info.name, info.namespace)
    return live is None or bool(uid and live["metadata"].get("uid") != uid)


def wait_deleted(factory: Factory, deleted: Iterable[tuple[Info, str]], timeout: float) -> None:
    """Wait until every object is gone."""
    deadline = Deadline(factory, timeout)
    for info, uid in deleted:

        def gone(info: Info = info, uid: str = uid) -> bool:
            return is_gone(factory, info, uid)

        if not gone() and not deadline.until(gone):
            raise timed_out(info)
