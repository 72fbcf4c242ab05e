"""Number and character constants of a template, typed as Go types them."""

from __future__ import annotations

from minikctl.printers.gofmt import quote
from minikctl.printers.gotemplate.errors import TemplateError
from minikctl.printers.gotemplate.values import GoInt
from minikctl.printers.jsonpathparser import JSONPathError, unquote

_BASES = {"0x": 16, "0o": 8, "0b": 2}


class TooLarge:
    """An integer that fits no int: an error only where it is evaluated."""

    def __init__(self, text: str) -> None:
        self.text = text


def number(text: str) -> GoInt | float | TooLarge:
    """The value of a constant; raises TemplateError with the parser's complaint."""
    if text.startswith("'"):
        return _character(text)
    if text.endswith("i"):
        raise TemplateError(f"complex constant {text} is not supported")
    whole = _integer(text)
    if whole is not None:
        if -(2**63) <= whole < 2**63:
            return GoInt(whole)
        if 0 <= whole < 2**64:
            return TooLarge(text)
        raise TemplateError(f"integer overflow: {quote(text)}")
    try:
        plain = text.replace("_", "")
        value = float.fromhex(plain) if "x" in plain.lower() else float(plain)
    except (ValueError, OverflowError):
        raise TemplateError(f"illegal number syntax: {quote(text)}") from None
    if not any(char in text for char in ".eEpP"):
        raise TemplateError(f"integer overflow: {quote(text)}")
    if value in (float("inf"), float("-inf")):
        raise TemplateError(f"illegal number syntax: {quote(text)}")
    return value


def _character(text: str) -> GoInt:
    try:
        char = unquote(text)
    except JSONPathError as error:
        raise TemplateError(str(error)) from None
    if len(char) != 1:
        raise TemplateError(f"malformed character constant: {text}" if char else "invalid syntax")
    return GoInt(ord(char))


def _integer(text: str) -> int | None:
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    base = _BASES.get(digits[:2].lower(), 8 if len(digits) > 1 and digits[0] == "0" else 10)
    body = digits[2:] if digits[:2].lower() in _BASES else digits
    body = body.replace("_", "")
    if not body.isalnum():
        return None
    try:
        value = int(body, base)
    except ValueError:
        return None
    return -value if sign == "-" else value
