"""`python -m minikctl` and the console script: hand over to kubectl's main."""

from __future__ import annotations

import gc
import os
import sys

from minikctl.kubectl.main import run


def main() -> None:
    """Run the command line and exit with its status."""
    gc.set_threshold(500_000)  # what a command makes stays until its end: looking for garbage early costs up to half
    status = run(sys.argv)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or 1
    # Everything is written and closed: taking the interpreter apart would only cost time.
    os._exit(status)


if __name__ == "__main__":
    main()
