"""Go's fmt.Sprintf, Sprint and Sprintln over JSON values."""

from __future__ import annotations

from typing import Any

from minikctl.printers.gofmt import escape_rune, float_text, go_syntax, quote
from minikctl.printers.gotemplate.values import INVALID, to_bytes, type_name, unbox

_FLAGS = "#0+- "
_LARGEST = 10**6  # width and precision, as in Go


class _Spec:
    """One verb with its flags, width and precision."""

    __slots__ = ("flags", "precision", "width")

    def __init__(self) -> None:
        self.flags = ""
        self.width: int | None = None
        self.precision: int | None = None

    def pad(self, text: str, zeros: bool = False) -> str:
        width = self.width or 0
        if len(text) >= width:
            return text
        if "-" in self.flags:
            return text.ljust(width)
        if zeros and "0" in self.flags:
            if text[:1] in ("+", "-", " "):
                return text[0] + text[1:].rjust(width - 1, "0")
            return text.rjust(width, "0")
        return text.rjust(width, "0" if "0" in self.flags and not zeros else " ")


def sprint(args: list[Any]) -> str:
    """Values in a row, with a space between two that are no strings."""
    out = []
    for i, arg in enumerate(args):
        if i and not isinstance(unbox(arg), str) and not isinstance(unbox(args[i - 1]), str):
            out.append(" ")
        out.append(verb_text(_Spec(), "v", arg))
    return "".join(out)


def sprintln(args: list[Any]) -> str:
    return " ".join([verb_text(_Spec(), "v", arg) for arg in args]) + "\n"


def sprintf(template: str, args: list[Any]) -> str:
    """A format with its arguments; mistakes show up in the text as Go writes them."""
    return _Format(template, args).run()


class _Format:
    def __init__(self, template: str, args: list[Any]) -> None:
        self.template = template
        self.args = args
        self.at = 0
        self.arg = 0
        self.reordered = False

    def run(self) -> str:
        out = []
        while self.at < len(self.template):
            percent = self.template.find("%", self.at)
            if percent < 0:
                out.append(self.template[self.at :])
                break
            out.append(self.template[self.at : percent])
            self.at = percent + 1
            out.append(self._verb())
        if not self.reordered and self.arg < len(self.args):
            extra = [
                "<nil>" if unbox(arg) is INVALID else f"{_type(arg)}={verb_text(_Spec(), 'v', arg)}"
                for arg in self.args[self.arg :]
            ]
            out.append(f"%!(EXTRA {', '.join(extra)})")
        return "".join(out)

    def _peek(self) -> str:
        return self.template[self.at : self.at + 1]

    def _verb(self) -> str:
        spec = _Spec()
        while self._peek() and self._peek() in _FLAGS:
            spec.flags += self._peek()
            self.at += 1
        bad_index = self._index()
        problem, spec.width = self._number("WIDTH")
        if spec.width is not None and spec.width < 0:
            spec.flags += "-"
            spec.width = -spec.width
        if self._peek() == ".":
            self.at += 1
            bad_index = self._index() or bad_index
            more, precision = self._number("PREC")
            problem += more
            spec.precision = max(precision or 0, 0)
        bad_index = self._index() or bad_index
        verb = self._peek()
        if not verb:
            return problem + "%!(NOVERB)"
        self.at += 1
        if verb == "%":
            return problem + "%"
        if bad_index:
            return f"{problem}%!{verb}(BADINDEX)"
        if self.arg >= len(self.args):
            return f"{problem}%!{verb}(MISSING)"
        self.arg += 1
        return problem + verb_text(spec, verb, self.args[self.arg - 1])

    def _index(self) -> bool:
        """`[n]` chooses the argument; returns whether it is a bad one."""
        if self._peek() != "[":
            return False
        self.reordered = True
        end = self.template.find("]", self.at)
        text = self.template[self.at + 1 : end] if end >= 0 else ""
        self.at = end + 1 if end >= 0 else self.at + 1
        if not text.isdecimal() or not 1 <= int(text) <= len(self.args):
            return True
        self.arg = int(text) - 1
        return False

    def _number(self, what: str) -> tuple[str, int | None]:
        """A width or precision, given as digits or taken from the arguments by `*`."""
        if self._peek() == "*":
            self.at += 1
            value = unbox(self.args[self.arg]) if self.arg < len(self.args) else INVALID
            self.arg += 1
            if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
                return f"%!(BAD{what})", None
            return "", int(value)
        start = self.at
        while self._peek() and self._peek() in "0123456789":
            self.at += 1
        digits = self.template[start : self.at]
        return "", int(digits) if digits and int(digits) <= _LARGEST else None


