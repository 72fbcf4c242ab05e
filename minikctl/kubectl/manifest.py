"""Turns the text of manifests into JSON values: YAML streams and JSON streams.

YAML is read with the rules of sigs.k8s.io/yaml (YAML 1.1 as goyaml v2 resolves it, `y` and `on` are
booleans, the last of duplicate keys wins), errors in goyaml's words. Aliases may not blow up.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from minikctl.kubectl.flags import quote
from minikctl.kubectl.yamlpackage import (
    AliasEvent,
    CParser,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    yaml,
)

_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NUMERIC_START = frozenset("0123456789+-.")
_TAGS = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d?-\d\d?(([Tt]|[ \t]+)\d\d?:\d\d:\d\d(\.\d*)?[ \t]*(Z|[-+]\d\d?(:\d\d)?)?)?", re.ASCII
)
_UNEXPECTED_END = "unexpected EOF"
_TOO_DEEP = "yaml: exceeded max depth of 10000"


class ParseError(Exception):
    """Text that is neither YAML nor JSON; the message is Go's."""


def documents(data: bytes) -> Iterator[Any]:
    """The values of a stream; documents without content are left out."""
    if data.lstrip().startswith(b"{"):
        yield from _json_stream(data)
        return
    for chunk in _yaml_chunks(data):
        value = parse_yaml(chunk)
        if value is not None:
            yield value


def parse_yaml(data: bytes) -> Any:
    """One YAML document as a JSON value."""
    if data.lstrip().startswith(b"{"):
        try:
            return _as_go(json.loads(data), data)
        except (ValueError, RecursionError):
            pass  # a flow mapping that is YAML only
    try:
        return Builder(data).document()
    except yaml.YAMLError as error:
        raise ParseError(f"error converting YAML to JSON: {go_yaml_error(error)}") from None
    except RecursionError:
        raise ParseError(f"error converting YAML to JSON: {_TOO_DEEP}") from None


def _yaml_chunks(data: bytes) -> Iterator[bytes]:
    """Split a stream at its `---` lines, as apimachinery's YAMLReader does."""
    if not data.startswith(b"---") and b"\n---" not in data:
        yield data
        return
    pending: list[bytes] = []
    for line in data.splitlines(keepends=True):
        if line.startswith(b"---"):
            after = line[3:].strip()
            if after and not after.startswith(b"#"):
                raise ParseError(f"invalid Yaml document separator: {after.decode('utf-8', 'replace')}")
            if pending:
                yield b"".join(pending)
                pending = []
                continue
        pending.append(line)
    if pending:
        yield b"".join(pending)


def go_yaml_error(error: yaml.YAMLError, version: int = 2) -> str:
    """A YAML syntax error in goyaml's words; its version 3 names the line where the broken construct begins."""
    problem = getattr(error, "problem", None)
    if problem == "exceeded maximum nesting depth":  # PyYAML from 6.0.4 on has a limit of its own
        return _TOO_DEEP
    if not problem:
        return f"yaml: {getattr(error, 'reason', None) or str(error).splitlines()[0]}"
    first, second = ("problem_mark", "context_mark") if version == 2 else ("context_mark", "problem_mark")
    mark = getattr(error, first, None)
    if mark is None or mark.line == 0:
        mark = getattr(error, second, None)
    line = mark.line if mark is not None else 0
    if line and isinstance(error, yaml.scanner.ScannerError):
        line += 1
    return f"yaml: line {line}: {problem}" if line else f"yaml: {problem}"


