"""Mutated real manifests against a cluster in this process: none may end in a traceback or a hang.

    python benchmarks/fuzz.py [--count 100000] [--seed 0] [--start 0] [--manifests FOLDER...]

Prints the first failure at each place with the number that repeats it (`--start NUMBER --count 1`), then how
often what came out and how many objects a second were tried. The objects are those of tests/examples,
tests/applications and the given folders. Exit status 1 where anything failed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from fuzzing import Fuzzer, load

from minikctl.cluster import Cluster
from minikctl.store import check

ROOT = Path(__file__).parents[1]
LIMIT_SECONDS = 20


def hung(*_: Any) -> None:
    raise TimeoutError(f"no answer within {LIMIT_SECONDS} s of processor time")


def fresh(seeds: list[Any], seed: int) -> Fuzzer:
    """A fuzzer on a new cluster with the definitions of the seeds' custom kinds."""
    folder = tempfile.mkdtemp(prefix="minikctl-fuzz-")
    cluster = Cluster.open(
        f"{folder}/fuzz.db", clock="frozen:2026-01-02T03:04:05Z", seed="1", settings={"profile": "bare"}
    )
    client = cluster.client()
    client.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    for item in seeds:
        if item.get("kind") == "CustomResourceDefinition":
            client.create("customresourcedefinitions.apiextensions.k8s.io", item)
    cluster.settle()
    return Fuzzer(cluster, seeds, seed)


def main(count: int, seed: int, start: int, folders: list[Path]) -> int:
    files = [
        *sorted((ROOT / "tests" / "examples").glob("*.yaml")),
        *sorted((ROOT / "tests" / "applications").glob("*.yaml")),
    ]
    for folder in folders:
        files += sorted(folder.rglob("*.yaml"))
    seeds = load(files)
    fuzzer, failures, outcomes, told = fresh(seeds, seed), 0, {}, set()
    signal.signal(signal.SIGVTALRM, hung)
    began = time.process_time()
    for number in range(start, start + count):
        signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_SECONDS)
        try:
            fuzzer.step(number)
        except Exception:
            failures += 1
            lines = traceback.format_exc().splitlines()
            where = "\n".join(line for line in lines if line.startswith("  File"))
            if where not in told:
                told.add(where)
                print(f"--- {number}", *lines[-14:], sep="\n", flush=True)
            outcomes = merged(outcomes, fuzzer.outcomes)
            fuzzer = fresh(seeds, seed)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    fuzzer.clean()
    for problem in check.problems(fuzzer.cluster.store):
        failures += 1
        print(f"--- store: {problem}")
    seconds = time.process_time() - began
    for outcome, times in sorted(merged(outcomes, fuzzer.outcomes).items()):
        print(f"{times:8}  {outcome}")
    print(f"{count} objects in {seconds:.0f} s of processor time ({count / seconds:.0f}/s), {failures} failures")
    return 1 if failures else 0


def merged(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--manifests", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    sys.exit(main(options.count, options.seed, options.start, options.manifests))
