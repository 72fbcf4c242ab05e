"""The kubelets of all emulated nodes, as one component. A key is a pod ("ns/name") or a node ("/NAME").

A sync admits a new pod, lets its worker bring it up to the present, and writes the status where it
differs: one write for a plain pod from Pending to Running. Counterpart of kubelet's `kubelet.go`.
"""

from __future__ import annotations

from collections.abc import Mapping

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import MERGE_PATCH, Change, Obj
from minikctl.client.component import Env, Keys, Mapper, split_key
from minikctl.kubelet import nodes, status
from minikctl.kubelet.admission import admit
from minikctl.kubelet.environment import node_ip
from minikctl.kubelet.host import Host
from minikctl.kubelet.record import PodRecord
from minikctl.kubelet.resize import Resize
from minikctl.kubelet.worker import Worker, deletion_time

_FINISHED = ("Succeeded", "Failed")
_MIRROR = "kubernetes.io/config.mirror"
_NONE: tuple[str, ...] = ()


class Kubelet:
    """The component."""

    name = "kubelet"

    def __init__(self, env: Env) -> None:
        self._client = env.client
        self._clock = env.clock
        self._state = env.state
        self._host = Host(env)
        self._written: dict[str, str] = {}  # pod key -> resourceVersion of the last status written

    @property
    def watches(self) -> Mapping[str, Mapper]:
        return {
            "pods": self._pod_changed,
            "nodes": self._node_changed,
            "configmaps": self._source_changed,
            "secrets": self._source_changed,
            "persistentvolumeclaims": self._source_changed,
            "services": self._service_changed,
            "endpointslices.discovery.k8s.io": self._service_changed,
        }

    # Changes

    def _pod_changed(self, change: Change) -> Keys:
        pod = change.object
        node = pod["spec"].get("nodeName")
        if not node or not self._host.emulates(node):
            return _NONE
        self._host.pod_changed(change)
        key = f"{change.namespace}/{change.name}"
        gone = change.type == "DELETED"
        keys = _NONE if not gone and self._written.get(key) == pod["metadata"]["resourceVersion"] else (key,)
        if gone or pod.get("status", {}).get("phase") in _FINISHED:  # there may be room for a resize now
            keys = (*keys, *self._waiting(f"*/room/{node}"))
        return keys

    def _node_changed(self, change: Change) -> Keys:
        if not self._host.emulates(change.name):
            return _NONE
        self._host.node_changed(change)
        return (f"/{change.name}",) if change.type != "DELETED" else _NONE

    def _source_changed(self, change: Change) -> Keys:
        """Pods that wait for a ConfigMap, Secret or claim."""
        if change.type == "DELETED":
            self._host.volumes.forget(change.namespace)
            return _NONE
        return self._waiting(f"{change.namespace}/{change.resource}/{change.name}")

    def _service_changed(self, change: Change) -> Keys:
        return self._waiting("*/services")

    def _waiting(self, what: str) -> list[str]:
        found: list[str] = self._state.get(f"waits/{what}") or []
        return found

    # Syncing

    def sync(self, key: str) -> float | None:
        """Bring one pod, or one node's status, up to the present."""
        namespace, name = split_key(key)
        if not namespace:
            self._sync_node(name)
            return None
        found = self._client.peek("pods", name, namespace, shared=True)
        pod = None if found is None else dict(found)
        stored = self._state.get(f"pod/{key}")
        record = PodRecord.load(stored) if stored else None
        if record is not None and (pod is None or pod["metadata"]["uid"] != record.uid):
            self._forget(key, record)
            record = None
        if pod is None or not self._host.emulates(pod["spec"].get("nodeName", "")):
            self._written.pop(key, None)
            return None
        return self._sync_pod(key, pod, record)

    def _sync_pod(self, key: str, pod: Obj, record: PodRecord | None) -> float | None:
        now = self._clock.now()
        if record is None:
            if pod.get("status", {}).get("phase") in _FINISHED or "deletionTimestamp" in pod["metadata"]:
                self._remove_if_deleted(pod)
                return None
            record = self._admit(key, pod, now)
            if record is None:
                return None
        if "deletionTimestamp" in pod["metadata"]:
            return self._terminate(key, pod, record, now)
        waits_before = list(record.waits)
        worker = Worker(self._host, pod, record, now)
        due: float | None = None
        if not record.ended:
            record.waits = []
            resize = Resize(self._host, pod, record)
            if restarted := resize.apply():
                worker.restart_resized(restarted)
            worker.advance()
            resize.finish()
            due = worker.due()
            if record.ended:
                self._release(record)
        self._write(key, pod, record, now)
        self._note_waits(key, pod, record, waits_before)
        self._save(key, record)
        return due

    def _admit(self, key: str, pod: Obj, now: float) -> PodRecord | None:
        name = pod["spec"]["nodeName"]
        node = self._host.node(name)
        if node is None:
            return None
        usage = self._host.usage(name)
        rejection = admit(pod, node, usage)
        if rejection is not None:
            self._host.event(pod, "Warning", rejection.reason, rejection.message)
            pod["status"] = status.rejected(pod, rejection.reason, rejection.message, now)
            self._update(key, pod)
            return None
        usage.add(key, pod)
        return PodRecord(pod["metadata"]["uid"], name, now)

    def _write(self, key: str, pod: Obj, record: PodRecord, now: float) -> None:
        """Write the status where it differs from what the API has."""
        generated = status.generate(pod, record, node_ip(self._host.node(record.node)), now)
        if generated != pod.get("status"):
            pod["status"] = generated
            self._update(key, pod)

    def _update(self, key: str, pod: Obj) -> None:
        written = self._client.update("pods", {**pod, "metadata": dict(pod["metadata"])}, "status", trusted=True)
        self._written[key] = written["metadata"]["resourceVersion"]

    def _save(self, key: str, record: PodRecord) -> None:
        data = record.dump()
        if data != record.stored:
            self._state.put(f"pod/{key}", data)

    def _note_waits(self, key: str, pod: Obj, record: PodRecord, before: list[str]) -> None:
        """Keep the index from what is missing to the pods that wait for it."""
        if any(state.asked for state in record.containers.values()):
            record.waits.append("services")
        if record.waits == before:
            return
        namespace = pod["metadata"]["namespace"]
        for what in {*before, *record.waits}:
            shared = what == "services" or what.startswith("room/")
            index = f"waits/*/{what}" if shared else f"waits/{namespace}/{what}"
            keys = [other for other in self._state.get(index) or () if other != key]
            if what in record.waits:
                keys.append(key)
            if keys:
                self._state.put(index, keys)
            else:
                self._state.delete(index)

    # Ending

    def _terminate(self, key: str, pod: Obj, record: PodRecord, now: float) -> float | None:
        """Stop a deleted pod's containers, then remove it from the API."""
        due = Worker(self._host, pod, record, now).terminate(deletion_time(pod))
        if due is not None:
            self._write(key, pod, record, now)
            self._save(key, record)
            return due
        if pod["metadata"].get("finalizers"):
            record.ended = record.ended or _outcome(record)
            self._write(key, pod, record, now)
            self._save(key, record)
        self._remove_if_deleted(pod)
        return None

    def _remove_if_deleted(self, pod: Obj) -> None:
        """The last delete, with grace period 0, once nothing of the pod runs any more."""
        meta = pod["metadata"]
        if "deletionTimestamp" not in meta or (meta.get("finalizers") and meta.get("deletionGracePeriodSeconds") == 0):
            return
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
        try:
            self._client.delete("pods", meta["name"], meta["namespace"], **options)
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise
        if _MIRROR in (meta.get("annotations") or {}):
            self._mirror_again(pod)

    def _mirror_again(self, pod: Obj) -> None:
        """A static pod stays whatever happens to its mirror in the API: make a new one."""
        meta = pod["metadata"]
        kept = {
            field: meta[field]
            for field in ("name", "namespace", "labels", "annotations", "ownerReferences")
            if field in meta
        }
        try:
            self._client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": kept, "spec": pod["spec"]})
        except StatusError as error:
            if error.reason not in ("AlreadyExists", "Forbidden", "NotFound"):
                raise

    def _release(self, record: PodRecord) -> None:
        """Give back what a pod that is over no longer needs on its node."""
        if record.ip and record.sandbox:
            self._host.addresses.release(record.node, record.ip)

    def _forget(self, key: str, record: PodRecord) -> None:
        """Remove all traces of a pod that is gone from the API."""
        if not record.ended:
            self._release(record)
        self._host.volumes.clean(record.uid)
        self._host.logs.clean(record.uid)
        self._note_waits(key, {"metadata": {"namespace": split_key(key)[0]}}, _empty(record), record.waits)
        self._state.delete(f"pod/{key}")
        self._written.pop(key, None)

    # Nodes

    def _sync_node(self, name: str) -> None:
        node = self._host.node(name)
        if node is None:
            return
        allocatable = nodes.refreshed_allocatable(node.get("status") or {})
        if allocatable is None:
            return
        before = (node.get("status") or {}).get("allocatable") or {}
        gone = dict.fromkeys(set(before) - set(allocatable))
        patch = {"status": {"allocatable": {**gone, **allocatable}}}
        self._client.patch("nodes", name, patch, MERGE_PATCH, subresource="status")


def _outcome(record: PodRecord) -> str:
    """The phase of a pod whose containers were stopped."""
    failed = any(state.code for state in record.containers.values())
    return "Failed" if failed else "Succeeded"


def _empty(record: PodRecord) -> PodRecord:
    return PodRecord(record.uid, record.node, record.start)
