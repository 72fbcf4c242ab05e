"""Kubernetes' own CEL types: quantities, IP addresses and CIDRs, URLs, versions, named formats.

The engine knows JSON values only, so a value of such a type is a map with one telling key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.cel.library import FunctionError, optional
from minikctl.apimachinery.dnsnames import is_dns1035_label, is_dns1123_label, is_dns1123_subdomain
from minikctl.apimachinery.label_syntax import label_key_errors, label_value_errors
from minikctl.apimachinery.quantity import Quantity, QuantityError, of_int, parse

QUANTITY, IP, CIDR, URL, SEMVER, FORMAT = "quantity__", "ip__", "cidr__", "url__", "semver__", "format__"
_TYPE_NAMES = {
    QUANTITY: "kubernetes.Quantity",
    IP: "net.IP",
    CIDR: "net.CIDR",
    URL: "kubernetes.URL",
    SEMVER: "kubernetes.Semver",
    FORMAT: "kubernetes.NamedFormat",
}
_KEYS = frozenset(_TYPE_NAMES)
Value = dict[str, Any]


def text_of(value: Value) -> str:
    """string() of one of these."""
    for key in (QUANTITY, IP, CIDR, URL):
        if key in value:
            return str(value[key])
    raise FunctionError("no such overload")


def type_name(value: Value) -> str:
    """What CEL calls the type of one of these; empty for other maps."""
    return next((name for key, name in _TYPE_NAMES.items() if key in value), "")


def is_special(value: Any) -> bool:
    """Whether a value is of a type of Kubernetes' own."""
    return isinstance(value, dict) and not _KEYS.isdisjoint(value)


def _ok(function: Callable[..., Any]) -> Callable[..., bool]:
    """isX(text): whether x(text) would do."""

    def test(*arguments: Any) -> bool:
        try:
            function(*arguments)
        except FunctionError:
            return False
        return True

    return test


# Quantities


def quantity(text: str) -> Value:
    try:
        return {QUANTITY: str(parse(text))}
    except QuantityError as error:
        raise FunctionError(str(error)) from None


def _amount(value: Any) -> Quantity:
    if isinstance(value, int):
        return of_int(value)
    if isinstance(value, dict) and QUANTITY in value:
        return parse(value[QUANTITY])
    raise FunctionError("no such overload")


def _versioned(compare: Callable[[Any, Any], Any]) -> Callable[[Value, Value], Any]:
    """A comparison of two quantities or two versions."""

    def run(left: Value, right: Value) -> Any:
        if isinstance(left, dict) and SEMVER in left:
            return compare(_order(left), _order(right))
        return compare(_amount(left).nanos, _amount(right).nanos)

    return run


def as_integer(value: Value) -> int:
    amount = _amount(value)
    if not amount.is_integer():
        raise FunctionError("cannot convert value to integer")
    return amount.value()


def _kept(amount: Quantity) -> Value:
    return {QUANTITY: str(amount)}


# Addresses


def ip(value: Any) -> Value:
    """ip('10.0.0.1'), or the address of a CIDR."""
    if isinstance(value, dict) and CIDR in value:
        return {IP: value[CIDR].partition("/")[0]}
    return {IP: str(_read("address", value))}


def _read(what: str, text: Any) -> Any:
    """A text as it is read by the function of that name; FunctionError in its words."""
    from minikctl.apimachinery.cel import reading

    if not isinstance(text, str):
        raise FunctionError("no such overload")
    try:
        return getattr(reading, what)(text)
    except ValueError as error:
        raise FunctionError(str(error)) from None


def cidr(text: str) -> Value:
    start, bits = _read("prefix", text)
    return {CIDR: f"{start}/{bits}"}


def _address(value: Any) -> Any:
    from ipaddress import ip_address

    return ip_address(value[IP] if isinstance(value, dict) else ip(value)[IP])


def _network(value: Any) -> Any:
    from ipaddress import ip_network

    return ip_network(value[CIDR] if isinstance(value, dict) else cidr(value)[CIDR], strict=False)


def contains_cidr(outer: Value, inner: Any) -> bool:
    wide, narrow = _network(outer), _network(inner)
    return bool(wide.version == narrow.version and narrow.subnet_of(wide))


# URLs


def url(text: str) -> Value:
    try:
        _read("check_url", text)
    except FunctionError as error:
        raise FunctionError(f"URL parse error during conversion from string: {error}") from None
    return {URL: text}


def _split(value: Value) -> Any:
    from urllib.parse import urlsplit

    return urlsplit(value[URL], allow_fragments=False)


def _hostname(value: Value) -> str:
    host = str(_split(value).netloc.rpartition("@")[2])
    return host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]


def _port(value: Value) -> str:
    host = str(_split(value).netloc.rpartition("@")[2])
    return host.rpartition("]")[2].partition(":")[2]


