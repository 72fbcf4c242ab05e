"""Evaluation of a CEL expression step by step, counting what it really costs.

The engine is faster but neither counts nor fails in cel-go's words; this walks the tree where one of these is
wanted. Counterparts: cel-go's `interpreter` with its `runtimecost.go`, as Kubernetes sets them up (constant
lists are made when the expression is compiled, `has()` is free).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from minikctl.apimachinery.cel import functions as builtin
from minikctl.apimachinery.cel import kubetypes, macros, operations
from minikctl.apimachinery.cel.callcosts import call_cost, self_comparison, size_of
from minikctl.apimachinery.cel.declarations import NAMESPACES
from minikctl.apimachinery.cel.library import FunctionError, optional
from minikctl.apimachinery.cel.literals import value_of
from minikctl.apimachinery.cel.operations import NO_OVERLOAD
from minikctl.apimachinery.cel.syntax import Node, dotted
from minikctl.apimachinery.cel.translate import unescape
from minikctl.apimachinery.cel.types import WELL_KNOWN

_CREATE_LIST, _CREATE_MAP, _CREATE_STRUCT = 10, 30, 40

Variables = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]
Resolve = Callable[[str], Any] | None


class CostExceededError(Exception):
    """An evaluation that was stopped because it cost more than it may."""


class Walk:
    """One evaluation. `cost` is what it has cost so far; `limit` is where it stops."""

    def __init__(self, functions: Functions, resolve: Resolve = None, limit: float = float("inf")) -> None:
        self.cost = 0
        self._functions = functions
        self._resolve = resolve
        self._limit = limit

    def spend(self, amount: int) -> None:
        self.cost += amount
        if self.cost > self._limit:
            raise CostExceededError

    def value(self, node: Node, scope: Variables) -> Any:
        """The value of a node; FunctionError with cel-go's message where it has none."""
        return getattr(self, f"_{node.kind}")(node, scope)

    def _literal(self, node: Node, scope: Variables) -> Any:
        return value_of(node.parts[0])

    def _ident(self, node: Node, scope: Variables) -> Any:
        name = node.parts[0]
        if name in scope:
            self.spend(1)
            return scope[name]
        if name in _TYPES:
            return operations.TypeName(name)
        raise FunctionError(f"undeclared reference to '{name}' (in container '')")

    def _select(self, node: Node, scope: Variables) -> Any:
        operand, name, is_optional = node.parts
        if dotted(node) in WELL_KNOWN and dotted(node).partition(".")[0] not in scope:
            return operations.TypeName(WELL_KNOWN[dotted(node)].kind)
        if operand.kind == "ident" and operand.parts[0] == "variables" and "variables" not in scope:
            self.spend(2)
            return self._resolve(f"variables__{name}") if self._resolve is not None else None
        holder = self.value(operand, scope)
        if is_optional:
            return self._opted(operand, holder, unescape(name))
        self.spend(_selection_cost(operand))
        return _selected(holder, unescape(name))

    def _opted(self, operand: Node, holder: Any, key: Any) -> Any:
        """An optional selection: what is not there costs nothing."""
        found = builtin.opt(holder, key)
        self.spend(_selection_cost(operand) - (not found.has_value()))
        return found

    def _index(self, node: Node, scope: Variables) -> Any:
        operand, key_node, is_optional = node.parts
        holder, key = self.value(operand, scope), self._key(key_node, scope)
        if is_optional:
            return self._opted(operand, holder, key)
        self.spend(_selection_cost(operand))
        return operations.member(holder, key)

    def _key(self, node: Node, scope: Variables) -> Any:
        """An index; to look up the variable that it is costs nothing more."""
        before = self.cost
        key = self.value(node, scope)
        if node.kind == "ident":
            self.cost = before
        return key

    def _unary(self, node: Node, scope: Variables) -> Any:
        value = operations.negate(node.parts[0], self.value(node.parts[1], scope))
        self.spend(1)
        return value

    def _choice(self, node: Node, scope: Variables) -> Any:
        condition = self.value(node.parts[0], scope)
        if not isinstance(condition, bool):
            raise FunctionError(NO_OVERLOAD)
        return self.value(node.parts[1 if condition else 2], scope)

    def _binary(self, node: Node, scope: Variables) -> Any:
        operator, left_node, right_node = node.parts
        if operator in ("&&", "||"):
            return self._logical(operator == "||", left_node, right_node, scope)
        if operator == "in" and is_constant(right_node):
            return operations.contains(self.value(left_node, scope), self.value(right_node, scope))
        left, right = self._operands(left_node, right_node, scope)
        if operator in ("==", "!="):
            opaque = operator == "==" and kubetypes.is_special(left)
            self.spend(1 if opaque else -(-min(size_of(left), size_of(right)) // 10))
            return operations.equals(left, right) is (operator == "==")
        if operator == "in":
            found = operations.contains(left, right)
            self.spend(len(right) if isinstance(right, list) else 1)
            return found
        if operator in ("<", "<=", ">", ">="):
            smaller = operations.compare(operator, left, right)
            texts = isinstance(left, str | bytes)
            self.spend(-(-min(len(left), len(right)) // 10) if texts else 1)
            return smaller
        result = operations.calculate(operator, left, right)
        self.spend(-(-len(result) // 10) if isinstance(result, str | bytes) else 1)
        return result

    def _operands(self, left_node: Node, right_node: Node, scope: Variables) -> tuple[Any, Any]:
        """Both operands; they and the operation cost what they do even where one of them fails."""
        try:
            left = self.value(left_node, scope)
        except FunctionError:
            with suppress(FunctionError):
                self.value(right_node, scope)
            self.spend(1)
            raise
        try:
            return left, self.value(right_node, scope)
        except FunctionError:
            self.spend(1)
            raise

    def _logical(self, decisive: bool, left_node: Node, right_node: Node, scope: Variables) -> bool:
        """`&&` and `||`: one side that decides makes up for an error on the other."""
        problem: FunctionError | None = None
        for node in (left_node, right_node):
            try:
                value = self.value(node, scope)
            except FunctionError as error:
                problem = problem or error
                continue
            if isinstance(value, bool) and value is decisive:
                return decisive
            if not isinstance(value, bool):
                problem = problem or FunctionError(NO_OVERLOAD)
        if problem is not None:
            raise problem
        return not decisive

    # What is made

    def _list(self, node: Node, scope: Variables) -> Any:
        made = list(self._items(node.parts[0], scope))
        if not is_constant(node):
            self.spend(_CREATE_LIST)
        return made

    def _items(self, items: Any, scope: Variables, what: str = "list element") -> Iterator[Any]:
        for item, is_optional in items:
            value = self.value(item, scope)
            if not is_optional:
                yield value
            elif not isinstance(value, optional()):
                shown = builtin.string(value)
                raise FunctionError(f"cannot initialize optional {what} from non-optional value {shown}")
            elif value.has_value():
                yield value.value()

    def _map(self, node: Node, scope: Variables) -> Any:
        made: dict[Any, Any] = {}
        for key_node, value_node, is_optional in node.parts[0]:
            key = self.value(key_node, scope)
            for value in self._items([(value_node, is_optional)], scope, f"entry '{key}'"):
                made[key] = value
        if not is_constant(node):
            self.spend(_CREATE_MAP)
        return made

    def _struct(self, node: Node, scope: Variables) -> Any:
        made: dict[str, Any] = {}
        for name, value_node, is_optional in node.parts[1]:
            for value in self._items([(value_node, is_optional)], scope, f"entry '{name}'"):
                made[unescape(name)] = value
        self.spend(_CREATE_STRUCT)
        return made

    # Calls

    def _call(self, node: Node, scope: Variables) -> Any:
        macro = macros.of(node)
        if macro is not None:
            return self._macro(macro, scope)
        target, name, arguments = node.parts
        spaced = target is not None and target.kind == "ident" and target.parts[0] not in scope
        if spaced and target.parts[0] in NAMESPACES and f"{target.parts[0]}.{name}" in operations.FUNCTIONS:
            name, target = f"{target.parts[0]}.{name}", None
        values = [] if target is None else [self.value(target, scope)]
        if name in ("or", "orValue") and len(arguments) == 1 and values and isinstance(values[0], optional()):
            # The other side is only looked at where it is needed.
            kept = values[0] if name == "or" else values[0].value() if values[0].has_value() else None
            return kept if values[0].has_value() else self.value(arguments[0], scope)
        values += [self.value(argument, scope) for argument in arguments]
        function = self._functions.get(name) or operations.FUNCTIONS.get(name)
        if function is None:
            raise FunctionError(f"undeclared reference to '{name}' (in container '')")
        try:
            result = function(*values)
        except (TypeError, AttributeError, KeyError, ValueError):
            raise FunctionError(NO_OVERLOAD) from None
        self.spend(0 if is_constant(node) else call_cost(name, values, result))
        return result

    def _macro(self, macro: macros.Macro, scope: Variables) -> Any:
        if macro.name == "has":
            return self._has(macro.target, scope)
        if macro.name == "bind":
            value = self.value(macro.target, scope)
            return self.value(macro.bodies[0], {**scope, macro.variables[0]: value})
        if macro.name in ("optMap", "optFlatMap"):
            return self._opt_map(macro, scope)
        source = self.value(macro.target, scope)
        if not isinstance(source, list | dict):
            raise FunctionError(NO_OVERLOAD)
        loop = _LOOPS.get(macro.name)
        if loop is not None:
            return loop(self, macro, scope, source)
        return self._collect(macro, scope, source)

    def _has(self, node: Node, scope: Variables) -> bool:
        if node.kind != "select":
            raise FunctionError(NO_OVERLOAD)
        holder = self.value(node.parts[0], scope)
        if isinstance(holder, dict):
            return unescape(node.parts[1]) in holder
        if isinstance(holder, optional()):
            return bool(builtin.opt(holder, unescape(node.parts[1])).has_value())
        raise FunctionError(NO_OVERLOAD)

    def _opt_map(self, macro: macros.Macro, scope: Variables) -> Any:
        found = self.value(macro.target, scope)
        self.spend(1)
        if not isinstance(found, optional()):
            raise FunctionError(NO_OVERLOAD)
        if not found.has_value():
            self.spend(1)
            return found
        inner = self.value(macro.target, scope).value()
        self.spend(1)
        body = self.value(macro.bodies[0], {**scope, macro.variables[0]: inner})
        if macro.name == "optFlatMap":
            return body
        self.spend(1)
        return optional().of(body)

    def scopes(self, macro: macros.Macro, scope: Variables, source: Any) -> Iterator[dict[str, Any]]:
        """The variables of each turn of a loop."""
        entries = source.items() if isinstance(source, dict) else enumerate(source)
        single = len(macro.variables) == 1
        keyed = isinstance(source, dict)
        for key, value in entries:
            if single:
                yield {**scope, macro.variables[0]: key if keyed else value}
            else:
                yield {**scope, macro.variables[0]: key, macro.variables[1]: value}

    def _until(self, macro: macros.Macro, scope: Variables, source: Any, decisive: bool, turn: int) -> bool:
        """all() and exists(): an error counts only where no other element decides."""
        problem: FunctionError | None = None
        found = not decisive
        for inner in self.scopes(macro, scope, source):
            if found is decisive:
                self.spend(turn - 1)
                break
            self.spend(turn)
            try:
                if self._holds(macro.bodies[0], inner) is decisive:
                    found, problem = decisive, None
            except FunctionError as error:
                problem = problem or error
        self.spend(1)
        if problem is not None:
            raise problem
        return found

    def _all(self, macro: macros.Macro, scope: Variables, source: Any) -> bool:
        return self._until(macro, scope, source, False, 3)

    def _exists(self, macro: macros.Macro, scope: Variables, source: Any) -> bool:
        return self._until(macro, scope, source, True, 4)

    def _exists_one(self, macro: macros.Macro, scope: Variables, source: Any) -> bool:
        count = 0
        for inner in self.scopes(macro, scope, source):
            holds = self._holds(macro.bodies[0], inner)
            self.spend(2 if holds else 0)
            count += holds
        self.spend(2)
        return count == 1

    def _holds(self, node: Node, scope: Variables) -> bool:
        value = self.value(node, scope)
        if not isinstance(value, bool):
            raise FunctionError(NO_OVERLOAD)
        return value

    def _filter(self, macro: macros.Macro, scope: Variables, source: Any) -> list[Any]:
        found = []
        for inner in self.scopes(macro, scope, source):
            if self._holds(macro.bodies[0], inner):
                self.spend(3 + _CREATE_LIST)
                found.append(inner[macro.variables[0]])
        self.spend(1)
        return found

    def _sort_by(self, macro: macros.Macro, scope: Variables, source: Any) -> list[Any]:
        keys = []
        for inner in self.scopes(macro, scope, source):
            keys.append(self.value(macro.bodies[0], inner))
            self.spend(2 + _CREATE_LIST)
        self.spend(3 + self_comparison(keys))
        return builtin.sort_by(source, keys)

    def _collect(self, macro: macros.Macro, scope: Variables, source: Any) -> Any:
        """map(), transformList(), transformMap() and transformMapEntry(), each with or without a condition."""
        conditions, body = macro.bodies[:-1], macro.bodies[-1]
        listed: list[Any] = []
        mapped: dict[Any, Any] = {}
        for inner in self.scopes(macro, scope, source):
            if conditions and not self._holds(conditions[0], inner):
                continue
            value = self.value(body, inner)
            if macro.name in ("map", "transformList"):
                self.spend(2 + _CREATE_LIST)
                listed.append(value)
            elif macro.name == "transformMap":
                self.spend(3)
                mapped[inner[macro.variables[0]]] = value
            else:
                self.spend(2)
                mapped = builtin.merged([mapped, value])
        self.spend(1)
        return listed if macro.name in ("map", "transformList") else mapped


_LOOPS: dict[str, Callable[[Walk, macros.Macro, Variables, Any], Any]] = {
    "all": Walk._all,
    "exists": Walk._exists,
    "exists_one": Walk._exists_one,
    "existsOne": Walk._exists_one,
    "filter": Walk._filter,
    "sortBy": Walk._sort_by,
}
CONVERSIONS = frozenset({"bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "uint"})
_TYPES = frozenset({"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "uint", "type"})


def _selection_cost(operand: Node) -> int:
    """What a selection costs: more where it is of something worked out."""
    return 1 if operand.kind in ("ident", "select", "index") else 2


def _selected(holder: Any, name: str) -> Any:
    if isinstance(holder, list):
        raise FunctionError(NO_OVERLOAD)
    return operations.member(holder, name)


def is_constant(node: Node) -> bool:
    """Whether a literal, its conversion, or a list or map of such is made before anything is evaluated."""
    if node.kind == "literal":
        return True
    if node.kind == "list":
        return all(is_constant(item) and not is_optional for item, is_optional in node.parts[0])
    if node.kind == "call":
        target, name, arguments = node.parts
        return target is None and name in CONVERSIONS and len(arguments) == 1 and is_constant(arguments[0])
    if node.kind == "map":
        return all(is_constant(key) and is_constant(value) and not opt for key, value, opt in node.parts[0])
    return False
