"""Pod addresses: each node hands out those of its podCIDR in turn (what the host-local CNI plugin does)."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.client.component import KeyValue

_FIRST = 2  # .0 is the network, .1 the bridge
# The offset handed out last, the offsets in use as bits, and where the node's range begins.
_Range = tuple[int, int, int]


class NoAddressError(Exception):
    """The node's range is used up."""


class Addresses:
    """The address ranges of all emulated nodes, kept in the component's storage."""

    def __init__(self, state: KeyValue) -> None:
        self._state = state
        self._known: dict[str, _Range] = {}

    def refresh(self) -> None:
        """Forget what was read: another process may have given addresses out."""
        self._known.clear()

    def allocate(self, node: Obj) -> str:
        """The next free address of the node; NoAddressError where there is none."""
        name = node["metadata"]["name"]
        base, size = _range(node)
        last, used, _ = self._load(name)
        for step in range(1, size):
            offset = (last + step) % size
            if offset < _FIRST or offset == size - 1 or used >> offset & 1:
                continue
            self._save(name, (offset, used | 1 << offset, base))
            return _dotted(base + offset)
        raise NoAddressError(f"no IP addresses available in range set: {_dotted(base + 1)}-{_dotted(base + size - 2)}")

    def release(self, node: str, ip: str) -> None:
        """Give an address back."""
        last, used, base = self._load(node)
        offset = _number(ip) - base
        if offset >= 0 and used >> offset & 1:
            self._save(node, (last, used & ~(1 << offset), base))

    def _load(self, node: str) -> _Range:
        known = self._known.get(node)
        if known is None:
            stored = self._state.get(f"ips/{node}")
            known = (stored[0], int(stored[1], 16), stored[2]) if stored else (_FIRST - 1, 0, 0)
            self._known[node] = known
        return known

    def _save(self, node: str, known: _Range) -> None:
        self._known[node] = known
        last, used, base = known
        self._state.put(f"ips/{node}", [last, f"{used:x}", base])


def _range(node: Obj) -> tuple[int, int]:
    cidr = node["spec"].get("podCIDR") or "10.88.0.0/24"
    address, _, bits = cidr.partition("/")
    size = 1 << (32 - int(bits))
    return _number(address) & ~(size - 1), min(size, 1 << 16)


def _number(address: str) -> int:
    number = 0
    for part in address.split("."):
        number = number << 8 | int(part)
    return number


def _dotted(number: int) -> str:
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
