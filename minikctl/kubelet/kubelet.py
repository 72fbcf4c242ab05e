"""The kubelets of all emulated nodes, as one component. A key is a pod ("ns/name") or a node ("/NAME").

A sync admits a new pod, lets its worker bring it up to the present, and writes the status where it
differs: one write for a plain pod from Pending to Running. Counterpart of kubelet's `kubelet.go`.
"""

from __future__ import annotations

from collections.abc import Mapping

from minikctl.apimachinery import heartbeats
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Change, Obj
from minikctl.client.component import Env, Keys, Mapper, split_key
from minikctl.kubelet import consumption, machines, status
from minikctl.kubelet.admission import admit, refuse
from minikctl.kubelet.environment import node_ip
from minikctl.kubelet.host import Host
from minikctl.kubelet.nodesync import NodeSync
from minikctl.kubelet.record import MIRROR, PodRecord, identity
from minikctl.kubelet.resize import Resize
from minikctl.kubelet.volumes import ATTACHMENT
from minikctl.kubelet.worker import Worker, deletion_time

_FINISHED = ("Succeeded", "Failed")
_NONE: tuple[str, ...] = ()
_EVICTION_GRACE = 1.0
_SANDBOX_CHANGED = "Pod sandbox changed, it will be killed and re-created."
_SHUTDOWN = "Pod was terminated in response to imminent node shutdown."


