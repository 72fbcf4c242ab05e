"""Walks a script's tree in cluster time: `sleep` moves the shell's clock, nothing else takes time.

A run ends with an exit status, or never (Endless): when a loop cannot end, when a program serves, or
when the budget of steps is used up. What was printed is kept with the time it was printed at.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from posixpath import join, normpath
from typing import TYPE_CHECKING, Any, Protocol

from minikctl.kubelet.filetree import FileError, encode
from minikctl.kubelet.runtime.shell import Unsupported, commands
from minikctl.kubelet.runtime.shell.control import Break, Continue, Endless, Exit, Return
from minikctl.kubelet.runtime.shell.expansion import Expansion
from minikctl.kubelet.runtime.shell.input import Input
from minikctl.kubelet.runtime.shell.parser import Node, Word, parse

if TYPE_CHECKING:
    from minikctl.kubelet.filetree import File
    from minikctl.kubelet.runtime.httpexchange import Network

_STEPS = 5000
_ROOM = 1 << 28  # characters that one run may print
_WEIGHT = 16  # of one that is assigned to a variable
_CONSTANT_CONDITIONS = {("true",), (":",), ("1",), ("[", "1", "]"), ("[", "true", "]")}
_SHELLS = {"ash", "bash", "dash", "sh", "-e", "-ex", "-eu", "-eux", "-x"}
_LEAVING = {"break", "exit", "return", "exec", "eval"}


class Filesystem(Protocol):
    """What a shell needs of a container's file system; `kubelet.filetree` says what the methods do."""

    def get(self, path: str) -> str | None: ...
    def put(self, path: str, content: str, mode: int | None = None) -> None: ...
    def remove(self, path: str) -> bool: ...
    def listing(self, path: str) -> list[str] | None: ...
    def stat(self, path: str) -> File | None: ...
    def walk(self, path: str) -> list[str]: ...
    def make_directory(self, path: str, mode: int = 0o755) -> None: ...
    def change_mode(self, path: str, mode: int) -> None: ...
    def check(self, path: str) -> None: ...


class World:
    """What surrounds a script: cluster time at its start, the machine's name, what it can reach.

    `reaches(host, port, at)` tells whether a connection at that time (seconds after the start)
    succeeds; `network` carries out what a program asks of it. `asked` is set once a script has asked in vain: its
    fate may change later. `argv` is what the container's first process runs, `signals` what it was sent.
    """

    def __init__(self, start: float = 0.0, hostname: str = "", user: str = "root") -> None:
        self.start = start
        self.hostname = hostname
        self.user = user
        self.reaches: Callable[[str, int, float], bool] = lambda host, port, at: False
        self.network: Network | None = None
        self.asked = False
        self.failures = 0
        self.argv: list[str] = []
        self.signals: list[str] = []


class _NotOpened(Exception):
    """A redirection cannot be made; the text says why."""


