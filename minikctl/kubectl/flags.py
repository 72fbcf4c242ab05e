"""Command-line flags with pflag's semantics: what is accepted, and the words of every refusal.

A command declares its flags as `Flag` rows; `parse` splits an argument list into values and
positional arguments. Upstream counterpart: github.com/spf13/pflag as kubectl sets it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

BOOL = "bool"
STRING = "string"
INT = "int"
INT32 = "int32"
INT64 = "int64"
DURATION = "duration"
STRING_SLICE = "stringSlice"
STRING_ARRAY = "stringArray"
STRING_MAP = "mapStringString"
LOG_DURATION = "logDuration"  # a duration of the logging library, with its own refusal
LOG_MODULES = "logModules"


class FlagError(Exception):
    """A refused command line; the text is pflag's."""


class Flag:
    """One flag: long name, one-letter short form (or ""), kind, default and help text.

    `bare` is the value when the flag stands without one (`--dry-run`); `deprecated` text is printed
    when the flag is used; hidden and deprecated flags are not listed. `shown` replaces the default
    in help texts.
    """

    __slots__ = ("bare", "default", "deprecated", "hidden", "kind", "name", "short", "shown", "usage")

    def __init__(
        self,
        name: str,
        short: str,
        kind: str,
        default: Any,
        usage: str,
        bare: str = "",
        hidden: bool = False,
        deprecated: str = "",
        shown: str = "",
    ) -> None:
        self.name = name
        self.short = short
        self.kind = kind
        self.default = default
        self.usage = usage
        self.bare = bare or ("true" if kind == BOOL else "")
        self.hidden = hidden or bool(deprecated)
        self.deprecated = deprecated
        self.shown = shown

    def refusal(self, text: str, why: object) -> FlagError:
        """pflag's error for a value that cannot be parsed."""
        name = f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"
        return FlagError(f'invalid argument {quote(text)} for "{name}" flag: {why}')


class Values:
    """Parsed flags: `values["output"]`, and `changed("output")`: was it given on the command line?

    `dash` is the number of positional arguments before `--`, or -1 without one.
    """

    __slots__ = ("_given", "_values", "dash")

    def __init__(self, values: dict[str, Any], given: Iterable[str] = (), dash: int = -1) -> None:
        self._values = values
        self._given = set(given)
        self.dash = dash

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or `default` when the command has no such flag."""
        return self._values.get(name, default)

    def changed(self, name: str) -> bool:
        """Whether the flag was given."""
        return name in self._given

    def without(self, names: Iterable[str], defaults: Mapping[str, Any]) -> Values:
        """A copy where these flags have their defaults, as if not given."""
        names = set(names)
        values = {name: defaults[name] if name in names else value for name, value in self._values.items()}
        return Values(values, self._given - names, self.dash)

    def set(self, name: str, value: Any) -> None:
        """Give a flag a value as if it had been on the command line."""
        self._values[name] = value
        self._given.add(name)


def quote(text: str) -> str:
    """Go's %q for ordinary text."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    out = []
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif char.isprintable():
            out.append(char)
        else:
            out.append(_ESCAPES.get(char) or (f"\\x{ord(char):02x}" if ord(char) < 128 else f"\\u{ord(char):04x}"))
    return '"' + "".join(out) + '"'


_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
_TRUE = {"1", "t", "T", "true", "TRUE", "True"}
_FALSE = {"0", "f", "F", "false", "FALSE", "False"}


def _parse_bool(text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"strconv.ParseBool: parsing {quote(text)}: invalid syntax")


def _parse_integer(bits: int) -> Callable[[str], int]:
    def parse_int(text: str) -> int:
        body = text.replace("_", "") if text[:2].lower() in ("0x", "0b", "0o") else text
        digits = body.lstrip("+-")
        base = 0 if digits[:2].lower() in ("0x", "0b", "0o") else 8 if digits[:1] == "0" and len(digits) > 1 else 10
        try:
            if not digits.isascii() or not digits.isalnum() or len(body) - len(digits) > 1:
                raise ValueError(text)
            value = int(body, base)
        except ValueError:
            raise ValueError(f"strconv.ParseInt: parsing {quote(text)}: invalid syntax") from None
        if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
            raise ValueError(f"strconv.ParseInt: parsing {quote(text)}: value out of range")
        return value

    return parse_int


def _parse_duration(text: str) -> float:
    from minikctl.apimachinery.duration import parse_go

    return parse_go(text)


def _parse_log_duration(text: str) -> float:
    try:
        return _parse_duration(text)
    except ValueError:
        raise ValueError("parse error") from None


def _parse_log_modules(text: str) -> str:
    for entry in filter(None, text.split(",")):
        pattern, _, level = entry.partition("=")
        if not pattern or not level.removeprefix("-").isdigit():
            raise ValueError("syntax error: expect comma-separated list of filename=N")
        if level.startswith("-") and int(level):
            raise ValueError("negative value for vmodule level")
    return text


def split_csv(text: str) -> list[str]:
    """One CSV record, as a string-slice flag reads it."""
    if text == "":
        return []
    if '"' not in text:
        return text.split(",")
    fields, index = [], 0
    while True:
        if text[index : index + 1] == '"':
            field, index = _quoted_field(text, index + 1)
        else:
            end = text.find(",", index)
            end = len(text) if end < 0 else end
            field, index = text[index:end], end
            if '"' in field:
                column = index - len(field) + field.index('"') + 1
                raise ValueError(f'parse error on line 1, column {column}: bare " in non-quoted field')
        fields.append(field)
        if index >= len(text):
            return fields
        index += 1


