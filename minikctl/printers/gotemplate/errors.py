"""What goes wrong with a template: parsing it, or executing it on an object."""

from __future__ import annotations


class TemplateError(ValueError):
    """A template that cannot be parsed or executed; the message is Go's."""


class ExecutionFailed(ValueError):
    """kubectl's report of a failed execution; `printed` is what had gone to standard output by then."""

    def __init__(self, message: str, printed: str) -> None:
        super().__init__(message)
        self.printed = printed