def _query(value: Value) -> dict[str, list[str]]:
    from urllib.parse import parse_qs

    return parse_qs(_split(value).query, keep_blank_values=True)


# Versions and named formats


def semver(text: str, loose: bool = False) -> Value:
    return {SEMVER: _read("loose_version" if loose else "version", text)}


def _order(value: Value) -> tuple[Any, ...]:
    core, _, pre = value[SEMVER].partition("+")[0].partition("-")
    numbers = tuple(int(part) for part in core.split("."))
    parts = tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in pre.split("."))
    return (*numbers, 0 if pre else 1, parts)


def named_format(name: str) -> Any:
    return optional().of({FORMAT: name}) if name in _FORMATS else optional().none()


def check_format(value: Value, text: str) -> Any:
    """format.dns1123Label().validate(x): an optional list of what is wrong."""
    problems = _FORMATS[value[FORMAT]](text)
    return optional().of(problems) if problems else optional().none()


def _prefix(check: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """A check of what names begin with: it may end in a dash."""
    return lambda text: check(text[:-1] + "a" if text.endswith("-") else text)


def _fitting(format_: str, problem: str) -> Callable[[str], list[str]]:
    from minikctl.apimachinery import textformats

    return lambda text: [] if textformats.fits(format_, text) else [problem]


def _uri(text: str) -> list[str]:
    try:
        url(text)
    except FunctionError as error:
        return [str(error).removeprefix("URL parse error during conversion from string: ")]
    return []


_FORMATS: dict[str, Callable[[str], list[str]]] = {
    "dns1123Label": is_dns1123_label,
    "dns1123Subdomain": is_dns1123_subdomain,
    "dns1035Label": is_dns1035_label,
    "dns1123LabelPrefix": _prefix(is_dns1123_label),
    "dns1123SubdomainPrefix": _prefix(is_dns1123_subdomain),
    "dns1035LabelPrefix": _prefix(is_dns1035_label),
    "qualifiedName": label_key_errors,
    "labelValue": label_value_errors,
    "uri": _uri,
    "uuid": _fitting("uuid", "does not match the UUID format"),
    "byte": _fitting("byte", "invalid base64"),
    "date": _fitting("date", "invalid date"),
    "datetime": _fitting("date-time", "invalid datetime"),
}


def _compare(a: Any, b: Any) -> int:
    return int(a > b) - int(a < b)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "quantity": quantity,
    "isQuantity": _ok(quantity),
    "asInteger": as_integer,
    "isInteger": lambda value: _amount(value).is_integer(),
    "asApproximateFloat": lambda value: _amount(value).approximate(),
    "sign": lambda value: _compare(_amount(value).nanos, 0),
    "add": lambda a, b: _kept(_amount(a) + _amount(b)),
    "sub": lambda a, b: _kept(_amount(a) - _amount(b)),
    "isGreaterThan": _versioned(lambda a, b: a > b),
    "isLessThan": _versioned(lambda a, b: a < b),
    "compareTo": _versioned(_compare),
    "ip": ip,
    "isIP": _ok(ip),
    "ip__isCanonical": lambda text: ip(text)[IP] == text,
    "family": lambda value: _address(value).version,
    "isUnspecified": lambda value: _address(value).is_unspecified,
    "isLoopback": lambda value: _address(value).is_loopback,
    "isLinkLocalMulticast": lambda value: str(_address(value)).startswith(("224.0.0.", "ff02:")),
    "isLinkLocalUnicast": lambda value: _address(value).is_link_local,
    "isGlobalUnicast": lambda value: (
        not (
            _address(value).is_unspecified
            or _address(value).is_loopback
            or _address(value).is_multicast
            or _address(value).is_link_local
            or str(_address(value)) == "255.255.255.255"
        )
    ),
    "cidr": cidr,
    "isCIDR": _ok(cidr),
    "containsIP": lambda network, value: _address(value) in _network(network),
    "containsCIDR": contains_cidr,
    "masked": lambda value: {CIDR: str(_network(value))},
    "prefixLength": lambda value: _network(value).prefixlen,
    "url": url,
    "isURL": _ok(url),
    "getScheme": lambda value: _split(value).scheme,
    "getHost": lambda value: _split(value).netloc.rpartition("@")[2],
    "getHostname": _hostname,
    "getPort": _port,
    "getEscapedPath": lambda value: _read("escaped_path", _split(value).path),
    "getQuery": _query,
    "semver": semver,
    "isSemver": _ok(semver),
    "major": lambda value: _order(value)[0],
    "minor": lambda value: _order(value)[1],
    "patch": lambda value: _order(value)[2],
    "format__named": named_format,
    **{f"format__{name}": (lambda name=name: {FORMAT: name}) for name in _FORMATS},
    "validate": check_format,
}
