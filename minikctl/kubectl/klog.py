"""Lines in the form of klog, the logging library of kubectl: severity, time, process and the place that speaks."""

from __future__ import annotations

import os
import time


def line(severity: str, place: str, text: str) -> str:
    """One entry without its newline; `severity` is I, W, E or F, `place` the line of kubectl that says it."""
    now = time.time()
    stamp = time.strftime("%m%d %H:%M:%S", time.localtime(now)) + f".{int(now % 1 * 1_000_000):06d}"
    return f"{severity}{stamp} {os.getpid():7d} {place}] {text}"
