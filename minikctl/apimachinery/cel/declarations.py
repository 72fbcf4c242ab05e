"""The functions and operators of Kubernetes' CEL with their overloads.

Counterparts: cel-go's `common/stdlib` and `ext` (strings 2, lists 3, sets), `apiserver/pkg/cel/library`, in the
versions of `apiserver/pkg/cel/environment`. A line is `TARGET.name(ARGUMENTS) RESULT`; A and B stand for any type.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from minikctl.apimachinery.cel.types import Type

AUTHORIZER = "kubernetes.authorization.Authorizer"
PATH_CHECK = "kubernetes.authorization.PathCheck"
GROUP_CHECK = "kubernetes.authorization.GroupCheck"
RESOURCE_CHECK = "kubernetes.authorization.ResourceCheck"
DECISION = "kubernetes.authorization.Decision"
QUANTITY = "kubernetes.Quantity"


class Overload(NamedTuple):
    """What a function takes (its target first, if it is a method) and gives."""

    method: bool
    takes: tuple[Type, ...]
    gives: Type


_NAMES = {
    "Authorizer": AUTHORIZER,
    "PathCheck": PATH_CHECK,
    "GroupCheck": GROUP_CHECK,
    "ResourceCheck": RESOURCE_CHECK,
    "Decision": DECISION,
    "Quantity": QUANTITY,
    "URL": "kubernetes.URL",
    "Semver": "kubernetes.Semver",
    "Format": "kubernetes.NamedFormat",
    "IP": "net.IP",
    "CIDR": "net.CIDR",
    "optional": "optional_type",
    "null": "null_type",
}
_ORDERED = ["bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration"]

_OPERATORS = """
_&&_(bool, bool) bool
_||_(bool, bool) bool
!_(bool) bool
_?_:_(bool, A, A) A
_==_(A, A) bool
_!=_(A, A) bool
@in(A, list(A)) bool
@in(A, map(A, B)) bool
_[_](list(A), int) A
_[_](map(A, B), A) B
_[_](optional(list(A)), int) optional(A)
_[_](optional(map(A, B)), A) optional(B)
_[?_](list(A), int) optional(A)
_[?_](map(A, B), A) optional(B)
_[?_](optional(list(A)), int) optional(A)
_[?_](optional(map(A, B)), A) optional(B)
_+_(duration, timestamp) timestamp
_+_(timestamp, duration) timestamp
_+_(list(A), list(A)) list(A)
_-_(timestamp, duration) timestamp
_-_(timestamp, timestamp) duration
"""
_ARITHMETIC = {
    "_+_": "bytes double duration int string uint",
    "_-_": "double duration int uint",
    "_*_": "double int uint",
    "_/_": "double int uint",
    "_%_": "int uint",
}

_STANDARD = """
size(bytes) int | size(list(A)) int | size(map(A, B)) int | size(string) int
bytes.size() int | list(A).size() int | map(A, B).size() int | string.size() int
bool(bool) bool | bool(string) bool
bytes(bytes) bytes | bytes(string) bytes
double(double) double | double(int) double | double(string) double | double(uint) double
duration(duration) duration | duration(int) duration | duration(string) duration
dyn(A) dyn
int(int) int | int(double) int | int(duration) int | int(string) int | int(timestamp) int | int(uint) int
string(string) string | string(bool) string | string(bytes) string | string(double) string
string(duration) string | string(int) string | string(timestamp) string | string(uint) string
timestamp(timestamp) timestamp | timestamp(int) timestamp | timestamp(string) timestamp
type(A) type(A)
uint(uint) uint | uint(double) uint | uint(int) uint | uint(string) uint
string.contains(string) bool | string.endsWith(string) bool | string.startsWith(string) bool
string.matches(string) bool | matches(string, string) bool
optional.of(A) optional(A) | optional.ofNonZeroValue(A) optional(A) | optional.none() optional(A)
optional(A).value() A | optional(A).hasValue() bool
optional(A).or(optional(A)) optional(A) | optional(A).orValue(A) A
list(A).first() optional(A) | list(A).last() optional(A)
optional.unwrap(list(optional(A))) list(A) | list(optional(A)).unwrapOpt() list(A)
string.charAt(int) string | string.lowerAscii() string | string.upperAscii() string | string.trim() string
string.indexOf(string) int | string.indexOf(string, int) int
string.lastIndexOf(string) int | string.lastIndexOf(string, int) int
string.replace(string, string) string | string.replace(string, string, int) string
string.split(string) list(string) | string.split(string, int) list(string)
string.substring(int) string | string.substring(int, int) string
string.format(list(dyn)) string | strings.quote(string) string
list(string).join() string | list(string).join(string) string
list(A).slice(int, int) list(A) | list(A).distinct() list(A) | list(A).reverse() list(A)
list(list(A)).flatten() list(A) | list(dyn).flatten(int) list(dyn) | lists.range(int) list(int)
sets.contains(list(A), list(A)) bool | sets.equivalent(list(A), list(A)) bool
sets.intersects(list(A), list(A)) bool
"""
# What is read off a timestamp.
CLOCK = (
    *("getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate", "getDayOfWeek"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
)
_KUBERNETES = """
list(A).indexOf(A) int | list(A).lastIndexOf(A) int
list(int).sum() int | list(uint).sum() uint | list(double).sum() double | list(duration).sum() duration
string.find(string) string | string.findAll(string) list(string) | string.findAll(string, int) list(string)
url(string) URL | isURL(string) bool | URL.getScheme() string | URL.getHost() string | URL.getHostname() string
URL.getPort() string | URL.getEscapedPath() string | URL.getQuery() map(string, list(string))
quantity(string) Quantity | isQuantity(string) bool | Quantity.sign() int | Quantity.asInteger() int
Quantity.isGreaterThan(Quantity) bool | Quantity.isLessThan(Quantity) bool | Quantity.compareTo(Quantity) int
Quantity.asApproximateFloat() double | Quantity.isInteger() bool
Quantity.add(Quantity) Quantity | Quantity.add(int) Quantity
Quantity.sub(Quantity) Quantity | Quantity.sub(int) Quantity
ip(string) IP | isIP(string) bool | ip.isCanonical(string) bool | IP.family() int | string(IP) string
IP.isUnspecified() bool | IP.isLoopback() bool | IP.isLinkLocalMulticast() bool | IP.isLinkLocalUnicast() bool
IP.isGlobalUnicast() bool
cidr(string) CIDR | isCIDR(string) bool | CIDR.containsIP(IP) bool | CIDR.containsIP(string) bool
CIDR.containsCIDR(CIDR) bool | CIDR.containsCIDR(string) bool | CIDR.ip() IP | CIDR.masked() CIDR
CIDR.prefixLength() int | string(CIDR) string
semver(string) Semver | semver(string, bool) Semver | isSemver(string) bool | isSemver(string, bool) bool
Semver.isGreaterThan(Semver) bool | Semver.isLessThan(Semver) bool | Semver.compareTo(Semver) int
Semver.major() int | Semver.minor() int | Semver.patch() int
format.named(string) optional(Format) | Format.validate(string) optional(list(string))
Authorizer.path(string) PathCheck | PathCheck.check(string) Decision
Authorizer.serviceAccount(string, string) Authorizer | Authorizer.group(string) GroupCheck
GroupCheck.resource(string) ResourceCheck | ResourceCheck.subresource(string) ResourceCheck
ResourceCheck.namespace(string) ResourceCheck | ResourceCheck.name(string) ResourceCheck
ResourceCheck.fieldSelector(string) ResourceCheck | ResourceCheck.labelSelector(string) ResourceCheck
ResourceCheck.check(string) Decision | Decision.allowed() bool | Decision.errored() bool
Decision.error() string | Decision.reason() string
jsonpatch.escapeKey(string) string
"""
FORMATS = (
    *("dns1123Label", "dns1123Subdomain", "dns1035Label"),
    *("dns1123LabelPrefix", "dns1123SubdomainPrefix", "dns1035LabelPrefix"),
    *("qualifiedName", "labelValue", "uri", "uuid", "byte", "date", "datetime"),
)

_LINE = re.compile(r"(?:(?P<target>.+)\.)?(?P<name>[^.(]+)\((?P<takes>.*)\) (?P<gives>.+)")
# What functions of a library are called by, and no variable.
NAMESPACES = frozenset({"format", "ip", "jsonpatch", "lists", "optional", "sets", "strings"})


@cache
def overloads() -> dict[str, list[Overload]]:
    """By name (`sets.contains` for namespaced ones), in the order in which they are tried."""
    found: dict[str, list[Overload]] = {}
    for line in (*_OPERATORS.strip().split("\n"), *_numeric()):
        name, rest = line[: line.index("(")], line[line.index("(") + 1 :]
        takes, gives = rest.rsplit(") ", 1)
        found.setdefault(name, []).append(Overload(False, _types(takes), _type(gives)))
    for line in (*_STANDARD.strip().split("\n"), *_KUBERNETES.strip().split("\n"), *_repeated()):
        for one in line.split(" | "):
            _add(one, found)
    return found


def _numeric() -> list[str]:
    lines = [f"{name}({kind}, {kind}) {kind}" for name, kinds in _ARITHMETIC.items() for kind in kinds.split()]
    lines += ["-_(double) double", "-_(int) int"]
    numbers = ("int", "uint", "double")
    for name in ("_<_", "_<=_", "_>_", "_>=_"):
        lines += [f"{name}({kind}, {kind}) bool" for kind in _ORDERED]
        lines += [f"{name}({one}, {other}) bool" for one in numbers for other in numbers if one != other]
    return lines


def _repeated() -> list[str]:
    lines: list[str] = []
    for name in CLOCK:
        lines += [f"timestamp.{name}() int", f"timestamp.{name}(string) int"]
    lines += [f"duration.get{unit}() int" for unit in ("Hours", "Minutes", "Seconds", "Milliseconds")]
    for kind in _ORDERED:
        lines += [f"list({kind}).isSorted() bool", f"list({kind}).sort() list({kind})"]
        lines += [f"list({kind}).{name}() {kind}" for name in ("max", "min")]
    return lines + [f"format.{name}() Format" for name in FORMATS]


def _add(line: str, found: dict[str, list[Overload]]) -> None:
    match = _LINE.fullmatch(line)
    assert match is not None, line
    target, name = match["target"], match["name"]
    takes = _types(match["takes"])
    if target in NAMESPACES:
        name, target = f"{target}.{name}", None
    if target is not None:
        takes = (_type(target), *takes)
    found.setdefault(name, []).append(Overload(target is not None, takes, _type(match["gives"])))


def _types(text: str) -> tuple[Type, ...]:
    """The types in a list of them; commas within parentheses do not part them."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return tuple(_type(part.strip()) for part in (*parts, text[start:]) if part.strip())


def _type(text: str) -> Type:
    name, _, inside = text.partition("(")
    kind = _NAMES.get(name, name)
    if not inside:
        return Type(kind)
    parts = _types(inside[:-1])
    return Type(kind, parts[-1], key=parts[0]) if kind == "map" else Type(kind, parts[0])
