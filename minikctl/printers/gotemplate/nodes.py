"""The parts of a parsed template. Upstream counterpart: text/template/parse/node.go.

Each node knows its position in the template and its own text, which error messages quote.
"""

from __future__ import annotations

from typing import Any


class Node:
    """A part of a template: `kind` names it."""

    __slots__ = ("pos",)
    kind = ""

    def __init__(self, pos: int) -> None:
        self.pos = pos


class Text(Node):
    __slots__ = ("text",)
    kind = "text"

    def __init__(self, pos: int, text: str) -> None:
        super().__init__(pos)
        self.text = text

    def __str__(self) -> str:
        return self.text


class Literal(Node):
    """A string, number, boolean, `.` or nil: `kind` is per instance, `shown` its text in the template."""

    __slots__ = ("kind", "shown", "value")

    def __init__(self, pos: int, kind: str, shown: str, value: Any = None) -> None:
        super().__init__(pos)
        self.kind = kind
        self.shown = shown
        self.value = value

    def __str__(self) -> str:
        return self.shown


class Identifier(Node):
    __slots__ = ("name",)
    kind = "identifier"

    def __init__(self, pos: int, name: str) -> None:
        super().__init__(pos)
        self.name = name

    def __str__(self) -> str:
        return self.name


class Field(Node):
    """`.a.b`: names without dots."""

    __slots__ = ("names",)
    kind = "field"

    def __init__(self, pos: int, names: list[str]) -> None:
        super().__init__(pos)
        self.names = names

    def __str__(self) -> str:
        return "".join([f".{name}" for name in self.names])


class Variable(Node):
    """`$x.a.b`: the first name has its dollar sign."""

    __slots__ = ("names",)
    kind = "variable"

    def __init__(self, pos: int, names: list[str]) -> None:
        super().__init__(pos)
        self.names = names

    def __str__(self) -> str:
        return ".".join(self.names)


class Chain(Node):
    """`(pipeline).a.b`."""

    __slots__ = ("names", "node")
    kind = "chain"

    def __init__(self, pos: int, node: Node, names: list[str]) -> None:
        super().__init__(pos)
        self.node = node
        self.names = names

    def __str__(self) -> str:
        inner = f"({self.node})" if self.node.kind == "pipe" else str(self.node)
        return inner + "".join([f".{name}" for name in self.names])


class Command(Node):
    __slots__ = ("args",)
    kind = "command"

    def __init__(self, pos: int) -> None:
        super().__init__(pos)
        self.args: list[Node] = []

    def __str__(self) -> str:
        return " ".join([f"({arg})" if arg.kind == "pipe" else str(arg) for arg in self.args])


class Pipe(Node):
    __slots__ = ("assigns", "commands", "declared")
    kind = "pipe"

    def __init__(self, pos: int) -> None:
        super().__init__(pos)
        self.commands: list[Command] = []
        self.declared: list[str] = []
        self.assigns = False

    def __str__(self) -> str:
        shown = " | ".join([str(command) for command in self.commands])
        if not self.declared:
            return shown
        return ", ".join(self.declared) + (" = " if self.assigns else " := ") + shown


class Action(Node):
    __slots__ = ("pipe",)
    kind = "action"

    def __init__(self, pos: int, pipe: Pipe) -> None:
        super().__init__(pos)
        self.pipe = pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


class Branch(Node):
    """`if`, `with` and `range`, as `kind` says."""

    __slots__ = ("body", "kind", "otherwise", "pipe")

    def __init__(self, pos: int, kind: str, pipe: Pipe, body: list[Node], otherwise: list[Node] | None) -> None:
        super().__init__(pos)
        self.kind = kind
        self.pipe = pipe
        self.body = body
        self.otherwise = otherwise

    def __str__(self) -> str:
        body = "".join([str(node) for node in self.body])
        otherwise = "" if self.otherwise is None else "{{else}}" + "".join([str(node) for node in self.otherwise])
        return f"{{{{{self.kind} {self.pipe}}}}}{body}{otherwise}{{{{end}}}}"


class Invocation(Node):
    """`{{template "name" pipeline}}`."""

    __slots__ = ("name", "pipe", "shown")
    kind = "template"

    def __init__(self, pos: int, name: str, shown: str, pipe: Pipe | None) -> None:
        super().__init__(pos)
        self.name = name
        self.shown = shown
        self.pipe = pipe

    def __str__(self) -> str:
        return f"{{{{template {self.shown}" + (f" {self.pipe}" if self.pipe else "") + "}}"


class Keyword(Node):
    """`{{break}}`, `{{continue}}` and, while parsing only, `{{end}}` and `{{else}}`."""

    __slots__ = ("kind",)

    def __init__(self, pos: int, kind: str) -> None:
        super().__init__(pos)
        self.kind = kind

    def __str__(self) -> str:
        return f"{{{{{self.kind}}}}}"
