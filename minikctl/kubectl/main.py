"""Entry point: finds the command as cobra does, runs it, prints its error, returns the exit status.

Only click, the table of commands and the command's own module are imported on the way.
Upstream counterpart: kubectl's `cmd/kubectl/kubectl.go` and cobra's command tree.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from minikctl.kubectl import commands, errors
from minikctl.kubectl.command import Command, KubectlCommand
from minikctl.kubectl.factory import Factory, Streams
from minikctl.kubectl.flags import FlagSet, Values, quote
from minikctl.kubectl.flagsets import GLOBAL


class Session:
    """What one invocation carries: program name, streams, environment."""

    def __init__(self, program: str, streams: Streams, environ: Mapping[str, str]) -> None:
        self.program = program
        self.streams = streams
        self.environ = environ
        self.error_status = 1
        self.verbosity = 0

    def command_path(self, path: Sequence[str]) -> str:
        return " ".join((self.program, *path))

    def out(self, text: str) -> None:
        self.streams.out.write(text)

    def warn(self, text: str) -> None:
        self.streams.err.write(text + "\n")

    def factory(self, path: Sequence[str], values: Values) -> Factory:
        self.verbosity = values.get("v", 0)
        return Factory(values, self.streams, self.environ, self.command_path(path))

    def no_help(self, topic: Sequence[str]) -> None:
        """`help` of something else than a command: show the usage of the program."""
        from minikctl.kubectl.help import render

        # Without what the program says of itself, which is two paragraphs.
        usage = render(self.program, (), load(()).definition).split("\n\n", 2)[2]
        shown = " ".join(f"`{word}`" for word in topic)
        self.warn(f"Unknown help topic [{shown}]\n\n\n{usage.rstrip()}")

    def show_group(self, command: KubectlCommand, args: list[str]) -> None:
        """A command that only has subcommands: show its help, refuse anything else."""
        from minikctl.kubectl.help import render

        text = render(self.program, command.path, command.definition)
        if command.path in ((), ("certificate",)):
            self.out(text)
            return
        if args:
            raise errors.UsageError(self.command_path(command.path), f"unknown command {quote(' '.join(args))}")
        (self.streams.out if command.path == ("rollout",) else self.streams.err).write(text)
        raise errors.Exit(1)


class Root(click.Group):
    """The command tree, loaded lazily from commands.py; resolves arguments to a command as cobra does."""

    def __init__(self) -> None:
        super().__init__(name=None, add_help_option=False, invoke_without_command=True)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.args = args
        return args

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(commands.children(()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        path = tuple(cmd_name.split())
        return load(path) if path in commands.TREE else None

    def invoke(self, ctx: click.Context) -> Any:
        """Find the command, hand it the remaining arguments."""
        if ctx.args[:1] in (["__complete"], ["__completeNoDesc"]):
            from minikctl.kubectl import completing

            completing.run(ctx.obj, ctx.args)
            return None
        path, rest = find(ctx.args)
        if not path:
            words = strip_flags(rest, FlagSet(GLOBAL))
            if words and words[0] == "help":
                path, rest = find(words[1:])
                if not path and rest:
                    ctx.obj.no_help(words[1:])
                    return None
                rest = ["--help"]
            elif words[:1] == ["alpha"]:
                ctx.obj.warn("No alpha commands are available in this version of kubectl")
                return None
            elif words:
                run_plugin(ctx.args, 1, ctx.obj)
                raise errors.KubectlError(unknown_command(ctx.obj.program, words[0]))
        elif path == ("create",) and any(not arg.startswith("-") for arg in rest):
            run_plugin(ctx.args, len(ctx.args) - len(rest) + 1, ctx.obj)
        command = load(path)
        with command.make_context(path[-1] if path else ctx.obj.program, rest, parent=ctx) as sub:
            return command.invoke(sub)


def load(path: tuple[str, ...]) -> KubectlCommand:
    """Import the command's module and wrap its definition for click."""
    entry = commands.TREE[path]
    if not entry.target:
        definition = Command(entry.use, None)
    else:
        module_name, _, attribute = entry.target.partition(":")
        try:
            module = __import__(f"minikctl.kubectl.cmd.{module_name}", fromlist=[attribute])
        except ModuleNotFoundError as error:
            if error.name != f"minikctl.kubectl.cmd.{module_name}":
                raise
            raise errors.KubectlError(f"{' '.join(path)} is not supported by minikctl yet") from None
        definition = getattr(module, attribute or "COMMAND")
    return KubectlCommand(path, definition, GLOBAL)


