"""The factory: hands a command its kubeconfig, namespace, client, resources and streams, each lazily.

One per invocation. Leaving it (`with`) lets the cluster reconcile what the command changed. Tests
build one with `Factory(..., cluster=...)`. Upstream counterpart: kubectl's `cmd/util.Factory`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import Values, quote

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource, ResourceSet
    from minikctl.client.client import Client
    from minikctl.cluster import Cluster
    from minikctl.kubectl.builder import Builder
    from minikctl.kubectl.info import Info
    from minikctl.kubectl.kubeconfig import Kubeconfig, Target


class Streams:
    """Standard input, output and error of one invocation."""

    __slots__ = ("err", "out", "stdin")

    def __init__(self, stdin: TextIO, out: TextIO, err: TextIO) -> None:
        self.stdin = stdin
        self.out = out
        self.err = err

    @classmethod
    def standard(cls) -> Streams:
        """The process's own; whatever the locale, text is UTF-8 and foreign bytes pass through."""
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure:
                reconfigure(encoding="utf-8", errors="surrogateescape")
        return cls(sys.stdin, sys.stdout, sys.stderr)


class Factory:
    """Lazily built dependencies of one command."""

    def __init__(
        self,
        flags: Values,
        streams: Streams,
        environ: Mapping[str, str],
        command_path: str,
        cluster: Cluster | None = None,
    ) -> None:
        self.flags = flags
        self.streams = streams
        self.environ = environ
        self.command_path = command_path
        self._cluster = cluster
        self._client: Client | None = None
        self._resources: ResourceSet | None = None
        self._config: Kubeconfig | None = None
        self._target: Target | None = None
        self._warned: set[str] = set()
        self._noted: set[str] = set()

    def __enter__(self) -> Factory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._cluster is None:
            return
        cluster = self._cluster
        damage = cluster.store.explain(error)
        try:
            if damage is None and (kind is None or not issubclass(kind, KeyboardInterrupt)):
                cluster.settle()
        except Exception as failure:
            damage = cluster.store.explain(failure)
            if damage is None:
                raise
        finally:
            cluster.close()
        if damage is not None:
            raise damage from None
        if kind is None and self._warned and self.flags.get("warnings-as-errors"):
            count = len(self._warned)
            raise KubectlError(f"{count} warning{'s' if count > 1 else ''} received")

    # -- output

    def out(self, text: str) -> None:
        """Print a line to standard output."""
        self.streams.out.write(text + "\n")

    def err(self, text: str) -> None:
        """Print a line to standard error."""
        self.streams.out.flush()
        self.streams.err.write(text + "\n")

    def note(self, text: str) -> None:
        """Print a line to standard error, once."""
        if text not in self._noted:
            self._noted.add(text)
            self.err(text)

    def warning(self, text: str) -> None:
        """Print a server warning, once."""
        if text not in self._warned:
            self._warned.add(text)
            self.err(f"Warning: {text}")

    # -- configuration

    @property
    def program(self) -> str:
        """The name this program was called by."""
        return self.command_path.split(" ", 1)[0]

    @property
    def config(self) -> Kubeconfig:
        """The merged kubeconfig; first use of the default location writes it."""
        if self._config is None:
            from minikctl.kubectl import kubeconfig

            explicit = self.flags.get("kubeconfig", "")
            config = kubeconfig.load(explicit, self.environ)
            path = kubeconfig.default_path(self.environ)
            if config.files == [path] and not explicit and not os.path.exists(path):
                kubeconfig.create_default(self.environ)
                config = kubeconfig.load(explicit, self.environ)
            self._config = config
        return self._config

    @property
    def target(self) -> Target:
        """What the chosen context stands for."""
        if self._target is None:
            from minikctl.kubectl import kubeconfig

            check_request_timeout(self.flags.get("request-timeout", "0"))
            self._target = kubeconfig.target(self.config, self.flags, self.command_path.partition(" ")[2])
        return self._target

    @property
    def namespace(self) -> str:
        """The namespace commands work in: -n, the context's, or default."""
        return self.target.namespace

    @property
    def enforce_namespace(self) -> bool:
        """Whether -n was given: objects from files must then agree with it."""
        return self.target.namespace_given

    # -- the cluster

    @property
    def cluster(self) -> Cluster:
        """The cluster of the chosen context, caught up with the clock."""
        if self._cluster is None:
            from minikctl.cluster import Cluster
            from minikctl.kubectl import kubeconfig

            path = kubeconfig.store_path(self.target.server)
            environ = self.environ
            self._cluster = Cluster.open(
                path,
                clock=environ.get("MINIKCTL_CLOCK", ""),
                seed=environ.get("MINIKCTL_SEED"),
                settings=self._first_settings(path),
            )
            self._cluster.catch_up()
        return self._cluster

    def _first_settings(self, path: str) -> dict[str, Any]:
        """What the environment says of a cluster that is made by its first use."""
        environ = self.environ
        settings: dict[str, Any] = {}
        if environ.get("MINIKCTL_PROFILE"):
            settings["profile"] = environ["MINIKCTL_PROFILE"]
        if latency := environ.get("MINIKCTL_LATENCY"):
            if latency not in ("none", "realistic"):
                raise KubectlError("MINIKCTL_LATENCY must be none or realistic")
            settings["latency"] = latency
        if provider := environ.get("MINIKCTL_CLOUD_PROVIDER"):
            if provider != "emulated":
                raise KubectlError("MINIKCTL_CLOUD_PROVIDER must be emulated, or empty")
            settings["cloud-provider"] = provider
        if environ.get("MINIKCTL_SCHEDULER_CONFIG") and not os.path.exists(path):
            from minikctl.kubectl import schedulerconfig

            settings["scheduler"] = schedulerconfig.read(environ["MINIKCTL_SCHEDULER_CONFIG"])
        return settings

    @property
    def client(self) -> Client:
        """A client that acts as the kubeconfig's user (or as --as says)."""
        if self._client is None:
            from minikctl.kubectl.identity import impersonated, user_of

            entry = self.target.user
            user = user_of(entry, self.cluster)
            other = impersonated(self.flags, entry, user.name)
            self._client = self._observed(self.cluster.client(user, user_agent="kubectl", impersonate=other))
        return self._client

    def _observed(self, client: Client) -> Client:
        """The client with warnings printed and, with -v, requests logged."""
        client.on_warning = self.warning
        client.on_path = check_path
        client.limited = True
        if self.flags.get("v", 0) >= 1:
            from minikctl.kubectl.requestlog import RequestLog

            files = [path for path in self.config.files if os.path.exists(path)]
            client.on_request = RequestLog(self.streams.err, self.flags["v"], files)
        return client

    @property
    def resources(self) -> ResourceSet:
        """Everything the cluster serves: built-in kinds and those of CustomResourceDefinitions."""
        if self._resources is None:
            self._resources = self.client.resource_set()
        return self._resources

    def written(self, info: Info) -> None:
        """A command wrote this object. What later objects of the same command stand on settles at once."""
        if info.row.key in ("namespaces", "customresourcedefinitions.apiextensions.k8s.io"):
            self.cluster.settle()
            self._resources = None

    def now(self) -> float:
        """Cluster time."""
        return self.cluster.present()

    def builder(self) -> Builder:
        """A builder that turns files, TYPE/NAME and selectors into objects."""
        from minikctl.kubectl.builder import Builder

        return Builder(self)

    def resolve(self, name: str) -> Resource:
        """The resource a TYPE argument names; kubectl's error when there is none."""
        from minikctl.kubectl.builder import resolve_type

        return resolve_type(self, name)


def check_path(namespace: str, name: str) -> None:
    """Refuse, as client-go does, what cannot be part of a request's path."""
    for what, text in (("namespace", namespace), ("resource name", name)):
        problems = [f"may not be '{text}'"] if text in (".", "..") else []
        problems += [f"may not contain '{char}'" for char in "/%" if char in text]
        if problems:
            raise KubectlError(f"invalid {what} {quote(text)}: [{' '.join(problems)}]")


def check_request_timeout(text: str) -> None:
    """Refuse a --request-timeout that is neither seconds nor a duration."""
    if not text or text.removeprefix("+").isdigit():
        return
    from minikctl.apimachinery.duration import parse_go

    try:
        parse_go(text)
    except ValueError:
        raise KubectlError(
            "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a "
            "corresponding time unit (e.g. 1s | 2m | 3h)"
        ) from None
