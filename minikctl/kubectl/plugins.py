"""Plugins: executables named kubectl-SOMETHING on the PATH, run as `kubectl something`.

Upstream counterpart: kubectl's plugin handler in `pkg/cmd` and `pkg/cmd/plugin`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

PREFIXES = ("kubectl-", "minikctl-")


def directories(environ: Mapping[str, str]) -> list[str]:
    """The directories of the PATH, each once."""
    return list(dict.fromkeys(environ.get("PATH", "").split(os.pathsep)))


def find(words: Sequence[str], environ: Mapping[str, str]) -> tuple[str, int] | None:
    """The executable for the longest run of words (its dashes are underscores), and how many they are."""
    for count in range(len(words), 0, -1):
        name = "-".join(word.replace("-", "_") for word in words[:count])
        for prefix in PREFIXES:
            for directory in directories(environ):
                path = os.path.join(directory, prefix + name)
                if directory and os.path.isfile(path) and os.access(path, os.X_OK):
                    return path, count
    return None


def candidates(directory: str) -> Iterator[str]:
    """The names of a directory's files that look like plugins, sorted. OSError where it cannot be read."""
    for name in sorted(os.listdir(directory)):
        if name.startswith(PREFIXES) and not os.path.isdir(os.path.join(directory, name)):
            yield name
