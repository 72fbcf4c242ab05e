"""Type checking of CEL expressions: what they yield, and what cannot be meant.

Counterpart of cel-go's checker: every call must match a declared overload, `dyn` matches whatever is asked for.
Findings are cel-go's, at the places where it reports them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minikctl.apimachinery.cel import macros, unification
from minikctl.apimachinery.cel.declarations import NAMESPACES, overloads
from minikctl.apimachinery.cel.literals import value_of
from minikctl.apimachinery.cel.syntax import KEYWORDS, Node, dotted
from minikctl.apimachinery.cel.translate import escape, unescape
from minikctl.apimachinery.cel.types import (
    BINDINGS,
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    LOOSE,
    NULL,
    OBJECTS,
    STRING,
    UINT,
    WELL_KNOWN,
    Scope,
    Type,
    list_of,
    of_schema,
    optional_of,
)

__all__ = ["Problem", "Scope", "Type", "check", "types"]

_TYPE_NAMES = {"null_type": NULL, "list": list_of(DYN), "map": Type("map", DYN, key=DYN), "dyn": DYN}
_TYPE_NAMES |= {kind.kind: kind for kind in (BOOL, INT, UINT, DOUBLE, STRING, BYTES)}
_SELECTABLE = LOOSE | {"map", "object"}
_ERROR = Type("error")


class Problem(NamedTuple):
    """One finding and the offset it is about."""

    message: str
    at: int


def check(node: Node, scope: Scope) -> tuple[Type, list[Problem]]:
    """The type of an expression and everything found on the way."""
    checker = _Checker()
    found = checker.infer(node, scope)
    problems = checker.problems or checker.literals
    return (DYN if found.kind == "error" else found), sorted(problems, key=lambda problem: problem.at)


def types(node: Node, scope: Scope) -> dict[int, Type]:
    """The types of all nodes of an expression, by the ids of the nodes."""
    checker = _Checker()
    checker.infer(node, scope)
    return checker.types


class _Checker:
    """Walks one tree. `literals` are arguments that could never be read, of interest where all else is sound."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.literals: list[Problem] = []
        self.types: dict[int, Type] = {}

    def _blame(self, message: str, at: int) -> Type:
        self.problems.append(Problem(message, at))
        return _ERROR

    def infer(self, node: Node, scope: Scope) -> Type:
        found = self._infer(node, scope)
        self.types[id(node)] = found
        return found

    def _infer(self, node: Node, scope: Scope) -> Type:
        parts = node.parts
        if node.kind == "literal":
            return literal_type(parts[0])
        if node.kind == "ident":
            return self._ident(str(parts[0]), node, scope)
        if node.kind == "select":
            return self._select(node, scope)
        if node.kind == "index":
            kinds = [self.infer(parts[0], scope), self.infer(parts[1], scope)]
            return self._resolve("_[?_]" if parts[2] else "_[_]", kinds, node.at)
        if node.kind == "call":
            return self._call(node, scope)
        if node.kind == "binary":
            operator = "@in" if parts[0] == "in" else f"_{parts[0]}_"
            return self._resolve(operator, [self.infer(part, scope) for part in parts[1:]], node.at)
        if node.kind == "unary":
            return self._resolve(f"{parts[0]}_", [self.infer(parts[1], scope)], node.at)
        if node.kind == "choice":
            return self._resolve("_?_:_", [self.infer(part, scope) for part in parts], node.at)
        if node.kind == "list":
            return list_of(self._elements(node.parts[0], scope) or DYN)
        if node.kind == "struct":
            return self._struct(node, scope)
        key = self._joined([self.infer(key, scope) for key, _, _ in parts[0]], [key for key, _, _ in parts[0]])
        item = self._elements([(value, optional) for _, value, optional in parts[0]], scope)
        return Type("map", item or DYN, key=key or DYN)

    def _ident(self, name: str, node: Node, scope: Scope) -> Type:
        if name in scope:
            return scope[name]
        if name in _TYPE_NAMES:
            return Type("type", _TYPE_NAMES[name])
        if name == "type":
            return Type("type", Type("type"))
        return self._blame(f"undeclared reference to '{name}' (in container '')", node.at)

    # Literals of lists, maps and messages

    def _elements(self, items: Sequence[tuple[Node, bool]], scope: Scope) -> Type | None:
        kinds = []
        for item, optional in items:
            kind = self.infer(item, scope)
            if optional:
                if kind.kind == "optional_type":
                    kind = kind.item or DYN
                elif kind.kind not in LOOSE:
                    self._blame(f"expected type '{optional_of(kind)}' but found '{kind}'", item.at)
            kinds.append(kind)
        return self._joined(kinds, [item for item, _ in items])

    def _joined(self, kinds: Sequence[Type], nodes: Sequence[Node]) -> Type | None:
        """What elements have in common: all must be of the first one's type."""
        found: Type | None = None
        for kind, node in zip(kinds, nodes, strict=True):
            if found is None:
                found = kind
                continue
            common = unification.common(found, kind)
            if common is None:
                return self._blame(f"expected type '{found}' but found '{kind}'", node.at)
            found = common
        return found

    def _struct(self, node: Node, scope: Scope) -> Type:
        for _, value, _ in node.parts[1]:
            self.infer(value, scope)
        name = str(node.parts[0])
        if OBJECTS not in scope or not (name in ("Object", "JSONPatch") or name.startswith("Object.")):
            return self._blame(f"undeclared reference to '{name}' (in container '')", node.at)
        return Type(name)

    # Selections

    def _select(self, node: Node, scope: Scope) -> Type:
        operand_node, name, optional = node.parts
        if dotted(node) in WELL_KNOWN and dotted(node).partition(".")[0] not in scope:
            return Type("type", WELL_KNOWN[dotted(node)])
        operand = self.infer(operand_node, scope)
        wrapped = operand.kind == "optional_type"
        found = self._field(operand.item or DYN if wrapped else operand, name, node.at)
        return optional_of(found) if (optional or wrapped) and found.kind != "error" else found

    def _field(self, operand: Type, name: str, at: int) -> Type:
        if operand.fields is not None:
            found = operand.fields.get(name)
            return found if found is not None else self._blame(f"undefined field '{name}'", at)
        if operand.schema is not None:
            child = operand.schema.prop(unescape(name))
            if child is None or (name not in KEYWORDS and escape(unescape(name)) != name):
                return self._blame(f"undefined field '{name}'", at)
            return of_schema(child)
        if operand.kind == "map":
            return operand.item or DYN
        if operand.kind in _SELECTABLE or operand.kind.startswith("Object"):
            return DYN
        return self._blame(f"type '{operand}' does not support field selection", at)

    # Calls

    def _call(self, node: Node, scope: Scope) -> Type:
        target, name, arguments = node.parts
        macro = macros.of(node, BINDINGS in scope)
        if macro is not None:
            return self._macro(macro, scope, node)
        kinds = [self.infer(argument, scope) for argument in arguments]
        spaced = target is not None and target.kind == "ident" and target.parts[0] not in scope
        if spaced and f"{target.parts[0]}.{name}" in overloads() and target.parts[0] in NAMESPACES:
            return self._resolve(f"{target.parts[0]}.{name}", kinds, node.at)
        if target is not None:
            kinds.insert(0, self.infer(target, scope))
        if name not in overloads() or name[0] == "_":
            return self._blame(f"undeclared reference to '{name}' (in container '')", node.at)
        found = self._resolve(name, kinds, node.at, target is not None)
        if arguments and found.kind != "error":
            self._check_literal(name, arguments[0])
        return found

    def _check_literal(self, name: str, argument: Node) -> None:
        """Literals that cannot be read as what they are meant for."""
        if argument.kind == "literal" and not macros.is_readable(name, value_of(argument.parts[0])):
            self.literals.append(Problem(f"invalid {name} argument", argument.at))

    def _resolve(self, name: str, kinds: list[Type], at: int, method: bool = False) -> Type:
        """What a call yields: by the overloads that match it, `dyn` where they do not agree."""
        found: Type | None = None
        for overload in overloads()[name]:
            if overload.method is not method or len(overload.takes) != len(kinds):
                continue
            gives = unification.applied(overload, kinds)
            if gives is not None:
                found = gives if found is None or found == gives else DYN
        if found is not None:
            return found
        shown = [str(kind) for kind in kinds]
        inside = f"{shown[0]}.({', '.join(shown[1:])})" if method else f"({', '.join(shown)})"
        return self._blame(f"found no matching overload for '{name}' applied to '{inside}'", at)

    # Macros

    def _macro(self, macro: macros.Macro, scope: Scope, node: Node) -> Type:
        if macro.name == "has":
            self.infer(macro.bodies[0], scope)
            return BOOL
        operand = self.infer(macro.target, scope)
        if macro.name == "bind":
            return self.infer(macro.bodies[0], {**scope, macro.variables[0]: operand})
        if macro.name in ("optMap", "optFlatMap"):
            item = (operand.item or DYN) if operand.kind == "optional_type" else DYN
            if operand.kind != "optional_type" and operand.kind not in LOOSE:
                return self._resolve("hasValue", [operand], node.at, True)
            body = self.infer(macro.bodies[0], {**scope, macro.variables[0]: item})
            return body if macro.name == "optFlatMap" else optional_of(body)
        entry = self._range(operand, macro)
        inner = {**scope, **dict(zip(macro.variables, entry, strict=False))}
        kinds = [self.infer(body, inner) for body in macro.bodies]
        return self._comprehension(macro.name, operand, entry, kinds, node.at)

    def _range(self, operand: Type, macro: macros.Macro) -> tuple[Type, ...]:
        """The types of a comprehension's variables."""
        two = len(macro.variables) == 2
        if operand.kind == "list":
            return (INT, operand.item or DYN) if two else (operand.item or DYN,)
        if operand.kind == "map":
            return (operand.key or STRING, operand.item or DYN) if two else (operand.key or STRING,)
        if operand.kind not in ("dyn", "error"):
            why = "cannot be range of a comprehension (must be list, map, or dynamic)"
            self._blame(f"expression of type '{operand}' {why}", macro.target.at)
        return (DYN, DYN) if two else (DYN,)

    def _comprehension(self, name: str, operand: Type, entry: tuple[Type, ...], kinds: list[Type], at: int) -> Type:
        """What the loop yields; its conditions are operands of what the macro expands to."""
        if name in ("all", "exists"):
            return self._resolve("_&&_" if name == "all" else "_||_", [BOOL, kinds[0]], at)
        if name in ("exists_one", "existsOne"):
            self._resolve("_?_:_", [kinds[0], INT, INT], at)
            return BOOL
        if name == "sortBy":
            if operand.kind != "list" and operand.kind not in LOOSE:
                return self._resolve("sort", [operand], at, True)
            return list_of(entry[0])
        gives = _collected(name, entry, kinds)
        if name == "filter" or len(kinds) == 2:
            self._resolve("_?_:_", [kinds[0], gives, gives], at)
        return gives


def _collected(name: str, entry: tuple[Type, ...], kinds: list[Type]) -> Type:
    if name == "filter":
        return list_of(entry[0])
    if name == "transformMap":
        return Type("map", kinds[-1], key=entry[0])
    if name == "transformMapEntry":
        return kinds[-1] if kinds[-1].kind == "map" else DYN
    return list_of(kinds[-1])


def literal_type(text: str) -> Type:
    """The type of a literal by how it is written."""
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
    return INT if text.lstrip("-")[:2].lower() == "0x" or not set(text) & set(".eE") else DOUBLE
