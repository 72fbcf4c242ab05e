"""Label and field selectors: parsing, matching, printing (apimachinery's `labels` and `fields`).

Called by the apiserver for list and watch, by controllers for LabelSelectors, by kubectl for `-l`
and `--field-selector`. Selectors are immutable; parsed ones are memoised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from minikctl.apimachinery.field import FieldError, invalid, quote
from minikctl.apimachinery.label_syntax import label_key_errors, label_value_errors

Labels = Mapping[str, str]


class SelectorError(ValueError):
    """A selector that cannot be; its message is upstream's."""


class Requirement:
    """One term: `key`, `operator` (in, notin, =, ==, !=, exists, !, gt, lt) and its values."""

    __slots__ = ("key", "operator", "values")

    def __init__(self, key: str, operator: str, values: Iterable[str] = ()) -> None:
        self.key = key
        self.operator = operator
        self.values = tuple(values)

    def matches(self, labels: Labels) -> bool:
        operator = self.operator
        if operator == "exists":
            return self.key in labels
        if operator == "!":
            return self.key not in labels
        value = labels.get(self.key)
        if operator in ("=", "==", "in"):
            return value is not None and value in self.values
        if operator in ("!=", "notin"):
            return value is None or value not in self.values
        number, bound = _int64(value), _int64(self.values[0])
        if number is None or bound is None:
            return False
        return number > bound if operator == "gt" else number < bound

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "!":
            return "!" + self.key
        values = ",".join(sorted(self.values))
        if self.operator in ("in", "notin"):
            return f"{self.key} {self.operator} ({values})"
        return self.key + {"gt": ">", "lt": "<"}.get(self.operator, self.operator) + values

    def __repr__(self) -> str:
        return f"Requirement({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Requirement) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class Selector:
    """A conjunction of requirements. Without any it matches everything, unless it is `NOTHING`."""

    __slots__ = ("_exact", "nothing", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = (), nothing: bool = False) -> None:
        self.requirements = tuple(requirements)
        self.nothing = nothing
        plain = all(r.operator in ("=", "==") or (r.operator == "in" and len(r.values) == 1) for r in self.requirements)
        self._exact = {(r.key, r.values[0]) for r in self.requirements} if plain else None

    @property
    def empty(self) -> bool:
        """Whether the selector restricts nothing."""
        return not self.requirements and not self.nothing

    def matches(self, labels: Labels | None) -> bool:
        if self.nothing:
            return False
        labels = labels or {}
        if self._exact is not None:
            return self._exact <= labels.items()
        return all(requirement.matches(labels) for requirement in self.requirements)

    def exact(self) -> dict[str, str]:
        """Labels an object must carry to match (for indexes); terms of other kinds are left out."""
        return {
            r.key: r.values[0]
            for r in self.requirements
            if r.operator in ("=", "==") or (r.operator == "in" and len(r.values) == 1)
        }

    def __str__(self) -> str:
        return ",".join([str(requirement) for requirement in self.requirements])

    def __repr__(self) -> str:
        return f"Selector({str(self)!r})"


EVERYTHING = Selector()
NOTHING = Selector(nothing=True)


def requirement(key: str, operator: str, values: Iterable[str]) -> Requirement:
    """A validated requirement; SelectorError in the words of labels.NewRequirement."""
    vals = list(values)
    errors: list[FieldError] = []
    wrong_key = label_key_errors(key)
    if wrong_key:
        errors.append(invalid("key", key, "; ".join(wrong_key)))
    if operator in ("in", "notin"):
        if not vals:
            errors.append(invalid("values", vals, "for 'in', 'notin' operators, values set can't be empty"))
    elif operator in ("=", "==", "!="):
        if len(vals) != 1:
            errors.append(invalid("values", vals, "exact-match compatibility requires one single value"))
    elif operator in ("exists", "!"):
        if vals:
            errors.append(invalid("values", vals, "values set must be empty for exists and does not exist"))
    else:
        if len(vals) != 1:
            errors.append(invalid("values", vals, "for 'Gt', 'Lt' operators, exactly one value is required"))
        for at, value in enumerate(vals):
            if _int64(value) is None:
                detail = "for 'Gt', 'Lt' operators, the value must be an integer"
                errors.append(invalid(f"values[{at}]", value, detail))
    for at, value in enumerate(vals):
        wrong = label_value_errors(value)
        if wrong:
            errors.append(invalid(f"values[{at}][{key}]", value, "; ".join(wrong)))
    if errors:
        texts = list(dict.fromkeys(str(error) for error in errors))
        raise SelectorError(texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]")
    return Requirement(key, operator, vals)


def from_set(labels: Labels | None) -> Selector:
    """The selector that asks for exactly these labels (everything, if there are none)."""
    if not labels:
        return EVERYTHING
    return Selector([Requirement(key, "=", (labels[key],)) for key in sorted(labels)])


