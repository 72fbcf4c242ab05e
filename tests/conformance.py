"""The conformance ratchet: no area may agree with the recordings less than tests/conformance.json says.

    python tests/conformance.py [--minikctl COMMAND] [--update]

Needs the recordings, `conformance/check.py`, in the folder `../shared` or in $MINIKCTL_SHARED; where
they are not, it says so and passes. The last line is a count of areas. `--update` raises the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
FIGURES = HERE / "conformance.json"
SHARED = Path(os.environ.get("MINIKCTL_SHARED") or HERE.parent.parent / "shared")
# The committed figures are what was measured less this, for the few steps that wait on the wall clock.
MARGIN = 0.5


def measure(minikctl: str) -> dict[str, float]:
    """The percentage of agreeing steps per area."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        check = SHARED / "conformance" / "check.py"
        subprocess.run([sys.executable, str(check), "--kubectl", minikctl, "--json", file.name], check=False)
        counts = json.loads(Path(file.name).read_text())
    return {area: round(100 * good / total, 1) for area, (good, total) in counts.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minikctl", default="minikctl")
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    if not (SHARED / "conformance" / "check.py").exists():
        print("no recordings here: the conformance check is left out")
        return 0
    found = measure(args.minikctl)
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    failed = 0
    for area, figure in sorted(found.items()):
        wanted = known.get(area, 0.0)
        low = figure < wanted
        failed += low
        print(f"{area}: {figure}% agree, {wanted}% are required{' - too few' if low else ''}")
    if args.update:
        best = {area: max(round(figure - MARGIN, 1), known.get(area, 0.0)) for area, figure in found.items()}
        FIGURES.write_text(json.dumps(dict(sorted(best.items())), indent=2) + "\n")
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
