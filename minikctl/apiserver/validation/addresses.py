"""Checks of IP addresses and CIDR blocks, as apimachinery's `util/validation/ip.go` words them.

The older API fields take "sloppy" IPv4 texts with leading zeros; the newer ones want the canonical form.
"""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache
from typing import TYPE_CHECKING

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError

if TYPE_CHECKING:
    import ipaddress

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PRIVATE = frozenset({"10", "172", "192"})
_OCTETS = frozenset(map(str, range(256)))
_ZEROS = "must not have leading 0s in IP or prefix length"
IP_HELP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
CIDR_HELP = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


@lru_cache(maxsize=16384)
def parse_ip(value: str) -> Address | None:
    """The address, leading zeros in IPv4 octets forgiven; None when it is none."""
    import ipaddress

    if "%" in value:
        return None
    if ":" not in value:
        value = ".".join([part.lstrip("0") or "0" if part.isdigit() else part for part in value.split(".")])
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def parse_cidr(value: str) -> Network | None:
    """The block, host bits and leading zeros forgiven; None when the text is none."""
    import ipaddress

    address, slash, length = value.partition("/")
    ip = parse_ip(address)
    if ip is None or not slash or not (length.isascii() and length.isdigit()):
        return None
    try:
        return ipaddress.ip_network(f"{ip}/{int(length)}", strict=False)
    except ValueError:
        return None


def is_valid_ip(value: str) -> list[str]:
    return [] if parse_ip(value) is not None else [IP_HELP]


def is_valid_cidr(value: str) -> list[str]:
    return [] if parse_cidr(value) is not None else [CIDR_HELP]


def is_ipv6(value: str) -> bool:
    ip = parse_ip(value)
    return ip is not None and ip.version == 6 and ip.ipv4_mapped is None


def is_ipv4(value: str) -> bool:
    return parse_ip(value) is not None and not is_ipv6(value)


def is_ipv6_cidr(value: str) -> bool:
    network = parse_cidr(value)
    return network is not None and network.version == 6


def _is_private(value: str) -> bool:
    """Whether it is surely a well-formed address in or near one of the private IPv4 ranges, as nearly all are."""
    parts = value.split(".")
    return len(parts) == 4 and parts[0] in _PRIVATE and _OCTETS.issuperset(parts)


def ip_for_legacy_field(path: str, value: str, old: Container[str] = ()) -> list[FieldError]:
    """An older field: no leading zeros, no mapped IPv4; a value stored before is not looked at again."""
    if _is_private(value) or value in old:
        return []
    parsed = parse_ip(value)
    if parsed is None:
        return [field.invalid(path, value, IP_HELP)]
    problem = _strict_problem(value, parsed, "must not have leading 0s", "must not be an IPv4-mapped IPv6 address")
    return [field.invalid(path, value, problem)] if problem else []


def cidr_for_legacy_field(path: str, value: str, old: Container[str] = ()) -> list[FieldError]:
    """The same for blocks, which may not have host bits set either."""
    if value in old:
        return []
    network = parse_cidr(value)
    if network is None:
        return [field.invalid(path, value, CIDR_HELP)]
    address, _, length = value.partition("/")
    parsed = parse_ip(address)
    assert parsed is not None
    problem = _strict_problem(address, parsed, _ZEROS, "must not have an IPv4-mapped IPv6 address")
    if not problem and str(int(length)) != length:
        problem = _ZEROS
    if not problem and parsed != network.network_address:
        problem = "must not have bits set beyond the prefix length"
    return [field.invalid(path, value, problem)] if problem else []


def _strict_problem(text: str, parsed: Address, zeros: str, mapped: str) -> str:
    if getattr(parsed, "ipv4_mapped", None) is not None:
        return mapped
    return zeros if parsed.version == 4 and str(parsed) != text else ""


def canonical_ip(path: str, value: str) -> list[FieldError]:
    """A newer field: the address must also be written in its canonical form."""
    errors = ip_for_legacy_field(path, value)
    if not errors and str(parse_ip(value)) != value:
        return [field.invalid(path, value, f'must be in canonical form ("{parse_ip(value)}")')]
    return errors


def canonical_cidr(path: str, value: str) -> list[FieldError]:
    errors = cidr_for_legacy_field(path, value)
    if not errors and str(parse_cidr(value)) != value:
        return [field.invalid(path, value, f'must be in canonical form ("{parse_cidr(value)}")')]
    return errors


def non_special_ip(path: str, value: str) -> list[FieldError]:
    """An address that traffic can be sent to: not unspecified, loopback, link-local or multicast."""
    if _is_private(value):
        return []
    parsed = parse_ip(value)
    if parsed is None:
        return [field.invalid(path, value, "must be a valid IP address")]
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    problems = []
    if mapped.is_unspecified:
        problems.append(f"may not be unspecified ({value})")
    if mapped.is_loopback:
        problems.append("may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if mapped.is_link_local:
        problems.append("may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if (mapped.packed[0] == 0xFF and mapped.packed[1] & 0xF == 2) if mapped.version == 6 else _local_multicast(mapped):
        problems.append("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
    return [field.invalid(path, value, problem) for problem in problems]


def _local_multicast(address: Address) -> bool:
    return bytes(address.packed[:3]) == b"\xe0\x00\x00"


_NON_STANDARD = "will be considered invalid in a future Kubernetes release: use"


def ip_warnings(path: str, value: str) -> list[str]:
    """What the server says about an address that works, but is not in its canonical form."""
    parsed = parse_ip(value)
    if parsed is None:
        return []
    canonical = str(getattr(parsed, "ipv4_mapped", None) or parsed)
    if canonical == value:
        return []
    if ":" not in canonical:
        return [f'{path}: non-standard IP address "{value}" {_NON_STANDARD} "{canonical}"']
    return [f'{path}: IPv6 address "{value}" should be in RFC 5952 canonical format ("{canonical}")']


def cidr_warnings(path: str, value: str) -> list[str]:
    """The same for blocks: host bits, leading zeros, uncompressed IPv6."""
    network = parse_cidr(value)
    if network is None or str(network) == value:
        return []
    address, _, length = value.partition("/")
    parsed = parse_ip(address)
    zeros = (":" not in address and str(parsed) != address) or str(int(length)) != length
    if parsed != network.network_address or zeros:
        return [f'{path}: non-standard CIDR value "{value}" {_NON_STANDARD} "{network}"']
    return [f'{path}: IPv6 CIDR value "{value}" should be in RFC 5952 canonical format ("{network}")']
