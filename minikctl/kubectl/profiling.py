"""--profile: what a command spends its time or memory on, written to a file when it has ended.

Counterpart of kubectl's `pkg/cmd/profiling.go`. A cpu profile is one of Python's (for pstats), the others are text.
"""

from __future__ import annotations

import gc
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from minikctl.kubectl.errors import KubectlError


@contextmanager
def profiled(kind: str, path: str) -> Iterator[None]:
    """Run what stands inside and write its profile; refuses a kind or a file that cannot be."""
    if kind == "cpu":
        import cProfile

        _write(path, "")  # refused before anything is done
        profile = cProfile.Profile()
        try:
            with profile:
                yield
        finally:
            profile.dump_stats(path)
        return
    if kind not in _TEXTS:
        raise KubectlError(f"unknown profile '{kind}'")
    yield
    _write(path, _TEXTS[kind]())


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise KubectlError(f"open {path}: {(error.strerror or '').lower()}") from None


def _heap() -> str:
    """Objects by type."""
    counts = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
    return "".join(f"{count:9d} {name}\n" for name, count in counts.most_common())


def _threads() -> str:
    """The stack of every thread."""
    frames = sys._current_frames()
    return "".join(f"thread {ident}\n{''.join(traceback.format_stack(frame))}" for ident, frame in frames.items())


def _waits() -> str:
    """Time spent waiting for other threads: a command has one thread only."""
    return "no other thread was waited for\n"


_TEXTS: dict[str, Callable[[], str]] = {
    "heap": _heap,
    "goroutine": _threads,
    "threadcreate": _threads,
    "block": _waits,
    "mutex": _waits,
}
