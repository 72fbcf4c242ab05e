"""A container's own files, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


class Disk:
    """Files by path. `changes` are [seconds, path, content or None] of what a program wrote."""

    def __init__(self, changes: Iterable[Sequence[Any]] = (), until: float = float("inf")) -> None:
        self._files: dict[str, str] = {}
        for at, path, content in changes:
            if at > until:
                continue
            if content is None:
                self._files.pop(path, None)
            else:
                self._files[path] = content

    def contents(self) -> dict[str, str]:
        """All files."""
        return dict(self._files)

    def get(self, path: str) -> str | None:
        return self._files.get(path)

    def put(self, path: str, content: str) -> None:
        self._files[path] = content

    def remove(self, path: str) -> bool:
        return self._files.pop(path, None) is not None

    def listing(self, path: str) -> list[str] | None:
        """The names in a directory; None where there is none."""
        prefix = path.rstrip("/") + "/"
        names = {name[len(prefix) :].partition("/")[0] for name in self._files if name.startswith(prefix)}
        return sorted(names) if names or path in ("/", "/tmp") else None