def _json_stream(data: bytes) -> Iterator[Any]:
    """The documents of a stream that begins as JSON; where a line is no JSON, YAML may follow."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    decoder = json.JSONDecoder(strict=True)
    index = 0
    while True:
        start = index
        while index < len(text) and text[index] in " \t\r\n":
            index += 1
        if index >= len(text):
            return
        try:
            value, index = decoder.raw_decode(text, index)
        except json.JSONDecodeError as error:
            problem = ParseError(go_json_error(text, index, error))
            if str(problem) == _UNEXPECTED_END or (start > 0 and "\n" not in text[start:index]):
                raise problem from None
            yield from _yaml_instead(text[start:].encode(), problem)
            return
        except RecursionError:
            raise ParseError("exceeded max depth") from None
        if value is not None:
            yield _as_go(value, data)


def _yaml_instead(data: bytes, problem: ParseError) -> Iterator[Any]:
    """The YAML documents of what could not be read as JSON; its problem, if the first is no YAML either."""
    for number, chunk in enumerate(_yaml_chunks(data)):
        try:
            value = parse_yaml(chunk)
        except ParseError:
            if number == 0:
                raise problem from None
            raise
        if value is not None:
            yield value


def go_json_error(text: str, start: int, error: json.JSONDecodeError) -> str:
    """A JSON syntax error in the words of Go's decoder, with its offset in the stream in bytes."""
    position = error.pos
    if error.msg.startswith("Unterminated string") or position >= len(text.rstrip()):
        return _UNEXPECTED_END
    char = text[position]
    after = {
        "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
        "Illegal trailing comma before end of object": "looking for beginning of object key string",
        "Illegal trailing comma before end of array": "looking for beginning of value",
        "Expecting ':' delimiter": "after object key",
        "Expecting ',' delimiter": "after object key:value pair",
        "Expecting value": "looking for beginning of value",
        "Invalid control character at": "in string literal",
    }.get(error.msg, "looking for beginning of value")
    if error.msg.startswith("Illegal trailing comma"):
        position += 1
        while position < len(text) and text[position] in " \t\r\n":
            position += 1
        char = text[position] if position < len(text) else char
    if error.msg == "Expecting ',' delimiter" and _in_array(text, start, position):
        after = "after array element"
    shown = {"'": r"'\''", '"': "'\"'"}.get(char, f"'{quote(char)[1:-1]}'")
    return f"json: offset {len(text[:position].encode()) + 1}: invalid character {shown} {after}"


def _in_array(text: str, start: int, position: int) -> bool:
    stack = []
    in_string = escaped = False
    for char in text[start:position]:
        if escaped:
            escaped = False
        elif in_string:
            escaped = char == "\\"
            in_string = char != '"'
        elif char == '"':
            in_string = True
        elif char in "[{":
            stack.append(char)
        elif char in "]}" and stack:
            stack.pop()
    return bool(stack) and stack[-1] == "["


def _as_go(value: Any, source: bytes) -> Any:
    """A parsed JSON value as Go's decoder would have made it."""
    if b"\\ud" in source or b"\\uD" in source:
        value = _replace_surrogates(value)
    return _settle_numbers(value)


