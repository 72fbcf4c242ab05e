"""What a request knows while it is carried out: who, what, when, and the way to other objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.request import Obj, Request, UserInfo

if TYPE_CHECKING:
    from minikctl.apimachinery.rand import Rand
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.admission.passes import Passes
    from minikctl.apiserver.registry.reader import Reader
    from minikctl.apiserver.registry.strategy import Strategy
    from minikctl.apiserver.server import Server


class Context:
    """One request under way. Strategies, admission plugins and subresources get it.

    `operation` is what admission sees: CREATE, UPDATE, DELETE or CONNECT. `warnings` are collected
    for the response; `on_commit` functions run in the transaction, after the last check.
    """

    __slots__ = (
        "_now", "_passes", "dry_run", "on_commit", "operation", "request", "resource", "server", "strategy", "warnings",
    )  # fmt: skip

    def __init__(
        self, server: Server, request: Request, resource: Resource, strategy: Strategy, operation: str
    ) -> None:
        self.server = server
        self.request = request
        self.resource = resource
        self.strategy = strategy
        self.operation = operation
        self.dry_run = bool(request.options.get("dryRun"))
        self.warnings: list[str] = []
        self.on_commit: list[Any] = []
        self._now = ""
        self._passes: Passes | None = None

    @property
    def passes(self) -> Passes:
        """Which mutating hooks have run on the object."""
        if self._passes is None:
            from minikctl.apiserver.admission.passes import Passes

            self._passes = Passes()
        return self._passes

    @property
    def hooked(self) -> bool:
        """Whether any mutating hook has changed the object."""
        return self._passes is not None and self._passes.changed

    @property
    def user(self) -> UserInfo:
        return self.request.user

    @property
    def namespace(self) -> str:
        return self.request.namespace

    @property
    def reader(self) -> Reader:
        return self.server.reader

    @property
    def rand(self) -> Rand:
        """What is drawn from it is the same each time a request is begun anew for a webhook's sake."""
        answers = self.request.answers
        rand: Rand = self.server.rand if answers is None else answers.rand
        return rand

    @property
    def now(self) -> str:
        """The time of this request as metav1.Time."""
        if not self._now:
            answers = self.request.answers
            self._now = rfc3339(self.server.clock.now()) if answers is None else answers.now
        return self._now

    @property
    def audited(self) -> bool:
        """Whether an audit log is kept of the request."""
        return self.request.notes is not None

    def note(self, key: str, value: str) -> None:
        """Have the audit log say something of the request; what has been said first stays."""
        if self.request.notes is not None:
            self.request.notes.setdefault(key, value)

    def note_deprecated(self) -> None:
        """Have the audit log say that a deprecated version was asked for."""
        self.note("k8s.io/deprecated", "true")

    def write(self, resource_key: str, obj: Obj) -> None:
        """Store an object beside the request's own (a quota's usage), unchecked, unless this is a dry run."""
        if not self.dry_run:
            self.server.storage.replace(resource_key, obj)

    @property
    def manager(self) -> str:
        """The field manager: as asked for, else the first word of the user agent."""
        manager = self.request.options.get("fieldManager") or self.request.user_agent.partition("/")[0]
        return str(manager)[:128] or "unknown"
