"""kube-scheduler: gives each pending pod the best node, or says why there is none.

A key is one pod. Nodes and placed pods are kept in memory (snapshot.py), results per shape of pods
too (equivalence.py). Counterpart of kube-scheduler's `scheduler.go` and `schedule_one.go`.
"""

from __future__ import annotations

from collections.abc import Mapping

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Change, Obj
from minikctl.client.component import Env, Keys, Mapper
from minikctl.scheduler.equivalence import Results
from minikctl.scheduler.framework import PluginError
from minikctl.scheduler.plugins import profiles_of
from minikctl.scheduler.plugins.schedulinggates import gated
from minikctl.scheduler.podinfo import PodInfo, Shapes
from minikctl.scheduler.preemption import fits_beside, rivals_on
from minikctl.scheduler.profile import DEFAULT_SCHEDULER, Profile
from minikctl.scheduler.queue import Queue
from minikctl.scheduler.resultscache import ResultsCache
from minikctl.scheduler.snapshot import Cluster, NodeInfo
from minikctl.scheduler.storage import SnapshotStorage
from minikctl.scheduler.unschedulable import Unschedulable

_FINISHED = ("Succeeded", "Failed")
_NONE: tuple[str, ...] = ()


class Scheduler:
    """The component. Its profiles are those of the setting `scheduler`, a KubeSchedulerConfiguration."""

    name = "scheduler"

    def __init__(self, env: Env) -> None:
        self._env = env
        self._client = env.client
        self._shapes = Shapes()
        self._storage = SnapshotStorage(env.client, env.state, self._shapes)
        self._revision = 0  # of the last change seen
        self._profiles = profiles_of(env.client, env.settings.get("scheduler"))
        self._start = 0  # where in the order of nodes the next search starts (nextStartNodeIndex)
        self._cluster: Cluster | None = None
        self._queue = Queue()
        self._pending_read = False
        self._nominations: dict[str, str] = {}  # as read at the start, for the snapshot to take over
        self._results = ResultsCache(env.client)
        self._unschedulable = Unschedulable(env, self._queue)

    @property
    def watches(self) -> Mapping[str, Mapper]:
        return {
            "pods": self._pod_changed,
            "nodes": self._node_changed,
            "persistentvolumeclaims": self._volume_changed,
            "persistentvolumes": self._volume_changed,
            "storageclasses.storage.k8s.io": self._volume_changed,
            "csinodes.storage.k8s.io": self._volume_changed,
            "volumeattachments.storage.k8s.io": self._volume_changed,
            "csidrivers.storage.k8s.io": self._volume_changed,
            "csistoragecapacities.storage.k8s.io": self._volume_changed,
            "namespaces": self._namespace_changed,
            "services": self._service_changed,
            "resourceclaims.resource.k8s.io": self._devices_changed,
            "resourceslices.resource.k8s.io": self._devices_changed,
            "deviceclasses.resource.k8s.io": self._devices_changed,
        }

    def order(self, keys: list[str]) -> list[str]:
        """The order in which queued pods are tried."""
        return self._queue.order(keys)

    # Changes

    def _pod_changed(self, change: Change) -> Keys:
        self._revision = change.revision
        pod = change.object
        spec = pod["spec"]
        key = f"{change.namespace}/{change.name}"
        if spec.get("nodeName"):
            return self._placed_changed(key, change)
        if change.type == "DELETED":
            gone = self._queue.remove(key)
            if self._cluster is not None and gone is not None and self._cluster.nominated:
                self._cluster.nominate(gone, "")
                return self._queue.keys()
            return _NONE
        if not self._wants(pod):
            return _NONE
        return (key,) if self._queue.put(self._shapes.info(pod)) else _NONE

    def _placed_changed(self, key: str, change: Change) -> Keys:
        waited = self._queue.remove(key)
        cluster = self._cluster
        pod = change.object
        if cluster is None:
            return self._all_pending() if _matters(change) else _NONE
        if waited is not None and cluster.nominated:
            cluster.nominate(waited, "")
        if change.type != "DELETED":
            known = cluster.find(pod["spec"]["nodeName"], key)
            if known is not None and ((known.version and _older(pod, known.version)) or _same_guest(change)):
                return _NONE
        matters = self._storage.take(cluster, pod, change.type == "DELETED")
        return self._all_pending() if matters else _NONE

    def _node_changed(self, change: Change) -> Keys:
        self._revision = change.revision
        cluster = self._cluster
        if cluster is None:
            return self._all_pending()
        if change.type == "DELETED":
            cluster.remove_node(change.name)
            return self._all_pending()
        return self._all_pending() if cluster.set_node(change.object) else _NONE

    def _volume_changed(self, change: Change) -> Keys:
        self._all_pending()
        return self._queue.with_claims()

    def _namespace_changed(self, change: Change) -> Keys:
        """Namespaces may be selected by their labels in terms of affinity."""
        if self._cluster is None or not any(shape.affine for shape in (*self._cluster.shapes, *self._queue.shapes())):
            return _NONE
        for profile in self._profiles.values():
            for plugin in profile.filters:
                plugin.forget()
        self._results.clear()
        return self._queue.keys()

    def _devices_changed(self, change: Change) -> Keys:
        self._all_pending()
        if change.resource.startswith("deviceclasses"):
            self._results.clear()  # extended resources may stand for other classes now
        return self._queue.with_devices()

    def _service_changed(self, change: Change) -> Keys:
        self._results.services_changed(change.namespace)
        return _NONE

    def _all_pending(self) -> list[str]:
        """Every unscheduled pod; those from before this program started are read once."""
        if not self._pending_read:
            self._pending_read = True
            for pod in self._client.items("pods", node="", without=self._queue):
                if self._wants(pod):
                    self._queue.put(self._shapes.info(pod))
                    if nominated := pod.get("status", {}).get("nominatedNodeName"):
                        self._nominations[f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"] = nominated
        return self._queue.keys()

    def _load(self) -> Cluster:
        """The cluster's nodes and pods, from storage at first use."""
        if self._cluster is None:
            self._all_pending()
            cluster = self._cluster = self._storage.load(self._queue)
            for key, node_name in self._nominations.items():
                if (waiting := self._queue.get(key)) is not None:
                    cluster.nominate(waiting, node_name)
        return self._cluster

    def flush(self) -> None:
        """Store the snapshot, called at the end of each batch, in its transaction: not while pods come in."""
        if self._cluster is not None and not self._queue.busy:
            self._storage.save(self._cluster, self._revision or self._storage.revision)

    # One pod

    def sync(self, key: str) -> float | None:
        """Schedule one pod."""
        cluster = self._load()
        pod = self._queue.get(key)
        if pod is None:
            return None
        self._queue.tried(key)
        profile = self._profiles[pod.shape.scheduler]
        if profile.dynamic_resources is not None and profile.dynamic_resources.missing(pod.shape):
            return None
        try:
            self._schedule(cluster, pod, profile)
        except PluginError as error:
            self._unschedulable.report_error(pod, str(error))
        return None

    def _schedule(self, cluster: Cluster, pod: PodInfo, profile: Profile) -> None:
        results = self._results.of(pod.shape, cluster, profile)
        if self._queue.hopeless(pod.key, (results, results.outcome, cluster.nomination_changes)):
            return
        node = self._select(cluster, results, pod, profile)
        if node is None:
            self._unschedulable.handle(cluster, results, pod, profile)
            self._queue.failed(pod.key, (results, results.outcome, cluster.nomination_changes))
        elif self._pre_bind(pod, node, profile, results):
            self._bind(cluster, pod, node)

    def _pre_bind(self, pod: PodInfo, node: NodeInfo, profile: Profile, results: Results) -> bool:
        """Let the pod's claims be bound for the node; False while some are not yet."""
        shape, binding, devices = pod.shape, profile.volume_binding, profile.dynamic_resources
        if shape.claims and binding is not None and not binding.bind(shape, node):
            return False
        state = results.state_of(devices.name) if devices is not None else None
        if devices is None or state is None:
            return True
        return devices.bind(state, pod, node, self._env.clock.now(), self._env.rand.uid)

    def _select(self, cluster: Cluster, results: Results, pod: PodInfo, profile: Profile) -> NodeInfo | None:
        """The best feasible node; one the pod was nominated for goes first."""
        if results.refusal is not None or not cluster.nodes:
            return None
        crowded = None
        if cluster.nominated:
            named = cluster.nodes.get(cluster.nomination(pod.key))

            def crowded(node: NodeInfo) -> bool:
                rivals = rivals_on(cluster, pod, node)
                return bool(rivals) and not fits_beside(results, node, rivals)

            if named is not None and results.failure_of(named.name) is None and not crowded(named):
                return named
        nodes = len(cluster.nodes)
        choice = results.choose(self._start % nodes, profile.enough(nodes), crowded)
        self._start = (self._start + choice.looked_at) % nodes
        return choice.node

    def _bind(self, cluster: Cluster, pod: PodInfo, node: NodeInfo) -> None:
        namespace = pod.shape.namespace
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod.name, "namespace": namespace, "uid": pod.uid},
            "target": {"kind": "Node", "name": node.name},
        }
        try:
            self._client.create("pods", binding, namespace, "binding", pod.name, trusted=True)
        except StatusError as error:
            if error.reason in ("NotFound", "Conflict"):  # deleted, or bound by somebody else
                self._queue.remove(pod.key)
                return
            raise
        self._queue.remove(pod.key)
        if cluster.nominated:
            cluster.nominate(pod, "")
        pod.node = node.name
        cluster.place(pod)
        message = f"Successfully assigned {pod.key} to {node.name}"
        recorder = self._unschedulable.recorder(pod.shape.scheduler)
        recorder.event_v1(pod.reference(), None, "Normal", "Scheduled", "Binding", message)

    def _wants(self, pod: Obj) -> bool:
        """Whether a pod without a node is to be scheduled, and by this scheduler."""
        profile = self._profiles.get(pod["spec"].get("schedulerName", DEFAULT_SCHEDULER))
        return (
            profile is not None
            and "deletionTimestamp" not in pod["metadata"]
            and pod.get("status", {}).get("phase") not in _FINISHED
            and not (profile.gates and gated(pod))
        )


def _matters(change: Change) -> bool:
    """Whether room or peers changed, judged from the change alone (nothing is known yet)."""
    pod, old = change.object, change.old() if change.type == "MODIFIED" else None
    if old is None or not old["spec"].get("nodeName") or pod.get("status", {}).get("phase") in _FINISHED:
        return True
    return bool(
        old["metadata"].get("labels") != pod["metadata"].get("labels")
        or old["metadata"].get("generation") != pod["metadata"].get("generation")
    )


def _same_guest(change: Change) -> bool:
    """Whether a placed pod is to the scheduler what it was before the change, or before it was bound."""
    pod, old = change.object, change.old() if change.type == "MODIFIED" else None
    if old is None or pod["metadata"].get("generation") != 1 or (pod.get("status") or {}).get("phase") in _FINISHED:
        return False
    meta, before = pod["metadata"], old["metadata"]
    fields = ("labels", "ownerReferences", "deletionTimestamp")
    spec = {**old["spec"], "nodeName": pod["spec"]["nodeName"]}
    return spec == pod["spec"] and all(before.get(field) == meta.get(field) for field in fields)


def _older(pod: Obj, version: str) -> bool:
    return int(pod["metadata"].get("resourceVersion") or 0) < int(version)