def _quoted_field(text: str, index: int) -> tuple[str, int]:
    parts = []
    while True:
        end = text.find('"', index)
        if end < 0:
            raise ValueError(f'parse error on line 1, column {len(text) + 1}: extraneous or missing " in quoted-field')
        parts.append(text[index:end])
        if text[end + 1 : end + 2] == '"':
            parts.append('"')
            index = end + 2
        elif end + 1 == len(text) or text[end + 1] == ",":
            return "".join(parts), end + 1
        else:
            raise ValueError(f'parse error on line 1, column {end + 2}: extraneous or missing " in quoted-field')


def _parse_map(text: str) -> dict[str, str]:
    result = {}
    for pair in text.split(","):
        if not pair:
            continue
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError("malformed pair, expect string=string")
        result[key.strip()] = value.strip()
    return result


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    BOOL: _parse_bool,
    STRING: str,
    INT: _parse_integer(64),
    INT32: _parse_integer(32),
    INT64: _parse_integer(64),
    DURATION: _parse_duration,
    STRING_SLICE: split_csv,
    STRING_ARRAY: lambda text: [text],
    STRING_MAP: _parse_map,
    LOG_DURATION: _parse_log_duration,
    LOG_MODULES: _parse_log_modules,
}


class FlagSet:
    """The flags one command knows, by long name and by short form."""

    def __init__(self, *rows: Iterable[Flag]) -> None:
        self.by_name: dict[str, Flag] = {}
        self.by_short: dict[str, Flag] = {}
        for flags in rows:
            for flag in flags:
                if flag.name in self.by_name:
                    continue  # a command's own flag hides the global one of that name
                self.by_name[flag.name] = flag
                if flag.short:
                    self.by_short.setdefault(flag.short, flag)

    def parse(self, args: Sequence[str], warn: Callable[[str], None]) -> tuple[Values, list[str]]:
        """Split `args` into flag values and positional arguments; flags may stand anywhere.

        `warn` is told about deprecated flags. Raises FlagError.
        """
        parser = _Parser(self, warn)
        positional = parser.run(list(args))
        return Values(parser.values, parser.given, parser.dash), positional

    def takes_value(self, arg: str) -> bool:
        """Whether the next argument belongs to `arg` (cobra's stripFlags)."""
        if "=" in arg:
            return False
        if arg.startswith("--"):
            flag = self.by_name.get(arg[2:].replace("_", "-"))
            return flag is None or not flag.bare
        if len(arg) == 2 and arg.startswith("-"):
            short = self.by_short.get(arg[1])
            return short is None or not short.bare
        return False


class _Parser:
    def __init__(self, flags: FlagSet, warn: Callable[[str], None]) -> None:
        self.flags = flags
        self.warn = warn
        self.values: dict[str, Any] = {}
        for name, flag in flags.by_name.items():
            default = flag.default
            self.values[name] = default.copy() if isinstance(default, list | dict) else default
        self.given: set[str] = set()
        self.dash = -1

    def run(self, args: list[str]) -> list[str]:
        positional: list[str] = []
        rest = args[::-1]
        while rest:
            arg = rest.pop()
            if len(arg) < 2 or arg[0] != "-":
                positional.append(arg)
            elif arg == "--":
                self.dash = len(positional)
                return positional + rest[::-1]
            elif arg.startswith("--"):
                self._long(arg, rest)
            else:
                self._shorts(arg[1:], rest)
        return positional

    def _long(self, arg: str, rest: list[str]) -> None:
        name, equals, value = arg[2:].partition("=")
        if not name or name[0] == "-":
            raise FlagError(f"bad flag syntax: {arg}")
        flag = self.flags.by_name.get(name.replace("_", "-"))
        if flag is None:
            raise FlagError(f"unknown flag: --{name}")
        if equals:
            self._set(flag, value)
        elif flag.bare:
            self._set(flag, flag.bare)
        elif rest:
            self._set(flag, rest.pop())
        else:
            raise FlagError(f"flag needs an argument: --{name}")

    def _shorts(self, shorts: str, rest: list[str]) -> None:
        while shorts:
            flag = self.flags.by_short.get(shorts[0])
            if flag is None:
                raise FlagError(f"unknown shorthand flag: '{shorts[0]}' in -{shorts}")
            if len(shorts) > 2 and shorts[1] == "=":
                self._set(flag, shorts[2:])
                return
            if flag.bare:
                self._set(flag, flag.bare)
                shorts = shorts[1:]
                continue
            if len(shorts) > 1:
                self._set(flag, shorts[1:])
            elif rest:
                self._set(flag, rest.pop())
            else:
                raise FlagError(f"flag needs an argument: '{shorts[0]}' in -{shorts}")
            return

    def _set(self, flag: Flag, text: str) -> None:
        try:
            value = _PARSERS[flag.kind](text)
        except ValueError as why:
            raise flag.refusal(text, why) from None
        if isinstance(value, list) and flag.name in self.given:
            value = self.values[flag.name] + value
        elif isinstance(value, dict) and flag.name in self.given:
            value = {**self.values[flag.name], **value}
        self.values[flag.name] = value
        self.given.add(flag.name)
        if flag.deprecated:
            self.warn(f"Flag --{flag.name} has been deprecated, {flag.deprecated}")