def verb_text(spec: _Spec, verb: str, arg: Any) -> str:
    """One argument formatted by one verb."""
    value = unbox(arg)
    if verb == "T":
        return spec.pad(_type(arg))
    if value is INVALID:
        return spec.pad("<nil>") if verb == "v" else f"%!{verb}(<nil>)"
    if verb == "v" and "#" in spec.flags:
        return spec.pad(go_syntax(value))
    if verb == "v":
        spec.flags = spec.flags.replace("+", "")
    return _value(spec, verb, value)


def _value(spec: _Spec, verb: str, value: Any) -> str:
    if isinstance(value, dict):
        items = [f"{_value(spec, verb, key)}:{_element(spec, verb, value[key])}" for key in sorted(value)]
        return "map[" + " ".join(items) + "]"
    if isinstance(value, list):
        return "[" + " ".join([_element(spec, verb, item) for item in value]) + "]"
    if isinstance(value, bool):
        text = spec.pad("true" if value else "false") if verb in "tv" else None
    elif isinstance(value, str):
        text = _string(spec, verb, value)
    elif isinstance(value, float):
        text = _float(spec, verb, value)
    else:
        text = _integer(spec, verb, value)
    if text is None:
        return f"%!{verb}({_type(value)}={_value(spec, 'v', value)})"
    return text


def _element(spec: _Spec, verb: str, value: Any) -> str:
    return "<nil>" if value is None else _value(spec, verb, value)


def _type(value: Any) -> str:
    value = unbox(value)
    return "<nil>" if value is INVALID else type_name(value)


def _string(spec: _Spec, verb: str, value: str) -> str | None:
    if spec.precision is not None and verb in "svqxX":
        value = value[: spec.precision]
    if verb in "sv":
        return spec.pad(value)
    if verb == "q":
        raw = "#" in spec.flags and "`" not in value and all(c >= " " or c == "\t" for c in value)
        return spec.pad(f"`{value}`" if raw else _ascii(quote(value)) if "+" in spec.flags else quote(value))
    if verb in "xX":
        text = to_bytes(value).hex(" ") if " " in spec.flags else to_bytes(value).hex()
        if "#" in spec.flags and text:
            text = "0x" + text.replace(" ", " 0x")
        return spec.pad(text.upper() if verb == "X" else text)
    return None


def _ascii(text: str) -> str:
    return "".join([char if char < "\x80" else escape_rune(ord(char)) for char in text])


def _integer(spec: _Spec, verb: str, value: int) -> str | None:
    if verb == "c":
        return spec.pad(chr(value) if 0 <= value <= 0x10FFFF else "\ufffd")
    if verb == "q":
        char = chr(value) if 0 <= value <= 0x10FFFF else "\ufffd"
        body = quote(char)[1:-1].replace('\\"', '"')
        return spec.pad("'" + ("\\'" if char == "'" else body) + "'")
    if verb == "U":
        shown = f"U+{value:04X}"
        return spec.pad(f"{shown} '{chr(value)}'" if "#" in spec.flags else shown)
    forms = {"d": "d", "v": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
    if verb not in forms:
        return None
    text = format(abs(int(value)), forms[verb])
    if spec.precision is not None:
        text = "" if spec.precision == 0 and value == 0 else text.rjust(spec.precision, "0")
    prefix = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}.get(verb, "") if "#" in spec.flags else ""
    prefix = "0o" if verb == "O" else prefix
    sign = "-" if value < 0 else "+" if "+" in spec.flags else " " if " " in spec.flags else ""
    zeros = "0" in spec.flags and spec.precision is None and "-" not in spec.flags
    if zeros and spec.width:
        text = text.rjust(spec.width - len(sign), "0")
    return _aligned(spec, sign + prefix + text)


def _float(spec: _Spec, verb: str, value: float) -> str | None:
    if verb not in "vgGeEfFxX":
        return None
    if value != value or value in (float("inf"), float("-inf")):
        text = float_text(value)
    elif verb in "xX":
        text = _hexadecimal(value)
    elif verb in "vgG":
        text = float_text(value) if spec.precision is None else f"{value:.{spec.precision}g}"
    else:
        text = f"{value:.{6 if spec.precision is None else spec.precision}{verb.lower()}}"
    if verb in "EGX":
        text = text.upper()
    if text[:1] not in "+-":
        text = ("+" if "+" in spec.flags else " " if " " in spec.flags else "") + text
    return spec.pad(text, zeros=True)


def _hexadecimal(value: float) -> str:
    mantissa, _, exponent = value.hex().partition("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{exponent[0]}{exponent[1:].rjust(2, '0')}"


def _aligned(spec: _Spec, text: str) -> str:
    width = spec.width or 0
    return text.ljust(width) if "-" in spec.flags else text.rjust(width)
