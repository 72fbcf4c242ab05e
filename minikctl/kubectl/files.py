"""Reads manifests: files, directories, patterns, standard input. Never the network.

Used by the builder. Upstream counterpart: cli-runtime's FileVisitor and StreamVisitor.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from minikctl.apimachinery.meta import metadata_of
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import KubectlError, os_error, raise_all
from minikctl.kubectl.flags import quote
from minikctl.kubectl.manifest import ParseError, documents

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

_EXTENSIONS = (".json", ".yaml", ".yml")


def read_sources(names: Sequence[str], recursive: bool, stdin: TextIO) -> Iterator[tuple[str, Any]]:
    """(source, document) of every file; an exception instead of a document where one cannot be read.

    A path that does not exist ends everything before the first document.
    """
    paths = _expand(names, recursive)
    for path in paths:
        source = "STDIN" if path == "-" else path
        try:
            data = read_stdin(stdin) if path == "-" else read_file(path)
            for value in documents(data):
                yield source, value
        except OSError as error:
            yield source, KubectlError(os_error(error))
        except ParseError as error:
            yield source, KubectlError(f"error parsing {source}: {error}")


def read_stdin(stdin: TextIO) -> bytes:
    """All of standard input as bytes."""
    buffer = getattr(stdin, "buffer", None)
    return buffer.read() if buffer is not None else stdin.read().encode("utf-8", "surrogateescape")


def read_file(path: str) -> bytes:
    """All of a file; OSError names it."""
    with open(path, "rb") as file:
        return file.read()


def read_named(factory: Factory, name: str) -> bytes:
    """All of a file, or of standard input where the name is `-`."""
    try:
        return read_stdin(factory.streams.stdin) if name == "-" else read_file(name)
    except OSError as error:
        raise KubectlError(os_error(error)) from None


def _expand(names: Sequence[str], recursive: bool) -> list[str]:
    paths: list[str] = []
    errors: list[Exception] = []
    for name in names:
        try:
            paths.extend(_expand_one(name, recursive))
        except KubectlError as error:
            errors.append(error)
    raise_all(errors)
    return paths


def _expand_one(name: str, recursive: bool) -> list[str]:
    if name == "-":
        return [name]
    if name.startswith(("http://", "https://")):
        raise KubectlError(
            f"unable to read URL {quote(name)}: minikctl reads nothing from the network; download the file first"
        )
    matches = [name]
    if not os.path.lexists(name):
        import glob

        matches = sorted(glob.glob(name)) if any(char in name for char in "*?[") else []
        if not matches:
            raise KubectlError(f"the path {quote(name)} does not exist")
    files: list[str] = []
    for match in matches:
        found = list(_walk(match, recursive)) if os.path.isdir(match) else [match]
        if not found:
            raise KubectlError(f"error reading [{match}]: recognized file extensions are [{' '.join(_EXTENSIONS)}]")
        files.extend(found)
    return files


def _walk(directory: str, recursive: bool) -> Iterator[str]:
    """The manifests of a directory in lexical order, directories among the files."""
    try:
        names = sorted(os.listdir(directory))
    except OSError as error:
        raise KubectlError(os_error(error)) from None
    for name in names:
        path = os.path.join(directory, name)
        if os.path.isdir(path) and not os.path.islink(path):
            if recursive:
                yield from _walk(path, recursive)
        elif name.endswith(_EXTENSIONS):
            yield os.path.normpath(path)


def label_filter(text: str) -> Callable[[Obj], bool]:
    """Whether an object has the labels that -l asks for."""
    if not text:
        return lambda obj: True
    from minikctl.apimachinery.selectors import SelectorError, parse

    try:
        selector = parse(text)
    except SelectorError as error:
        raise KubectlError(f"the provided selector {quote(text)} is not valid: {error}") from None
    return lambda obj: selector.matches(metadata_of(obj).get("labels") or {})
