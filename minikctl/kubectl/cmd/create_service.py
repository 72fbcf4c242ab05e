"""kubectl create service clusterip, nodeport, loadbalancer, externalname.

Upstream counterpart: `create_service.go` of kubectl's `pkg/cmd/create`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd.generator import GeneratorOptions
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import INT, STRING, STRING_SLICE, Flag, quote
from minikctl.kubectl.flagsets import CREATE


class ServiceOptions(GeneratorOptions):
    """A Service of one type with a selector on its own name."""

    type = "ClusterIP"

    def validate(self) -> None:
        flags = self.flags
        headless = flags.get("clusterip") == "None"
        if not headless and not flags["tcp"] and self.type != "ExternalName":
            raise KubectlError("at least one tcp port specifier must be provided")

    def build(self) -> Obj:
        spec: Obj = {}
        ports = [self._port(text) for text in self.flags["tcp"]]
        if ports:
            spec["ports"] = ports
        spec["selector"] = {"app": self.name}
        if self.flags.get("clusterip"):
            spec["clusterIP"] = self.flags["clusterip"]
        spec["type"] = self.type
        if self.flags.get("external-name"):
            spec["externalName"] = self.flags["external-name"]
        return {
            "kind": "Service",
            "apiVersion": "v1",
            "metadata": {"name": self.name, "labels": {"app": self.name}},
            "spec": spec,
            "status": {"loadBalancer": {}},
        }

    @property
    def failure(self) -> str:  # type: ignore[override]
        """Names the type."""
        return f"failed to create {self.type} service: "

    def _port(self, text: str) -> Obj:
        port, target = parse_ports(text)
        entry: Obj = {"name": text.replace(":", "-"), "protocol": "TCP", "port": port, "targetPort": target}
        if self.flags.get("node-port"):
            entry["nodePort"] = self.flags["node-port"]
        return entry


def parse_ports(text: str) -> tuple[int, Any]:
    """PORT[:TARGETPORT] as the port and a number or a port name."""
    parts = text.split(":")
    port = parse_port(parts[0], allow_zero=True)
    if len(parts) == 1:
        return port, port
    target = parts[1]
    number = parse_int(target)
    if number is None:
        problems = port_name_errors(target)
        if problems:
            raise KubectlError(",".join(problems))
        return port, target
    if not 1 <= number <= 65535:
        raise KubectlError("must be between 1 and 65535, inclusive")
    return port, number


def parse_port(text: str, allow_zero: bool = False) -> int:
    """A port number as utilsnet.ParsePort reads it."""
    if not (text.isascii() and text.isdigit()):
        raise KubectlError(f"strconv.ParseUint: parsing {quote(text)}: invalid syntax")
    port = parse_int(text)
    if port is None or port > 65535:
        raise KubectlError(f"strconv.ParseUint: parsing {quote(text)}: value out of range")
    if port == 0 and not allow_zero:
        raise KubectlError("0 is not a valid port number")
    return port


def port_name_errors(name: str) -> list[str]:
    """What is wrong with an IANA service name."""
    problems = []
    if len(name) > 15:
        problems.append("must be no more than 15 characters")
    if not name or not all(char.isascii() and (char.isdigit() or char.islower() or char == "-") for char in name):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not any(char.islower() for char in name):
        problems.append("must contain at least one letter (a-z)")
    if "--" in name:
        problems.append("must not contain consecutive hyphens")
    if name and (name[0] == "-" or name[-1] == "-"):
        problems.append("must not begin or end with a hyphen")
    return problems


class NodePortOptions(ServiceOptions):
    """type: NodePort."""

    type = "NodePort"


class LoadBalancerOptions(ServiceOptions):
    """type: LoadBalancer."""

    type = "LoadBalancer"


class ExternalNameOptions(ServiceOptions):
    """type: ExternalName."""

    type = "ExternalName"

    def validate(self) -> None:
        name = self.flags["external-name"]
        labels = name.split(".")
        good = all(
            label and label[0].isalnum() and label[-1].isalnum()
            and all(char.isascii() and (char.isdigit() or char.islower() or char == "-") for char in label)
            for label in labels
        )  # fmt: skip
        if not good or len(name) > 253:
            raise KubectlError(f"invalid service external name {name}")


_TCP = Flag("tcp", "", STRING_SLICE, [], "Port pairs can be specified as '<port>:<targetPort>'.")

CLUSTERIP = Command(
    "create service clusterip NAME [--tcp=<port>:<targetPort>] [--dry-run=server|client|none]",
    ServiceOptions,
    (*CREATE, _TCP, Flag("clusterip", "", STRING, "", "Assign your own ClusterIP, or 'None' for a headless service.")),
    long="Create a ClusterIP service with the given name.",
    example="""
        # Create a ClusterIP service named my-cs
        kubectl create service clusterip my-cs --tcp=5678:8080

        # Create a headless one
        kubectl create service clusterip my-cs --clusterip="None"
        """,
)
NODEPORT = Command(
    "create service nodeport NAME [--tcp=port:targetPort] [--dry-run=server|client|none]",
    NodePortOptions,
    (*CREATE, _TCP, Flag("node-port", "", INT, 0, "Port to open on every node (a port of a cluster's range).")),
    long="Create a NodePort service with the given name.",
    example="""
        # Create a NodePort service named my-ns
        kubectl create service nodeport my-ns --tcp=5678:8080
        """,
)
LOADBALANCER = Command(
    "create service loadbalancer NAME [--tcp=port:targetPort] [--dry-run=server|client|none]",
    LoadBalancerOptions,
    (*CREATE, _TCP),
    long="Create a LoadBalancer service with the given name.",
    example="""
        # Create a LoadBalancer service named my-lbs
        kubectl create service loadbalancer my-lbs --tcp=5678:8080
        """,
)
EXTERNALNAME = Command(
    "create service externalname NAME --external-name external.name [--dry-run=server|client|none]",
    ExternalNameOptions,
    (*CREATE, _TCP, Flag("external-name", "", STRING, "", "External name of service")),
    long="""
Create an ExternalName service with the given name.

 Such a service stands for a DNS name instead of pods: an outside system gets a name of the cluster.
""",
    example="""
        # Create an ExternalName service named my-ns
        kubectl create service externalname my-ns --external-name bar.com
        """,
    required=("external-name",),
)
