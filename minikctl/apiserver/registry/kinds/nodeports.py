"""Node ports: given out from their range, whatever their protocol, and kept over updates.

A Service holds the ports of its spec and the one its health is checked at. What is taken is a private
value of the registry. Counterparts: the node port part of `pkg/registry/core/service/storage/alloc.go`
and `portallocator`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

NODE_PORTS = (30000, 32768)
_DRY_RUN = 32768
_RESERVED = 86  # the lower band, kept for ports that are asked for
_WITH_PORTS = ("NodePort", "LoadBalancer")
_HEALTH = "health"
# A port is taken for all protocols; its key says what its holder uses it for.
_USES = ("TCP", "UDP", "SCTP", _HEALTH)


def uses_ports(spec: Obj) -> bool:
    return spec.get("type") in _WITH_PORTS


def needs_health_check(spec: Obj) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def keys(spec: Obj) -> set[str]:
    """What a Service with this spec holds."""
    held = {_key(p.get("protocol", "TCP"), p["nodePort"]) for p in spec.get("ports") or () if p.get("nodePort")}
    if spec.get("healthCheckNodePort"):
        held.add(_key(_HEALTH, spec["healthCheckNodePort"]))
    return held


def _key(use: str, port: int) -> str:
    return f"{use}:{port}"


def keep_allocated(spec: Obj, old: Obj) -> None:
    """An update that leaves node ports out means them as they are; ports are known by their names."""
    if uses_ports(spec) and uses_ports(old):
        used = _spec_ports(spec) & _spec_ports(old)
        known = {port.get("name", ""): port.get("nodePort") or 0 for port in old.get("ports") or ()}
        for port in spec.get("ports") or ():
            before = known.get(port.get("name", ""), 0)
            if not port.get("nodePort") and before and before not in used:
                port["nodePort"] = before
                used.add(before)
    if needs_health_check(spec) and needs_health_check(old) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = old.get("healthCheckNodePort", 0)


def _spec_ports(spec: Obj) -> set[int]:
    return {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}


class _Operation:
    """The ports one write takes: nothing is written before all is well.

    A dry run neither looks at the range nor chooses: it shows the numbers after the highest it has seen.
    """

    def __init__(self, obj: Obj, ctx: Context) -> None:
        self._name = obj["metadata"].get("name", "")
        self._state: Any = ctx.server.storage.state("services")
        self._rand = ctx.rand
        self._taken: set[int] = set()
        self._dry_run = ctx.dry_run

    def problem(self, port: int) -> str:
        """Why this port cannot be had; taken, and empty, if it can."""
        first, end = NODE_PORTS
        if not first <= port < end and not self._dry_run:
            return f"provided port is not in the valid range. The range of valid ports is {first}-{end - 1}"
        if self._used(port):
            return "provided port is already allocated"
        self._taken.add(port)
        return ""

    def take(self, index: int, port: int) -> None:
        if why := self.problem(port):
            refused = field.invalid(f"spec.ports[{index}].nodePort", port, why)
            raise errors.invalid("Service", self._name, [refused])

    def any(self, what: str) -> int:
        """A free port, chosen at random; the lower band comes last."""
        if self._dry_run:
            port = max(self._taken, default=_DRY_RUN) + 1
            self._taken.add(port)
            return port
        first, end = NODE_PORTS[0] + _RESERVED, NODE_PORTS[1]
        start = first + self._rand.below(end - first)
        for port in (*range(start, end), *range(first, start), *range(NODE_PORTS[0], first)):
            if not self._used(port):
                self._taken.add(port)
                return int(port)
        raise errors.internal(f"failed to allocate a {what}: range is full")

    def _used(self, port: int) -> bool:
        return port in self._taken or any(self._state.get(_key(use, port)) is not None for use in _USES)


def allocate(obj: Obj, old: Obj | None, ctx: Context) -> None:
    """Give the Service the ports it needs; refuse those that it asks for and cannot have."""
    spec, before = obj["spec"], None if old is None else old["spec"]
    operation = _Operation(obj, ctx)
    if uses_ports(spec):
        if before is None:
            _first(spec, operation)
        else:
            _more(spec, _spec_ports(before), operation)
    if needs_health_check(spec) and not (before and needs_health_check(before)):
        wanted = spec.get("healthCheckNodePort") or 0
        if not wanted:
            spec["healthCheckNodePort"] = operation.any("HealthCheck NodePort 0")
        elif why := operation.problem(wanted):
            raise errors.internal(f"failed to allocate requested HealthCheck NodePort {wanted}: {why}")


def _wanted(spec: Obj) -> bool:
    """Whether ports that name no node port get one."""
    return spec.get("type") == "NodePort" or spec.get("allocateLoadBalancerNodePorts") is not False


def _first(spec: Obj, operation: _Operation) -> None:
    """A new Service: a port served over several protocols has one node port for all of them."""
    ports = spec.get("ports") or []
    given: dict[int, int] = {}
    for index, port in enumerate(ports):
        asked, number = port.get("nodePort") or 0, port.get("port") or 0
        if not asked and not _wanted(spec):
            continue
        if number not in given:
            same = [other.get("nodePort") or 0 for other in ports if (other.get("port") or 0) == number]
            chosen = next((candidate for candidate in same if candidate), 0)
            if chosen:
                operation.take(index, chosen)
            else:
                chosen = operation.any("nodePort")
            port["nodePort"] = given[number] = chosen
        elif not asked:
            port["nodePort"] = given[number]
        elif asked != given[number]:
            operation.take(index, asked)


def _more(spec: Obj, known: set[int], operation: _Operation) -> None:
    """A changed Service: the ports it holds stay its own."""
    new: set[int] = set()
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(spec.get("ports") or ()):
        asked = port.get("nodePort") or 0
        if asked:
            if asked not in known and asked not in new:
                operation.take(index, asked)
                new.add(asked)
        elif _wanted(spec):
            port["nodePort"] = operation.any("nodePort")
        else:
            continue
        use = (port.get("protocol") or "", port["nodePort"])
        if use in seen:
            # Upstream forgets to wrap this one: it arrives as a failure without a reason.
            raise errors.StatusError("", f"duplicate nodePort: {{{use[0]} {use[1]}}}", code=500)
        seen.add(use)
