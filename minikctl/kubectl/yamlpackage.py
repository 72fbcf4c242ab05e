"""What reading manifests needs of the yaml package, imported at half its price.

Its half in Python compiles regular expressions that libyaml does without; one of them takes longer than
anything else that an `apply` imports. So they are compiled when somebody first asks them for something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_compile = re.compile


class Deferred:
    """A regular expression that is yet to be compiled."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._arguments = pattern, flags
        self._compiled: re.Pattern[str] | None = None

    def __getattr__(self, name: str) -> Any:
        if self._compiled is None:
            self._compiled = _compile(*self._arguments)
        return getattr(self._compiled, name)


@contextmanager
def _deferring() -> Iterator[None]:
    """What is compiled in here is `Deferred`."""
    re.compile = Deferred  # type: ignore[assignment] # it has the methods of what it stands for
    try:
        yield
    finally:
        re.compile = _compile


with _deferring():
    import yaml
    from yaml.events import (
        AliasEvent,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        SequenceStartEvent,
        StreamEndEvent,
    )

    try:
        from yaml._yaml import CParser
    except ImportError:  # PyYAML without libyaml: slower, and its messages differ a little
        CParser = yaml.SafeLoader  # type: ignore[assignment, misc]

__all__ = [
    "AliasEvent",
    "CParser",
    "MappingEndEvent",
    "MappingStartEvent",
    "ScalarEvent",
    "SequenceEndEvent",
    "SequenceStartEvent",
    "StreamEndEvent",
    "yaml",
]