_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


def from_label_selector(selector: Mapping[str, Any] | None) -> Selector:
    """metav1.LabelSelectorAsSelector: null selects nothing, an empty selector everything."""
    if selector is None:
        return NOTHING
    labels = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    if not expressions:
        return _from_items(tuple(sorted(labels.items())))
    terms = [requirement(key, "=", (value,)) for key, value in labels.items()]
    for expression in expressions:
        operator = _OPERATORS.get(expression.get("operator", ""))
        if operator is None:
            raise SelectorError(f"{quote(expression.get('operator', ''))} is not a valid label selector operator")
        terms.append(requirement(expression.get("key", ""), operator, expression.get("values") or ()))
    return Selector(sorted(terms, key=lambda term: term.key))


@lru_cache(maxsize=1024)
def _from_items(items: tuple[tuple[str, str], ...]) -> Selector:
    return Selector([requirement(key, "=", (value,)) for key, value in items])


def format_label_selector(selector: Mapping[str, Any] | None) -> str:
    """metav1.FormatLabelSelector: how `get` and `describe` show a LabelSelector."""
    try:
        text = str(from_label_selector(selector))
    except SelectorError:
        return "<error>"
    return text or "<none>"


def go_text(selector: Mapping[str, Any] | None) -> str:
    """A LabelSelector as Go prints the pointer to the structure: so some messages of controllers have it."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    terms = ""
    for term in selector.get("matchExpressions") or ():
        values = " ".join(term.get("values") or ())
        terms += f"LabelSelectorRequirement{{Key:{term['key']},Operator:{term['operator']},Values:[{values}],}},"
    pattern = "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{{}}},}}"
    return pattern.format(labels, terms)


def _int64(text: str | None) -> int | None:
    body = (text or "").removeprefix("-") if (text or "")[:1] == "-" else (text or "").removeprefix("+")
    if not body.isascii() or not body.isdecimal():
        return None
    number = int(text or "")
    return number if -(2**63) <= number < 2**63 else None


# --- the label selector language ---------------------------------------------------------------

_SPECIAL = frozenset("=!(),><")
_SPACE = frozenset(" \t\r\n")
_TOKENS = frozenset([")", ",", "!", "==", "=", ">", "in", "<", "!=", "notin", "("])
_BINARY = {"in": "in", "notin": "notin", "=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt"}
_BINARY_NAMES = "in, notin, =, ==, !=, gt, lt"
_END, _IDENTIFIER, _ERROR = "end", "identifier", "error"

_Token = tuple[str, str]


@lru_cache(maxsize=1024)
def parse(text: str) -> Selector:
    """The selector a `-l` text stands for; SelectorError with the apimachinery parser's message."""
    return Selector(sorted(_Parser(text).parse(), key=lambda term: term.key))


