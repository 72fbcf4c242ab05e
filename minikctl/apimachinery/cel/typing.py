"""What a CEL expression yields, as far as that can be told, and what cannot be meant by it.

A light form of cel-go's checker: unknown names, fields that a schema does not have, operators on
operands that do not fit. Whatever is not certain is `dyn` and passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery.cel.syntax import Node
from minikctl.apimachinery.cel.translate import NAMESPACES, unescape

if TYPE_CHECKING:
    from minikctl.apimachinery.openapi import Schema


class Type(NamedTuple):
    """A kind ("int", "list", "object", "dyn", ...), with what it holds or the schema it follows."""

    kind: str
    item: Type | None = None
    schema: Schema | None = None
    fields: Mapping[str, Type] | None = None

    def __str__(self) -> str:
        if self.kind == "list":
            return f"list({self.item or DYN})"
        if self.kind == "map":
            return f"map(string, {self.item or DYN})"
        return self.kind


class Problem(NamedTuple):
    """One finding and the offset it is about."""

    message: str
    at: int


DYN, BOOL, INT, STRING = Type("dyn"), Type("bool"), Type("int"), Type("string")
DOUBLE, UINT, BYTES, NULL = Type("double"), Type("uint"), Type("bytes"), Type("null_type")
TIMESTAMP, DURATION, STRINGS = Type("timestamp"), Type("duration"), Type("list", Type("string"))
OPTIONAL = Type("optional_type")
Scope = Mapping[str, Type]

_SCALARS = frozenset({"bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration"})
_TYPE_NAMES = frozenset({"bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "dyn"})
_RESULTS = {
    "bool": (
        "has all exists exists_one existsOne startsWith endsWith contains matches isSorted hasValue"
        " isQuantity isInteger isGreaterThan isLessThan isIP isCIDR isURL isSemver isUnspecified isLoopback"
        " isLinkLocalMulticast bool isLinkLocalUnicast isGlobalUnicast containsIP containsCIDR allowed"
        " errored isCanonical equivalent intersects"
    ),
    "int": (
        "size int indexOf lastIndexOf compareTo sign asInteger family prefixLength major minor patch getFullYear"
        " getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds"
    ),
    "string": (
        "string charAt join lowerAscii upperAscii replace substring trim format find quote getScheme getHost"
        " getHostname getPort getEscapedPath reason error escapeKey encode"
    ),
    "double": "double asApproximateFloat",
    "uint": "uint",
    "bytes": "bytes decode",
    "timestamp": "timestamp",
    "duration": "duration",
    "strings": "split findAll",
    "dyn": (
        "dyn type reverse sum min max distinct flatten slice sort quantity add sub ip cidr masked url semver"
        " named validate getQuery orValue or value of none ofNonZeroValue optMap optFlatMap greatest least"
        " abs ceil floor round sqrt bind group resource subresource namespace name check serviceAccount path"
        " fieldSelector labelSelector transformList transformMap transformMapEntry map filter dns1123Label"
        " dns1123Subdomain dns1035Label qualifiedName"
    ),
}
_KINDS = {"bool": BOOL, "int": INT, "string": STRING, "double": DOUBLE, "uint": UINT, "bytes": BYTES}
_KINDS |= {"timestamp": TIMESTAMP, "duration": DURATION, "strings": STRINGS, "dyn": DYN}
FUNCTIONS = {name: _KINDS[kind] for kind, names in _RESULTS.items() for name in names.split()}
_COMPREHENSIONS = frozenset(
    {"all", "exists", "exists_one", "existsOne", "map", "filter", "transformList", "transformMap", "transformMapEntry"}
)
_ARITHMETIC = {
    "+": ("int", "uint", "double", "string", "bytes", "list"),
    "-": ("int", "uint", "double"),
    "*": ("int", "uint", "double"),
    "/": ("int", "uint", "double"),
    "%": ("int", "uint"),
}


def of_schema(schema: Schema | None) -> Type:
    """The CEL type of values that follow an OpenAPI schema."""
    if schema is None or schema.int_or_string or schema.preserve_unknown:
        return DYN
    kind = schema.type
    if kind == "object":
        if schema.properties:
            return Type("object", schema=schema)
        return Type("map", of_schema(schema.additional)) if schema.additional is not None else DYN
    if kind == "array":
        return Type("list", of_schema(schema.items))
    if kind == "string":
        by_format = {"date-time": TIMESTAMP, "date": TIMESTAMP, "duration": DURATION, "byte": BYTES}
        return by_format.get(schema.format or "", STRING)
    return {"integer": INT, "number": DOUBLE, "boolean": BOOL}.get(kind or "", DYN)


def check(node: Node, scope: Scope) -> tuple[Type, list[Problem]]:
    """The type of an expression and everything found on the way."""
    checker = _Checker()
    return checker.infer(node, scope), checker.problems


class _Checker:
    """Walks one tree."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def _blame(self, message: str, at: int) -> Type:
        self.problems.append(Problem(message, at))
        return DYN

    def infer(self, node: Node, scope: Scope) -> Type:
        parts = node.parts
        if node.kind == "literal":
            return _literal(parts[0])
        if node.kind == "ident":
            if parts[0] in scope:
                return scope[parts[0]]
            if parts[0] in _TYPE_NAMES:
                return Type("type")
            return self._blame(f"undeclared reference to '{parts[0]}' (in container '')", node.at)
        if node.kind == "select":
            return self._select(node, scope)
        if node.kind == "index":
            operand = self.infer(parts[0], scope)
            self.infer(parts[1], scope)
            found = operand.item if operand.kind in ("list", "map") else None
            return OPTIONAL if parts[2] else found or DYN
        if node.kind == "call":
            return self._call(node, scope)
        if node.kind == "binary":
            return self._binary(node, scope)
        if node.kind == "unary":
            operand = self.infer(parts[1], scope)
            return BOOL if parts[0] == "!" else operand
        if node.kind == "choice":
            _, yes, no = (self.infer(part, scope) for part in parts)
            return yes if yes.kind == no.kind else DYN
        return self._literal_of_many(node, scope)

    def _literal_of_many(self, node: Node, scope: Scope) -> Type:
        if node.kind == "list":
            kinds = [self.infer(item, scope) for item, _ in node.parts[0]]
            return Type("list", _common(kinds))
        if node.kind == "struct":
            for _, value, _ in node.parts[1]:
                self.infer(value, scope)
            return Type(node.parts[0])
        kinds = []
        for key, value, _ in node.parts[0]:
            self.infer(key, scope)
            kinds.append(self.infer(value, scope))
        return Type("map", _common(kinds))

    def _select(self, node: Node, scope: Scope) -> Type:
        operand_node, name, optional = node.parts
        operand = self.infer(operand_node, scope)
        found = self._field(operand, unescape(name), node.at)
        return OPTIONAL if optional or operand.kind == "optional_type" else found

    def _field(self, operand: Type, name: str, at: int) -> Type:
        if operand.fields is not None:
            found = operand.fields.get(name)
            return found if found is not None else self._blame(f"undefined field '{name}'", at)
        if operand.schema is not None:
            child = operand.schema.prop(name)
            if child is not None:
                return of_schema(child)
            return self._blame(f"undefined field '{name}'", at)
        if operand.kind == "map":
            return operand.item or DYN
        if operand.kind in _SCALARS or operand.kind == "list":
            return self._blame(f"type '{operand}' does not support field selection", at)
        return DYN

    def _call(self, node: Node, scope: Scope) -> Type:
        target, name, arguments = node.parts
        namespaced = target is not None and target.kind == "ident" and target.parts[0] not in scope
        if namespaced and target.parts[0] in (*NAMESPACES, "optional", "cel"):
            return self._namespaced(target.parts[0], name, arguments, scope)
        operand = self.infer(target, scope) if target is not None else DYN
        if name in _COMPREHENSIONS and target is not None and len(arguments) >= 2:
            return self._comprehension(operand, name, arguments, scope)
        if name in ("optMap", "optFlatMap") and len(arguments) == 2:
            self.infer(arguments[1], {**scope, str(arguments[0].parts[0]): DYN})
            return OPTIONAL
        if name not in FUNCTIONS:
            return self._blame(f"undeclared reference to '{name}' (in container '')", node.at)
        kinds = [self.infer(argument, scope) for argument in arguments]
        if name == "orValue" and kinds:
            return kinds[0] if kinds[0].kind in _SCALARS else DYN
        return FUNCTIONS[name]

    def _namespaced(self, space: str, name: str, arguments: tuple[Node, ...], scope: Scope) -> Type:
        if space == "cel" and name == "bind" and len(arguments) == 3:
            value = self.infer(arguments[1], scope)
            return self.infer(arguments[2], {**scope, str(arguments[0].parts[0]): value})
        for argument in arguments:
            self.infer(argument, scope)
        return OPTIONAL if space == "optional" else FUNCTIONS.get(name, DYN)

    def _comprehension(self, operand: Type, name: str, arguments: tuple[Node, ...], scope: Scope) -> Type:
        if operand.kind in _SCALARS:
            return self._blame(f"expression of type '{operand}' cannot be range of a comprehension", arguments[0].at)
        item = (operand.item or DYN) if operand.kind == "list" else DYN
        inner = {**scope, str(arguments[0].parts[0]): STRING if operand.kind == "map" else item}
        bodies = arguments[1:]
        if len(bodies) > 1 and bodies[0].kind == "ident" and name not in ("map", "filter"):
            inner[str(arguments[0].parts[0])] = DYN
            inner[str(bodies[0].parts[0])] = operand.item or DYN
            bodies = bodies[1:]
        kinds = [self.infer(body, inner) for body in bodies]
        if name == "filter":
            return operand if operand.kind == "list" else DYN
        if name in ("map", "transformList"):
            return Type("list", kinds[-1])
        return BOOL if name in FUNCTIONS and FUNCTIONS[name] is BOOL else DYN

    def _binary(self, node: Node, scope: Scope) -> Type:
        operator, left_node, right_node = node.parts
        left, right = self.infer(left_node, scope), self.infer(right_node, scope)
        if operator in ("&&", "||", "in"):
            return BOOL
        known = left.kind in _SCALARS and right.kind in _SCALARS
        if operator in ("==", "!=", "<", "<=", ">", ">="):
            if known and left.kind != right.kind and not _numbers(left, right, operator):
                return self._no_overload(operator, left, right, node.at)
            return BOOL
        if not known:
            return _one_sided(operator, left, right)
        if left.kind == right.kind and left.kind in _ARITHMETIC[operator]:
            return left
        if {left.kind, right.kind} <= {"timestamp", "duration"} and operator in "+-":
            return DURATION if left.kind == right.kind else TIMESTAMP
        return self._no_overload(operator, left, right, node.at)

    def _no_overload(self, operator: str, left: Type, right: Type, at: int) -> Type:
        return self._blame(f"found no matching overload for '_{operator}_' applied to '({left}, {right})'", at)


def _numbers(left: Type, right: Type, operator: str) -> bool:
    """Numbers of different kinds compare, but are not asked for equality."""
    return operator not in ("==", "!=") and {left.kind, right.kind} <= {"int", "uint", "double"}


def _one_sided(operator: str, left: Type, right: Type) -> Type:
    """The result where one operand is unknown: the other one often leaves no choice."""
    for one, other in ((left, right), (right, left)):
        if other.kind == "dyn" and one.kind in _ARITHMETIC[operator]:
            return one
    return left if left.kind == right.kind == "list" else DYN


def _common(kinds: list[Type]) -> Type:
    return kinds[0] if kinds and all(kind == kinds[0] for kind in kinds) else DYN


def _literal(text: str) -> Type:
    if text in ("true", "false"):
        return BOOL
    if text == "null":
        return NULL
    if text[0] in "\"'" or text[:2] in ('r"', "r'", 'R"', "R'"):
        return STRING
    if text[0] in "bBrR":
        return BYTES
    if text[-1] in "uU":
        return UINT
    return INT if text[:2].lower() == "0x" or not set(text) & set(".eE") else DOUBLE
