"""A thousand mutated objects end in success or a StatusError; benchmarks/fuzz.py tries a hundred thousand."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing import Fuzzer, load

from minikctl.cluster import Cluster

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize("seed", [11, 12])
def test_mutated_objects_are_stored_or_refused(cluster: Cluster, seed: int) -> None:
    fuzzer = Fuzzer(cluster, load(sorted(EXAMPLES.glob("*.yaml"))), seed)
    for number in range(500):
        fuzzer.step(number)
    fuzzer.clean()
    assert fuzzer.outcomes["create: ok"] > 100
    assert fuzzer.outcomes["create: Invalid"] > 10
