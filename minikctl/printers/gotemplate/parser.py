"""Builds the trees of a template and of those it defines. Upstream counterpart: text/template/parse/parse.go."""

from __future__ import annotations

from minikctl.printers.gofmt import quote
from minikctl.printers.gotemplate.errors import TemplateError
from minikctl.printers.gotemplate.lexer import Token, tokenize
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
from minikctl.printers.gotemplate.numbers import number
from minikctl.printers.jsonpathparser import JSONPathError, unquote

_OPERANDS = frozenset(
    ("bool", "character", "dot", "field", "identifier", "number", "nil", "rawstring", "string", "variable", "(")
)
_LITERALS = frozenset(("bool", "string", "number", "nil", "dot"))


def parse(name: str, text: str, functions: frozenset[str]) -> dict[str, list[Node]]:
    """The template's tree and those of the templates it defines, by name."""
    parser = _Parser(name, text, functions)
    parser.parse()
    return parser.trees


class _Parser:
    def __init__(self, name: str, text: str, functions: frozenset[str]) -> None:
        self.name = name
        self.tokens = tokenize(text)
        self.at = 0
        self.furthest = 0
        self.functions = functions
        self.trees: dict[str, list[Node]] = {}
        self.variables = ["$"]
        self.range_depth = 0
        self.action_line = 0

    def parse(self) -> None:
        """Fill `trees`."""
        root: list[Node] = []
        while self._peek().type != "EOF":
            if self._peek().type == "left":
                start = self.at
                self._next()
                if self._next_word().type == "define":
                    self._definition()
                    continue
                self.at = start
            node = self._text_or_action()
            if node.kind in ("end", "else"):
                self._fail(f"unexpected {node}")
            root.append(node)
        self._add(self.name, root)

    def _fail(self, message: str) -> TemplateError:
        line = self.tokens[min(self.furthest, len(self.tokens) - 1)].line
        raise TemplateError(f"template: {self.name}:{line}: {message}")

    def _unexpected(self, token: Token, context: str) -> None:
        if token.type != "error":
            self._fail(f"unexpected {token} in {context}")
        extra = ""
        if self.action_line not in (0, token.line):
            extra = f" in action started at {self.name}:{self.action_line}"
            if token.text.endswith(" action"):
                extra = extra[len(" in action") :]
        self._fail(f"{token}{extra}")

    def _next(self) -> Token:
        token = self._peek()
        if token.type != "error":
            self.at += 1
        return token

    def _peek(self) -> Token:
        at = min(self.at, len(self.tokens) - 1)
        self.furthest = at
        return self.tokens[at]

    def _next_word(self) -> Token:
        self._peek_word()
        return self._next()

    def _peek_word(self) -> Token:
        while self._peek().type == "space":
            self.at += 1
        return self._peek()

    def _expect(self, kind: str, context: str) -> Token:
        token = self._next_word()
        if token.type != kind:
            self._unexpected(token, context)
        return token

    def _add(self, name: str, body: list[Node]) -> None:
        existing = self.trees.get(name)
        if existing is None or _is_empty(existing):
            self.trees[name] = body
        elif not _is_empty(body):
            self._fail(f"template: multiple definition of template {quote(name)}")

    def _definition(self) -> None:
        context = "define clause"
        name = self._template_name(self._next_word(), context)
        self._expect("right", context)
        self._tree(name, context)

    def _tree(self, name: str, context: str) -> None:
        """The body of a define or block, with variables of its own."""
        outer, self.variables = self.variables, ["$"]
        depth, self.range_depth = self.range_depth, 0
        body, end = self._list()
        if end.kind != "end":
            self._fail(f"unexpected {end} in {context}")
        self._add(name, body)
        self.variables, self.range_depth = outer, depth

    def _list(self) -> tuple[list[Node], Node]:
        nodes: list[Node] = []
        while self._peek_word().type != "EOF":
            node = self._text_or_action()
            if node.kind in ("end", "else"):
                return nodes, node
            nodes.append(node)
        raise self._fail("unexpected EOF")

    def _text_or_action(self) -> Node:
        token = self._next_word()
        if token.type == "text":
            return Text(token.pos, token.text)
        if token.type != "left":
            self._unexpected(token, "input")
        self.action_line = token.line
        node = self._action()
        self.action_line = 0
        return node

    def _action(self) -> Node:
        token = self._next_word()
        kind = token.type
        if kind in ("if", "with", "range"):
            return self._control(kind)
        if kind == "else":
            return self._else()
        if kind == "end":
            return Keyword(self._expect("right", "end").pos, "end")
        if kind in ("break", "continue"):
            closing = self._next_word()
            if closing.type != "right":
                self._unexpected(closing, f"{{{{{kind}}}}}")
            if self.range_depth == 0:
                self._fail(f"{{{{{kind}}}}} outside {{{{range}}}}")
            return Keyword(token.pos, kind)
        if kind == "template":
            return self._invocation()
        if kind == "block":
            return self._block()
        if kind != "error":
            self.at -= 1
        return Action(token.pos, self._pipeline("command", "right"))

    def _else(self) -> Node:
        token = self._peek_word()
        if token.type in ("if", "with"):
            return Keyword(token.pos, "else")
        return Keyword(self._expect("right", "else").pos, "else")

    def _control(self, kind: str) -> Branch:
        known = len(self.variables)
        pipe = self._pipeline(kind, "right")
        self.range_depth += kind == "range"
        body, end = self._list()
        self.range_depth -= kind == "range"
        otherwise: list[Node] | None = None
        if end.kind == "else":
            if kind in ("if", "with") and self._peek().type == kind:
                self._next()
                otherwise = [self._control(kind)]
            else:
                otherwise, end = self._list()
                if end.kind != "end":
                    self._fail(f"expected end; found {end}")
        del self.variables[known:]
        return Branch(pipe.pos, kind, pipe, body, otherwise)

    def _invocation(self) -> Invocation:
        context = "template clause"
        token = self._next_word()
        name = self._template_name(token, context)
        pipe = None
        if self._peek_word().type == "right":
            self._next()
        else:
            pipe = self._pipeline(context, "right")
        return Invocation(token.pos, name, quote(name), pipe)

    def _block(self) -> Invocation:
        context = "block clause"
        token = self._next_word()
        name = self._template_name(token, context)
        pipe = self._pipeline(context, "right")
        self._tree(name, context)
        return Invocation(token.pos, name, quote(name), pipe)

    def _template_name(self, token: Token, context: str) -> str:
        if token.type not in ("string", "rawstring"):
            self._unexpected(token, context)
        return self._unquoted(token)

    def _unquoted(self, token: Token) -> str:
        if token.type == "rawstring":
            return token.text[1:-1].replace("\r", "")
        try:
            return unquote(token.text)
        except JSONPathError as error:
            raise self._fail(str(error)) from None

    def _pipeline(self, context: str, end: str) -> Pipe:
        pipe = Pipe(self._peek_word().pos)
        self._declarations(pipe, context)
        while True:
            token = self._next_word()
            if token.type == end:
                self._check(pipe, context)
                return pipe
            if token.type not in _OPERANDS:
                self._unexpected(token, context)
            self.at -= 1
            pipe.commands.append(self._command())

    def _declarations(self, pipe: Pipe, context: str) -> None:
        while self._peek_word().type == "variable":
            start = self.at
            variable = self._next()
            token = self._peek_word()
            comma = token.type == "char" and token.text == ","
            if token.type not in ("assign", "declare") and not comma:
                self.at = start
                return
            self._next()
            pipe.declared.append(variable.text)
            self.variables.append(variable.text)
            if not comma:
                pipe.assigns = token.type == "assign"
                return
            if context != "range" or len(pipe.declared) > 1:
                self._fail(f"too many declarations in {context}")
            if self._peek_word().type not in ("variable", "right", ")"):
                self._fail("range can only initialize variables")

    def _check(self, pipe: Pipe, context: str) -> None:
        if not pipe.commands:
            self._fail(f"missing value for {context}")
        for stage, command in enumerate(pipe.commands[1:], 2):
            if command.args[0].kind in _LITERALS:
                self._fail(f"non executable command in pipeline stage {stage}")

    def _command(self) -> Command:
        command = Command(self._peek_word().pos)
        while True:
            self._peek_word()
            operand = self._operand()
            if operand is not None:
                command.args.append(operand)
            token = self._next()
            if token.type == "space":
                continue
            if token.type in ("right", ")"):
                self.at -= 1
            elif token.type != "pipe":
                self._unexpected(token, "operand")
            break
        if not command.args:
            self._fail("empty command")
        return command

    def _operand(self) -> Node | None:
        node = self._term()
        if node is None or self._peek().type != "field":
            return node
        pos = self._peek().pos
        names = []
        while self._peek().type == "field":
            names.append(self._next().text[1:])
        if isinstance(node, Field):
            return Field(pos, node.names + names)
        if isinstance(node, Variable):
            return Variable(pos, node.names + names)
        if node.kind in _LITERALS:
            self._fail(f"unexpected . after term {quote(str(node))}")
        return Chain(pos, node, names)

    def _term(self) -> Node | None:
        token = self._next_word()
        kind, pos, text = token.type, token.pos, token.text
        if kind == "identifier":
            if text not in self.functions:
                self._fail(f"function {quote(text)} not defined")
            return Identifier(pos, text)
        if kind in ("dot", "nil"):
            return Literal(pos, kind, "." if kind == "dot" else "nil")
        if kind == "variable":
            if text not in self.variables:
                self._fail(f"undefined variable {quote(text)}")
            return Variable(pos, [text])
        if kind == "field":
            return Field(pos, [text[1:]])
        if kind == "bool":
            return Literal(pos, "bool", text, text == "true")
        if kind in ("number", "character"):
            try:
                return Literal(pos, "number", text, number(text))
            except TemplateError as error:
                self._fail(str(error))
        if kind == "(":
            return self._pipeline("parenthesized pipeline", ")")
        if kind in ("string", "rawstring"):
            return Literal(pos, "string", text, self._unquoted(token))
        if kind != "error":
            self.at -= 1
        return None


def _is_empty(nodes: list[Node]) -> bool:
    return all(isinstance(node, Text) and not node.text.strip() for node in nodes)
