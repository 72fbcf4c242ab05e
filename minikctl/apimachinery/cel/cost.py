"""What evaluating a CEL expression may cost at most, in cel-go's units.

Counterpart of cel-go's `checker/cost.go` and of Kubernetes' estimates for its own functions. Sizes come
from a `Sizes`: those a schema allows (for a rule in a definition), or those of the data at hand. Costs
saturate at UNKNOWN, which is also the size of what nothing bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple, Protocol

from minikctl.apimachinery.cel import types as kinds
from minikctl.apimachinery.cel import typing
from minikctl.apimachinery.cel.declarations import NAMESPACES
from minikctl.apimachinery.cel.literals import value_of
from minikctl.apimachinery.cel.prices import (
    KEEPS_SIZE,
    LIST,
    LISTED,
    MACROS,
    MAP,
    ONE,
    OPAQUE,
    ORDERED,
    RESULTS,
    SETS,
    STRUCT,
    TRAVERSAL,
    TRAVERSED,
    UNKNOWN,
    Size,
    collected,
    compared,
    scaled,
    times,
    total,
)
from minikctl.apimachinery.cel.syntax import Node, dotted, subtrees
from minikctl.apimachinery.cel.translate import unescape
from minikctl.apimachinery.cel.types import WELL_KNOWN, Scope, Type

_FIXED = frozenset({"bool", "double", "duration", "int", "timestamp", "uint"})
_REGEX = 0.25
_AUTHORIZER_CHECK = 350_000
_IP = 16
_FORMAT = 128
# Objects are gone through by key too where data and not a schema tell the type.
_KEYED = ("map", "object")

Path = tuple[str, ...]


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


def shape(tree: Node) -> tuple[int, int]:
    """How deep loops (and functions that read texts) are nested, and how many nodes there are."""
    depth, nodes = 0, 1
    for part in subtrees(tree):
        below, more = shape(part)
        depth, nodes = max(depth, below), nodes + more
    loops = tree.kind == "call" and (tree.parts[1] in MACROS or tree.parts[1] in _PRODUCTS)
    return depth + loops, nodes


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
        found = self._types.get(id(node), kinds.DYN)
        return kinds.DYN if found.kind == "any" else found

    def _is_variable(self, name: str, local: _Locals) -> bool:
        return name in local or name in self._variables

    def _path(self, node: Node, local: _Locals) -> Path:
        """Where the value of a node is found in the variables; empty for what is worked out."""
        parts = node.parts
        if node.kind == "ident":
            return local[parts[0]].path if parts[0] in local else (str(parts[0]),)
        if node.kind == "select":
            if dotted(node) in WELL_KNOWN:
                return (dotted(node),)
            if parts[2]:
                return ()
            below = self._path(parts[0], local)
            return (*below, unescape(parts[1])) if below else ()
        if node.kind == "index" and not parts[2]:
            below = self._path(parts[0], local)
            return (*below, "@items") if below else ()
        return ()

    def size(self, node: Node, local: _Locals) -> Size:
        """How large the value of a node can be; to be asked after its cost."""
        known = self._results.get(id(node)) or _literal_size(node)
        if known is not None:
            return known
        bound = local.get(node.parts[0]) if node.kind == "ident" else None
        if bound is not None and bound.size is not None:
            return bound.size
        path = self._path(node, local)
        most = self._sizes.of(path) if path else None
        if most is not None:
            return Size(0, most)
        kind = self._type(node)
        if (kind.item if kind.kind == "optional_type" and kind.item else kind).kind in _FIXED:
            return ONE
        return self._any

    def _element(self, node: Node, local: _Locals) -> Size:
        """How large the elements of a list can be."""
        if id(node) in self._entries:
            return self._entries[id(node)]
        if node.kind == "ident" and node.parts[0] in local:
            entry = local[node.parts[0]].entry
            if entry is not None:
                return entry
        return self._stored_element(node, local)

    def _stored_element(self, node: Node, local: _Locals) -> Size:
        """The same by where the list is stored: what Kubernetes' own functions know of lists."""
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
            if dotted(node) in WELL_KNOWN:
                return 1
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
            costs = total(*[walk(item) for item in items], LIST)
            found = [self.size(item, local) for item in items]
            self._entries[id(node)] = Size(
                min((size.least for size in found), default=0), max((size.most for size in found), default=0)
            )
            return costs
        if node.kind == "struct":
            return total(*[walk(value) for _, value, _ in node.parts[1]], STRUCT)
        return total(*[total(walk(key), walk(value)) for key, value, _ in node.parts[0]], MAP)

    def _binary(self, node: Node, local: _Locals) -> int:
        operator, left, right = node.parts
        below = total(self.cost(left, local), self.cost(right, local))
        if operator in ("&&", "||"):
            return below
        both_kinds = {self._type(left).kind, self._type(right).kind}
        one, other = self.size(left, local), self.size(right, local)
        if operator == "in":
            return total(below, 1 if self._type(right).kind in _KEYED else other.most)
        if operator == "==" and self._type(left) == self._type(right) and self._type(left).kind in OPAQUE:
            return total(below, OPAQUE[self._type(left).kind](other))
        if operator in ("==", "!=") or (operator in ("<", "<=", ">", ">=") and both_kinds & {"string", "bytes", "dyn"}):
            return total(below, scaled(min(one.most, other.most), TRAVERSAL))
        if operator == "+" and both_kinds & {"string", "bytes", "list", "dyn"}:
            both = Size(total(one.least, other.least), total(one.most, other.most))
            self._results[id(node)] = both
            if "list" in both_kinds:
                return total(below, 1)
            return total(below, scaled(both.most, TRAVERSAL))
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
        if target is not None and not space and len(arguments) >= 2 and name in MACROS:
            return self._comprehension(node, local)
        if target is not None and name in ("optMap", "optFlatMap") and len(arguments) == 2:
            return self._opt_map(node, local)
        if target is not None and name == "sortBy" and len(arguments) == 2:
            return self._sort_by(node, local)
        below = total(*[self.cost(argument, local) for argument in arguments])
        if target is not None and not space:
            below = total(below, self.cost(target, local))
        return total(below, self._price(node, None if space else target, local))

    def _bind(self, arguments: tuple[Node, ...], local: _Locals) -> int:
        name, value, body = str(arguments[0].parts[0]), arguments[1], arguments[2]
        first = self.cost(value, local)
        bound = _Local(self._path(value, local), self.size(value, local), self._element(value, local))
        return total(LIST, first, self.cost(body, {**local, name: bound}))

    def _opt_map(self, node: Node, local: _Locals) -> int:
        """target.hasValue() ? optional.of(cel.bind(v, target.value(), e)) : optional.none()"""
        target, name, arguments = node.parts
        value = self.cost(target, local)
        variable = str(arguments[0].parts[0])
        body = self.cost(arguments[1], {**local, variable: _Local((), None)})
        wrapped = 1 if name == "optMap" else 0
        return total(value, 1, value, 1, LIST, body, wrapped)

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
        start, step, end = MACROS[name](costs)
        if name in ("map", "filter", "transformList", "transformMap", "transformMapEntry"):
            self._results[id(node)] = count
            # It is taken to be a list like the empty one that it begins with.
            self._entries[id(node)] = Size(0, 0)
        return total(ranged, start, times(count.most, step), end)

    def _sort_by(self, node: Node, local: _Locals) -> int:
        """A binding of the list, within which its elements' keys are collected and the list is sorted by them."""
        target, _, arguments = node.parts
        listed, count, path = self.cost(target, local), self.size(target, local), self._path(target, local)
        entry = self._element(target, local)
        element = _Local((*path, "@items") if path else (), entry if entry != self._any else None)
        body = self.cost(arguments[1], {**local, str(arguments[0].parts[0]): element})
        start, step, end = collected([body])
        most, price = compared(count.most, self._type(arguments[1]))
        self._results[id(node)] = Size(0, most)
        return total(LIST, listed, 2, start, times(count.most, step), end, price)

    def _listed(self, node: Node, target: Node | None, local: _Locals) -> int:
        """The functions of ext.Lists, which make a list."""
        _, name, arguments = node.parts
        size = self.size(target, local).most if target is not None else 0
        factor = 1
        if name in ("distinct", "sort"):
            most, price = compared(size, (self._type(target) if target is not None else kinds.DYN).item or kinds.DYN)
            self._results[id(node)] = Size(0, most)
            return price
        if name == "slice":
            size = (_natural(arguments[1], size) - _natural(arguments[0], 0)) % (UNKNOWN + 1)
        elif name == "range":
            size = _natural(arguments[0], UNKNOWN)
        elif name == "flatten" and arguments:
            factor = _natural(arguments[0], UNKNOWN)
        self._results[id(node)] = Size(0 if name in ("reverse", "flatten") else size, size)
        return total(times(size, factor), 1, LIST)

    def _price(self, node: Node, target: Node | None, local: _Locals) -> int:
        """What a call costs beside its target and arguments; remembers how large its result can be."""
        _, name, arguments = node.parts
        size = partial(self.size, local=local)
        subject = target if target is not None else (arguments[0] if arguments else None)
        if subject is None:
            return 1
        if name in ORDERED and target is not None:
            return self._ordered(target, local)
        if (name in LISTED and len(arguments) == LISTED[name]) or (name == "flatten" and len(arguments) <= 1):
            return self._listed(node, target, local)
        if name in SETS and target is None and len(arguments) == 2:
            return total(times(times(size(arguments[0]).most, size(arguments[1]).most), SETS[name]), 1)
        if name in TRAVERSED and (name != "ip" or arguments):
            found = size(subject)
            if name in KEEPS_SIZE:
                self._results[id(node)] = found
            if name == "quote":
                self._results[id(node)] = Size(total(found.least, 2), total(times(found.most, 2), 2))
            return scaled(found.most, TRAVERSED[name])
        if name in ("matches", "find", "findAll") and arguments:
            text, pattern = size(subject), size(arguments[-1] if target is None else arguments[0])
            if name != "matches":
                self._results[id(node)] = Size(0, text.most)
            return times(scaled(total(text.most, 1), TRAVERSAL), scaled(pattern.most, _REGEX))
        if name == "contains" and target is not None and arguments:
            return times(scaled(size(target).most, TRAVERSAL), scaled(size(arguments[0]).most, TRAVERSAL))
        if name in ("startsWith", "endsWith") and arguments:
            return scaled(size(arguments[0]).most, TRAVERSAL)
        if name in ("replace", "split", "join") and target is not None:
            result = RESULTS[name]([size(one) for one in (target, *arguments)], self._stored_element(target, local))
            if name == "split" and len(arguments) > 1:
                result = Size(0, _natural(arguments[1], result.most, UNKNOWN))
            self._results[id(node)] = result
            return scaled(result.most if name == "join" else size(target).most, TRAVERSAL if name == "join" else 0.2)
        if name in ("containsIP", "containsCIDR"):
            written = self._type(arguments[0]).kind in ("string", "dyn")
            parsed = scaled(size(arguments[0]).most, TRAVERSAL) if written else 0
            return total(scaled(2 * _IP, TRAVERSAL), parsed, 3 if name == "containsCIDR" else 0)
        if name in ("fieldSelector", "labelSelector") and arguments:
            length = size(arguments[0]).most
            return total(LIST, scaled(length, TRAVERSAL), scaled(scaled(length, 0.5), LIST + STRUCT))
        if name == "validate" and target is not None and arguments:
            return scaled(scaled(size(arguments[0]).most, TRAVERSAL), _FORMAT * _REGEX)
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
        return scaled(found.most, TRAVERSAL)

    def _ordered(self, target: Node, local: _Locals) -> int:
        """isSorted, sum and the like compare each element; on a string, indexOf reads it."""
        found, kind = self.size(target, local), self._type(target)
        if kind.kind != "list":
            return scaled(found.most, TRAVERSAL)
        each = 1
        if (kind.item or kinds.DYN).kind in ("string", "bytes"):
            each = total(each, scaled(self._stored_element(target, local).most, TRAVERSAL))
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


def _natural(node: Node, unknown: int, negative: int = 0) -> int:
    """A number that is written out."""
    if node.kind != "literal" or typing.literal_type(node.parts[0]) is not kinds.INT:
        return unknown
    value = int(value_of(node.parts[0]))
    return value if value >= 0 else negative
