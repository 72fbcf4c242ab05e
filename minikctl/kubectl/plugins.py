"""Plugins: `minikctl foo bar` runs kubectl-foo-bar (or minikctl-foo-bar) from the PATH.

Called by main when the arguments name no command of its own. Upstream counterpart: HandlePluginCommand
in kubectl's `pkg/cmd/cmd.go`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence

from minikctl.kubectl.errors import Exit, KubectlError, PlainError

PREFIXES = ("kubectl", "minikctl")


def lookup(words: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """The program that stands for these words, or None."""
    name = "-".join(words)
    for prefix in PREFIXES:
        path = shutil.which(f"{prefix}-{name}", path=environ.get("PATH", os.defpath))
        if path:
            return path
    return None


def find(args: Sequence[str], least: int, environ: Mapping[str, str]) -> tuple[str, list[str]] | None:
    """The plugin with the longest name the arguments can make, and what is left for it.

    Names of fewer than `least` words are not tried.
    """
    words: list[str] = []
    for arg in args:
        if arg.startswith("-"):
            break
        words.append(arg.replace("-", "_"))
    if not words:
        raise PlainError(f"Error: flags cannot be placed before plugin name: {args[0]}")
    while len(words) >= least:
        path = lookup(words, environ)
        if path:
            return path, list(args[len(words) :])
        words.pop()
    return None


def dispatch(args: Sequence[str], least: int, environ: Mapping[str, str]) -> None:
    """Become the plugin the arguments name; returns when there is none."""
    found = find(args, least, environ)
    if found is None:
        return
    path, rest = found
    try:
        os.execve(path, [path, *rest], dict(environ))
    except OSError as error:
        raise KubectlError(f"fork/exec {path}: {(error.strerror or str(error)).lower()}") from None
    raise Exit(0)
