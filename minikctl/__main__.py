"""`python -m minikctl` and the console script: hand over to kubectl's main."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    from minikctl.kubectl.main import run

    sys.exit(run(sys.argv))


if __name__ == "__main__":
    main()
