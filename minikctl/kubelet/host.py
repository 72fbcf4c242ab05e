"""The machines under the emulated nodes: what all pods' workers share.

The API client, the clock, one event recorder per node, and the stores of images, addresses, volumes
and logs. Node objects are read once per program run and followed through changes.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Change, Obj
from minikctl.client.component import Env
from minikctl.client.recorder import Recorder
from minikctl.kubelet import latency
from minikctl.kubelet.admission import Usage
from minikctl.kubelet.images import Images
from minikctl.kubelet.logs import Logs
from minikctl.kubelet.machines import Machines
from minikctl.kubelet.network import Addresses
from minikctl.kubelet.record import MIRROR, identity
from minikctl.kubelet.volumes import Volumes


class Host:
    """Shared means of the kubelets of one cluster."""

    def __init__(self, env: Env) -> None:
        self.client = env.client
        self.clock = env.clock
        self.rand = env.rand
        self.state = env.state
        self.images = Images(env.state)
        self.addresses = Addresses(env.state)
        self.volumes = Volumes(env.client, env.state, env.clock)
        self.logs = Logs(env.state)
        self.machines = Machines(env.state)
        self.latency = latency.of(env.settings)
        self.in_cloud = bool(env.settings.get("cloud-provider"))
        self._recorders: dict[str, Recorder] = {}
        self._nodes: dict[str, Obj | None] = {}
        self._usage: dict[str, Usage] = {}
        self._born = env.clock.present()

    def emulates(self, node: str) -> bool:
        """Whether this node has an emulated kubelet."""
        return self.machines.get(node) is not None

    def refresh(self) -> None:
        """Another process may have changed what is kept beside the objects."""
        self.machines.refresh()
        self.images.refresh()
        self.addresses.refresh()

    def recorder(self, node: str) -> Recorder:
        found = self._recorders.get(node)
        if found is None:
            found = self._recorders[node] = Recorder(self.client, self.clock, self.rand, "kubelet", node, self._born)
        return found

    def node(self, name: str) -> Obj | None:
        """The Node object; None where it was deleted."""
        if name not in self._nodes:
            self._nodes[name] = self.client.find("nodes", name)
        return self._nodes[name]

    def node_changed(self, change: Change) -> None:
        self._nodes[change.name] = None if change.type == "DELETED" else change.object

    def usage(self, node: str) -> Usage:
        """What the running pods of a node take of it."""
        found = self._usage.get(node)
        if found is None:
            found = self._usage[node] = Usage()
            for pod in self.client.items("pods", node=node, shared=True):
                found.follow(pod)
        return found

    def pod_changed(self, change: Change) -> None:
        found = self._usage.get(change.object["spec"].get("nodeName", ""))
        if found is not None:
            if change.type == "DELETED":
                found.remove(f"{change.namespace}/{change.name}")
            else:
                found.follow(change.object)

    def event(self, pod: Obj, type_: str, reason: str, message: str, field_path: str = "", times: int = 1) -> None:
        """Record an event about a pod, from its node, as having happened so many times."""
        node = pod["spec"]["nodeName"]
        if not (self.machines.get(node) or {}).get("silent"):  # who is cut off tells nobody
            self.recorder(node).event(_known_as(pod), type_, reason, message, field_path, times)

    def node_event(self, name: str, type_: str, reason: str, message: str) -> None:
        """Record an event about a node; a kubelet knows its node by name alone."""
        reference = {"kind": "Node", "name": name, "uid": name}
        self.recorder(name).event(reference, type_, reason, message)

    def not_ready(self, node: str) -> str:
        """Why the network of a machine is not ready; empty where it is."""
        return str((self.machines.get(node) or {}).get("not_ready", ""))

    def pull(self, node: str, size: int, now: float, seconds: float | None) -> tuple[float, float]:
        """Begin to pull an image: when it will be there, and how long the pull itself takes.

        `seconds` says how long, if the pod does. A node pulls one image after another.
        """
        took = self.latency.pull(size) if seconds is None else seconds
        took += (self.machines.get(node) or {}).get("pull", 0.0)
        if not took:
            return now, 0.0
        begins = max(now, self.state.get(f"pulls/{node}") or 0.0)
        self.state.put(f"pulls/{node}", begins + took)
        return begins + took, took


def _known_as(pod: Obj) -> Obj:
    """A pod as its node names it in Events: a static pod has its hash for a uid."""
    meta = pod["metadata"]
    if MIRROR not in (meta.get("annotations") or ()):
        return pod
    names = {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": identity(pod)}
    return {**names, "apiVersion": "v1", "resourceVersion": meta.get("resourceVersion", "")}
