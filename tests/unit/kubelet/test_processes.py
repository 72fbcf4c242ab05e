"""Commands that somebody feeds: input that comes in pieces, interactive shells, terminals."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from minikctl.kubelet import rootfs
from minikctl.kubelet.disk import Disk
from minikctl.kubelet.processes import Process
from minikctl.kubelet.runtime.shell.interpreter import Shell, World
from minikctl.kubelet.terminal import Terminal


class Box:
    """A container that remembers its files in memory."""

    def __init__(self, terminal: bool = False) -> None:
        self.disk = Disk(image=rootfs.plain())
        self.running = True
        self._terminal = terminal

    def alive(self) -> bool:
        return self.running

    def open(self) -> Shell:
        shell = Shell({"HOME": "/root"}, self.files(), World(0.0, "box"), reports=True)
        shell.errors = None if self._terminal else []
        shell.terminal = self._terminal
        return shell

    def files(self) -> Disk:
        return Disk([[0.0, *item] for item in self.disk.contents().items()], image=rootfs.plain())

    def save(self, shell: Shell) -> None:
        assert isinstance(shell.files, Disk)
        self.disk = shell.files


def process(*command: str, terminal: bool = False) -> Process:
    made = Process(Box(terminal), nullcontext, list(command), terminal)
    made.begin()
    return made


def printed(made: Process) -> str:
    return b"".join(data for _, data in made.take()).decode()


def test_output_goes_on_with_the_input() -> None:
    made = process("sh", "-c", "echo name?; read x; echo hi $x; cat; exit 3")
    assert printed(made) == "name?\n"
    made.send(b"Ann")
    assert printed(made) == ""
    made.send(b"\nre")
    assert printed(made) == "hi Ann\n" and made.code is None
    made.send(b"st")
    made.end_input()
    assert printed(made) == "rest" and made.code == 3


def test_standard_error_is_kept_apart() -> None:
    made = process("sh", "-c", "echo a; echo b >&2; nope; echo $?")
    assert made.take() == [(1, b"a\n"), (2, b"b\nsh: nope: not found\n"), (1, b"127\n")]


def test_a_shell_reads_commands_and_keeps_its_state() -> None:
    made = process("sh")
    made.send(b"x=1; cd /tmp; f() { echo f $1; }\nif true; then\n")
    made.send(b"echo $x $PWD\nfi\nf 2\necho data > file\nread y\nthis line\necho $y\n")
    assert printed(made) == "1 /tmp\nf 2\nthis line\n"
    made.send(b"cat file; exit 9\necho never\n")
    assert printed(made) == "data\n" and made.code == 9


def test_a_shell_ends_with_its_input() -> None:
    made = process("sh", "-c", "command -v bash >/dev/null && exec bash || exec sh")
    made.send(b"false\n")
    made.end_input()
    assert made.code == 1


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        (b"echo hi\r", "/ # echo hi\r\nhi\r\n/ # "),
        (b"ecx\x7fho hi\r", "/ # ecx\b \bho hi\r\nhi\r\n/ # "),
        (b"echo a\r\x1b[A\r", "/ # echo a\r\na\r\n/ # echo a\r\na\r\n/ # "),
        (b"half\x03", "/ # half^C\r\n/ # "),
        (b"cat\rline\r\x04echo on\r", "/ # cat\r\nline\r\nline\r\n/ # echo on\r\non\r\n/ # "),
        (b"while true\rdo break\rdone\r", "/ # while true\r\n> do break\r\n> done\r\n/ # "),
    ],
)
def test_a_terminal(typed: bytes, seen: str) -> None:
    made = process("sh", terminal=True)
    for key in typed:
        made.send(bytes([key]))
    assert printed(made) == seen
    made.send(b"\x04")
    assert made.code is not None


def test_bash_has_a_prompt_of_its_own() -> None:
    made = process("bash", terminal=True)
    made.send(b"cd\rnope\r")
    assert printed(made).endswith("root@box:~# nope\r\nbash: nope: command not found\r\nroot@box:~# ")


def test_what_was_begun_ends_with_its_container() -> None:
    box = Box()
    made = Process(box, nullcontext, ["sh"])
    made.begin()
    box.running = False
    made.send(b"echo x\n")
    assert made.code == 137


def test_keys_that_come_in_halves() -> None:
    terminal = Terminal()
    assert terminal.feed("é".encode()[:1]) == []
    assert terminal.feed("é".encode()[1:]) == [("echo", "é")]
    assert terminal.feed(b"\x15") == [("echo", "\b \b")]