def _scan(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, end = 0, len(text)
    while True:
        while at < end and text[at] in _SPACE:
            at += 1
        if at >= end:
            tokens.append((_END, ""))
            return tokens
        if text[at] in _SPECIAL:
            token, at = _special(text, at)
            tokens.append(token)
            continue
        start = at
        while at < end and text[at] not in _SPECIAL and text[at] not in _SPACE:
            at += 1
        word = text[start:at]
        tokens.append((word if word in _TOKENS else _IDENTIFIER, word))


def _special(text: str, at: int) -> tuple[_Token, int]:
    """The longest operator at `at`: symbols are taken while they extend a known one."""
    buffer, last = "", ""
    while at < len(text) and text[at] in _SPECIAL:
        buffer += text[at]
        at += 1
        if buffer in _TOKENS:
            last = buffer
        elif last:
            at -= 1
            break
    if not last:
        return (_ERROR, f"error expected: keyword found '{buffer}'"), at
    return (last, last), at


class _Parser:
    """The recursive descent of labels.Parser, kept in its order because its messages depend on it."""

    def __init__(self, text: str) -> None:
        self.tokens = _scan(text)
        self.position = 0

    def look(self) -> _Token:
        """The next token where values may stand: keywords read as identifiers."""
        kind, literal = self.tokens[self.position]
        return (_IDENTIFIER, literal) if kind in ("in", "notin") else (kind, literal)

    def take(self) -> _Token:
        token = self.look()
        self.position += 1
        return token

    def parse(self) -> list[Requirement]:
        terms: list[Requirement] = []
        while True:
            kind, literal = self.look()
            if kind == _END:
                return terms
            if kind not in (_IDENTIFIER, "!"):
                raise SelectorError(f"found '{literal}', expected: !, identifier, or 'end of string'")
            try:
                terms.append(self.term())
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from None
            kind, literal = self.take()
            if kind == _END:
                return terms
            if kind != ",":
                raise SelectorError(f"found '{literal}', expected: ',' or 'end of string'")
            kind, literal = self.look()
            if kind not in (_IDENTIFIER, "!"):
                raise SelectorError(f"found '{literal}', expected: identifier after ','")

    def term(self) -> Requirement:
        kind, key = self.take()
        negated = kind == "!"
        if negated:
            kind, key = self.take()
        if kind != _IDENTIFIER:
            raise SelectorError(f"found '{key}', expected: identifier")
        wrong = label_key_errors(key)
        if wrong:
            raise SelectorError(str(invalid("<nil>", key, "; ".join(wrong))))
        if negated:
            return requirement(key, "!", ())
        if self.look()[0] in (_END, ","):
            return requirement(key, "exists", ())
        kind, literal = self.tokens[self.position]
        self.position += 1
        if kind not in _BINARY:
            raise SelectorError(f"found '{literal}', expected: {_BINARY_NAMES}")
        values = self.values() if kind in ("in", "notin") else self.exact_value()
        return requirement(key, _BINARY[kind], sorted(values))

    def values(self) -> set[str]:
        kind, literal = self.take()
        if kind != "(":
            raise SelectorError(f"found '{literal}' expected: '('")
        kind, literal = self.look()
        if kind == ")":
            self.take()
            return {""}
        if kind not in (_IDENTIFIER, ","):
            raise SelectorError(f"found '{literal}', expected: ',', ')' or identifier")
        found = self.identifiers()
        if self.take()[0] != ")":
            raise SelectorError(f"found '{literal}', expected: ')'")
        return found

    def identifiers(self) -> set[str]:
        found: set[str] = set()
        while True:
            kind, literal = self.take()
            if kind == _IDENTIFIER:
                found.add(literal)
                kind, literal = self.look()
                if kind == ")":
                    return found
                if kind != ",":
                    raise SelectorError(f"found '{literal}', expected: ',' or ')'")
            elif kind == ",":
                if not found:
                    found.add("")
                following = self.look()[0]
                if following in (")", ","):
                    found.add("")
                if following == ")":
                    return found
            else:
                raise SelectorError(f"found '{literal}', expected: ',', or identifier")

    def exact_value(self) -> set[str]:
        if self.look()[0] in (_END, ","):
            return {""}
        kind, literal = self.take()
        if kind != _IDENTIFIER:
            raise SelectorError(f"found '{literal}', expected: identifier")
        return {literal}


# --- field selectors ---------------------------------------------------------------------------


class FieldSelector:
    """A conjunction of `terms` (field, negated, value)."""

    __slots__ = ("terms",)

    def __init__(self, terms: Iterable[tuple[str, bool, str]] = ()) -> None:
        self.terms = tuple(terms)

    @property
    def empty(self) -> bool:
        return not self.terms

    def matches(self, get: Callable[[str], str]) -> bool:
        """Whether the fields, read by `get`, satisfy every term."""
        return all((get(name) == value) is not negated for name, negated, value in self.terms)

    def exact(self, name: str) -> str | None:
        """The value the selector requires of a field, if it requires one."""
        for term, negated, value in self.terms:
            if term == name and not negated:
                return value
        return None

    def __str__(self) -> str:
        return ",".join(
            [f"{name}{'!=' if negated else '='}{escape_field_value(value)}" for name, negated, value in self.terms]
        )

    def __repr__(self) -> str:
        return f"FieldSelector({str(self)!r})"


_FIELD_OPERATORS = ("!=", "==", "=")


@lru_cache(maxsize=256)
def parse_fields(text: str) -> FieldSelector:
    """The selector a `--field-selector` text stands for; SelectorError in the words of fields.ParseSelector."""
    terms = []
    for part in sorted(_split_fields(text)):
        if not part:
            continue
        found = _split_field(part)
        if found is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        name, operator, value = found
        terms.append((name, operator == "!=", _unescape(value)))
    return FieldSelector(terms)


def escape_field_value(value: str) -> str:
    """The value with what is special in a field selector escaped."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def _split_fields(text: str) -> list[str]:
    parts, start, escaped = [], 0, False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == ",":
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return parts


def _split_field(part: str) -> tuple[str, str, str] | None:
    for at in range(len(part)):
        for operator in _FIELD_OPERATORS:
            if part.startswith(operator, at):
                return part[:at], operator, part[at + len(operator) :]
    return None


def _unescape(value: str) -> str:
    if not any(char in value for char in "\\,="):
        return value
    out, chars = [], iter(value)
    for char in chars:
        if char in ",=":
            raise SelectorError(f"invalid field selector: unescaped character in value: {ord(char)}")
        if char == "\\":
            char = next(chars, "")
            if not char or char not in "\\,=":
                raise SelectorError(f"invalid field selector: invalid escape sequence: \\{char}")
        out.append(char)
    return "".join(out)
