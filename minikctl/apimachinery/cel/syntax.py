"""CEL source to a tree: the grammar of the Common Expression Language with Kubernetes' additions.

The tree is what `translate` rewrites for the engine and `typing` checks. Positions are offsets of
the token that cel-go blames: the dot of a selection, the parenthesis of a call, an operator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple


class SyntaxProblem(ValueError):
    """Source that is no CEL; `at` is the offset of the token in the way."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class UnsupportedProblem(SyntaxProblem):
    """Syntax of CEL that Kubernetes has not switched on."""


class Node(NamedTuple):
    """One node: its kind, where it stands, and what it is made of.

    literal(text) | ident(name) | select(operand, name, optional) | index(operand, key, optional) |
    call(target or None, name, arguments) | list(items) | map(entries) | struct(name, entries) |
    unary(operator, operand) | binary(operator, left, right) | choice(condition, yes, no).
    Items are (node, optional), entries (key, node, optional); a struct's keys are strings.
    """

    kind: str
    at: int
    parts: tuple[Any, ...]


def mentions(tree: Node, name: str) -> bool:
    """Whether an expression names a variable."""
    return (tree.kind == "ident" and name in tree.parts) or any(mentions(part, name) for part in subtrees(tree))


def dotted(node: Node) -> str:
    """A name with dots in it, as the selections it is parsed as; empty for anything else."""
    if node.kind == "ident":
        return str(node.parts[0])
    operand = dotted(node.parts[0]) if node.kind == "select" and not node.parts[2] else ""
    return f"{operand}.{node.parts[1]}" if operand else ""


def subtrees(tree: Node) -> Iterator[Node]:
    """The nodes right below one."""
    return _trees(tree.parts)


def _trees(parts: tuple[Any, ...]) -> Iterator[Node]:
    for part in parts:
        if isinstance(part, Node):
            yield part
        elif isinstance(part, tuple):
            yield from _trees(part)


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


