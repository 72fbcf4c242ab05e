"""The process that reconciles beside one that serves: python -m minikctl.serving.worker FILE IDENTITY CLOCK [SEED].

A byte on standard input says that there may be work, its end that the server is gone. Work happens only
while this process leads.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Sequence

from minikctl.cluster import Cluster
from minikctl.serving import processes
from minikctl.serving.leadership import Leadership

_READ = 65536
_GATHER_SECONDS = 0.002  # a burst of writes is reconciled together


class Worker:
    """The loop of one worker."""

    def __init__(self, cluster: Cluster, identity: str, source: int) -> None:
        self._cluster = cluster
        self._source = source
        self._leadership = Leadership(cluster, identity, self._alive)
        self._revision = 0

    def _alive(self, identity: str) -> bool:
        return identity in processes.identities(self._cluster.store.path)

    def run(self) -> None:
        """Work until the server is gone."""
        while self._told():
            revision = self._cluster.store.revision()
            if revision < self._revision:
                self._cluster.forget_reconciling()
            self._cluster.refresh_clock()
            if self._leadership.contest():
                self._cluster.settle()
            self._revision = self._cluster.store.revision()
        self._leadership.resign()

    def _told(self) -> bool:
        """Wait until there may be work; False where there will never be any again."""
        readable, _, _ = select.select([self._source], [], [], self._rest())
        if not readable:
            return True
        data = os.read(self._source, _READ)
        select.select([], [], [], _GATHER_SECONDS)
        return bool(data)

    def _rest(self) -> float:
        """Seconds until something is due, in the cluster or with the Lease."""
        rest = self._leadership.due()
        due = self._cluster.store.next_due()
        if due is not None and self._leadership.leading and self._cluster.clock.frozen_at is None:
            rest = min(rest, due - self._cluster.present())
        return max(rest, 0.0)


def main(arguments: Sequence[str]) -> None:
    """Reconcile the cluster in a file until standard input ends."""
    path, identity, clock, *seed = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server's end is this process's
    cluster = Cluster.open(path, clock=clock, seed=seed[0] if seed else None, create=False)
    cluster.share()
    try:
        Worker(cluster, identity, sys.stdin.fileno()).run()
    finally:
        cluster.close()


if __name__ == "__main__":
    main(sys.argv[1:])
