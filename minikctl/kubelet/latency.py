"""How long things take on emulated nodes: nothing by default, or about what they take on a real machine.

The setting `latency` of a cluster chooses (`cluster create --latency=realistic`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Latency(NamedTuple):
    """Seconds, and what goes with taking time at all.

    `patient`: probes wait for their delays even where they succeed, and scripts, which do not mind
    SIGTERM, take the whole grace period to stop.
    """

    pull_base: float = 0.0
    pull_bytes_per_second: float = 0.0
    sandbox: float = 0.0
    start: float = 0.0
    patient: bool = False

    def pull(self, size: int) -> float:
        """The seconds that pulling an image of so many bytes takes."""
        if not self.pull_bytes_per_second:
            return self.pull_base
        return round(self.pull_base + size / self.pull_bytes_per_second, 3)


PROFILES = {
    "none": Latency(),
    "realistic": Latency(pull_base=0.8, pull_bytes_per_second=25e6, sandbox=0.6, start=0.4, patient=True),
}


def of(settings: Mapping[str, Any]) -> Latency:
    """The latencies that a cluster's settings ask for."""
    return PROFILES[settings.get("latency") or "none"]