class Shell(Expansion):
    """One run of a script."""

    def __init__(
        self,
        env: dict[str, str],
        files: Filesystem,
        world: World,
        steps: int = _STEPS,
        horizon: float = float("inf"),
        lenient: bool = False,
        reports: bool = False,
    ) -> None:
        """`horizon`: seconds after which the run is cut off (to see what was printed so far).

        `lenient`: unknown programs succeed at once, or fail where the script says how it ends then.
        `reports`: what is unknown is complained of as a shell does, and the script goes on.
        """
        self.env = env
        self.files = files
        self.world = world
        self.time = 0.0
        self.output: list[tuple[float, str]] = []
        self.errors: list[str] | None = None  # where standard error is kept apart (exec)
        self.marks: list[int] = []  # for each of the errors, how many pieces of output came before it
        self.arguments: list[str] = []
        self.functions: dict[str, Node] = {}
        self.status = 0
        self.options: set[str] = set()
        self.directory = "/"
        self.file_events: list[tuple[float, str, Any]] = []
        self._steps = self._budget = steps
        self._room = _ROOM
        self._horizon = horizon
        self._sink: list[str] | None = None
        self._error_sink: list[str] | None = None
        self._stderr_is_stdout = False
        self._stdout_is_stderr = 0
        self.name = "sh"
        self.terminal = False  # its output goes to one
        self.reports = reports
        self._lenient = lenient
        self._doubted = 0  # inside `... || exit N`
        self._guarded = 0  # inside a condition: a failure does not end the shell under -e

    # Running

    def run(self, argv: list[str], stdin: Input | None = None) -> int:
        """Run a command line to its end; raises Endless or Unsupported."""
        try:
            return self.call(argv, stdin or Input())
        except RecursionError:
            raise Unsupported("commands nested so deeply") from None
        except (Exit, Return) as end:
            return end.code
        except (Break, Continue):
            return 0

    def call(self, argv: list[str], stdin: Input) -> int:
        """One command: a function, a builtin or a known program."""
        self._step()
        name = argv[0]
        function = self.functions.get(name)
        if function is not None:
            return self._call_function(function, argv[1:], stdin)
        command = commands.find(name)
        if command is not None:
            return self._known(command, argv, stdin)
        file = self.files.stat(self.path(name)) if "/" in name else None
        if file is not None and (self.reports or _is_script(file)):
            return self._run_file(file, argv, stdin)
        if self.reports:
            missing = "not found" if self.name == "sh" else "command not found"
            self.complain(f"{self.name}: {name}: {'No such file or directory' if '/' in name else missing}\n")
            return 127
        if not self._lenient:
            raise Unsupported(name)
        return 127 if self._doubted else 0

    def _known(self, command: commands.Command, argv: list[str], stdin: Input) -> int:
        try:
            return command(self, argv, stdin)
        except FileError as error:
            self.complain(f"{argv[0]}: {error}\n")
            return 1
        except Unsupported as unsupported:
            if not self.reports:
                raise
            self.complain(f"{argv[0]}: not supported by the emulated shell: {unsupported}\n")
            return 2
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # The small programs take arguments as they come: what they choke on is not for them.
            if not self.reports:
                raise Unsupported(f"{argv[0]}: {error}") from error
            self.complain(f"{argv[0]}: invalid arguments\n")
            return 1

    def _run_file(self, file: File, argv: list[str], stdin: Input) -> int:
        """A script in a file, whatever shell its first line asks for."""
        if self.reports and (file.is_directory or not file.mode & 0o111):
            self.complain(f"{self.name}: {argv[0]}: Permission denied\n")
            return 126
        if file.content is None or not _is_script(file):
            self.complain(f"{self.name}: {argv[0]}: Exec format error\n")
            return 126
        saved = dict(self.env), self.directory, set(self.options), self.arguments
        self.arguments = argv[1:]
        try:
            return self.script(file.content, stdin)
        except Exit as end:
            return end.code
        finally:
            self.env, self.directory, self.options, self.arguments = saved

    def script(self, source: str, stdin: Input | None = None) -> int:
        try:
            tree = parse(source)
        except Unsupported as problem:
            if not self.reports:
                raise
            self.complain(f"{self.name}: syntax error: {problem}\n")
            return 2
        return self.execute(tree, stdin or Input())

    def print(self, text: str) -> None:
        """Standard output."""
        self._take_room(text)
        if self._stdout_is_stderr:
            self._stdout_is_stderr -= 1
            self.complain(text)
            self._stdout_is_stderr += 1
        elif text and self._sink is not None:
            self._sink.append(text)
        elif text:
            self.output.append((self.time, text))

    def complain(self, text: str) -> None:
        """Standard error: goes where standard output goes only if a redirection says so."""
        if self._error_sink is not None:
            self._error_sink.append(text)
        elif self._stderr_is_stdout:
            self.print(text)
        elif self.errors is not None:
            self.errors.append(text)
            self.marks.append(len(self.output))
        else:
            self.output.append((self.time, text))

    def sleep(self, seconds: float) -> None:
        if seconds == float("inf"):
            raise Endless
        self.time += seconds
        if self.time > self._horizon:
            raise Endless(output=True)

    def path(self, name: str) -> str:
        """An absolute path without "." and ".." in it."""
        return "/" + normpath(join(self.directory, name)).lstrip("/")

    def matches(self, pattern: str) -> list[str]:
        found = [""]
        for number, segment in enumerate(pattern.split("/")):
            if not number:
                found = [""] if not segment else self._names("", segment)
                continue
            found = [
                f"{base}/{name}" for base in found for name in (self._names(f"{base}/", segment) if segment else [""])
            ]
        return found

    def _names(self, base: str, segment: str) -> list[str]:
        """The names in a directory (with a slash at its end, or "" for the present one) that match a pattern."""
        names = self.files.listing(self.path(base or ".")) or ()
        return [name for name in names if fnmatchcase(name, segment) and (name[0] != "." or segment[0] == ".")]

    def write(self, path: str, content: str | None, mode: int | None = None) -> None:
        """Write (None: remove) a file, noting when; FileError where that is not possible."""
        if path in ("/dev/stdout", "/dev/stderr", "/proc/1/fd/1", "/proc/1/fd/2"):
            self.print(content or "")
            return
        if path == "/dev/null":
            return
        if content is None:
            self.files.remove(path)
        else:
            self.files.put(path, content, mode)
        self.note(path)

    def note(self, path: str) -> None:
        """Remember that a path has changed, and when."""
        found = self.files.stat(path)
        self.file_events.append((self.time, path, encode(found) if found else None))

    def _take_room(self, text: str, weight: int = 1) -> None:
        """What grows without end is taken to go on so."""
        self._room -= len(text) * weight
        if self._room < 0:
            raise Endless(output=True)

    def begin_command(self) -> None:
        """Forget what was printed, and let the next command take as many steps as the first one could."""
        self._steps, self._room = self._budget, _ROOM
        self.output.clear()
        self.marks.clear()
        if self.errors is not None:
            self.errors.clear()

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise Endless(output=True)

    def _call_function(self, body: Node, arguments: list[str], stdin: Input) -> int:
        saved, self.arguments = self.arguments, arguments
        try:
            return self.execute(body, stdin)
        except Return as back:
            return back.code
        finally:
            self.arguments = saved

    # The tree

    def execute(self, node: Node, stdin: Input) -> int:
        """Run a node; its status."""
        self.status = getattr(self, "_" + node[0])(node, stdin)
        return self.status

    def _list(self, node: Node, stdin: Input) -> int:
        code = 0
        for item, background in node[1]:
            if background and not self.reports:
                raise Unsupported("background job")
            code = self.execute(item, stdin)
            if code and "e" in self.options and not self._guarded and item[0] in ("run", "pipe", "group", "redirected"):
                raise Exit(code)
        return code

    def _guard(self, node: Node, stdin: Input) -> int:
        self._guarded += 1
        try:
            return self.execute(node, stdin)
        finally:
            self._guarded -= 1

    def _and(self, node: Node, stdin: Input) -> int:
        code = self._guard(node[1], stdin)
        return code if code else self.execute(node[2], stdin)

    def _or(self, node: Node, stdin: Input) -> int:
        exits = _exits(node[2])
        self._doubted += exits
        try:
            code = self._guard(node[1], stdin)
        finally:
            self._doubted -= exits
        return self.execute(node[2], stdin) if code else 0

    def _not(self, node: Node, stdin: Input) -> int:
        return 0 if self._guard(node[1], stdin) else 1

    def _pipe(self, node: Node, stdin: Input) -> int:
        code = 0
        for stage in node[1][:-1]:
            code, text = self._captured(stage, stdin)
            stdin = Input(text)
        last = self.execute(node[1][-1], stdin)
        return last or (code if "pipefail" in self.options else 0)

    def _captured(self, node: Node, stdin: Input) -> tuple[int, str]:
        saved, self._sink = self._sink, []
        sink = self._sink
        try:
            code = self._subshell(node, stdin)
        finally:
            self._sink = saved
        return code, "".join(sink)

    def _subshell(self, node: Node, stdin: Input) -> int:
        saved = dict(self.env), self.directory, set(self.options)
        try:
            return self.execute(node, stdin)
        except Exit as end:
            return end.code
        finally:
            self.env, self.directory, self.options = saved

    def _group(self, node: Node, stdin: Input) -> int:
        return self._subshell(node[1], stdin)

    def _if(self, node: Node, stdin: Input) -> int:
        for condition, body in node[1]:
            if self._guard(condition, stdin) == 0:
                return self.execute(body, stdin)
        return self.execute(node[2], stdin)

    def _while(self, node: Node, stdin: Input) -> int:
        _, condition, body, until = node
        endless = not until and _constant(condition) and not _leaves(body) and self._horizon == float("inf")
        code = 0
        while (self._guard(condition, stdin) == 0) != until:
            before = len(self.output)
            try:
                code = self.execute(body, stdin)
            except Break:
                break
            except Continue:
                pass
            if endless and "e" not in self.options:
                raise Endless(output=len(self.output) > before)
            self._step()
        return code

    def _for(self, node: Node, stdin: Input) -> int:
        _, name, words, body = node
        code = 0
        for value in self.arguments if words is None else self.expand_all(words):
            self._step()
            self.env[name] = value
            try:
                code = self.execute(body, stdin)
            except Break:
                break
            except Continue:
                continue
        return code

    def _case(self, node: Node, stdin: Input) -> int:
        subject = self.expand(node[1])
        for patterns, body in node[2]:
            if any(fnmatchcase(subject, self.expand(pattern)) for pattern in patterns):
                return self.execute(body, stdin)
        return 0

    def _define(self, node: Node, stdin: Input) -> int:
        self.functions[node[1]] = node[2]
        return 0

    def _redirected(self, node: Node, stdin: Input) -> int:
        return self._redirect(node[2], stdin, lambda given: self.execute(node[1], given))

    def _run(self, node: Node, stdin: Input) -> int:
        words = list(node[1])
        assigned: dict[str, str] = {}
        while words and (assignment := _assignment(words[0])):
            name, value = assignment
            assigned[name] = self.expand(value)
            self._take_room(assigned[name], _WEIGHT)
            words.pop(0)
        argv = self.expand_all(words)
        if not argv:
            self.env.update(assigned)
            return self.status if assigned and _substitutes(node[1]) else 0
        if "x" in self.options:
            self.complain("+ " + " ".join(argv) + "\n")
        saved = {name: self.env.get(name) for name in assigned}
        self.env.update(assigned)
        try:
            return self._redirect(node[2], stdin, lambda given: self.call(argv, given))
        finally:
            for name, before in saved.items():
                if before is None:
                    self.env.pop(name, None)
                else:
                    self.env[name] = before

    def _redirect(self, redirections: list[tuple[str, Word]], stdin: Input, action: Callable[[Input], int]) -> int:
        if not redirections:
            return action(stdin)
        saved = self._sink, self._error_sink, self._stderr_is_stdout, self._stdout_is_stderr
        opened: list[tuple[str, bool, list[str]]] = []
        try:
            for operator, word in redirections:
                if operator == "2>&1":
                    self._stderr_is_stdout, self._error_sink = True, None
                elif operator in (">&2", "1>&2"):
                    self._stdout_is_stderr += 1
                elif operator in ("<<", "<<-"):
                    stdin = Input(self.expand(word))
                elif operator == "<":
                    stdin = Input(self._opened(self.expand(word)))
                else:
                    opened.append(self._open(operator, self.path(self.expand(word))))
            return action(stdin)
        except _NotOpened as problem:
            self.complain(f"{self.name}: {problem}\n")
            return 1
        finally:
            self._sink, self._error_sink, self._stderr_is_stdout, self._stdout_is_stderr = saved
            for path, append, sink in opened:
                before = (self.files.get(path) or "") if append else ""
                self.write(path, before + "".join(sink))

    def _opened(self, name: str) -> str:
        if name == "/dev/null":
            return ""
        content = self.files.get(self.path(name))
        if content is None:
            raise _NotOpened(f"can't open {name}: no such file")
        return content

    def _open(self, operator: str, path: str) -> tuple[str, bool, list[str]]:
        """Let an output go to a file; it is written when the command is done."""
        if not path.startswith(("/dev/", "/proc/")):
            try:
                self.files.check(path)
            except FileError as error:
                raise _NotOpened(f"can't create {path}: {error}") from None
        sink: list[str] = []
        if operator not in ("2>", "2>>"):
            self._sink = sink
        if operator in ("2>", "2>>", "&>"):
            self._error_sink = sink
        return path, operator in (">>", "2>>"), sink


