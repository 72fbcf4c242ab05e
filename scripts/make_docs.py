#!/usr/bin/env python3
"""Writes what is generated from the command tree: the shell completions and one manual page per command.

    scripts/make_docs.py            write completions/ and man/
    scripts/make_docs.py --check    only say what is out of date; exit status 1 if anything is

The text depends on nothing but the tree (no dates, no versions), so that a test can compare it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from minikctl.kubectl import commands, main  # noqa: E402
from minikctl.kubectl.command import Command  # noqa: E402
from minikctl.kubectl.completionscripts import SUFFIXES, script  # noqa: E402
from minikctl.kubectl.errors import KubectlError  # noqa: E402
from minikctl.kubectl.flags import Flag  # noqa: E402
from minikctl.kubectl.flagsets import GLOBAL  # noqa: E402
from minikctl.kubectl.help import default_text, visible  # noqa: E402

PROGRAM = "minikctl"
SUMMARY = "kubectl and a Kubernetes cluster in one program"
Path_ = tuple[str, ...]


def pages() -> dict[str, str]:
    """Every generated file: its path below the project's root, and its text."""
    files = {f"completions/{PROGRAM}.{SUFFIXES[shell]}": script(shell, PROGRAM) for shell in SUFFIXES}
    for path in commands.TREE:
        try:
            definition = main.load(path).definition
        except KubectlError:
            continue
        files[f"man/{page_name(path)}.1"] = manual(path, definition)
    return files


def page_name(path: Path_) -> str:
    """minikctl-create-configmap"""
    return "-".join((PROGRAM, *path))


def manual(path: Path_, definition: Command) -> str:
    """One manual page as troff."""
    entry = commands.TREE[path]
    name = page_name(path)
    lines = [
        f'.TH "{escape(name.upper())}" "1" "" "{PROGRAM}" "{PROGRAM} manual"',
        ".SH NAME",
        f"{escape(name)} \\- {escape(lower_first(entry.short) if path else SUMMARY)}",
        ".SH SYNOPSIS",
        f".B {escape(PROGRAM)}",
        *([escape(synopsis(definition))] if synopsis(definition) else []),
        ".SH DESCRIPTION",
        *paragraphs(renamed(definition.long) or f"{entry.short or SUMMARY}."),
    ]
    if entry.aliases:
        lines += [".SH ALIASES", escape(", ".join(entry.aliases.split()))]
    if entry.children:
        lines += [".SH COMMANDS", *subcommands(path)]
    if visible(definition.flags):
        lines += [".SH OPTIONS", *options(definition.flags)]
    if path == ("options",):
        lines += [".SH GLOBAL OPTIONS", *options(GLOBAL)]
    if definition.example:
        lines += [".SH EXAMPLES", ".nf", *examples(definition.example), ".fi"]
    lines += [".SH SEE ALSO", ",\n".join(related(path))]
    return "\n".join(lines) + "\n"


def synopsis(definition: Command) -> str:
    """The usage line without the program."""
    use = definition.use.strip()
    return use if "[options]" in use else f"{use} [options]"


def lower_first(text: str) -> str:
    """A sentence as the second half of another."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def renamed(text: str) -> str:
    """Help text with our own program's name."""
    return text.replace("kubectl ", f"{PROGRAM} ").strip("\n")


def paragraphs(text: str) -> Iterator[str]:
    """Paragraphs, with single line breaks closed."""
    first = True
    for block in text.split("\n\n"):
        joined = " ".join(line.strip() for line in block.splitlines()).strip()
        if joined:
            if not first:
                yield ".PP"
            yield escape(joined)
            first = False


def subcommands(path: Path_) -> Iterator[str]:
    """The commands below this one."""
    for name in sorted(commands.children(path)):
        yield ".TP"
        yield f".BR {escape(page_name((*path, name)))} (1)"
        yield escape(commands.TREE[(*path, name)].short + ".")


def options(flags: Iterable[Flag]) -> Iterator[str]:
    """Flags with their defaults."""
    for flag in visible(list(flags)):
        short = f"\\-{flag.short}, " if flag.short else ""
        yield ".TP"
        yield f"{short}\\-\\-{escape(flag.name)}={escape(default_text(flag))}"
        yield escape(flag.usage)


def examples(text: str) -> Iterator[str]:
    """Example lines without the indentation they share."""
    for line in renamed(text.replace("\n        ", "\n")).strip("\n").splitlines():
        yield escape(line.rstrip())


def related(path: Path_) -> list[str]:
    """Manual pages to look at next."""
    found = [] if not path else [path[:-1]]
    if path != ("options",):
        found.append(("options",))
    return [f".BR {escape(page_name(other))} (1)" for other in found]


def escape(text: str) -> str:
    """Text that troff prints as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in text.split("\n"))


def outdated() -> dict[str, str | None]:
    """Files that are not as they should be: the right text, or None where there should be no file."""
    wanted = pages()
    found: dict[str, str | None] = {}
    for name, text in wanted.items():
        file = ROOT / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            found[name] = text
    for file in (*(ROOT / "man").glob("*.1"), *(ROOT / "completions").glob(f"{PROGRAM}.*")):
        name = str(file.relative_to(ROOT))
        if name not in wanted:
            found[name] = None
    return found


def run() -> int:
    """Write or check."""
    changes = outdated()
    for name, text in sorted(changes.items()):
        print(name)
        if "--check" in sys.argv:
            continue
        if text is None:
            (ROOT / name).unlink()
        else:
            (ROOT / name).parent.mkdir(exist_ok=True)
            (ROOT / name).write_text(text, encoding="utf-8")
    return 1 if changes and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(run())
