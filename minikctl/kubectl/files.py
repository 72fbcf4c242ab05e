"""Reads manifests: files, directories, patterns, standard input. Never the network.

Used by the builder. Upstream counterpart: cli-runtime's FileVisitor and StreamVisitor.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from minikctl.apimachinery.meta import metadata_of
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import KubectlError, os_error, raise_all
from minikctl.kubectl.flags import quote
from minikctl.kubectl.manifest import ParseError, documents

_EXTENSIONS = (".json", ".yaml", ".yml")
_TURN_OFF = "; if you choose to ignore these errors, turn validation off with --validate=false"


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


def take_apart(source: str, value: Any, schema: bool, flatten: bool) -> Iterator[Obj | KubectlError]:
    """The object of a document, or with `flatten` those of a List; an error instead of one that is none."""
    if isinstance(value, KubectlError):
        yield value
        return
    try:
        check_type(source, value, schema)
    except KubectlError as error:
        yield error
        return
    kind = value["kind"]
    if not (flatten and kind.endswith("List") and isinstance(value.get("items"), list)):
        yield value
        return
    for item in value["items"]:
        if isinstance(item, dict) and kind != "List":
            item.setdefault("kind", kind[: -len("List")])
            item.setdefault("apiVersion", value["apiVersion"])
        yield from take_apart(source, item, schema, flatten)


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


def check_type(source: str, value: Any, schema: bool) -> None:
    """Refuse a document that does not say what it is; `schema` chooses the validator's words."""
    if not isinstance(value, dict):
        if schema:
            raise _not_valid(source, "invalid object to validate")
        kind = {str: "string", bool: "bool", list: "array"}.get(type(value), "number")
        raise KubectlError(
            f"unable to decode {quote(source)}: json: cannot unmarshal {kind} into Go value of type "
            "struct { APIVersion string; Kind string }"
        )
    problems = [f"{key} not set" for key in ("apiVersion", "kind") if not value.get(key)]
    wrong = [f"{key} isn't string type" for key in ("apiVersion", "kind") if not isinstance(value.get(key) or "", str)]
    if not problems and not wrong:
        return
    if schema:
        texts = problems + wrong
        raise _not_valid(source, texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]")
    if wrong:
        raise KubectlError(f"unable to decode {quote(source)}: {wrong[0]}")
    missing = "Kind" if not value.get("kind") else "apiVersion"
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    raise KubectlError(f"unable to decode {quote(source)}: Object '{missing}' is missing in '{text}'")


def _not_valid(source: str, why: str) -> KubectlError:
    return KubectlError(f"error validating {quote(source)}: error validating data: {why}{_TURN_OFF}")