_TOKENS = re.compile(
    r"""(?P<space>(?:\s|//[^\n]*)+)
    |(?P<string>[rRbB]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''
        |"(?:\\.|[^"\\\n\r])*"|'(?:\\.|[^'\\\n\r])*'))
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:[0-9]+\.[0-9]+|\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?[uU]?)
    |(?P<quoted>`[A-Za-z0-9_.\-/ ]+`)
    |(?P<ident>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<op>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_RELATIONS = ("<", "<=", ">", ">=", "==", "!=", "in")
_LITERALS = ("true", "false", "null")
# Words that no variable may be called; a property can be, escaped.
KEYWORDS = frozenset(
    (
        *(*_LITERALS, "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"),
        *("let", "loop", "package", "namespace", "return", "var", "void", "while"),
    )
)


def parse(source: str) -> Node:
    """The tree of an expression; SyntaxProblem where it is none."""
    parser = _Parser(_tokens(source), len(source))
    node = parser.expression()
    if parser.token.kind != "end":
        raise SyntaxProblem(f"extraneous input '{parser.token.text}' expecting <EOF>", parser.token.at)
    return node


def _tokens(source: str) -> list[_Token]:
    found = []
    at = 0
    while at < len(source):
        match = _TOKENS.match(source, at)
        if match is None:
            raise SyntaxProblem(f"token recognition error at: '{source[at]}'", at)
        kind, text = str(match.lastgroup), match.group()
        if kind == "string" and (text[0] in "rR" or text[:2].lower() == "br"):
            match, text = _raw(source, at, match)
        if kind != "space":
            found.append(_Token("op" if text == "in" else kind, text, at))
        at = match.end()
    found.append(_Token("end", "<EOF>", len(source)))
    return found


_RAW = re.compile(r"[rRbB]{1,2}(?:\"\"\".*?\"\"\"|'''.*?'''|\"[^\"\n\r]*\"|'[^'\n\r]*')", re.DOTALL)


def _raw(source: str, at: int, match: re.Match[str]) -> tuple[re.Match[str], str]:
    """In a raw string a backslash escapes nothing, not even the quote."""
    raw = _RAW.match(source, at) or match
    return raw, raw.group()


class _Parser:
    """Recursive descent, one method per level of precedence."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._next = 0
        self.token = tokens[0]

    def _advance(self) -> _Token:
        token = self.token
        self._next += 1
        self.token = self._tokens[min(self._next, len(self._tokens) - 1)]
        return token

    def _is(self, *texts: str) -> bool:
        return self.token.kind == "op" and self.token.text in texts

    def _accept(self, text: str) -> bool:
        if self._is(text):
            self._advance()
            return True
        return False

    def _expect(self, text: str) -> _Token:
        if not self._is(text):
            raise SyntaxProblem(f"mismatched input '{self.token.text}' expecting '{text}'", self.token.at)
        return self._advance()

    def expression(self) -> Node:
        condition = self._either()
        if not self._is("?"):
            return condition
        at = self._advance().at
        yes = self._either()
        self._expect(":")
        return Node("choice", at, (condition, yes, self.expression()))

    def _either(self) -> Node:
        node = self._both()
        while self._is("||"):
            token = self._advance()
            node = Node("binary", token.at, ("||", node, self._both()))
        return node

    def _both(self) -> Node:
        node = self._relation()
        while self._is("&&"):
            token = self._advance()
            node = Node("binary", token.at, ("&&", node, self._relation()))
        return node

    def _relation(self) -> Node:
        node = self._sum()
        while self._is(*_RELATIONS):
            token = self._advance()
            node = Node("binary", token.at, (token.text, node, self._sum()))
        return node

    def _sum(self) -> Node:
        node = self._product()
        while self._is("+", "-"):
            token = self._advance()
            node = Node("binary", token.at, (token.text, node, self._product()))
        return node

    def _product(self) -> Node:
        node = self._unary()
        while self._is("*", "/", "%"):
            token = self._advance()
            node = Node("binary", token.at, (token.text, node, self._unary()))
        return node

    def _unary(self) -> Node:
        """A sign belongs to the number after it; of several signs an even number cancels out."""
        if not self._is("!", "-") or self._is_negative():
            return self._member()
        token = self._advance()
        count = 1
        while self._is(token.text) and not self._is_negative():
            self._advance()
            count += 1
        operand = self._member()
        return operand if count % 2 == 0 else Node("unary", token.at, (token.text, operand))

    def _is_negative(self) -> bool:
        """Whether a signed number comes next."""
        after = self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        return self._is("-") and after.kind == "number" and after.text[-1] not in "uU"

    def _member(self) -> Node:
        node = self._primary()
        while self._is(".", "["):
            token = self._advance()
            optional = self._accept("?")
            if token.text == "[":
                key = self.expression()
                self._expect("]")
                node = Node("index", token.at, (node, key, optional))
                continue
            name = self._name()
            if not optional and self._is("("):
                at, arguments = self._arguments()
                node = Node("call", at, (node, name, arguments))
            else:
                node = Node("select", token.at, (node, name, optional))
        return node

    def _name(self) -> str:
        if self.token.kind == "quoted":
            raise UnsupportedProblem("unsupported syntax: '`'", self.token.at)
        if self.token.kind != "ident" or self.token.text in _LITERALS:
            raise SyntaxProblem(f"mismatched input '{self.token.text}' expecting IDENTIFIER", self.token.at)
        return self._advance().text

    def _arguments(self) -> tuple[int, tuple[Node, ...]]:
        at = self._expect("(").at
        found = []
        while not self._is(")"):
            found.append(self.expression())
            if not self._accept(","):
                break
        self._expect(")")
        return at, tuple(found)

    def _primary(self) -> Node:
        token = self.token
        if self._is_negative():
            self._advance()
            return Node("literal", token.at, (f"-{self._advance().text}",))
        if self._accept("("):
            node = self.expression()
            self._expect(")")
            return node
        if self._accept("["):
            return Node("list", token.at, (tuple(self._items()),))
        if self._accept("{"):
            return Node("map", token.at, (tuple(self._entries(named=False)),))
        if token.kind in ("number", "string") or token.text in _LITERALS:
            self._advance()
            return Node("literal", token.at, (token.text,))
        self._accept(".")
        if self.token.kind != "ident":
            raise SyntaxProblem(f"extraneous input '{token.text}'", token.at)
        return self._named()

    def _named(self) -> Node:
        token = self._advance()
        if self._is("("):
            at, arguments = self._arguments()
            return Node("call", at, (None, token.text, arguments))
        end = self._message_end()
        if end < 0:
            return Node("ident", token.at, (token.text,))
        name = token.text
        while self._next < end:
            name += self._advance().text
        at = self._expect("{").at
        return Node("struct", at, (name, tuple(self._entries(named=True))))

    def _message_end(self) -> int:
        """Where the brace of `Type.name{...}` stands in the tokens; -1 if this is no such literal."""
        at = self._next
        while self._tokens[at].text == "." and self._tokens[at + 1].kind == "ident":
            at += 2
        return at if self._tokens[at].text == "{" and self._tokens[at].kind == "op" else -1

    def _items(self) -> list[tuple[Node, bool]]:
        found = []
        while not self._is("]"):
            optional = self._accept("?")
            found.append((self.expression(), optional))
            if not self._accept(","):
                break
        self._expect("]")
        return found

    def _entries(self, named: bool) -> list[tuple[Any, Node, bool]]:
        found: list[tuple[Any, Node, bool]] = []
        while not self._is("}"):
            optional = self._accept("?")
            key: Any = self._name() if named else self.expression()
            self._expect(":")
            found.append((key, self.expression(), optional))
            if not self._accept(","):
                break
        self._expect("}")
        return found
