"""kubectl port-forward: local ports that lead to a pod's.

Upstream counterpart: kubectl's `pkg/cmd/portforward`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import podpicking
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.decoding import CLIENT_SCHEME
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import DURATION, STRING_SLICE, Flag
from minikctl.kubectl.info import Info


class PortForwardOptions(Options):
    """Which ports to forward."""

    def complete(self, args: list[str]) -> None:
        if len(args) < 2:
            raise self.usage_error("TYPE/NAME and list of ports are required for port-forward")
        timeout = podpicking.running_timeout(self.flags, self.usage_error)
        named = [args[0]] if "/" in args[0] else ["pods", args[0]]
        (info,) = self.factory.builder().types_or_names(named).infos()
        podpicking.refuse_custom(info, CLIENT_SCHEME)
        self.pod: Obj = podpicking.attachable_pod(self.factory, info, timeout)
        self.ports = remote_ports(args[1:], info, self.pod)

    def run(self) -> None:
        from minikctl.kubectl.portforwarding import PortForwarding, parse_addresses, parse_ports

        phase = (self.pod.get("status") or {}).get("phase")
        if phase != "Running":
            raise KubectlError(f"unable to forward port because pod is not running. Current status={phase}")
        addresses, ports = parse_addresses(self.flags["address"]), parse_ports(self.ports)
        meta = self.pod["metadata"]
        try:
            forwarder: Any = self.factory.client.create(
                "pods", {}, meta["namespace"], subresource="portforward", name=meta["name"]
            )
        except StatusError as error:
            raise KubectlError(f"error upgrading connection: unable to upgrade connection: {error.message}") from None
        PortForwarding(self.factory, forwarder).run(addresses, ports)


def remote_ports(texts: list[str], info: Info, pod: Obj) -> list[str]:
    """The ports with names resolved, and with a Service's ports turned into the pod's."""
    if info.row.key == "services":
        _refuse_udp(texts, info.obj["spec"].get("ports") or (), "port", lambda name: _service_port(info.obj, name))
        return [_of_service(text, info.obj, pod) for text in texts]
    entries = [entry for container in pod["spec"]["containers"] for entry in container.get("ports") or ()]
    _refuse_udp(texts, entries, "containerPort", lambda name: _container_port(pod, name))
    return [_of_pod(text, pod) for text in texts]


def _split(text: str) -> tuple[str, str]:
    local, colon, remote = text.partition(":")
    return (local, remote) if colon and ":" not in remote else (local, local)


def _of_service(text: str, service: Obj, pod: Obj) -> str:
    local, remote = _split(text)
    number = _integer(remote)
    if number is None:
        number = _service_port(service, remote)
        local = str(number) if local == remote else local
    target = str(_target_port(service, pod, number))
    return target if local == target else f"{local}:{target}"


def _of_pod(text: str, pod: Obj) -> str:
    local, remote = _split(text)
    if not remote:
        raise KubectlError("remote port cannot be empty")
    number = remote if _integer(remote) is not None else str(_container_port(pod, remote))
    return number if local == remote else f"{local}:{number}"


def _integer(text: str) -> int | None:
    try:
        return int(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None


def _service_port(service: Obj, name: str) -> int:
    for entry in service["spec"].get("ports") or ():
        if entry.get("name") == name:
            return int(entry["port"])
    raise KubectlError(f"Service '{service['metadata']['name']}' does not have a named port '{name}'")


def _container_port(pod: Obj, name: str) -> int:
    for container in pod["spec"]["containers"]:
        for entry in container.get("ports") or ():
            if entry.get("name") == name:
                return int(entry["containerPort"])
    raise KubectlError(f"Pod '{pod['metadata']['name']}' does not have a named port '{name}'")


def _target_port(service: Obj, pod: Obj, port: int) -> int:
    for entry in service["spec"].get("ports") or ():
        if entry["port"] != port:
            continue
        if service["spec"].get("clusterIP") == "None":
            return port
        target = entry.get("targetPort") or port
        return target if isinstance(target, int) else _container_port(pod, target)
    raise KubectlError(f"Service {service['metadata']['name']} does not have a service port {port}")


def _refuse_udp(texts: list[str], entries: Any, field: str, named: Any) -> None:
    tcp = {entry[field] for entry in entries if entry.get("protocol", "TCP") == "TCP"}
    only_udp = {entry[field] for entry in entries if entry.get("protocol") == "UDP"} - tcp
    for text in texts:
        _, remote = _split(text)
        number = _integer(remote)
        if (named(remote) if number is None else number) in only_udp:
            raise KubectlError(f"UDP protocol is not supported for {remote}")


COMMAND = Command(
    "port-forward TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
    PortForwardOptions,
    (
        Flag("address", "", STRING_SLICE, ["localhost"], "Addresses to listen on (comma separated)."),
        Flag("pod-running-timeout", "", DURATION, 60.0, "Time to wait until a pod is running.", shown="1m0s"),
    ),
    long="""
Forward one or more local ports to a pod.

 Of several pods one is chosen. The command ends when its pod does, or when it is interrupted.

 What an emulated container serves is said by the annotation minikctl.dev/http, by default a page that names its pod.
""",
    example="""
        # Listen on ports 5000 and 6000 locally, forwarding to the same ports of the pod
        kubectl port-forward pod/mypod 5000 6000

        # The same with a pod of the deployment
        kubectl port-forward deployment/mydeployment 5000 6000

        # Listen on port 8443 locally, forwarding to the target of the service's port named "https"
        kubectl port-forward service/myservice 8443:https

        # Listen on port 8888 of all addresses, forwarding to 5000 in the pod
        kubectl port-forward --address 0.0.0.0 pod/mypod 8888:5000

        # Listen on any free port, forwarding to 5000 in the pod
        kubectl port-forward pod/mypod :5000
        """,
)
