"""kubectl plugin list: the plugins on the PATH, with what is wrong with them.

Upstream counterpart: kubectl's `pkg/cmd/plugin`.
"""

from __future__ import annotations

import os

from minikctl.kubectl import commands, plugins
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, Flag, quote


class PluginListOptions(Options):
    """How to show them."""

    def run(self) -> None:
        self.seen: dict[str, str] = {}
        warnings, found = 0, False
        for directory in plugins.directories(self.factory.environ):
            if not directory.strip():
                continue
            try:
                names = list(plugins.candidates(directory))
            except OSError as error:
                reason = (error.strerror or "").lower()
                self.factory.err(
                    f"Unable to read directory {quote(directory)} from your PATH: open {directory}: {reason}. "
                    "Skipping..."
                )
                continue
            for name in names:
                if not found:
                    self.factory.out("The following compatible plugins are available:\n")
                found = True
                path = os.path.join(directory, name)
                self.factory.out(name if self.flags["name-only"] else path)
                for problem in self._verify(path, name):
                    self.factory.err(f"  - {problem}")
                    warnings += 1
        lines = [] if found else ["error: unable to find any kubectl plugins in your PATH"]
        if warnings:
            count = "one plugin warning was" if warnings == 1 else f"{warnings} plugin warnings were"
            lines.append(f"error: {count} found")
        if lines:
            raise KubectlError("\n".join(lines))

    def _verify(self, path: str, name: str) -> list[str]:
        problems = []
        if not os.access(path, os.X_OK):
            problems.append(f"warning: {path} identified as a kubectl plugin, but it is not executable")
        if name in self.seen:
            problems.append(f"warning: {path} is overshadowed by a similarly named plugin: {self.seen[name]}")
        else:
            self.seen[name] = path
        words = tuple(name.split("-")[1:])
        if words and words[:1] in commands.TREE:
            problems.append(f"warning: {name} overwrites existing command: {quote('kubectl ' + words[0])}")
        return problems


COMMAND = Command(
    "plugin list [flags]",
    PluginListOptions,
    (Flag("name-only", "", BOOL, False, "If true, display only the binary name of each plugin, not its full path"),),
    long="""
List all available plugin files on a user's PATH.

 Plugins are executable files anywhere on the PATH whose names begin with "kubectl-".
""",
    example="""
        # List all available plugins
        kubectl plugin list

        # List only their names
        kubectl plugin list --name-only
        """,
)
