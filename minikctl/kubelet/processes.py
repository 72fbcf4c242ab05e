"""A command that runs in a container while somebody feeds it: what exec and attach are made of.

The emulated shell takes no time, so a command runs as far as its input goes. Where it asks for more it
is run again from its beginning once more has come; what it had printed is not printed twice. A shell
without a script becomes interactive: its commands are run one by one, and its state is kept.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from minikctl.apimachinery.streaming import STDERR, STDOUT
from minikctl.kubelet.filetree import as_bytes
from minikctl.kubelet.runtime.shell import Incomplete, Unsupported
from minikctl.kubelet.runtime.shell.control import Break, Continue, Endless, Exit, Interactive, MoreInput, Return
from minikctl.kubelet.runtime.shell.input import Input
from minikctl.kubelet.terminal import Terminal, on_screen

if TYPE_CHECKING:
    from minikctl.kubelet.runtime.shell.interpreter import Filesystem, Shell

_INTERRUPTED = 130
_KILLED = 137
_CLEAR_SCREEN = "\x1b[H\x1b[J"


class Workspace(Protocol):
    """The container that a command runs in."""

    def alive(self) -> bool:
        """Whether the container still runs."""
        ...

    def open(self) -> Shell:
        """A shell in the container as it is now."""
        ...

    def files(self) -> Filesystem:
        """The container's files as they are now."""
        ...

    def save(self, shell: Shell) -> None:
        """Keep what a shell has done."""
        ...


class Process:
    """One command. `code` is its exit status once it has ended."""

    def __init__(
        self,
        workspace: Workspace,
        working: Callable[[], AbstractContextManager[None]],
        command: list[str],
        terminal: bool = False,
    ) -> None:
        """`working` is entered for each piece of work: a transaction."""
        self.command = command
        self.code: int | None = None
        self._workspace = workspace
        self._working = working
        self._terminal = Terminal() if terminal else None
        self._input = Input(live=True)
        self._decoder = getincrementaldecoder("utf-8")("surrogateescape")
        self._sent: list[tuple[int, bytes]] = []
        self._shown = {STDOUT: 0, STDERR: 0}  # how many characters of the present run were sent
        self._wants_all = False
        self._repl: _Commands | None = None

    def begin(self) -> None:
        """Run as far as it goes without input."""
        self._advance()

    def send(self, data: bytes) -> None:
        """Input, or keys of the terminal."""
        if self.code is not None:
            return
        if self._terminal is None:
            self._input.feed(self._decoder.decode(data))
            if not self._wants_all or self._repl is not None:
                self._advance()
            return
        for kind, text in self._terminal.feed(data):
            self._key(kind, text)

    def end_input(self) -> None:
        """The input has come to its end."""
        if self.code is None and not self._input.ended:
            self._input.feed(self._decoder.decode(b"", final=True))
            self._input.ended = True
            self._advance()

    def take(self) -> list[tuple[int, bytes]]:
        """What was printed since the last call."""
        sent, self._sent = self._sent, []
        return sent

    def look(self) -> None:
        """End with the container."""
        if self.code is None and not self._workspace.alive():
            self.code = _KILLED

    # Keys

    def _key(self, kind: str, text: str) -> None:
        if self.code is not None:
            return
        if kind == "echo":
            self._emit(STDOUT, text, raw=True)
        elif kind == "clear":
            self._emit(STDOUT, _CLEAR_SCREEN + (self._repl.prompt() if self._repl else "") + text, raw=True)
        elif kind == "line":
            self._input.feed(text)
            self._advance()
        elif kind == "interrupt":
            self._interrupt()
        elif self._repl is not None and self._repl.waiting:
            self._input.end_once()
            self._advance()
        else:
            self.end_input()

    def _interrupt(self) -> None:
        if self._repl is None:
            self.code = _INTERRUPTED
            return
        self._repl.interrupt()
        self._prompt()

    # Running

    def _advance(self) -> None:
        with self._working():
            if not self._workspace.alive():
                self.code = _KILLED
                return
            if self._repl is None:
                self._run()
            if self._repl is not None:
                self._interact(self._repl)

    def _run(self) -> None:
        """Run the command from its beginning, with all input that has come."""
        shell = self._workspace.open()
        try:
            self.code = shell.run(self.command, self._input)
        except MoreInput as wanted:
            self._wants_all = wanted.whole
            self._input.back(0)
            self._show(shell)
            return
        except Interactive as interactive:
            shell.name = interactive.name
            self._repl = _Commands(shell, self._terminal is not None)
        except Endless:
            self.code = 0
        except (Break, Continue, Return):
            self.code = 0
        except Unsupported as unsupported:
            shell.complain(f"{self.command[0]}: not supported by the emulated shell: {unsupported}\n")
            self.code = 2
        self._show(shell)
        self._workspace.save(shell)
        if self._repl is not None:
            self._shown = {STDOUT: 0, STDERR: 0}
            self._prompt()

    def _interact(self, repl: _Commands) -> None:
        """Run the commands that have been typed."""
        while self.code is None:
            shell = repl.shell
            shell.files = self._workspace.files()
            try:
                ran = repl.step(self._input)
            except MoreInput:
                if repl.waiting:
                    self._show(shell)
                return
            except Exit as end:
                self.code = end.code
                ran = True
            if ran:
                self._show(shell)
                self._workspace.save(shell)
                self._shown = {STDOUT: 0, STDERR: 0}
            if self.code is None:
                self._prompt()

    # Output

    def _prompt(self) -> None:
        if self._terminal is not None and self._repl is not None:
            self._emit(STDOUT, self._repl.prompt())

    def _show(self, shell: Shell) -> None:
        """Send what a run has printed and was not sent before."""
        passed = {STDOUT: 0, STDERR: 0}
        for stream, text in _in_order(shell):
            passed[stream] += len(text)
            new = min(passed[stream] - self._shown[stream], len(text))
            if new > 0:
                self._emit(stream, text[len(text) - new :])
                self._shown[stream] = passed[stream]

    def _emit(self, stream: int, text: str, raw: bool = False) -> None:
        if not text:
            return
        if self._terminal is not None:
            stream, text = STDOUT, text if raw else on_screen(text)
        data = as_bytes(text)
        if self._sent and self._sent[-1][0] == stream:
            self._sent[-1] = (stream, self._sent[-1][1] + data)
        else:
            self._sent.append((stream, data))


