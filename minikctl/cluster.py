"""The machine room: opens the store, plugs apiserver and components together, keeps time.

kubectl opens one Cluster per invocation. `catch_up` does overdue work, `settle` reconciles after a
write, `wait` lets a waiting command jump to the next due work. Reading alone imports no component.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.clock import Clock, parse_time
from minikctl.apimachinery.request import UserInfo
from minikctl.apiserver.server import Server
from minikctl.client.client import Client
from minikctl.store.errors import CompactedError
from minikctl.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from minikctl.apimachinery.rand import Rand
    from minikctl.apiserver.registry.context import Context
    from minikctl.client.component import Component, Env
    from minikctl.cloud.provider import EmulatedCloud
    from minikctl.settle import Reconciler

DEFAULT_FROZEN_TIME = "2026-01-01T00:00:00Z"
ADMIN = UserInfo("kubernetes-admin", ("system:masters", "system:authenticated"))
# Components read from shared caches that the control plane's own user fills.
INFORMERS = UserInfo("system:kube-controller-manager", ("system:masters", "system:authenticated"))

_POLL_SECONDS = 0.01


class Cluster:
    """One opened cluster: its store, its apiserver, its clock and, once needed, its components."""

    def __init__(self, store: SQLiteStore, clock: Clock, seed: str | None = None, jumps: bool = True) -> None:
        """`jumps`: whether waiting moves the clock; False for MINIKCTL_CLOCK=wall."""
        self.store = store
        self.clock = clock
        self.jumps = jumps
        self._seed = seed
        self.server = Server(store, clock, self._make_rand)
        self.server.connect = self._connect
        self._reconciler: Reconciler | None = None
        self._shared = False

    @classmethod
    def open(
        cls,
        path: str,
        *,
        clock: str = "",
        seed: str | None = None,
        create: bool = True,
        settings: dict[str, Any] | None = None,
    ) -> Cluster:
        """Open the cluster in the file `path`, making and starting a new one where there is none.

        `clock` is MINIKCTL_CLOCK: "" (wall time plus what was skipped), "wall", or "frozen[:TIME]".
        `settings` is for a new cluster: nodes, cpu, profile and the like. StoreError where the file is not usable.
        """
        store = SQLiteStore(path, create=create)
        with store.explaining():
            known = store.all_meta()
            cluster = cls(store, _clock(known, clock), seed, jumps=clock != "wall")
            if "started" not in known:
                from minikctl import bootstrap

                bootstrap.start(cluster, settings or {})
        return cluster

    def close(self) -> None:
        """Remember the clock and let go of the file."""
        self.store.close()

    def client(
        self, user: UserInfo = ADMIN, user_agent: str = "kubectl", impersonate: UserInfo | None = None
    ) -> Client:
        return Client(self.server, user, user_agent, impersonate)

    # Time and reconciliation

    def present(self) -> float:
        """Cluster time, in seconds since the epoch."""
        return self.clock.present()

    def pending(self) -> bool:
        """Whether any work is waiting: changes not yet seen, or a due time that has come."""
        return self.store.pending("cursor", self.clock.present())

    def catch_up(self) -> None:
        """Do the work that has become due since the last invocation, each at its own time."""
        self.settle()

    def settle(self) -> None:
        """Let the components reconcile until nothing is left to do at the present time."""
        if not self.pending():
            return
        try:
            self.reconciler.settle()
        except CompactedError:
            # Other processes have written more than is retained since this one last looked: start anew.
            self._reconciler = None
            self.reconciler.settle()
        except BaseException:
            # What was written is rolled back; what components remember of it is not.
            self._reconciler = None
            raise

    def advance(self, seconds: float) -> None:
        """Move cluster time forward, doing all work on the way at its own time."""
        self.clock.jump(self.clock.present() + seconds)
        self._save_clock()
        self.settle()

    def jump(self, limit: float) -> bool:
        """Jump to the next due work, if it is due by cluster time `limit`, and do it; False where nothing is."""
        due = self.store.next_due()
        if due is None or due > limit:
            return False
        self.clock.jump(due)
        self._save_clock()
        self.settle()
        return True

    def wait(self, deadline: float) -> bool:
        """Let something happen, at latest at cluster time `deadline`; False where nothing more will.

        Jumps to the next due work. Where nothing is due, only another process can change anything:
        then the file is watched in wall time (a frozen clock jumps to the deadline instead).
        """
        if self.jumps and self.jump(deadline):
            return True
        if self.clock.frozen_at is not None:
            self.clock.jump(deadline)
            self._save_clock()
            return False
        return self._watch_file(deadline)

    def _watch_file(self, deadline: float) -> bool:
        seen = self.store.data_version()
        while (now := self.clock.present()) < deadline:
            due = self.store.next_due()
            if due is not None and due <= now:
                self.settle()
                return True
            time.sleep(min(_POLL_SECONDS, deadline - now))
            if self.store.data_version() != seen:
                self.catch_up()
                return True
        return False

    # Living long beside other processes

    def share(self) -> None:
        """For a process that serves: reconcile in short batches, wait for others' in small steps."""
        self._shared = True
        self.store.share()

    def refresh_clock(self) -> None:
        """Take over how far another process has moved the clock."""
        self.clock.skew = float(self.store.meta("skew") or 0.0)
        frozen = self.store.meta("frozen")
        if self.clock.frozen_at is not None and frozen is not None:
            self.clock.frozen_at = float(frozen)

    def forget_reconciling(self) -> None:
        """Start reconciling anew: the file has been brought back to an earlier state."""
        self._reconciler = None

    def reseed(self) -> None:
        """Draw ids from here on as a new invocation would (MINIKCTL_SEED and the revision decide them)."""
        self.server.rand.renew()

    def _save_clock(self) -> None:
        with self.store.transaction():
            self.store.set_meta("skew", repr(self.clock.skew))
            if self.clock.frozen_at is not None:
                self.store.set_meta("frozen", repr(self.clock.frozen_at))

    def _make_rand(self) -> Rand:
        from minikctl.apimachinery.rand import Rand

        return Rand(self._seed, self.store.revision)

    # Components

    @property
    def reconciler(self) -> Reconciler:
        if self._reconciler is None:
            from minikctl.settle import Reconciler

            self._reconciler = Reconciler(self.server, self.clock, self.components(), short=self._shared)
        return self._reconciler

    def components(self) -> list[Component]:
        """Everything that reconciles, in the fixed order in which it is asked to."""
        from minikctl.controllers import manager
        from minikctl.kubelet.kubelet import Kubelet
        from minikctl.scheduler.scheduler import Scheduler

        return [
            *manager.components(self.env),
            *self._cloud_components(),
            Scheduler(self._scheduler_env()),
            Kubelet(self.env("system:node", "kubelet", groups=("system:nodes", "system:masters"))),
        ]

    def _cloud_components(self) -> list[Component]:
        if not self.settings().get("cloud-provider"):
            return []
        from minikctl.cloud import manager

        user = "system:cloud-controller-manager"

        def env(source: str) -> Env:
            return self.env(user, source, agent="cloud-controller-manager", groups=("system:masters",))

        return manager.components(env, self.cloud())

    def cloud(self) -> EmulatedCloud:
        """The emulated cloud, whose instances are the machines under the nodes."""
        from minikctl.cloud.provider import EmulatedCloud
        from minikctl.kubelet.machines import Machines, is_off

        def running(name: str) -> bool | None:
            machine = Machines(self.store.state("kubelet")).get(name)
            return None if machine is None else not is_off(machine)

        return EmulatedCloud(self.store.state("cloud"), running)

    def env(self, user: str, component: str, agent: str = "", groups: Iterable[str] = ()) -> Env:
        """What a component gets: a client of its user, the clock, ids, events, storage, settings."""
        from minikctl.client.component import Env
        from minikctl.client.recorder import Recorder

        managed = user == INFORMERS.name or user.startswith("system:serviceaccount:")
        agent = agent or ("kube-controller-manager" if managed else component)
        client = Client(self.server, UserInfo(user, (*_groups(user), *groups)), agent, lister=INFORMERS)
        recorder = Recorder(client, self.clock, self.server.rand, component)
        return Env(client, self.clock, self.server.rand, recorder, self.store.state(component), self.settings())

    def configure_scheduler(self, configuration: dict[str, Any] | None) -> None:
        """Restart the scheduler with another KubeSchedulerConfiguration (None: the default), on all waiting pods."""
        import json

        with self.store.transaction():
            settings = {name: value for name, value in self.settings().items() if name != "scheduler"}
            if configuration is not None:
                settings["scheduler"] = configuration
            self.store.set_meta("settings", json.dumps(settings))
            for pod in self.client().items("pods", node=""):
                meta = pod["metadata"]
                self.store.set_due("scheduler", f"{meta['namespace']}/{meta['name']}", self.clock.now())
        self._reconciler = None
        self.settle()

    def explain_scheduling(self, pod: dict[str, Any]) -> dict[str, Any]:
        """What the scheduler makes of a pod now, node by node (see scheduler.explain)."""
        from minikctl.scheduler import explain

        with self.store.transaction():
            return explain.explain(self._scheduler_env(), pod)

    def _scheduler_env(self) -> Env:
        return self.env("system:kube-scheduler", "default-scheduler", agent="kube-scheduler")

    def settings(self) -> dict[str, Any]:
        """The cluster's settings, as `cluster create` was given them; "authority" once it has one of its own."""
        import json

        settings: dict[str, Any] = json.loads(self.store.meta("settings") or "{}")
        authority = self.store.meta("authority")
        return {**settings, "authority": json.loads(authority)} if authority else settings

    def _connect(self, ctx: Context) -> Any:
        """Carry pods/log, exec and the like to the kubelet of the pod's node."""
        from minikctl.kubelet import server

        key = f"{ctx.request.namespace}/{ctx.request.name}"

        @contextmanager
        def working() -> Iterator[None]:
            with self.store.transaction():
                yield
                self.store.set_due("kubelet", key, self.clock.now())  # a probe may find something else now

        return server.connect(self.env("system:apiserver", "kubelet"), ctx, working)


def _groups(user: str) -> tuple[str, ...]:
    if user.startswith("system:serviceaccount:"):
        namespace = user.split(":")[2]
        return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    if user == "system:apiserver":
        return ("system:masters", "system:authenticated")
    return ("system:authenticated",)


def _clock(known: dict[str, str], mode: str) -> Clock:
    skew = float(known.get("skew", 0.0))
    if not mode.startswith("frozen"):
        return Clock(skew)
    if "frozen" in known:
        return Clock(skew, frozen_at=float(known["frozen"]))
    _, _, given = mode.partition(":")
    if given:
        return Clock(skew, frozen_at=parse_time(given))
    return Clock(skew, frozen_at=time.time() + skew if "started" in known else parse_time(DEFAULT_FROZEN_TIME))


def home() -> str:
    """$MINIKCTL_HOME, by default ~/.minikctl: where the kubeconfig and the clusters are."""
    return os.environ.get("MINIKCTL_HOME") or os.path.join(os.path.expanduser("~"), ".minikctl")
