"""Whether the apiserver reaches the kubelet of a node, and what it says where it does not.

There is no way to a machine that is off, one that is cut off swallows packets, and where no kubelet runs its port
is closed. Counterpart: the errors that Go's dialer gives apiserver's kubelet client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.kubelet.environment import node_ip
from minikctl.kubelet.machines import Machines, is_off, is_silent

if TYPE_CHECKING:
    from minikctl.client.component import Env

_PORT = 10250


class Unreachable(Exception):
    """The kubelet does not answer; the text is the dialer's."""


def check(env: Env, name: str) -> str:
    """Where the kubelet of a node is reached, as HOST:PORT; Unreachable where it is not.

    StatusError where there is no such node, or none with an address.
    """
    node = env.client.get("nodes", name)
    ip = node_ip(node)
    if not ip:
        known = " ".join(f"{{{each['type']} {each['address']}}}" for each in node["status"].get("addresses") or ())
        raise errors.StatusError("", f"no preferred addresses found; known addresses: [{known}]", code=500)
    address = f"{ip}:{_PORT}"
    machine = Machines(env.state).get(name)
    if machine is None:
        raise Unreachable(f"dial tcp {address}: connect: connection refused")
    if is_off(machine):
        raise Unreachable(f"dial tcp {address}: connect: no route to host")
    if is_silent(machine):
        raise Unreachable(f"dial tcp {address}: i/o timeout")
    return address
