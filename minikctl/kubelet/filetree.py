"""Files and directories by path, as the programs of a container see them.

What is stored of an entry is JSON: the text of a file (bytes that are no UTF-8 as lone surrogates), or
[text, mode] where its mode is not the usual one; [None, mode] is a directory. Directories need not
be stored: a file's parents are there because the file is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

FILE_MODE = 0o644
DIRECTORY_MODE = 0o755

Stored = Any


class File(NamedTuple):
    """A file, or (`content` is None) a directory."""

    content: str | None
    mode: int

    @property
    def is_directory(self) -> bool:
        return self.content is None


class FileError(Exception):
    """A file cannot be written or removed; the text is the system's (`Read-only file system`)."""


def decode(stored: Stored) -> File:
    """What a stored entry stands for."""
    if isinstance(stored, str):
        return File(stored, FILE_MODE)
    content, mode = stored
    return File(content, mode)


def encode(file: File) -> Stored:
    """How an entry is stored."""
    return file.content if file.content is not None and file.mode == FILE_MODE else [file.content, file.mode]


def as_bytes(text: str) -> bytes:
    """The bytes that a file's text stands for."""
    return text.encode("utf-8", "surrogateescape")


def as_text(data: bytes) -> str:
    """Bytes as the text of a file."""
    return data.decode("utf-8", "surrogateescape")


class Image:
    """What the image and the container runtime put into every container; nothing of it can be removed.

    A file may be given as a function that makes its text; `base` is what lies below.
    """

    def __init__(self, files: Mapping[str, File | Callable[[], str]] | None = None, base: Image | None = None) -> None:
        self._files = files or {}
        self._base = base
        self._directories: dict[str, set[str]] = {"/": set()}
        for path, file in self._files.items():
            self._enter(path, isinstance(file, File) and file.is_directory)

    def _enter(self, path: str, directory: bool) -> None:
        if directory:
            self._directories.setdefault(path, set())
        while path != "/":
            parent, _, name = path.rpartition("/")
            path = parent or "/"
            self._directories.setdefault(path, set()).add(name)

    def find(self, path: str) -> File | None:
        """The file or directory at a path."""
        found = self._files.get(path)
        if found is None and self._base is not None:
            found = self._base.find(path)
        if found is None:
            return File(None, DIRECTORY_MODE) if path in self._directories else None
        return found if isinstance(found, File) else File(found(), FILE_MODE)

    def names(self, path: str) -> set[str]:
        """The names in a directory."""
        below = self._base.names(path) if self._base is not None else set()
        return below | self._directories.get(path, set())


class FileTree:
    """The operations of a file system over the stores that `area` leads to; paths are absolute and clean."""

    def __init__(self, image: Image | None = None) -> None:
        self.image = image or Image()

    def area(self, path: str, writing: bool = False) -> tuple[dict[str, Stored], str]:
        """The store that holds a path, and the path's key in it; FileError where it cannot be written."""
        raise NotImplementedError

    def mount_points(self) -> Iterable[str]:
        """Paths that volumes are mounted at."""
        return ()

    def stat(self, path: str) -> File | None:
        """The file or directory at a path."""
        files, key = self.area(path)
        if key in files:
            return decode(files[key])
        if self._below(files, key) or self._leads_to_mount(path):
            return File(None, DIRECTORY_MODE)
        return self.image.find(path) if self._of_image(path) else None

    def get(self, path: str) -> str | None:
        """The text of a file; None for a directory and where there is nothing."""
        found = self.stat(path)
        return found.content if found else None

    def check(self, path: str) -> None:
        """Raise FileError where a file of this path cannot be written."""
        before = self.stat(path)
        if before is not None and before.is_directory:
            raise FileError("Is a directory")
        self.area(path, writing=True)

    def put(self, path: str, content: str, mode: int | None = None) -> None:
        """Write a file, which keeps its mode where none is given."""
        self.check(path)
        files, key = self.area(path, writing=True)
        if mode is None:
            before = self.stat(path)
            mode = before.mode if before else FILE_MODE
        files[key] = encode(File(content, mode))

    def make_directory(self, path: str, mode: int = DIRECTORY_MODE) -> None:
        """Make a directory; FileError where there is something already."""
        if self.stat(path) is not None:
            raise FileError("File exists")
        files, key = self.area(path, writing=True)
        files[key] = encode(File(None, mode))

    def change_mode(self, path: str, mode: int) -> None:
        """chmod."""
        before = self.stat(path)
        if before is None:
            raise FileError("No such file or directory")
        files, key = self.area(path, writing=True)
        files[key] = encode(File(before.content, mode))

    def remove(self, path: str) -> bool:
        """Remove a file or a directory with all that is in it; False where there is nothing."""
        if self.stat(path) is None:
            return False
        if any(path == mount or mount.startswith(path.rstrip("/") + "/") for mount in self.mount_points()):
            raise FileError("Device or resource busy")
        files, key = self.area(path, writing=True)
        doomed = [key] if key in files else []
        doomed += self._below(files, key)
        if not doomed:
            raise FileError("Device or resource busy")
        for name in doomed:
            del files[name]
        return True

    def listing(self, path: str) -> list[str] | None:
        """The names in a directory; None where there is no such directory."""
        found = self.stat(path)
        if found is None or not found.is_directory:
            return None
        files, key = self.area(path)
        prefix = key.rstrip("/") + "/" if key else ""
        names = {name[len(prefix) :].partition("/")[0] for name in self._below(files, key)}
        if self._of_image(path):
            names.update(self.image.names(path))
        root = path.rstrip("/") + "/"
        names.update(mount[len(root) :].partition("/")[0] for mount in self.mount_points() if mount.startswith(root))
        return sorted(names - {""})

    def walk(self, path: str) -> list[str]:
        """A path and everything below it, directories first."""
        found = [path]
        for name in self.listing(path) or ():
            found += self.walk(f"{path.rstrip('/')}/{name}")
        return found

    def _below(self, files: dict[str, Stored], key: str) -> list[str]:
        prefix = key.rstrip("/") + "/" if key else ""
        return [name for name in files if name.startswith(prefix) and name != key]

    def _leads_to_mount(self, path: str) -> bool:
        root = path.rstrip("/") + "/"
        return any(mount == path or mount.startswith(root) for mount in self.mount_points())

    def _of_image(self, path: str) -> bool:
        return not any(path == mount or path.startswith(mount + "/") for mount in self.mount_points())
