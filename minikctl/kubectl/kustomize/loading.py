"""Reading a kustomization's files: paths resolve against its directory and may not leave it.

Upstream counterpart: kustomize's `loader` (FileLoader with the root-only restriction). The network is never asked.
"""

from __future__ import annotations

import os

from minikctl.kubectl.kustomize.problem import KustomizeError

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_REMOTE = ("http://", "https://", "git::", "git@", "ssh://", "file://", "github.com/", "gh:")


def is_remote(path: str) -> bool:
    """Whether a path names something on the network."""
    return path.startswith(_REMOTE) or ".git?" in path or "?ref=" in path or path.endswith(".git")


class Loader:
    """Reads files for the kustomization in one directory."""

    def __init__(self, root: str, restricted: bool = True, parent: Loader | None = None) -> None:
        self.root = root
        self.restricted = restricted
        self.parent = parent

    @classmethod
    def at(cls, path: str, restricted: bool = True) -> Loader:
        """A loader for the directory the user named."""
        if is_remote(path):
            raise KustomizeError(f"'{path}': minikctl reads nothing from the network; clone the repository first")
        return cls(confirmed_directory(path or "."), restricted)

    def base(self, path: str) -> Loader:
        """A loader for a base or component; it may not be this directory or one above."""
        if not path:
            raise KustomizeError("new root cannot be empty")
        if is_remote(path):
            raise KustomizeError(f"'{path}': minikctl reads nothing from the network; clone the repository first")
        if os.path.isabs(path):
            raise KustomizeError(f"new root '{path}' cannot be absolute")
        root = confirmed_directory(os.path.join(self.root, path))
        above: Loader | None = self
        while above is not None:
            if _inside(above.root, root):
                raise KustomizeError(f"cycle detected: candidate root '{root}' contains visited root '{above.root}'")
            above = above.parent
        return Loader(root, self.restricted, self)

    def load(self, path: str) -> bytes:
        """The content of a file."""
        if path.startswith(("http://", "https://")):
            raise KustomizeError(f"'{path}': minikctl reads nothing from the network; download the file first")
        full = os.path.join(self.root, path)
        real = real_path(full)
        if os.path.isdir(real):
            raise KustomizeError(f"'{real}' must resolve to a file")
        if self.restricted and not _inside(os.path.dirname(real), self.root):
            raise KustomizeError(f"security; file '{real}' is not in or below '{self.root}'")
        try:
            with open(real, "rb") as file:
                return file.read()
        except OSError as error:
            raise KustomizeError(f"open {real}: {(error.strerror or str(error)).lower()}") from None

    def kustomization(self) -> tuple[bytes, str]:
        """The kustomization file: its content and name."""
        found = [name for name in FILE_NAMES if os.path.isfile(os.path.join(self.root, name))]
        if not found:
            names = "'kustomization.yaml', 'kustomization.yml' or 'Kustomization'"
            raise KustomizeError(f"unable to find one of {names} in directory '{self.root}'")
        if len(found) > 1:
            raise KustomizeError(f"Found multiple kustomization files under: {self.root}\n")
        return self.load(found[0]), found[0]


def _inside(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def real_path(path: str) -> str:
    """The path without symbolic links; refuses what does not exist."""
    shown = os.path.abspath(path)
    real = os.path.realpath(shown)
    try:
        os.lstat(real)
    except OSError as error:
        missing = shown
        while not os.path.lexists(os.path.dirname(missing)):
            missing = os.path.dirname(missing)
        why = (error.strerror or str(error)).lower()
        raise KustomizeError(f"evalsymlink failure on '{path}' : lstat {missing}: {why}") from None
    return real


def confirmed_directory(path: str) -> str:
    """The real path of a directory."""
    try:
        real = real_path(path)
    except KustomizeError as error:
        raise KustomizeError(f"must build at directory: not a valid directory: {error}") from None
    if not os.path.isdir(real):
        raise KustomizeError(f"must build at directory: '{path}': file is not directory")
    return real