class Kubelet:
    """The component."""

    name = "kubelet"

    def __init__(self, env: Env) -> None:
        self._client = env.client
        self._clock = env.clock
        self._state = env.state
        self._host = Host(env)
        self._nodes = NodeSync(self._host, self._evict)
        self._written: dict[str, str] = {}  # pod key -> resourceVersion of the last status written

    def refresh(self) -> None:
        """Work begins, or goes on after another process has been at work."""
        self._host.refresh()

    @property
    def watches(self) -> Mapping[str, Mapper]:
        return {
            "pods": self._pod_changed,
            "nodes": self._node_changed,
            "leases.coordination.k8s.io": self._lease_changed,
            "configmaps": self._source_changed,
            "secrets": self._source_changed,
            "persistentvolumeclaims": self._source_changed,
            "services": self._service_changed,
            "endpointslices.discovery.k8s.io": self._service_changed,
            "networkpolicies.networking.k8s.io": self._service_changed,
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
        if gone and MIRROR in (pod["metadata"].get("annotations") or ()):
            keys = (*keys, f"/{node}")
        return keys

    def _node_changed(self, change: Change) -> Keys:
        if not self._host.emulates(change.name):
            return _NONE
        self._host.node_changed(change)
        if change.type == "DELETED":
            return _NONE
        return (f"/{change.name}", *self._waiting(f"*/{ATTACHMENT}{change.name}"))

    def _lease_changed(self, change: Change) -> Keys:
        """Written when a node falls silent or is heard again (or by others): all of its pods are to be looked at."""
        name = change.name
        if change.namespace != heartbeats.LEASE_NAMESPACE or not self._host.emulates(name):
            return _NONE
        keys = [key[len("pod/") :] for key, stored in self._state.scan("pod/") if stored["node"] == name]
        pods = [pod["metadata"] for pod in self._client.items("pods", node=name)]
        return (f"/{name}", *keys, *(f"{meta['namespace']}/{meta['name']}" for meta in pods))

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
            return self._nodes.sync(name)
        found = self._client.peek("pods", name, namespace, shared=True)
        pod = None if found is None else dict(found)
        stored = self._state.get(f"pod/{key}")
        record = PodRecord.load(stored) if stored else None
        node = record.node if record is not None else pod["spec"].get("nodeName", "") if pod is not None else ""
        machine = self._host.machines.get(node) if node else None
        if machine and machines.is_silent(machine):
            return self._sync_unheard(key, pod, record, machine)
        if record is not None and (pod is None or identity(pod) != record.uid):
            if pod is None and self._nodes.static.keeps(record.node, key, record.uid):
                return None  # a static pod goes on without its mirror, until there is a new one
            self._forget(key, record)
            record = None
            machine = self._host.machines.get(pod["spec"].get("nodeName", "")) if pod is not None else None
        if pod is None or machine is None:
            self._written.pop(key, None)
            return None
        return self._sync_pod(key, pod, record, machine)

    def _sync_unheard(self, key: str, pod: Obj | None, record: PodRecord | None, machine: Obj) -> float | None:
        """On a machine that is off nothing happens; one that is cut off goes on with what it has."""
        if pod is None or record is None or record.ended or machines.is_off(machine):
            return None
        meta = {field: value for field, value in pod["metadata"].items() if field != "deletionTimestamp"}
        worker = Worker(self._host, {**pod, "metadata": meta}, record, self._clock.now())
        record.waits = []
        worker.advance()
        self._save(key, record)
        return worker.due()

    def _sync_pod(self, key: str, pod: Obj, record: PodRecord | None, machine: Obj) -> float | None:
        now = self._clock.now()
        if MIRROR in (pod["metadata"].get("annotations") or ()) and self._settle_mirror(key, pod, record):
            return None
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
            if machine:
                self._disturb(pod, record, machine, worker)
            resize = Resize(self._host, pod, record)
            if restarted := resize.apply():
                worker.restart_resized(restarted)
            worker.advance()
            resize.finish()
            due = worker.due()
            if not record.ended and consumption.is_limited(pod):
                due = self._check_storage(pod, record, due)
            if record.ended:
                self._release(record)
        self._write(key, pod, record, now)
        self._note_waits(key, pod, record, waits_before)
        self._save(key, record)
        return due

    def _settle_mirror(self, key: str, pod: Obj, record: PodRecord | None) -> bool:
        """Remove a mirror that was deleted, though its static pod goes on, or that mirrors nothing; True if so."""
        node = pod["spec"]["nodeName"]
        deleted = "deletionTimestamp" in pod["metadata"]
        if deleted if self._nodes.static.keeps(node, key, identity(pod)) else record is None:
            self._remove(pod)
            return True
        return False

    def _disturb(self, pod: Obj, record: PodRecord, machine: Obj, worker: Worker) -> None:
        """What happened to the machine, as far as the pod feels it."""
        if record.boots != machine.get("boots", 0):
            record.boots = machine.get("boots", 0)
            if record.sandbox:
                self._release(record)
                self._host.event(pod, "Normal", "SandboxChanged", _SANDBOX_CHANGED)
                worker.boot()
        shutdown = machine.get("shutdown")
        if shutdown is not None and not record.ending:
            record.disrupted = _SHUTDOWN
            worker.end("Failed", "Terminated", _SHUTDOWN, float(shutdown["grace"]))

    def _check_storage(self, pod: Obj, record: PodRecord, due: float | None) -> float | None:
        """Evict a pod that uses more local disk than it may; when to look at it again."""
        now = self._clock.now()
        if not record.ending and (text := consumption.excess(self._host, pod, record, now)):
            self._evict(pod, record, text, disrupted=False)
            return None
        if not consumption.may_grow(pod):
            return due
        again = now + consumption.LOOK_SECONDS
        return again if due is None else min(due, again)

    def _evict(self, pod: Obj, record: PodRecord, message: str, disrupted: bool = True) -> None:
        """End a pod because the node, or the pod itself, has used up what there is."""
        now, meta = self._clock.now(), pod["metadata"]
        self._host.event(pod, "Warning", "Evicted", message)
        record.disrupted = message if disrupted else ""
        worker = Worker(self._host, pod, record, now)
        worker.end("Failed", "Evicted", message, _EVICTION_GRACE)
        if record.ended:
            self._release(record)
        key = f"{meta['namespace']}/{meta['name']}"
        self._write(key, pod, record, now)
        self._written.pop(key, None)  # the pod's own sync takes over
        self._save(key, record)

    def _admit(self, key: str, pod: Obj, now: float) -> PodRecord | None:
        name = pod["spec"]["nodeName"]
        node = self._host.node(name)
        if node is None:
            return None
        usage, machine = self._host.usage(name), self._host.machines.get(name)
        rejection = (refuse(pod, machine) if machine else None) or admit(pod, node, usage)
        if rejection is not None:
            self._host.event(pod, "Warning", rejection.reason, rejection.message)
            pod["status"] = status.rejected(pod, rejection.reason, rejection.message, now)
            self._update(key, pod)
            return None
        usage.add(key, pod)
        record = PodRecord(identity(pod), name, now)
        record.boots = (machine or {}).get("boots", 0)
        record.level = pod["spec"].get("resources")
        return record

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
            shared = what == "services" or what.startswith(("room/", ATTACHMENT))
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
        self._remove(pod)

    def _remove(self, pod: Obj) -> None:
        meta = pod["metadata"]
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
        try:
            self._client.delete("pods", meta["name"], meta["namespace"], **options)
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
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


def _outcome(record: PodRecord) -> str:
    """The phase of a pod whose containers were stopped."""
    failed = any(state.code for state in record.containers.values())
    return "Failed" if failed else "Succeeded"


def _empty(record: PodRecord) -> PodRecord:
    return PodRecord(record.uid, record.node, record.start)
