"""Help texts in the layout of kubectl's templates.

Imported only when help is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from minikctl.kubectl import commands
from minikctl.kubectl.command import Command
from minikctl.kubectl.flags import BOOL, DURATION, STRING, Flag

_ROOT = """{0} controls the Kubernetes cluster manager: here a whole cluster in one file.

 Find more information at: https://kubernetes.io/docs/reference/kubectl/"""
# Examples of commands that only have subcommands.
GROUP_EXAMPLES = {
    "kuberc": """
        # Show the preferences
        kubectl kuberc view

        # Have get print wide tables unless told otherwise
        kubectl kuberc set --section defaults --command get --option output=wide

        # Make getn short for get nodes
        kubectl kuberc set --section aliases --name getn --command get --prependarg nodes
        """,
    "plugin": """
        # List all plugins with their paths
        kubectl plugin list

        # List their names alone
        kubectl plugin list --name-only
        """,
    "rollout": """
        # Go back to the revision before
        kubectl rollout undo deployment/web

        # Follow a daemon set until it has rolled out
        kubectl rollout status daemonset/agent

        # Restart the deployments of a label
        kubectl rollout restart deployment --selector=app=web
        """,
}
_INDENT = 8  # of a flag's text: a tab

_LEAST_WIDTH = 11  # of the column of subcommands, as in cobra


def render(program: str, path: tuple[str, ...], command: Command) -> str:
    """The help text of one command."""
    entry = commands.TREE[path]
    description = _flowing(command.long or f"{entry.short}.").replace("kubectl ", f"{program} ")
    if not path:
        description = _ROOT.format(program)
    parts = [description]
    if entry.aliases:
        parts.append("Aliases:\n" + ", ".join([path[-1], *entry.aliases.split()]))
    example = command.example or GROUP_EXAMPLES.get(" ".join(path), "")
    if example:
        parts.append("Examples:\n" + _example(example, program))
    if entry.children:
        parts.append(_subcommands(path))
    flags = visible(command.flags)
    if flags:
        parts.append("Options:\n" + flag_usages(flags).rstrip("\n"))
    if path or not command.flags:
        parts.append(f"Usage:\n  {program} {command.use}" + ("" if "[options]" in command.use else " [options]"))
    tips = f'Use "{program} options" for a list of global command-line options (applies to all commands).\n'
    if entry.children:
        name = " ".join((program, *path))
        tips = f'Use "{name} <command> --help" for more information about a given command.\n' + tips
    parts.append(tips)
    return "\n\n".join(parts)


def _flowing(text: str) -> str:
    """A description with each paragraph and each item of a list in one line, for the terminal to break."""
    lines: list[str] = []
    for line in text.strip("\n").splitlines():
        words = line.strip()
        begins = not words or words.startswith("*") or line.startswith("    ") or not lines or not lines[-1]
        if begins:
            lines.append(line.rstrip())
        else:
            lines[-1] += f" {words}"
    return "\n".join(lines)


def _example(text: str, program: str) -> str:
    lines = [f"  {line.strip()}" for line in text.strip().splitlines()]
    return "\n".join(lines).replace("  kubectl ", f"  {program} ")


def _subcommands(path: tuple[str, ...]) -> str:
    names = commands.children(path)
    width = max(_LEAST_WIDTH, *(len(name) for name in names)) + 3
    if path:
        return "Available Commands:\n" + _rows(path, names, width)
    sections = []
    for key, title in commands.GROUPS:
        members = [name for name in names if commands.TREE[(name,)].group == key]
        sections.append("\n".join(filter(None, (title, _rows(path, members, width)))))
    return "\n\n".join(sections)


def _rows(path: tuple[str, ...], names: Iterable[str], width: int) -> str:
    ordered = sorted(names) if path else names
    return "\n".join(f"  {name:<{width}}{commands.entry((*path, name)).short}" for name in ordered)


def visible(flags: Sequence[Flag]) -> list[Flag]:
    """The flags that help lists, sorted by name."""
    return sorted((flag for flag in flags if not flag.hidden), key=lambda flag: flag.name)


def flag_usages(flags: Iterable[Flag]) -> str:
    """The Options section: each flag with its default and its text, broken where a terminal is too narrow for it."""
    import shutil
    import textwrap

    width = shutil.get_terminal_size().columns - _INDENT if sys.stdout.isatty() else 0
    blocks = []
    for flag in flags:
        short = f"-{flag.short}, " if flag.short else ""
        lines = [flag.usage]
        if width > 0:
            lines = textwrap.wrap(flag.usage, width, break_long_words=False, break_on_hyphens=False)
        blocks.append(f"    {short}--{flag.name}={default_text(flag)}:\n\t" + "\n\t".join(lines) + "\n\n")
    return "".join(blocks)


def default_text(flag: Flag) -> str:
    """A flag's default as help prints it."""
    if flag.shown:
        return flag.shown.strip()
    if flag.kind == STRING:
        return f"'{flag.default}'"
    if flag.kind == BOOL:
        return "true" if flag.default else "false"
    if flag.kind == DURATION:
        return _go_duration(flag.default)
    if isinstance(flag.default, list):
        return "[" + ",".join(flag.default) + "]"
    if isinstance(flag.default, dict):
        return ""
    return str(flag.default)


def _go_duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
