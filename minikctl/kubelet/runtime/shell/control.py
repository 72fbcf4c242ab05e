"""How a script's run is left: the exceptions that commands and the interpreter raise."""

from __future__ import annotations


class Exit(Exception):
    """The shell ends with a status."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Endless(Exception):
    """The script goes on for good. `output`: it may print more as time goes by."""

    def __init__(self, output: bool = False) -> None:
        super().__init__("endless")
        self.output = output


class Break(Exception):
    """`break`."""


class Continue(Exception):
    """`continue`."""


class Return(Exception):
    """A function ends with a status."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class MoreInput(Exception):
    """A program waits for standard input that has not come yet. `whole`: for all of it."""

    def __init__(self, whole: bool) -> None:
        super().__init__("more input")
        self.whole = whole


class Interactive(Exception):
    """A shell without a script reads its commands from the session's input from now on."""

    def __init__(self, name: str) -> None:
        super().__init__("interactive")
        self.name = name
