"""The error of everything about patches, and the value forms its messages need."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.errors import StatusError, generic

_UNPROCESSABLE = "the server rejected our request due to an error in our request"


class PatchError(ValueError):
    """A patch that cannot be made or applied.

    `code` is the HTTP code the apiserver answers with: 400 with the message, 422 with its generic
    message, or 500 with the message and no reason.
    """

    def __init__(self, message: str, code: int = 500) -> None:
        super().__init__(message)
        self.code = code

    def status(self) -> StatusError:
        """The error as the apiserver answers it."""
        if self.code == 400:
            return StatusError("BadRequest", str(self))
        if self.code == 422:
            return generic(422, _UNPROCESSABLE)
        return StatusError("", str(self), code=500)


class TestFailedError(PatchError):
    """A JSON patch whose test operation does not hold."""

    __test__ = False  # the name is the operation's


class PatchConflict(PatchError):
    """A three-way patch refused because both sides changed the same fields."""


def no_merge_key(item: Any, key: str) -> PatchError:
    return PatchError(f"map: {go_text(item)} does not contain declared merge key: {key}")


def bad_type(expected: str, value: Any) -> PatchError:
    return PatchError(f"expected a {expected}, but received a {go_type(value)}")


def go_type(value: Any) -> str:
    """The Go type a JSON value is decoded to."""
    if value is None:
        return "<nil>"
    if isinstance(value, dict):
        return "map[string]interface {}"
    if isinstance(value, list):
        return "[]interface {}"
    if isinstance(value, bool):
        return "bool"
    return "string" if isinstance(value, str) else "int64" if isinstance(value, int) else "float64"


def go_text(value: Any) -> str:
    """The value as Go's `%v` prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_text(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def same(left: Any, right: Any) -> bool:
    """Deep equality as Go has it: true is not 1."""
    if left.__class__ is not right.__class__:
        return {left.__class__, right.__class__} == {int, float} and bool(left == right)
    return bool(left == right)
