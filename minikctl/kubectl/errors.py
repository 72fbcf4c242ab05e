"""The one place where errors become words on standard error and an exit status.

Every command raises; `report` prints. Upstream counterpart: kubectl's `cmd/util` (checkErr,
StandardErrorMessage, MultilineError).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from minikctl.apimachinery.errors import StatusError
from minikctl.kubectl.flags import quote

Item = TypeVar("Item")


class KubectlError(Exception):
    """A refusal of kubectl's own making; printed with the prefix `error: `."""


class UsageError(KubectlError):
    """A wrong use of a command; the help hint is added."""

    def __init__(self, command_path: str, message: str) -> None:
        super().__init__(f"{message}\nSee '{command_path} -h' for help and examples")


class ConfigInvalid(KubectlError):
    """A kubeconfig that cannot be used."""


class PlainError(KubectlError):
    """An error that kubectl prints without the prefix `error: `."""


class CommandFailed(PlainError):
    """What ran in a container ended with an exit code, which becomes kubectl's own."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NoResourceType(PlainError):
    """meta.NoResourceMatchError: a type the server does not have."""


class Exit(Exception):
    """End with a status and print nothing more."""

    def __init__(self, status: int = 1) -> None:
        super().__init__(status)
        self.status = status


class Aggregate(Exception):
    """Several errors; printed one per line, and what is an Aggregate again on one line."""

    def __init__(self, errors: Sequence[Exception]) -> None:
        texts = list(dict.fromkeys(str(error) for error in flattened(errors)))
        super().__init__(texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]")
        self.errors = list(errors)


def flattened(errors: Iterable[Exception]) -> list[Exception]:
    """The errors with those inside of Aggregates in their place."""
    leaves: list[Exception] = []
    for error in errors:
        leaves.extend(flattened(error.errors) if isinstance(error, Aggregate) else [error])
    return leaves


def without_not_found(errors: Iterable[Exception]) -> list[Exception]:
    """The errors without those that say that something is not there, in Aggregates too."""
    left: list[Exception] = []
    for error in errors:
        if isinstance(error, Aggregate):
            if inner := without_not_found(error.errors):
                left.append(Aggregate(inner))
        elif not (isinstance(error, StatusError) and error.reason == "NotFound"):
            left.append(error)
    return left


def raise_together(errors: Iterable[Exception]) -> None:
    """Raise what a loop collected as an Aggregate, even where it is one error only."""
    collected = list(errors)
    if collected:
        raise Aggregate(collected)


def raise_all(errors: Iterable[Exception]) -> None:
    """Raise what a loop collected: nothing, the one error, or an Aggregate."""
    collected = list(errors)
    if len(collected) == 1:
        raise collected[0]
    if collected:
        raise Aggregate(collected)


def collecting(visit: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Call `visit` for every item, going on after errors; raise them together at the end."""
    errors: list[Exception] = []
    for item in items:
        try:
            visit(item)
        except (Aggregate, StatusError, KubectlError) as error:
            errors.append(error)
    raise_all(errors)


def add_source(verb: str, source: str, error: Exception) -> Exception:
    """The error with the file it came from: `error when VERB "SOURCE": ...`."""
    if not source:
        return error
    message = f"error when {verb} {quote(source)}: {error}"
    if isinstance(error, StatusError):
        return StatusError(error.reason, message, error.details, error.code)
    return KubectlError(message)


def standard_message(error: BaseException) -> str:
    """An error's line within a list of errors."""
    if isinstance(error, StatusError):
        if error.reason == "Unauthorized":
            return f"error: You must be logged in to the server ({error.message})"
        if error.reason:
            return f"Error from server ({error.reason}): {error.message}"
        return f"Error from server: {error.message}"
    return str(error)


def message(error: BaseException) -> str:
    """Everything kubectl prints about an error; a final newline may be missing."""
    if isinstance(error, Aggregate) and len(error.errors) == 1:
        error = error.errors[0]
    if isinstance(error, Aggregate):
        return "".join(f"{standard_message(each)}\n" for each in error.errors)
    if isinstance(error, StatusError):
        return _invalid(error) if error.reason == "Invalid" else standard_message(error)
    if isinstance(error, PlainError):
        return str(error)
    if isinstance(error, ConfigInvalid):
        return f"Error in configuration: {error}"
    text = str(error)
    return text if text.startswith("error: ") else f"error: {text}"


def _invalid(error: StatusError) -> str:
    details = error.details
    kind, name, causes = details.get("kind", ""), details.get("name", ""), details.get("causes") or []
    head = "The request is invalid"
    if kind or name:
        head = f"The {kind} {quote(name)} is invalid"
    elif error.message and not causes:
        head = f"The request is invalid: {error.message}"
    if not causes:
        return head
    lines = list(dict.fromkeys(f"{cause.get('field', '')}: {cause.get('message', '')}" for cause in causes))
    if len(lines) == 1:
        return f"{head}: {lines[0]}\n"
    return "\n".join([f"{head}: ", *(f"* {line}" for line in lines), ""])


def report(error: BaseException, write: Callable[[str], object], status: int = 1) -> int:
    """Print an error to standard error through `write`; returns the exit status (`status` for an error)."""
    if isinstance(error, Exit):
        return error.status
    if isinstance(error, KeyboardInterrupt):
        return 130
    if not isinstance(error, StatusError | KubectlError | Aggregate):
        error = _unexpected(error)
    text = message(error)
    write(text if text.endswith("\n") else text + "\n")
    return error.status if isinstance(error, CommandFailed) else status


def _unexpected(error: BaseException) -> KubectlError:
    if isinstance(error, MemoryError):
        return KubectlError("out of memory")
    if isinstance(error, RecursionError):
        return KubectlError("the input is nested too deeply")
    if isinstance(error, OSError):
        return KubectlError(os_error(error))
    first_line = (str(error).splitlines() or [""])[0]
    if type(error).__module__.startswith("minikctl."):
        return KubectlError(first_line)
    return KubectlError(f"internal error: {type(error).__name__}: {first_line}")


def os_error(error: OSError) -> str:
    """An OSError in Go's words: `open FILE: no such file or directory`."""
    reason = (error.strerror or str(error)).lower()
    if isinstance(error, IsADirectoryError):
        return f"read {error.filename}: {reason}"
    return f"open {error.filename}: {reason}" if error.filename else reason