def _is_script(file: File) -> bool:
    """Whether a file is a script for a shell of this kind."""
    first = (file.content or "").partition("\n")[0]
    return first.startswith("#!") and first.split()[-1].rpartition("/")[2] in _SHELLS


def _assignment(word: Word) -> tuple[str, Word] | None:
    if not word or word[0][0] != "text" or word[0][2]:
        return None
    name, equals, rest = word[0][1].partition("=")
    if not equals or not name.isidentifier():
        return None
    return name, [("text", rest, False), *word[1:]]


def _substitutes(words: list[Word]) -> bool:
    return any(part[0] == "run" for word in words for part in word)


def _constant(condition: Node) -> bool:
    """Whether a loop's condition is always true."""
    if condition[0] != "list" or len(condition[1]) != 1 or condition[1][0][0][0] != "run":
        return False
    words = condition[1][0][0][1]
    return tuple("".join(str(part[1]) for part in word) for word in words) in _CONSTANT_CONDITIONS


def _leaves(node: Any) -> bool:
    """Whether anything in a loop's body might end the loop."""
    if isinstance(node, tuple):
        if node and node[0] == "run" and node[1] and isinstance(node[1], list):
            first = node[1][0]
            if first and first[0][0] == "text" and first[0][1] in _LEAVING:
                return True
        return any(_leaves(item) for item in node)
    return isinstance(node, list) and any(_leaves(item) for item in node)


def _exits(node: Node) -> bool:
    """Whether a command is `exit`."""
    return node[0] == "run" and bool(node[1]) and node[1][0][:1] == [("text", "exit", False)]
