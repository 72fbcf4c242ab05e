"""Running plugins: `minikctl foo bar` becomes kubectl-foo-bar (or minikctl-foo-bar).

Called by main when the arguments name no command of its own. Upstream counterpart: HandlePluginCommand
in kubectl's `pkg/cmd/cmd.go`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from minikctl.kubectl import plugins
from minikctl.kubectl.errors import Exit, KubectlError, PlainError


def find(args: Sequence[str], least: int, environ: Mapping[str, str]) -> tuple[str, list[str]] | None:
    """The plugin with the longest name the arguments can make, of at least `least` words, and what is left for it."""
    count = next((index for index, arg in enumerate(args) if arg.startswith("-")), len(args))
    if count == 0:
        raise PlainError(f"Error: flags cannot be placed before plugin name: {args[0]}")
    found = plugins.find(args[:count], environ)
    if found is None or found[1] < least:
        return None
    return found[0], list(args[found[1] :])


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
