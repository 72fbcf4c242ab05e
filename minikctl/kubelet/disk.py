"""A container's own files, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from minikctl.kubelet.filetree import FileTree, Image, Stored


class Disk(FileTree):
    """Files by path. `changes` are [seconds, path, entry or None] of what a program wrote."""

    def __init__(
        self, changes: Iterable[Sequence[Any]] = (), until: float = float("inf"), image: Image | None = None
    ) -> None:
        super().__init__(image)
        self._files: dict[str, Stored] = {}
        for at, path, entry in changes:
            if at > until:
                continue
            if entry is None:
                self._files.pop(path, None)
            else:
                self._files[path] = entry

    def contents(self) -> dict[str, Stored]:
        """All entries."""
        return dict(self._files)

    def area(self, path: str, writing: bool = False) -> tuple[dict[str, Stored], str]:
        return self._files, path
