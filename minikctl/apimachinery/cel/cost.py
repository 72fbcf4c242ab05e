"""What evaluating a CEL expression may cost at most, in cel-go's units.

Counterpart of cel-go's `checker/cost.go` and of Kubernetes' estimates for its own functions. Sizes come
from a `Sizes`: those a schema allows (for a rule in a definition), or those of the data at hand. Costs
saturate at UNKNOWN, which is also the size of what nothing bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

from minikctl.apimachinery.cel import types as kinds
from minikctl.apimachinery.cel import typing
from minikctl.apimachinery.cel.declarations import NAMESPACES
from minikctl.apimachinery.cel.syntax import Node
from minikctl.apimachinery.cel.translate import unescape
from minikctl.apimachinery.cel.types import Scope, Type

UNKNOWN = 2**64 - 1
_FIXED = frozenset({"bool", "double", "duration", "int", "timestamp", "uint"})
_TRAVERSAL = 0.1
_REGEX = 0.25
_AUTHORIZER_CHECK = 350_000
_LIST, _MAP, _STRUCT = 10, 30, 40
_IP = 16
# Objects are gone through by key too where data and not a schema tell the type.
_KEYED = ("map", "object")

Path = tuple[str, ...]


class Size(NamedTuple):
    """How many elements, characters or bytes a value has."""

    least: int
    most: int


ONE = Size(1, 1)
ANY = Size(0, UNKNOWN)


class Sizes(Protocol):
    """Knows sizes of variables and what is in them. Paths have "@items", "@values" and "@keys" for elements."""

    @property
    def unknown(self) -> int:
        """The most elements that a value of unknown origin can have."""

    def of(self, path: Path) -> int | None:
        """The most elements the value at a path can have; None where that is not known."""


class _Local(NamedTuple):
    """A variable of a comprehension or binding."""

    path: Path
    size: Size | None
    entry: Size | None = None


def estimate(tree: Node, scope: Scope, sizes: Sizes) -> int:
    """The most that an expression can cost, its variables having the types of `scope`."""
    return _Coster(tree, scope, sizes).cost(tree, {})


def _bounded(value: float) -> int:
    return UNKNOWN if value >= UNKNOWN else int(value)


def scaled(count: int, factor: float) -> int:
    """A count of characters or elements at a price each, rounded up."""
    return UNKNOWN if count >= UNKNOWN else _bounded(math.ceil(count * factor))


def times(one: int, other: int) -> int:
    return _bounded(one * other)


def total(*costs: int) -> int:
    return _bounded(sum(costs))


def shape(tree: Node) -> tuple[int, int]:
    """How deep loops (and functions that read texts) are nested, and how many nodes there are."""
    depth, nodes = 0, 1
    for part in _subtrees(tree.parts):
        below, more = shape(part)
        depth, nodes = max(depth, below), nodes + more
    loops = tree.kind == "call" and (tree.parts[1] in _MACROS or tree.parts[1] in _PRODUCTS)
    return depth + loops, nodes


def _subtrees(parts: tuple[object, ...]) -> list[Node]:
    found: list[Node] = []
    for part in parts:
        if isinstance(part, Node):
            found.append(part)
        elif isinstance(part, tuple | list):
            found += _subtrees(tuple(part))
    return found


_PRODUCTS = frozenset({"matches", "find", "findAll", "contains", "join", "replace", "optMap", "optFlatMap"})
_Locals = Mapping[str, _Local]


class _Coster:
    """Walks one tree. Types are asked for where a price depends on them."""

    def __init__(self, tree: Node, scope: Scope, sizes: Sizes) -> None:
        self._sizes = sizes
        self._variables = frozenset(scope)
        self._types = typing.types(tree, scope)
        self._any = Size(0, sizes.unknown)
        self._results: dict[int, Size] = {}
        self._entries: dict[int, Size] = {}

    # What is known of a node

    def _type(self, node: Node) -> Type:
        return self._types.get(id(node), kinds.DYN)

    def _is_variable(self, name: str, local: _Locals) -> bool:
        return name in local or name in self._variables

    def _path(self, node: Node, local: _Locals) -> Path:
        """Where the value of a node is found in the variables; empty for what is worked out."""
        parts = node.parts
        if node.kind == "ident":
            return local[parts[0]].path if parts[0] in local else (str(parts[0]),)
        if node.kind == "select":
            below = self._path(parts[0], local)
            return (*below, unescape(parts[1])) if below else ()
        if node.kind == "index":
            below = self._path(parts[0], local)
            return (*below, "@items") if below else ()
        return ()

    def size(self, node: Node, local: _Locals) -> Size:
        """How large the value of a node can be; to be asked after its cost."""
        known = self._results.get(id(node)) or _literal_size(node)
        if known is not None:
            return known
        path = self._path(node, local)
        most = self._sizes.of(path) if path else None
        if most is not None:
            return Size(0, most)
        kind = self._type(node)
        if (kind.item if kind.kind == "optional_type" and kind.item else kind).kind in _FIXED:
            return ONE
        if node.kind == "ident" and node.parts[0] in local:
            return local[node.parts[0]].size or self._any
        return self._any

    def _element(self, node: Node, local: _Locals) -> Size:
        """How large the elements of a list can be."""
        if id(node) in self._entries:
            return self._entries[id(node)]
        if node.kind == "ident" and node.parts[0] in local:
            entry = local[node.parts[0]].entry
            if entry is not None:
                return entry
        path = self._path(node, local)
        most = self._sizes.of((*path, "@items")) if path else None
        return self._any if most is None else Size(0, most)

    # Costs

    def cost(self, node: Node, local: _Locals) -> int:
        walk = partial(self.cost, local=local)
        parts = node.parts
        if node.kind == "literal":
            return 0
        if node.kind == "ident":
            return 1
        if node.kind == "select":
            below = walk(parts[0])
            if parts[2]:
                return total(below, 1)
            return total(below, int(self._type(parts[0]).kind in _KEYED))
        if node.kind == "index":
            return total(walk(parts[0]), walk(parts[1]), 1)
        if node.kind == "unary":
            return total(walk(parts[1]), 1)
        if node.kind == "choice":
            condition, yes, no = (walk(part) for part in parts)
            one, other = (self.size(part, local) for part in parts[1:])
            self._results[id(node)] = Size(min(one.least, other.least), max(one.most, other.most))
            return total(condition, max(yes, no))
        if node.kind == "binary":
            return self._binary(node, local)
        if node.kind == "call":
            return self._call(node, local)
        return self._created(node, local)

    def _created(self, node: Node, local: _Locals) -> int:
        walk = partial(self.cost, local=local)
        if node.kind == "list":
            items = [item for item, _ in node.parts[0]]
            costs = total(*[walk(item) for item in items], _LIST)
            found = [self.size(item, local) for item in items]
            self._entries[id(node)] = Size(
                min((size.least for size in found), default=0), max((size.most for size in found), default=0)
            )
            return costs
        if node.kind == "struct":
            return total(*[walk(value) for _, value, _ in node.parts[1]], _STRUCT)
        return total(*[total(walk(key), walk(value)) for key, value, _ in node.parts[0]], _MAP)

    def _binary(self, node: Node, local: _Locals) -> int:
        operator, left, right = node.parts
        below = total(self.cost(left, local), self.cost(right, local))
        if operator in ("&&", "||"):
            return below
        both_kinds = {self._type(left).kind, self._type(right).kind}
        one, other = self.size(left, local), self.size(right, local)
        if operator == "in":
            return total(below, 1 if self._type(right).kind in _KEYED else other.most)
        if operator in ("==", "!=") or (operator in ("<", "<=", ">", ">=") and both_kinds & {"string", "bytes", "dyn"}):
            return total(below, scaled(min(one.most, other.most), _TRAVERSAL))
        if operator == "+" and both_kinds & {"string", "bytes", "list", "dyn"}:
            both = Size(total(one.least, other.least), total(one.most, other.most))
            self._results[id(node)] = both
            if "list" in both_kinds:
                return total(below, 1)
            return total(below, scaled(both.most, _TRAVERSAL))
        return total(below, 1)

    def _call(self, node: Node, local: _Locals) -> int:
        target, name, arguments = node.parts
        spaced = target is not None and target.kind == "ident" and not self._is_variable(target.parts[0], local)
        space = str(target.parts[0]) if spaced and target.parts[0] in (*NAMESPACES, "optional", "cel") else ""
        if space == "cel" and name == "bind" and len(arguments) == 3:
            return self._bind(arguments, local)
        if name == "has" and target is None and len(arguments) == 1:
            operand = arguments[0].parts[0] if arguments[0].kind in ("select", "index") else arguments[0]
            return self.cost(operand, local)
        if target is not None and not space and len(arguments) >= 2 and name in _MACROS:
            return self._comprehension(node, local)
        if target is not None and name in ("optMap", "optFlatMap") and len(arguments) == 2:
            return self._opt_map(node, local)
        below = total(*[self.cost(argument, local) for argument in arguments])
        if target is not None and not space:
            below = total(below, self.cost(target, local))
        return total(below, self._price(node, None if space else target, local))

    def _bind(self, arguments: tuple[Node, ...], local: _Locals) -> int:
        name, value, body = str(arguments[0].parts[0]), arguments[1], arguments[2]
        first = self.cost(value, local)
        bound = _Local(self._path(value, local), self.size(value, local), self._element(value, local))
        return total(_LIST, first, self.cost(body, {**local, name: bound}))

    def _opt_map(self, node: Node, local: _Locals) -> int:
        """target.hasValue() ? optional.of(cel.bind(v, target.value(), e)) : optional.none()"""
        target, name, arguments = node.parts
        value = self.cost(target, local)
        variable = str(arguments[0].parts[0])
        body = self.cost(arguments[1], {**local, variable: _Local((), None)})
        wrapped = 1 if name == "optMap" else 0
        return total(value, 1, value, 1, _LIST, body, wrapped)

    def _comprehension(self, node: Node, local: _Locals) -> int:
        target, name, arguments = node.parts
        ranged = self.cost(target, local)
        count = self.size(target, local)
        kind = self._type(target)
        path, entry = self._path(target, local), self._element(target, local)
        known, bodies = dict(local), arguments[1:]
        first = str(arguments[0].parts[0])
        below = "@values" if kind.kind in _KEYED else "@items"
        element = _Local((*path, below) if path else (), entry if entry != self._any else None)
        key = _Local((*path, "@keys") if path and kind.kind in _KEYED else (), None if kind.kind in _KEYED else ONE)
        two = len(bodies) > 1 and bodies[0].kind == "ident" and name not in ("map", "filter")
        if two:
            second = str(bodies[0].parts[0])
            known |= {first: key, second: element}
            bodies = bodies[1:]
        else:
            known[first] = key if kind.kind in _KEYED else element
        costs = [self.cost(body, known) for body in bodies]
        start, step, end = _MACROS[name](costs)
        if name in ("map", "filter", "transformList", "transformMap", "transformMapEntry"):
            self._results[id(node)] = count
            self._entries[id(node)] = entry if name == "filter" else self.size(bodies[-1], known)
        return total(ranged, start, times(count.most, step), end)

    def _price(self, node: Node, target: Node | None, local: _Locals) -> int:
        """What a call costs beside its target and arguments; remembers how large its result can be."""
        _, name, arguments = node.parts
        size = partial(self.size, local=local)
        subject = target if target is not None else (arguments[0] if arguments else None)
        if subject is None:
            return 1
        if name in _ORDERED and target is not None:
            return self._ordered(target, local)
        if name in _TRAVERSED:
            found = size(subject)
            if name in _KEEPS_SIZE:
                self._results[id(node)] = found
            return scaled(found.most, _TRAVERSED[name])
        if name in ("matches", "find", "findAll") and arguments:
            text, pattern = size(subject), size(arguments[-1] if target is None else arguments[0])
            if name != "matches":
                self._results[id(node)] = Size(0, text.most)
            return times(scaled(total(text.most, 1), _TRAVERSAL), scaled(pattern.most, _REGEX))
        if name == "contains" and target is not None and arguments:
            return times(scaled(size(target).most, _TRAVERSAL), scaled(size(arguments[0]).most, _TRAVERSAL))
        if name in ("startsWith", "endsWith") and arguments:
            return scaled(size(arguments[0]).most, _TRAVERSAL)
        if name in ("replace", "split", "join") and target is not None:
            result = _RESULTS[name]([size(one) for one in (target, *arguments)], self._element(target, local))
            self._results[id(node)] = result
            return scaled(result.most if name == "join" else size(target).most, _TRAVERSAL if name == "join" else 0.2)
        if name in ("containsIP", "containsCIDR"):
            written = self._type(arguments[0]).kind in ("string", "dyn")
            parsed = scaled(size(arguments[0]).most, _TRAVERSAL) if written else 0
            return total(scaled(2 * _IP, _TRAVERSAL), parsed, 3 if name == "containsCIDR" else 0)
        if name == "dyn" and target is None:
            self._results[id(node)] = size(subject)
            return 1
        if name in ("string", "bytes") and target is None:
            return self._converted(node, arguments[0], local)
        return _AUTHORIZER_CHECK if name == "check" else 1

    def _converted(self, node: Node, argument: Node, local: _Locals) -> int:
        """string(bytes) and bytes(string) copy; other conversions cost nothing special."""
        kind, found = self._type(argument).kind, self.size(argument, local)
        if kind not in ("bytes", "string", "dyn") or kind == node.parts[1]:
            return 1
        most = found.most if node.parts[1] == "string" else times(found.most, 4)
        self._results[id(node)] = Size(0, most)
        return scaled(found.most, _TRAVERSAL)

    def _ordered(self, target: Node, local: _Locals) -> int:
        """isSorted, sum and the like compare each element; on a string, indexOf reads it."""
        found, kind = self.size(target, local), self._type(target)
        if kind.kind != "list":
            return scaled(found.most, _TRAVERSAL)
        each = 1
        if (kind.item or kinds.DYN).kind in ("string", "bytes"):
            each = total(each, scaled(self._element(target, local).most, _TRAVERSAL))
        return times(found.most, each)


def _literal_size(node: Node) -> Size | None:
    if node.kind == "list":
        return Size(len(node.parts[0]), len(node.parts[0]))
    if node.kind == "map":
        return Size(len(node.parts[0]), len(node.parts[0]))
    if node.kind != "literal":
        return None
    text = str(node.parts[0])
    if text[-1:] not in ("'", '"'):
        return ONE
    quote = 3 if text.endswith(('"""', "'''")) and len(text) >= 6 else 1
    body = text.lstrip("rRbB")[quote:-quote]
    raw = text[0] in "rR" or text[:2].lower() == "br"
    count = len(body) if raw else len(body) - body.count("\\") + body.count("\\\\")
    return Size(count, count)