def _in_order(shell: Shell) -> list[tuple[int, str]]:
    """What a shell has printed and complained of, in the order in which it did."""
    pieces: list[tuple[int, str]] = []
    at = 0
    for text, mark in zip(shell.errors or (), shell.marks, strict=True):
        pieces += [(STDOUT, each) for _, each in shell.output[at:mark]]
        pieces.append((STDERR, text))
        at = mark
    return pieces + [(STDOUT, each) for _, each in shell.output[at:]]


class _Commands:
    """A shell that reads its commands: one `step` is one whole command."""

    def __init__(self, shell: Shell, terminal: bool) -> None:
        self.shell = shell
        self.waiting = False  # a command is running that wants input
        self._terminal = terminal
        self._source = ""

    def prompt(self) -> str:
        if self.waiting:
            return ""
        if self._source:
            return "> "
        world, directory = self.shell.world, self.shell.directory
        sign = "#" if world.user == "root" else "$"
        if self.shell.name == "bash":
            home = self.shell.env.get("HOME", "")
            shown = "~" + directory[len(home) :] if len(home) > 1 and directory.startswith(home) else directory
            return f"{world.user}@{world.hostname}:{shown}{sign} "
        return f"{directory} {sign} "

    def interrupt(self) -> None:
        """^C: what is being typed or run is dropped."""
        self._source, self.waiting = "", False
        self.shell.status = _INTERRUPTED

    def step(self, given: Input) -> bool:
        """Read a line; run it if it completes a command (True). MoreInput where there is none, Exit at the end."""
        from minikctl.kubelet.runtime.shell.parser import parse

        if not self.waiting:
            line = given.line()
            if not line and not self._source:
                raise Exit(self.shell.status)
            self._source += line
            try:
                parse(self._source, partial=bool(line))
            except Incomplete:
                if line:
                    return False
            except Unsupported:
                pass  # the shell complains when it is run
        self._execute(given)
        return True

    def _execute(self, given: Input) -> None:
        shell = self.shell
        before = dict(shell.env), shell.directory, dict(shell.functions), set(shell.options)
        mark = given.mark()
        shell.begin_command()
        try:
            shell.status = shell.script(self._source, given)
        except MoreInput:
            shell.env, shell.directory, shell.functions, shell.options = before
            given.back(mark)
            self.waiting = True
            raise
        except Interactive:
            pass  # a shell in the shell goes on reading the same commands
        except (Break, Continue, Return, Endless):
            shell.status = 0
        except Unsupported as unsupported:
            shell.complain(f"{shell.name}: not supported by the emulated shell: {unsupported}\n")
            shell.status = 2
        self._source, self.waiting = "", False
