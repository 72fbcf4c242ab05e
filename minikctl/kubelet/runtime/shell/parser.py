"""Shell source -> tree. Nodes are tuples whose first item names them; words are lists of parts.

Parts of a word: ("text", s, quoted), ("var", name, operator, word, quoted), ("run", tree, quoted),
("math", source, quoted).
"""

from __future__ import annotations

from typing import Any

from minikctl.kubelet.runtime.shell import Incomplete, Unsupported

Part = tuple[Any, ...]
Word = list[Part]
Node = tuple[Any, ...]

_OPERATORS = (
    "&&",
    "||",
    ";;",
    "<<-",
    "<<",
    ">>",
    "2>&1",
    "1>&2",
    ">&2",
    "&>",
    "2>>",
    "2>",
    "1>",
    "|",
    "&",
    ";",
    "<",
    ">",
    "(",
    ")",
    "\n",
)
_OPENERS = {"if", "while", "until", "for", "case", "{"}
_CLOSERS = {"!", "then", "elif", "else", "fi", "do", "done", "esac", "}", "in"}
_NAME_START = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
_NAME = _NAME_START + "0123456789"


class _Token:
    __slots__ = ("kind", "text", "word")

    def __init__(self, kind: str, text: str, word: Word) -> None:
        self.kind = kind  # "op", "word" or "end"
        self.text = text  # an operator, or a word's text where it is all literal and unquoted
        self.word = word


def parse(source: str, partial: bool = False) -> Node:
    """The tree of a script; Unsupported where it is not understood.

    `partial`: more lines may follow, so that what is not ended yet is Incomplete.
    """
    if partial and source.endswith("\\\n"):
        raise Incomplete("continued line")
    return _Parser(_Lexer(source, partial).tokens()).script()


def quoted_text(source: str) -> Word:
    """The source as the inside of double quotes."""
    return _Lexer(source).quoted_text()


class _Lexer:
    def __init__(self, source: str, partial: bool = False) -> None:
        self._source = source
        self._partial = partial
        self._at = 0

    def tokens(self) -> list[_Token]:
        source, found = self._source, []
        heredocs: list[tuple[_Token, str, bool]] = []
        while True:
            self._skip_blanks()
            if self._at >= len(source):
                found.append(_Token("end", "", []))
                return found
            operator = next((op for op in _OPERATORS if source.startswith(op, self._at)), None)
            if operator is None:
                found.append(self._word())
                if len(found) > 1 and found[-2].text in ("<<", "<<-") and found[-2].kind == "op":
                    heredocs.append((found[-1], _plain(found[-1].word), found[-2].text == "<<-"))
                continue
            self._at += len(operator)
            found.append(_Token("op", operator, []))
            if operator == "\n":
                for token, end, strip in heredocs:
                    token.word = self._heredoc(end, strip)
                heredocs.clear()

    def _skip_blanks(self) -> None:
        source = self._source
        while self._at < len(source):
            char = source[self._at]
            if char in " \t\r":
                self._at += 1
            elif source.startswith("\\\n", self._at):
                self._at += 2
            elif char == "#":
                end = source.find("\n", self._at)
                self._at = len(source) if end < 0 else end
            else:
                return

    def _heredoc(self, end: str, strip: bool) -> Word:
        lines = []
        while self._at < len(self._source):
            stop = self._source.find("\n", self._at)
            stop = len(self._source) if stop < 0 else stop
            line = self._source[self._at : stop]
            self._at = stop + 1
            line = line.lstrip("\t") if strip else line
            if line == end:
                break
            lines.append(line + "\n")
        else:
            if self._partial:
                raise Incomplete("here-document")
        return _Lexer("".join(lines)).quoted_text()

    def quoted_text(self) -> Word:
        """The whole source as the inside of double quotes."""
        parts: Word = []
        self._double(parts, None)
        return parts

    def _word(self) -> _Token:
        source, parts = self._source, []  # type: str, Word
        literal = True
        while self._at < len(source):
            char = source[self._at]
            if char in " \t\r\n;&|<>()":
                break
            if char == "'":
                end = source.find("'", self._at + 1)
                if end < 0:
                    raise Incomplete("unterminated quote")
                parts.append(("text", source[self._at + 1 : end], True))
                self._at = end + 1
                literal = False
            elif char == '"':
                self._at += 1
                parts.append(("text", "", True))
                self._double(parts, '"')
                literal = False
            elif char == "\\":
                parts.append(("text", source[self._at + 1 : self._at + 2], True))
                self._at += 2
                literal = False
            elif char in "$`":
                parts.append(self._dollar(False))
                literal = False
            else:
                parts.append(("text", char, False))
                self._at += 1
        merged = _merge(parts)
        return _Token("word", merged[0][1] if literal and merged else "", merged)

    def _double(self, parts: Word, end: str | None) -> None:
        source = self._source
        while self._at < len(source):
            char = source[self._at]
            if char == end:
                self._at += 1
                return
            if char == "\\" and source[self._at + 1 : self._at + 2] in ("$", "`", '"', "\\", "\n"):
                escaped = source[self._at + 1]
                parts.append(("text", "" if escaped == "\n" else escaped, True))
                self._at += 2
            elif char in "$`":
                parts.append(self._dollar(True))
            else:
                parts.append(("text", char, True))
                self._at += 1
        if end is not None:
            raise Incomplete("unterminated quote")

    def _dollar(self, quoted: bool) -> Part:
        source = self._source
        if source[self._at] == "`":
            end = source.find("`", self._at + 1)
            if end < 0:
                raise Incomplete("unterminated backquote")
            inner = source[self._at + 1 : end].replace("\\`", "`")
            self._at = end + 1
            return ("run", parse(inner), quoted)
        if source.startswith("$((", self._at):
            end = source.find("))", self._at)
            if end < 0:
                raise Incomplete("unterminated arithmetic")
            inner = source[self._at + 3 : end]
            self._at = end + 2
            return ("math", inner, quoted)
        if source.startswith("$(", self._at):
            end = self._closing(self._at + 2, "(", ")")
            inner = source[self._at + 2 : end]
            self._at = end + 1
            return ("run", parse(inner), quoted)
        if source.startswith("${", self._at):
            end = self._closing(self._at + 2, "{", "}")
            inner = source[self._at + 2 : end]
            self._at = end + 1
            return _parameter(inner, quoted)
        at = self._at + 1
        following = source[at : at + 1]
        if following and following in "?#@*$!0123456789":
            self._at = at + 1
            return ("var", following, "", [], quoted)
        while at < len(source) and source[at] in _NAME:
            at += 1
        name = source[self._at + 1 : at]
        self._at = at
        return ("var", name, "", [], quoted) if name else ("text", "$", True)

    def _closing(self, at: int, opener: str, closer: str) -> int:
        depth, quote, source = 1, "", self._source
        while at < len(source):
            char = source[at]
            if char == "\\":
                at += 1
            elif quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            elif char == opener:
                depth += 1
            elif char == closer:
                depth -= 1
                if not depth:
                    return at
            at += 1
        raise Incomplete("unterminated substitution")


