"""Emptying a node: which pods go, why some may not, and evicting or deleting them.

Evictions that a disruption budget refuses are tried again every five seconds of cluster time.
Upstream counterpart: kubectl's `pkg/drain`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.duration import format_go
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import strategy
from minikctl.kubectl.errors import KubectlError, raise_all
from minikctl.kubectl.flags import quote
from minikctl.kubectl.printing import name_printer
from minikctl.kubectl.watches import FOREVER

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

MIRROR = "kubernetes.io/config.mirror"
RETRY_SECONDS = 5.0

_SKIP, _WARNING, _ERROR = "skip", "warning", "error"


class Settings(NamedTuple):
    """What the flags of drain say."""

    force: bool = False
    ignore_daemon_sets: bool = False
    delete_empty_dir: bool = False
    disable_eviction: bool = False
    grace_period: int = -1
    timeout: float = 0.0
    pod_selector: str = ""
    skip_deleted_after: int = 0
    chunk_size: int = 500
    dry_run: str = strategy.NONE


class Verdict(NamedTuple):
    """Whether a pod goes, and what there is to say about it."""

    delete: bool
    kind: str = ""
    message: str = ""


class Selection:
    """The pods of a node with their verdicts."""

    def __init__(self, judged: list[tuple[Obj, Verdict]]) -> None:
        self.pods = [pod for pod, verdict in judged if verdict.delete]
        self._judged = judged

    def warnings(self) -> str:
        """All warnings in one line."""
        return "; ".join(f"{message}: {pods}" for message, pods in self._grouped(_WARNING))

    def errors(self) -> list[KubectlError]:
        """Why the node cannot be drained."""
        return [
            KubectlError(f"{message if message.startswith('cannot delete') else f'cannot delete {message}'}: {pods}")
            for message, pods in self._grouped(_ERROR)
        ]

    def _grouped(self, kind: str) -> Iterable[tuple[str, str]]:
        groups: dict[str, list[str]] = {}
        for pod, verdict in self._judged:
            if verdict.kind == kind:
                groups.setdefault(verdict.message, []).append(full_name(pod))
        return ((message, ", ".join(pods)) for message, pods in groups.items())


def full_name(pod: Obj) -> str:
    """NAMESPACE/NAME."""
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


class Drainer:
    """Empties nodes."""

    def __init__(self, factory: Factory, settings: Settings) -> None:
        self.factory = factory
        self.settings = settings

    # -- which pods

    def select(self, node: str) -> Selection:
        """The pods of the node, judged."""
        pods: list[Obj] = []
        token = ""
        while True:
            page = self.factory.client.list(
                "pods",
                label_selector=self.settings.pod_selector,
                field_selector=f"spec.nodeName={node}",
                limit=self.settings.chunk_size,
                continue_=token,
            )
            pods.extend(page.get("items") or ())
            token = page["metadata"].get("continue", "")
            if not token:
                return Selection([(pod, self.judge(pod)) for pod in pods])

    def judge(self, pod: Obj) -> Verdict:
        """Whether the pod goes; the last remark stands."""
        verdict = Verdict(True)
        for judge in (self._deleted, self._daemon_set, self._mirror, self._local_storage, self._unmanaged):
            verdict = judge(pod)
            if not verdict.delete:
                break
        return verdict

    def _deleted(self, pod: Obj) -> Verdict:
        return Verdict(False, _SKIP) if self._skips(pod) else Verdict(True)

    def _skips(self, pod: Obj) -> bool:
        after, deleted = self.settings.skip_deleted_after, pod["metadata"].get("deletionTimestamp")
        return after > 0 and bool(deleted) and int(self.factory.now() - parse_time(deleted)) > after

    def _daemon_set(self, pod: Obj) -> Verdict:
        owner = controller(pod)
        if owner is None or owner.get("kind") != "DaemonSet" or finished(pod):
            return Verdict(True)
        try:
            self.factory.client.get("daemonsets.apps", owner["name"], pod["metadata"]["namespace"])
        except StatusError as error:
            if error.reason == "NotFound" and self.settings.force:
                return Verdict(True, _WARNING, str(error))
            return Verdict(False, _ERROR, str(error))
        if not self.settings.ignore_daemon_sets:
            return Verdict(False, _ERROR, "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)")
        return Verdict(False, _WARNING, "ignoring DaemonSet-managed Pods")

    def _mirror(self, pod: Obj) -> Verdict:
        if MIRROR in (pod["metadata"].get("annotations") or {}):
            return Verdict(False, _SKIP)
        return Verdict(True)

    def _local_storage(self, pod: Obj) -> Verdict:
        local = any("emptyDir" in volume for volume in pod["spec"].get("volumes") or ())
        if not local or finished(pod):
            return Verdict(True)
        if not self.settings.delete_empty_dir:
            return Verdict(False, _ERROR, "Pods with local storage (use --delete-emptydir-data to override)")
        return Verdict(True, _WARNING, "deleting Pods with local storage")

    def _unmanaged(self, pod: Obj) -> Verdict:
        if finished(pod) or controller(pod) is not None:
            return Verdict(True)
        if self.settings.force:
            return Verdict(True, _WARNING, "deleting Pods that declare no controller")
        return Verdict(False, _ERROR, "cannot delete Pods that declare no controller (use --force to override)")

    # -- away with them

    def remove(self, pods: list[Obj]) -> None:
        """Evict or delete the pods and wait until they are gone."""
        if self.settings.disable_eviction:
            self._delete(pods)
        else:
            self._evict(pods)

    def _limit(self) -> tuple[float, str]:
        """When the time is up, and how the limit is called in messages."""
        seconds = self.settings.timeout or FOREVER
        return self.factory.now() + seconds, f"global timeout reached: {format_go(seconds)}"

    def _delete(self, pods: list[Obj]) -> None:
        options = self._delete_options()
        if self.settings.dry_run == strategy.SERVER:
            options["dryRun"] = ["All"]
        for pod in pods:
            metadata = pod["metadata"]
            try:
                self.factory.client.delete("pods", metadata["name"], metadata["namespace"], **options)
            except StatusError as error:
                if error.reason != "NotFound":
                    raise
        if self.settings.dry_run == strategy.SERVER:
            return
        limit, reached = self._limit()
        waiting = list(pods)
        while True:
            waiting = [pod for pod in waiting if not self._gone(pod, "deleted")]
            if not waiting:
                return
            self.factory.cluster.settle()
            if all(self._exists(pod) for pod in waiting) and not self.factory.cluster.wait(limit):
                raise KubectlError(reached)

    def _evict(self, pods: list[Obj]) -> None:
        limit, reached = self._limit()
        errors: list[Exception] = []
        refused = list(pods)
        waiting: list[Obj] = []
        retry = 0.0
        while refused or waiting:
            if refused and self.factory.now() >= retry:
                refused = self._ask(refused, waiting, errors, limit, reached)
                retry = self.factory.now() + RETRY_SECONDS
                if self.settings.dry_run == strategy.SERVER:
                    waiting = []
                    continue
                self.factory.cluster.settle()
            waiting = [pod for pod in waiting if not self._gone(pod, "evicted")]
            if waiting and self.factory.now() >= limit:
                errors += [
                    KubectlError(f"error when waiting for {_in(pod)} to terminate: {reached}") for pod in waiting
                ]
                waiting = []
            if refused or waiting:
                self.factory.cluster.wait(min([retry] * bool(refused) + [limit] * bool(waiting)))
        raise_all(errors)

    def _ask(
        self, pods: list[Obj], waiting: list[Obj], errors: list[Exception], limit: float, reached: str
    ) -> list[Obj]:
        """Ask for the eviction of pods, sort them into the lists; those that have to be asked for again."""
        again: list[Obj] = []
        for pod in pods:
            self._announce(pod)
            try:
                if self.factory.now() >= limit:
                    raise KubectlError(f"error when evicting {_where(pod)}: {reached}")
                (waiting if self._evicted(pod) else again).append(pod)
            except KubectlError as error:
                errors.append(error)
        return again

    def _announce(self, pod: Obj) -> None:
        server = self.settings.dry_run == strategy.SERVER
        self.factory.out(f"evicting pod {full_name(pod)}{' (server dry run)' if server else ''}")

    def _evicted(self, pod: Obj) -> bool:
        """Ask for the eviction; False where it has to be tried again."""
        metadata = pod["metadata"]
        eviction: Obj = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
            "deleteOptions": self._delete_options(),
        }
        options = strategy.request_options(self.settings.dry_run)
        try:
            self.factory.client.create(
                "pods", eviction, metadata["namespace"], subresource="eviction", name=metadata["name"], **options
            )
        except StatusError as error:
            if error.reason == "NotFound":
                return True
            if error.reason == "TooManyRequests":
                self.factory.err(f"error when evicting {_where(pod)} (will retry after 5s): {error}")
                return False
            raise KubectlError(f"error when evicting {_where(pod)}: {error}") from None
        return True

    def _delete_options(self) -> Obj:
        grace = self.settings.grace_period
        return {"gracePeriodSeconds": grace} if grace >= 0 else {}

    def _exists(self, pod: Obj) -> bool:
        metadata = pod["metadata"]
        live = self.factory.client.find("pods", metadata["name"], metadata["namespace"])
        return live is not None and live["metadata"]["uid"] == metadata["uid"]

    def _gone(self, pod: Obj, verb: str) -> bool:
        """Whether nothing has to be waited for any more; says so when the pod is gone."""
        metadata = pod["metadata"]
        live = self.factory.client.find("pods", metadata["name"], metadata["namespace"])
        if live is None or live["metadata"]["uid"] != metadata["uid"]:
            name_printer(self.factory.streams.out, verb)({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
            return True
        if self._skips(live):
            self.factory.out(
                f"pod {quote(metadata['name'])} has DeletionTimestamp older than {self.settings.skip_deleted_after} "
                "seconds, skipping"
            )
            return True
        return False


def controller(pod: Obj) -> Obj | None:
    """The controlling owner reference."""
    for reference in pod["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            found: Obj = reference
            return found
    return None


def finished(pod: Obj) -> bool:
    """Whether the pod has come to its end."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _where(pod: Obj) -> str:
    return f"pods/{quote(pod['metadata']['name'])} -n {quote(pod['metadata']['namespace'])}"


def _in(pod: Obj) -> str:
    return f"pod {quote(pod['metadata']['name'])} in namespace {quote(pod['metadata']['namespace'])}"
