"""Where the data of create configmap and create secret comes from: literals, files, env files.

Upstream counterpart: `pkg/cmd/util/env_file.go` and `pkg/util/generate` of kubectl.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import quote

_KEY_CHARACTERS = frozenset("-._abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_KEY_ERROR = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_ENV_ERROR = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not "
    "start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is "
    "'[-._a-zA-Z][-._a-zA-Z0-9]*')"
)


def literal(source: str) -> tuple[str, str]:
    """key=value; the value loses surrounding quotes."""
    key, equals, value = source.partition("=")
    if not key or not equals:
        raise KubectlError(f"invalid literal source {source}, expected key=value")
    return key, value.strip("\"'")


def files(source: str) -> Iterator[tuple[str, bytes]]:
    """(key, content) of a file given as [key=]path, or of the regular files of a directory."""
    key, path = _file_source(source)
    try:
        if not os.path.isdir(path):
            os.stat(path)
            yield key, _read(path)
            return
        if "=" in source:
            raise KubectlError("cannot give a key name for a directory path")
        for name in sorted(os.listdir(path)):
            item = os.path.join(path, name)
            if os.path.isfile(item) and not os.path.islink(item):
                yield name, _read(item)
    except OSError as error:
        raise KubectlError(f"error reading {path}: {(error.strerror or str(error)).lower()}") from None


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _file_source(source: str) -> tuple[str, str]:
    count = source.count("=")
    if count == 0:
        return os.path.basename(source.rstrip("/")) or "/", source
    if count > 1:
        raise KubectlError("key names or file paths cannot contain '='")
    key, _, path = source.partition("=")
    if not key:
        raise KubectlError(f"key name for file path {path} missing")
    if not path:
        raise KubectlError(f"file path for key name {key} missing")
    return key, path


def env_file(path: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The variables of an env file; a name without `=` takes its value from the environment."""
    try:
        if os.path.isdir(path):
            raise KubectlError("env config file cannot be a directory")
        data = _read(path)
    except OSError as error:
        raise KubectlError(f"error reading {path}: {(error.strerror or str(error)).lower()}") from None
    for number, raw in enumerate(data.splitlines()):
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError:
            shown = " ".join(str(byte) for byte in raw)
            raise KubectlError(f"env file {path} contains invalid utf8 bytes at line {number + 1}: [{shown}]") from None
        if number == 0:
            line = line.removeprefix("\ufeff")
        line = line.lstrip()
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        problems = env_name_errors(key)
        if problems:
            raise KubectlError(f"{quote(key)} is not a valid key name: {';'.join(problems)}")
        yield key, value if equals else environ.get(key, "")


def key_errors(key: str) -> list[str]:
    """What is wrong with a key of a ConfigMap or Secret."""
    problems = []
    if len(key) > 253:
        problems.append("must be no more than 253 characters")
    if not key or not _KEY_CHARACTERS.issuperset(key):
        problems.append(_KEY_ERROR)
    return problems + _dots(key)


def env_name_errors(name: str) -> list[str]:
    """What is wrong with the name of an environment variable."""
    problems = []
    if not name or not _KEY_CHARACTERS.issuperset(name) or name[0].isdigit():
        problems.append(_ENV_ERROR)
    return problems + _dots(name)


def _dots(name: str) -> list[str]:
    if name == ".":
        return ["must not be '.'"]
    if name == "..":
        return ["must not be '..'"]
    return ["must not start with '..'"] if name.startswith("..") else []


def hash_suffix(encoded: str) -> str:
    """The suffix --append-hash adds, from the object's canonical JSON."""
    import hashlib

    digest = hashlib.sha256(encoded.encode()).hexdigest()
    return digest[:10].translate(str.maketrans("013ae", "ghkmt"))
