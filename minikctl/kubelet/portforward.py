"""Connections to the ports of a pod: what port-forward carries bytes to.

Counterpart of the runtime's PortForward.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import listeners
from minikctl.kubelet.runtime.httpexchange import Connection, HttpAnswer, HttpRequest, NotReached, text_answer

if TYPE_CHECKING:
    from minikctl.client.client import Client


class PodPorts:
    """The ports of one pod: a `streaming.PortForwarder`."""

    def __init__(self, client: Client, pod: Obj) -> None:
        self._client = client
        self._pod = pod

    def alive(self) -> bool:
        """Whether the pod still runs."""
        pod = self._now()
        return pod is not None and (pod.get("status") or {}).get("phase") == "Running"

    def connect(self, port: int) -> Connection:
        """A connection to a port; ConnectionRefusedError in the runtime's words where nobody listens."""
        pod = self._now()
        if pod is None or listeners.listener(pod, port) is None:
            raise ConnectionRefusedError(_refused(self._pod, port))
        return Connection(lambda request: self._answer(port, request))

    def _answer(self, port: int, request: HttpRequest) -> HttpAnswer:
        pod = self._now()
        try:
            if pod is not None:
                return listeners.answer(pod, port, request)
        except NotReached:
            pass
        return text_answer("", 503)

    def _now(self) -> Obj | None:
        meta = self._pod["metadata"]
        found = self._client.find("pods", meta["name"], meta["namespace"])
        return found if found is not None and found["metadata"]["uid"] == meta["uid"] else None


def _refused(pod: Obj, port: int) -> str:
    sandbox = sha256(pod["metadata"]["uid"].encode()).hexdigest()
    namespace = f"/var/run/netns/cni-{pod['metadata']['uid']}"
    return (
        f"error forwarding port {port} to pod {sandbox}, uid : failed to execute portforward in network namespace "
        f'"{namespace}": failed to connect to localhost:{port} inside namespace "{sandbox}", IPv4: dial tcp4 '
        f"127.0.0.1:{port}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found "
    )