def _parameter(inner: str, quoted: bool) -> Part:
    if inner.startswith("#") and len(inner) > 1:
        return ("var", inner[1:], "length", [], quoted)
    end = 0
    while end < len(inner) and inner[end] in _NAME:
        end += 1
    name, rest = inner[: end or 1], inner[end or 1 :]
    for operator in (":-", ":=", ":+", ":?", "##", "%%", "-", "=", "+", "?", "#", "%"):
        if rest.startswith(operator):
            return ("var", name, operator, _Lexer(rest[len(operator) :]).quoted_text(), quoted)
    if rest:
        raise Unsupported(f"parameter expansion {inner}")
    return ("var", name, "", [], quoted)


def _merge(parts: Word) -> Word:
    merged: Word = []
    for part in parts:
        if part[0] == "text" and merged and merged[-1][0] == "text" and merged[-1][2] == part[2]:
            merged[-1] = ("text", merged[-1][1] + part[1], part[2])
        else:
            merged.append(part)
    return merged


def _plain(word: Word) -> str:
    return "".join(part[1] for part in word if part[0] == "text")


def _shown(token: _Token) -> str:
    """A token as a shell names it in its complaint."""
    return "newline" if token.text == "\n" else f'"{token.text}"'


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def script(self) -> Node:
        node = self._list(set())
        if self._peek().kind != "end":
            raise Unsupported(f"unexpected {_shown(self._peek())}")
        return node

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _is_op(self, *texts: str) -> bool:
        token = self._peek()
        return token.kind == "op" and token.text in texts

    def _expect(self, text: str) -> None:
        token = self._take()
        if token.text != text:
            raise (Incomplete if token.kind == "end" else Unsupported)(f"expected {text}")

    def _skip_newlines(self) -> None:
        while self._is_op("\n"):
            self._at += 1

    def _list(self, ends: set[str]) -> Node:
        """("list", [(node, runs in background)])"""
        items: list[tuple[Node, bool]] = []
        while True:
            while self._is_op("\n", ";"):
                self._at += 1
            token = self._peek()
            if token.kind == "end" or (token.kind == "word" and token.text in ends) or self._is_op(")", ";;"):
                return ("list", items)
            node = self._and_or()
            items.append((node, self._is_op("&")))
            if self._is_op("&", ";", "\n"):
                self._at += 1

    def _and_or(self) -> Node:
        node = self._pipeline()
        while self._is_op("&&", "||"):
            operator = self._take().text
            self._skip_newlines()
            node = ("and" if operator == "&&" else "or", node, self._pipeline())
        return node

    def _pipeline(self) -> Node:
        negated = False
        while self._peek().kind == "word" and self._peek().text == "!":
            self._at += 1
            negated = not negated
        stages = [self._command()]
        while self._is_op("|"):
            self._at += 1
            self._skip_newlines()
            stages.append(self._command())
        node = stages[0] if len(stages) == 1 else ("pipe", stages)
        return ("not", node) if negated else node

    def _command(self) -> Node:
        if self._is_op("("):
            self._at += 1
            body = self._list(set())
            self._expect(")")
            return self._redirected(("group", body))
        text = self._peek().text if self._peek().kind == "word" else ""
        if text in _OPENERS:
            self._at += 1
            return self._redirected(getattr(self, "_" + {"{": "braces"}.get(text, text))())
        if text in _CLOSERS:
            raise Unsupported(f"unexpected {_shown(self._peek())}")
        return self._simple()

    def _redirected(self, node: Node) -> Node:
        redirections = self._redirections()
        return ("redirected", node, redirections) if redirections else node

    def _braces(self) -> Node:
        body = self._list({"}"})
        self._expect("}")
        return body

    def _if(self) -> Node:
        branches: list[tuple[Node, Node]] = []
        otherwise: Node = ("list", [])
        condition = self._list({"then"})
        while True:
            self._expect("then")
            branches.append((condition, self._list({"elif", "else", "fi"})))
            word = self._take().text
            if word == "elif":
                condition = self._list({"then"})
                continue
            if word == "else":
                otherwise = self._list({"fi"})
                self._expect("fi")
            elif word != "fi":
                raise Incomplete("expected fi")
            return ("if", branches, otherwise)

    def _while(self, until: bool = False) -> Node:
        condition = self._list({"do"})
        self._expect("do")
        body = self._list({"done"})
        self._expect("done")
        return ("while", condition, body, until)

    def _until(self) -> Node:
        return self._while(until=True)

    def _for(self) -> Node:
        name = self._take().text
        words: list[Word] | None = None
        self._skip_newlines()
        if self._peek().text == "in":
            self._at += 1
            words = []
            while self._peek().kind == "word":
                words.append(self._take().word)
        while self._is_op(";", "\n"):
            self._at += 1
        self._expect("do")
        body = self._list({"done"})
        self._expect("done")
        return ("for", name, words, body)

    def _case(self) -> Node:
        subject = self._take().word
        self._skip_newlines()
        self._expect("in")
        branches: list[tuple[list[Word], Node]] = []
        while True:
            self._skip_newlines()
            if self._peek().text == "esac":
                self._at += 1
                return ("case", subject, branches)
            if self._is_op("("):
                self._at += 1
            patterns = [self._take().word]
            while self._is_op("|"):
                self._at += 1
                patterns.append(self._take().word)
            self._expect(")")
            branches.append((patterns, self._list({"esac"})))
            if self._is_op(";;"):
                self._at += 1

    def _simple(self) -> Node:
        words: list[Word] = []
        redirections: list[tuple[str, Word]] = []
        while True:
            redirections += self._redirections()
            if self._peek().kind != "word":
                break
            words.append(self._take().word)
            if len(words) == 1 and self._is_op("("):
                self._at += 1
                self._expect(")")
                self._skip_newlines()
                return ("define", _plain(words[0]), self._command())
        if not words and not redirections:
            if self._peek().kind == "end":
                raise Incomplete("unexpected end of file")
            raise Unsupported(f"unexpected {_shown(self._peek())}")
        return ("run", words, redirections)

    def _redirections(self) -> list[tuple[str, Word]]:
        found: list[tuple[str, Word]] = []
        while self._is_op(">", ">>", "<", "<<", "<<-", "2>&1", "1>&2", ">&2", "&>", "2>>", "2>", "1>"):
            operator = self._take().text
            if operator in ("2>&1", "1>&2", ">&2"):
                found.append((operator, []))
                continue
            token = self._take()
            if token.kind != "word":
                raise Unsupported(f"unexpected {_shown(token)}")
            found.append((operator, token.word))
        return found
