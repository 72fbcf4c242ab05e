"""The processes that serve a cluster file: starting one in the background, finding them, stopping them.

Each holds a lock on a small file beside the cluster for as long as it lives, so a file whose lock is free
is a dead one's, whatever its process id is used for now.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

_STOP_SECONDS = 20.0
_START_SECONDS = 60.0
_POLL_SECONDS = 0.01


class Process(NamedTuple):
    """A process that serves, or the error that kept it from it."""

    pid: int = 0
    url: str = ""
    kubeconfig: str = ""
    identity: str = ""
    error: str = ""


def folder(path: str) -> str:
    """Where the processes that serve a cluster file leave their marks."""
    return f"{path.removesuffix('.db')}.serving"


def kubeconfig_path(path: str) -> str:
    """Where the kubeconfig of a served cluster goes unless it is told otherwise."""
    return f"{os.path.abspath(path).removesuffix('.db')}.kubeconfig"


def log_path(path: str) -> str:
    """Where the output of a server in the background goes."""
    return f"{os.path.abspath(path).removesuffix('.db')}.log"


@contextlib.contextmanager
def registered(path: str, url: str, kubeconfig: str, identity: str) -> Iterator[None]:
    """Leave this process's mark while the block runs."""
    place = folder(path)
    os.makedirs(place, mode=0o700, exist_ok=True)
    name = os.path.join(place, f"{os.getpid()}.json")
    with open(name, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump({"pid": os.getpid(), "url": url, "kubeconfig": kubeconfig, "identity": identity}, file)
        file.flush()
        try:
            yield
        finally:
            _remove(name, place)


def running(path: str) -> list[Process]:
    """The processes that serve a cluster file now; marks of dead ones are cleared away."""
    place = folder(path)
    found = []
    for entry in sorted(os.listdir(place)) if os.path.isdir(place) else ():
        name = os.path.join(place, entry)
        with contextlib.suppress(OSError, ValueError, KeyError), open(name, encoding="utf-8") as file:
            if _is_free(file):
                _remove(name, place)
                continue
            known = json.load(file)
            found.append(Process(known["pid"], known["url"], known["kubeconfig"], known["identity"]))
    return found


def identities(path: str) -> set[str]:
    """How the processes that serve a cluster file now are named in the election of a leader."""
    return {process.identity for process in running(path)}


def stop(path: str) -> list[Process]:
    """End every process that serves a cluster file; those that were ended. TimeoutError where one stays."""
    stopped = running(path)
    for process in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    until = time.monotonic() + _STOP_SECONDS
    while running(path):
        if time.monotonic() > until:
            raise TimeoutError("a server does not end")
        time.sleep(_POLL_SECONDS)
    return stopped


def start(path: str, command: Sequence[str], environ: dict[str, str], log: str) -> Process:
    """Start a process that serves, in a session of its own, and return when it answers or has failed."""
    os.makedirs(os.path.dirname(os.path.abspath(log)), exist_ok=True)
    with open(log, "ab", opener=_private) as output:
        before = output.tell()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environ, start_new_session=True
        )
    until = time.monotonic() + _START_SECONDS
    while child.poll() is None and time.monotonic() < until:
        for process in running(path):
            if process.pid == child.pid:
                return process
        time.sleep(_POLL_SECONDS)
    child.kill()
    child.wait()
    with open(log, "rb") as file:
        file.seek(before)
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return Process(error=lines[-1].removeprefix("error: ") if lines else "the server did not start")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _is_free(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove(name: str, place: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(name)
    with contextlib.suppress(OSError):
        os.rmdir(place)