def _replace_surrogates(value: Any) -> Any:
    """Halves of surrogate pairs become U+FFFD, since they stand for no character."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_replace_surrogates(key): _replace_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    return value


def _settle_numbers(value: Any) -> Any:
    """Numbers as Go keeps them: integers beyond 64 bits as floats, constants that are no JSON refused."""
    if isinstance(value, dict):
        for key, item in value.items():
            if item.__class__ is not str:
                value[key] = _settle_numbers(item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if item.__class__ is not str:
                value[index] = _settle_numbers(item)
    elif value.__class__ is int and not -(1 << 63) <= value < 1 << 63:
        return float(value)
    return value


class Builder:
    """Builds values from parser events; counts what aliases expand to, as goyaml does.

    `plain` says what an unquoted scalar means.
    """

    def __init__(self, data: bytes) -> None:
        self.events = CParser(data)
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.decoded = 0
        self.aliased = 0

    @staticmethod
    def plain(text: str) -> Any:
        """The value of an unquoted scalar."""
        return _plain(text)

    @staticmethod
    def quoted(text: str) -> str:
        """The value of a quoted scalar."""
        return text

    def duplicate(self, key: str, line: int) -> None:
        """A mapping names this key twice: the last one wins."""

    def document(self) -> Any:
        """The value of the first document, None when there is none."""
        get_event = self.events.get_event
        get_event()  # stream start
        if isinstance(get_event(), StreamEndEvent):
            return None
        return self._value(get_event(), 0)

    def _value(self, event: Any, depth: int) -> Any:
        if depth > 10000:
            raise RecursionError
        self.decoded += 1
        kind = event.__class__
        if kind is ScalarEvent:
            value = event.value
            if event.implicit[0]:
                if event.tag is None:
                    value = self.plain(value)
            elif event.tag:
                value = _tagged(event.tag, value)
            else:
                value = self.quoted(value)
            if event.anchor:
                self.anchors[event.anchor] = (value, 1)
            return value
        if kind is AliasEvent:
            return self._alias(event)
        before = self.decoded
        if kind is MappingStartEvent:
            value = self._mapping(depth)
        elif kind is SequenceStartEvent:
            value = []
            while not isinstance(item := self.events.get_event(), SequenceEndEvent):
                value.append(self._value(item, depth + 1))
        else:
            raise ParseError("error converting YAML to JSON: yaml: unknown problem parsing YAML content")
        if event.anchor:
            self.anchors[event.anchor] = (value, self.decoded - before + 1)
        return value

    def _mapping(self, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[dict[str, Any]] = []
        get_event = self.events.get_event
        while not isinstance(event := get_event(), MappingEndEvent):
            if event.__class__ is ScalarEvent and event.value == "<<" and event.implicit[0]:
                self.decoded += 1
                merged.extend(self._merge_sources(depth))
                continue
            given = self._value(event, depth + 1)
            item = self._value(get_event(), depth + 1)
            key = given if isinstance(given, str) else _key(given, item)
            if key in result:
                self.duplicate(key, event.start_mark.line + 1)  # type: ignore[union-attr]  # parser events have marks
            result[key] = item
        for source in merged:
            for key, value in source.items():
                result.setdefault(key, value)
        return result

    def _merge_sources(self, depth: int) -> list[dict[str, Any]]:
        value = self._value(self.events.get_event(), depth + 1)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise ParseError(
                "error converting YAML to JSON: yaml: map merge requires map or sequence of maps as the value"
            )
        return sources

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            raise ParseError(f"error converting YAML to JSON: yaml: unknown anchor '{event.anchor}' referenced")
        value, count = self.anchors[event.anchor]
        self.decoded += count
        self.aliased += count
        if self.aliased > 100 and self.decoded > 1000 and self.aliased / self.decoded > _alias_ratio(self.decoded):
            raise ParseError("error converting YAML to JSON: yaml: document contains excessive aliasing")
        return _copy(value)


def _alias_ratio(decoded: int) -> float:
    """How large a share of a document aliases may make up (goyaml's limits)."""
    low, high = 400_000, 4_000_000
    if decoded <= low:
        return 0.99
    if decoded >= high:
        return 0.10
    return 0.99 - 0.89 * (decoded - low) / (high - low)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def _plain(text: str) -> Any:
    """What a plain scalar means."""
    if text in _CONSTANTS:
        return _number(_CONSTANTS[text])
    if text[0] not in _NUMERIC_START:
        return text
    digits = text.replace("_", "")
    integer = _integer(digits)
    if integer is not None:
        return integer
    if _FLOAT.fullmatch(digits):
        return _number(float(digits))
    return text


def _integer(digits: str) -> int | None:
    body = digits.lstrip("+-")
    if len(digits) - len(body) > 1 or not body or not body.isascii() or not body.isalnum() or not body[0].isdigit():
        return None
    prefix = body[:2].lower()
    base = {"0x": 16, "0b": 2, "0o": 8}.get(prefix, 8 if body[0] == "0" and len(body) > 1 else 10)
    try:
        value = int(body, base)
    except ValueError:
        return None
    value = -value if digits[0] == "-" else value
    return value if -(1 << 63) <= value < 1 << 64 else None


def _number(value: Any) -> Any:
    """A float as it comes back from JSON: integral ones below 1e21 are integers there."""
    if isinstance(value, float):
        if math.isinf(value) or math.isnan(value):
            name = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
            raise ParseError(f"error converting YAML to JSON: json: unsupported value: {name}")
        if value.is_integer() and abs(value) < 1 << 63:
            return int(value)
    return value


def _tagged(tag: str, text: str) -> Any:
    """The value of a scalar with a tag; what the tag does not fit is refused."""
    name = tag.removeprefix("tag:yaml.org,2002:")
    if tag == "!" or name == "str":
        return text
    if name == "binary":
        import base64

        try:
            return base64.b64decode(text).decode("utf-8", "replace")
        except ValueError:
            raise ParseError(
                "error converting YAML to JSON: yaml: !!binary value contains invalid base64 data"
            ) from None
    if name not in ("bool", "float", "int", "null", "timestamp"):
        return text
    value = _plain(text)
    found = _TAGS[value.__class__]
    if found == "int" and name == "float":
        return _number(float(value))
    if name == "timestamp" and _TIMESTAMP.fullmatch(text):
        return text
    if found != name:
        raise ParseError(f"error converting YAML to JSON: yaml: cannot decode !!{found} `{text}` as a !!{name}")
    return value


def _key(key: Any, value: Any) -> str:
    """A mapping key that is no string as a JSON key; `value` is what it stands for."""
    if key is True:
        return "true"
    if key is False:
        return "false"
    if isinstance(key, int | float):
        return repr(key)
    if key is None:
        why = f"unsupported map key of type: %!s(<nil>), key: <nil>, value: {_go_syntax(value)}"
    else:
        why = f"yaml: invalid map key: {_go_syntax(key)}"
    raise ParseError(f"error converting YAML to JSON: {why}")


def _go_syntax(value: Any) -> str:
    """The value as Go's `%#v` prints it."""
    if isinstance(value, dict):
        items = ", ".join(f"{quote(key)}:{_go_syntax(item)}" for key, item in sorted(value.items()))
        return f"map[interface {{}}]interface {{}}{{{items}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_syntax, value))}}}"
    if isinstance(value, str):
        return quote(value)
    return "<nil>" if value is None else json.dumps(value)
