"""Runs a parsed template on an object. Upstream counterpart: text/template/exec.go."""

from __future__ import annotations

from typing import Any

from minikctl.printers.gofmt import quote
from minikctl.printers.gotemplate.errors import TemplateError
from minikctl.printers.gotemplate.functions import FUNCTIONS
from minikctl.printers.gotemplate.nodes import (
    Action,
    Branch,
    Chain,
    Command,
    Field,
    Identifier,
    Invocation,
    Keyword,
    Literal,
    Node,
    Pipe,
    Text,
    Variable,
)
from minikctl.printers.gotemplate.numbers import TooLarge
from minikctl.printers.gotemplate.printf import sprint
from minikctl.printers.gotemplate.values import INVALID, Box, GoInt, truth, type_name, unbox

# Python's stack ends long before Go's limit of 100000 nested invocations.
_MAX_DEPTH = 100


class _Absent:
    """No value comes down the pipeline."""


_ABSENT = _Absent()


class _Jump(Exception):
    """{{break}} or {{continue}} on its way to its range."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Execution:
    """One run of a template; `out` holds what has been printed, also when it fails."""

    def __init__(self, name: str, text: str, trees: dict[str, list[Node]], allow_missing: bool) -> None:
        self.root = name
        self.name = name
        self.text = text
        self.trees = trees
        self.allow_missing = allow_missing
        self.out: list[str] = []
        self.node: Node | None = None
        self.variables: list[list[Any]] = []
        self.depth = 0

    def run(self, data: Any) -> None:
        """Execute on the data; raises TemplateError."""
        self.variables = [["$", data]]
        self._walk_all(data, self.trees[self.name])

    def _fail(self, message: str) -> TemplateError:
        if self.node is None:
            raise TemplateError(f"template: {self.name}: {message}")
        before = self.text[: self.node.pos]
        line = before.count("\n") + 1
        column = len(before[before.rfind("\n") + 1 :].encode())
        raise TemplateError(
            f"template: {self.root}:{line}:{column}: executing {quote(self.name)} at <{self.node}>: {message}"
        )

    def _walk_all(self, dot: Any, nodes: list[Node]) -> None:
        for node in nodes:
            self._walk(dot, node)

    def _walk(self, dot: Any, node: Node) -> None:
        self.node = node
        if isinstance(node, Text):
            self.out.append(node.text)
        elif isinstance(node, Action):
            value = self._pipeline(dot, node.pipe)
            if not node.pipe.declared:
                self.node = node
                self.out.append("<no value>" if value is INVALID else sprint([value]))
        elif isinstance(node, Branch):
            if node.kind == "range":
                self._range(dot, node)
            else:
                self._if_or_with(dot, node)
        elif isinstance(node, Invocation):
            self._invoke(dot, node)
        elif isinstance(node, Keyword):
            raise _Jump(node.kind)

    def _if_or_with(self, dot: Any, node: Branch) -> None:
        mark = len(self.variables)
        value = self._pipeline(dot, node.pipe)
        if truth(value):
            self._walk_all(value if node.kind == "with" else dot, node.body)
        elif node.otherwise is not None:
            self._walk_all(dot, node.otherwise)
        del self.variables[mark:]

    def _range(self, dot: Any, node: Branch) -> None:
        outer = len(self.variables)
        value = self._pipeline(dot, node.pipe)
        mark = len(self.variables)
        try:
            for index, element in self._elements(value, node.pipe):
                self._bind(node.pipe, index, element)
                try:
                    self._walk_all(element, node.body)
                except _Jump as jump:
                    if jump.kind == "break":
                        break
                finally:
                    del self.variables[mark:]
            else:
                if not self._elements(value, node.pipe) and node.otherwise is not None:
                    self._walk_all(dot, node.otherwise)
        finally:
            del self.variables[outer:]

    def _elements(self, value: Any, pipe: Pipe) -> list[tuple[Any, Any]]:
        if isinstance(value, list):
            return [(GoInt(i), Box(item)) for i, item in enumerate(value)]
        if isinstance(value, dict):
            return [(key, Box(value[key])) for key in sorted(value)]
        if value is INVALID:
            return []
        if isinstance(value, int) and not isinstance(value, bool):
            if len(pipe.declared) > 1:
                self._fail(f"can't use {value} to iterate over more than one variable")
            return [(INVALID, type(value)(i)) for i in range(value)]
        raise self._fail(f"range can't iterate over {sprint([value])}")

    def _bind(self, pipe: Pipe, index: Any, element: Any) -> None:
        values = [index, element] if len(pipe.declared) > 1 else [element] if pipe.declared else []
        for name, value, slot in zip(pipe.declared, values, self.variables[-len(values) or None :], strict=False):
            if pipe.assigns:
                self._assign(name, value)
            else:
                slot[1] = value

    def _invoke(self, dot: Any, node: Invocation) -> None:
        tree = self.trees.get(node.name)
        if tree is None:
            self._fail(f"template {quote(node.name)} not defined")
        if self.depth == _MAX_DEPTH:
            self._fail(f"exceeded maximum template depth ({_MAX_DEPTH})")
        value = INVALID if node.pipe is None else self._pipeline(dot, node.pipe)
        outer = self.name, self.variables
        self.name, self.variables = node.name, [["$", value]]
        self.depth += 1
        self._walk_all(value, tree or [])
        self.depth -= 1
        self.name, self.variables = outer

    def _assign(self, name: str, value: Any) -> None:
        for slot in reversed(self.variables):
            if slot[0] == name:
                slot[1] = value
                return
        self._fail(f"undefined variable: {name}")

    def _variable(self, name: str) -> Any:
        for slot in reversed(self.variables):
            if slot[0] == name:
                return slot[1]
        raise self._fail(f"undefined variable: {name}")

    def _pipeline(self, dot: Any, pipe: Pipe) -> Any:
        self.node = pipe
        value: Any = _ABSENT
        for command in pipe.commands:
            value = unbox(self._command(dot, command, value))
        for name in pipe.declared:
            if pipe.assigns:
                self._assign(name, value)
            else:
                self.variables.append([name, value])
        return value

    def _command(self, dot: Any, command: Command, final: Any) -> Any:
        word = command.args[0]
        if isinstance(word, Identifier):
            self.node = word
            return self._call(dot, word.name, command, command.args[1:], final)
        if isinstance(word, (Field, Chain, Variable)):
            return self._operand(dot, word, command.args[1:], final)
        self.node = word
        if len(command.args) > 1 or final is not _ABSENT:
            self._fail(f"can't give argument to non-function {word}")
        if isinstance(word, Pipe):
            return self._pipeline(dot, word)
        if word.kind == "nil":
            self._fail("nil is not a command")
        return self._literal(dot, word)

    def _literal(self, dot: Any, node: Node) -> Any:
        """A constant or dot where any type will do."""
        self.node = node
        if not isinstance(node, Literal):
            raise self._fail(f"can't evaluate command {quote(str(node))}")
        if node.kind == "dot":
            return dot
        if isinstance(node.value, TooLarge):
            self._fail(f"{node.shown} overflows int")
        return node.value

    def _operand(self, dot: Any, node: Field | Chain | Variable, args: list[Node], final: Any) -> Any:
        """A field, a variable or a chain; none of them takes arguments."""
        self.node = node
        names = node.names
        if isinstance(node, Field):
            value = dot
        elif isinstance(node, Variable):
            value = self._variable(names[0])
            names = names[1:]
            if not names and (args or final is not _ABSENT):
                self._fail(f"can't give argument to non-function {node}")
        else:
            if node.node.kind == "nil":
                self._fail(f"indirection through explicit nil in {node}")
            value = self._argument(dot, node.node, "any")
        for i, name in enumerate(names):
            has_args = i == len(names) - 1 and bool(args or final is not _ABSENT)
            value = self._field(value, name, has_args)
        return value

    def _field(self, receiver: Any, name: str, has_args: bool) -> Any:
        if receiver is INVALID:
            if not self.allow_missing:
                self._fail(f"nil data; no entry for key {quote(name)}")
            return INVALID
        kind = type_name(receiver)
        value = unbox(receiver)
        if value is INVALID:
            self._fail(f"nil pointer evaluating {kind}.{name}")
        if not isinstance(value, dict):
            self._fail(f"can't evaluate field {name} in type {kind}")
        if has_args:
            self._fail(f"{name} is not a method but has arguments")
        if name in value:
            return Box(value[name])
        if not self.allow_missing:
            self._fail(f"map has no entry for key {quote(name)}")
        return INVALID

    def _call(self, dot: Any, name: str, node: Node, args: list[Node], final: Any) -> Any:
        function = FUNCTIONS[name]
        fixed, count = len(function.params), len(args) + (final is not _ABSENT)
        if function.variadic and count < fixed:
            self._fail(f"wrong number of args for {name}: want at least {fixed} got {len(args)}")
        if not function.variadic and count != fixed:
            self._fail(f"wrong number of args for {name}: want {fixed} got {count}")
        if name in ("and", "or"):
            return self._logic(dot, name, args, final)
        wanted = [*function.params, *["any"] * count][:count]
        values = [self._argument(dot, arg, kind) for arg, kind in zip(args, wanted, strict=False)]
        if final is not _ABSENT:
            values.append(self._checked(final, wanted[-1]))
        if name == "call":
            self.node = node
            callee = str(args[0]) if args else "nil"
            value = unbox(values[0])
            why = "call of nil" if value is INVALID else f"non-function {callee} of type {type_name(value)}"
            self._fail(f"error calling call: {why}")
        try:
            return function.run(values)
        except TemplateError as error:
            self.node = node
            raise self._fail(f"error calling {name}: {error}") from None

    def _logic(self, dot: Any, name: str, args: list[Node], final: Any) -> Any:
        """`and` and `or` evaluate no more than they need."""
        value: Any = INVALID
        for arg in args:
            value = self._argument(dot, arg, "any")
            if truth(value) == (name == "or"):
                return value
        return value if final is _ABSENT else final

    def _argument(self, dot: Any, node: Node, kind: str) -> Any:
        self.node = node
        if isinstance(node, (Field, Variable, Chain)):
            return self._checked(self._operand(dot, node, [], _ABSENT), kind)
        if isinstance(node, Pipe):
            return self._checked(self._pipeline(dot, node), kind)
        if isinstance(node, Identifier):
            return self._checked(self._call(dot, node.name, node, [], _ABSENT), kind)
        if node.kind == "dot":
            return self._checked(dot, kind)
        if node.kind == "nil":
            if kind == "string":
                self._fail("cannot assign nil to string")
            return INVALID
        if kind == "string" and node.kind != "string":
            self._fail(f"expected string; found {node}")
        return self._literal(dot, node)

    def _checked(self, value: Any, kind: str) -> Any:
        """The value if a parameter of that type takes it."""
        if kind != "string":
            return value
        if value is INVALID:
            self._fail("invalid value; expected string")
        inner = unbox(value)
        if not isinstance(inner, str):
            got = type_name(value if inner is INVALID else inner)
            self._fail(f"wrong type for value; expected string; got {got}")
        return inner
