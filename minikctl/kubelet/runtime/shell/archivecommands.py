"""tar, which `kubectl cp` copies with."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from minikctl.kubelet.filetree import FileError, as_bytes, as_text
from minikctl.kubelet.runtime.shell import Unsupported

if TYPE_CHECKING:
    import tarfile

    from minikctl.kubelet.runtime.shell.commands import Command
    from minikctl.kubelet.runtime.shell.input import Input
    from minikctl.kubelet.runtime.shell.interpreter import Shell

_WITH_VALUE = "fC"
_IGNORED = "vpomhk"
_COMPRESSION = {"z": "gz", "j": "bz2", "J": "xz"}


class _Arguments:
    """tar's command line: what to do, with which archive, in which directory, with which paths."""

    def __init__(self, argv: list[str]) -> None:
        self.action = self.archive = self.directory = self.compression = ""
        self.strip = 0
        self.verbose = False
        self.paths: list[str] = []
        words = argv[1:]
        if words and not words[0].startswith("-"):
            words[0] = "-" + words[0]
        while words:
            word = words.pop(0)
            if word.startswith("--"):
                self._long(word)
            elif word.startswith("-") and word != "-":
                self._letters(word[1:], words)
            else:
                self.paths.append(word)

    def _long(self, word: str) -> None:
        name, _, value = word.partition("=")
        if name == "--strip-components" and value.isdigit():
            self.strip = int(value)
        elif name == "--directory":
            self.directory = value
        elif not name.startswith("--no-same-"):
            raise Unsupported(word)

    def _letters(self, letters: str, words: list[str]) -> None:
        for at, letter in enumerate(letters):
            if letter in _WITH_VALUE:
                bundled = letters[at + 1 :] if not any(each in "cxtC" for each in letters[at + 1 :]) else ""
                value = bundled or (words.pop(0) if words else "")
                if letter == "f":
                    self.archive = value
                else:
                    self.directory = value
                if bundled:
                    return
            elif letter in "cxt":
                self.action = letter
            elif letter in _COMPRESSION:
                self.compression = _COMPRESSION[letter]
            elif letter not in _IGNORED:
                raise Unsupported(f"-{letter}")
            self.verbose = self.verbose or letter == "v"


def _tar(shell: Shell, argv: list[str], stdin: Input) -> int:
    import tarfile

    arguments = _Arguments(argv)
    directory = shell.path(arguments.directory or ".")
    found = shell.files.stat(directory)
    if found is not None and not found.is_directory:
        shell.complain(f"tar: can't change directory to '{arguments.directory}': Not a directory\n")
        return 1
    if arguments.action == "c":
        return _create(shell, arguments, directory)
    archive = arguments.archive
    content = stdin.read() if archive in ("", "-") else shell.files.get(shell.path(archive))
    if content is None:
        shell.complain(f"tar: can't open '{archive}': No such file or directory\n")
        return 1
    try:
        with tarfile.open(fileobj=BytesIO(as_bytes(content)), mode="r:*") as opened:
            return _extract(shell, arguments, directory, opened)
    except (tarfile.TarError, EOFError, OSError):
        shell.complain("tar: short read\n" if content else "tar: invalid tar magic\n")
        return 1


def _create(shell: Shell, arguments: _Arguments, directory: str) -> int:
    import tarfile

    target, status = BytesIO(), 0
    told = packed = False
    mode = f"w:{arguments.compression}" if arguments.compression else "w"
    with tarfile.open(fileobj=target, mode=mode, format=tarfile.GNU_FORMAT) as archive:  # type: ignore[call-overload]
        for name in arguments.paths:
            path = name if name.startswith("/") else f"{directory.rstrip('/')}/{name}"
            top = shell.path(path)
            if shell.files.stat(top) is None:
                shell.complain(f"tar: {name}: No such file or directory\n")
                status = 1
                continue
            if name.startswith("/") and not told:
                shell.complain("tar: removing leading '/' from member names\n")
                told = True
            for each in shell.files.walk(top):
                member = (name.rstrip("/") + each[len(top.rstrip("/")) :]).lstrip("/")
                _add(shell, archive, each, member or ".")
                packed = True
    if status:
        shell.complain("tar: error exit delayed from previous errors\n")
    # Of nothing at all there is no archive either: whoever unpacks it waits for the exit status then.
    content = as_text(target.getvalue()) if packed or not status else ""
    if arguments.archive in ("", "-"):
        shell.print(content)
    else:
        shell.write(shell.path(arguments.archive), content)
    return status


def _add(shell: Shell, archive: tarfile.TarFile, path: str, name: str) -> None:
    import tarfile

    file = shell.files.stat(path)
    if file is None:
        return
    member = tarfile.TarInfo(name)
    member.mode = file.mode
    member.mtime = int(shell.world.start + shell.time)
    member.uname = member.gname = "root"
    if file.content is None:
        member.type = tarfile.DIRTYPE
        archive.addfile(member)
    else:
        data = as_bytes(file.content)
        member.size = len(data)
        archive.addfile(member, BytesIO(data))


def _extract(shell: Shell, arguments: _Arguments, directory: str, archive: tarfile.TarFile) -> int:
    status = 0
    for member in archive:
        name = "/".join(member.name.strip("/").split("/")[arguments.strip :])
        if not name or (arguments.paths and not _wanted(member.name, arguments.paths)):
            continue
        if arguments.action == "t" or arguments.verbose:
            shell.print(member.name + ("/" if member.isdir() else "") + "\n")
        if arguments.action == "t":
            continue
        path = shell.path(f"{directory.rstrip('/')}/{name}")
        try:
            _place(shell, archive, member, path)
        except FileError as error:
            shell.complain(f"tar: can't open '{name}': {error}\n")
            status = 1
    return status


def _place(shell: Shell, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
    if member.isdir():
        if shell.files.stat(path) is None:
            shell.files.make_directory(path, member.mode)
            shell.note(path)
        return
    source = archive.extractfile(member) if member.isfile() else None
    if source is None:
        raise FileError("Operation not permitted")
    shell.write(path, as_text(source.read()), member.mode & 0o7777)


def _wanted(name: str, paths: list[str]) -> bool:
    clean = [path.strip("/") for path in paths]
    return any(name == path or name.startswith(path + "/") for path in clean)


COMMANDS: dict[str, Command] = {"tar": _tar}