def find(args: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """cobra's Find: the command the arguments name, and the arguments without its words."""
    path: tuple[str, ...] = ()
    rest = list(args)
    while True:
        entry = commands.TREE[path]
        if not entry.children:
            return path, rest
        flags = load(path).flag_set if entry.target else FlagSet(GLOBAL)
        position = first_word(rest, flags)
        child = entry.children.get(rest[position]) if position is not None else None
        if position is None or child is None:
            return path, rest
        path = (*path, child)
        del rest[position]


def first_word(args: Sequence[str], flags: FlagSet) -> int | None:
    """Index of the first argument that is neither a flag nor a flag's value."""
    index = 0
    while index < len(args):
        arg = args[index]
        if arg == "--":
            return None
        if flags.takes_value(arg):
            index += 2
            continue
        if arg and not arg.startswith("-"):
            return index
        index += 1
    return None


def run_plugin(args: Sequence[str], least: int, session: Session) -> None:
    """Become the plugin of the longest name that the arguments make, of at least `least` words; or return."""
    from minikctl.kubectl import pluginrun

    session.streams.out.flush()
    pluginrun.dispatch(args, least, session.environ)


def preferred(args: list[str], session: Session) -> list[str]:
    """The arguments after the user's preferences (kuberc) had their say."""
    from minikctl.kubectl.kubeconfig import home

    environ = session.environ
    named = environ.get("KUBERC") or any(arg.startswith("--kuberc") for arg in args)
    if (
        not args
        or args[0].startswith("__complete")
        or not (named or os.path.exists(os.path.join(home(environ), "kuberc")))
    ):
        return args
    from minikctl.kubectl import kuberc

    return kuberc.apply(args, environ, session.streams.err.write, session.program)


def strip_flags(args: Sequence[str], flags: FlagSet) -> list[str]:
    """The arguments that are neither flags nor values of flags."""
    words: list[str] = []
    rest = list(args)
    while (position := first_word(rest, flags)) is not None:
        words.append(rest[position])
        del rest[: position + 1]
    return words


def unknown_command(program: str, word: str) -> str:
    """cobra's message, with suggestions."""
    text = f'unknown command {quote(word)} for "{program}"'
    names = [
        name
        for name in commands.children(())
        if (name.lower().startswith(word.lower()) or _distance(word, name) <= 2)
        and (program != "kubectl" or commands.entry((name,)).group != "minikctl")
    ]
    if names:
        text += "\n\nDid you mean this?\n" + "".join(f"\t{name}\n" for name in names)
    return text


def _distance(a: str, b: str) -> int:
    """Levenshtein distance, case folded."""
    a, b = a.lower(), b.lower()
    previous = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        row = [i]
        for j, right in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (left != right)))
        previous = row
    return previous[-1]


def run(argv: Sequence[str], streams: Streams | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run one command line (argv[0] is the program's name); returns the exit status."""
    program = "kubectl" if os.path.basename(argv[0] if argv else "") == "kubectl" else "minikctl"
    streams = streams or Streams.standard()
    session = Session(program, streams, os.environ if environ is None else environ)
    root = Root()
    status = 0
    try:
        with root.make_context(program, preferred(list(argv[1:]), session), obj=session) as ctx:
            root.invoke(ctx)
        streams.out.flush()
    except BrokenPipeError:
        return _output_closed()
    except BaseException as error:  # the last line of defence: never a traceback
        try:
            streams.out.flush()
            if session.verbosity >= 4:
                from minikctl.kubectl.requestlog import tell_statuses

                tell_statuses(error, streams.err.write)
            status = errors.report(error, streams.err.write, session.error_status)
        except BrokenPipeError:
            return _output_closed()
        if environ is None and os.environ.get("MINIKCTL_TRACE"):
            raise
    return status


def _output_closed() -> int:
    """The reader went away: end as a program killed by SIGPIPE does."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    return 141