# name -> (costs of the bodies) -> (before the loop, per element, after it)
_Macro = Callable[[list[int]], tuple[int, int, int]]


def _collected(costs: list[int]) -> tuple[int, int, int]:
    """map(x, t), map(x, p, t), filter(x, p) and their like: a list that grows by one element lists."""
    return _LIST, total(*costs, 2 + _LIST), 1


_MACROS: dict[str, _Macro] = {
    "all": lambda costs: (0, total(costs[0], 3), 1),
    "exists": lambda costs: (0, total(costs[0], 4), 1),
    "exists_one": lambda costs: (0, total(costs[0], 2), 2),
    "existsOne": lambda costs: (0, total(costs[0], 2), 2),
    "map": _collected,
    "transformList": _collected,
    "filter": lambda costs: (_LIST, total(costs[0], 3 + _LIST), 1),
    "transformMap": lambda costs: (_MAP, total(*costs, 3), 1),
    "transformMapEntry": lambda costs: (_MAP, total(*costs, 2), 1),
}
_ORDERED = frozenset({"isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"})
_TRAVERSED = {
    **dict.fromkeys(("url", "lowerAscii", "upperAscii", "substring", "trim", "quote", "format"), _TRAVERSAL),
    **dict.fromkeys(("cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity"), _TRAVERSAL),
    "isCanonical": 2 * _TRAVERSAL,
}
_KEEPS_SIZE = frozenset({"lowerAscii", "upperAscii", "substring", "trim"})


def _replaced(sizes: list[Size], _: Size) -> Size:
    """The longest text that replacing can make; no useful least is known."""
    text, old, new = sizes[0], sizes[1] if len(sizes) > 1 else ANY, sizes[2] if len(sizes) > 2 else ANY
    if old.least == 0:
        return Size(0, total(times(total(text.most, 1), new.most), text.most))
    if new.most <= old.least:
        return Size(0, text.most)
    return Size(0, times(-(-text.most // old.least), new.most))


def _joined(sizes: list[Size], element: Size) -> Size:
    count = sizes[0].most
    separators = times(max(0, count - 1), sizes[1].most) if len(sizes) > 1 else 0
    return Size(0, total(times(count, element.most), separators))


_RESULTS: dict[str, Callable[[list[Size], Size], Size]] = {
    "replace": _replaced,
    "split": lambda sizes, _: Size(0, sizes[0].most),
    "join": _joined,
}
