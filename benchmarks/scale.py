"""Ten thousand pods on a thousand nodes, and what one command costs beside them.

    python benchmarks/scale.py [--nodes 1000] [--deployments 100] [--replicas 100] [--runs 15]

Applies the Deployments from one file and waits until every pod runs (goal: 500 pods a second and
less than 400 MB), then compares single-object commands with those in a cluster of ten pods (goal: 1.3).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from timing import MINIKCTL, Samples, environment, ratio, run


def deployment(name: str, replicas: int) -> dict[str, object]:
    container = {"name": "web", "image": "nginx:1.27", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def fill(home: Path, nodes: int, deployments: int, replicas: int) -> dict[str, str]:
    """Make a cluster and apply the Deployments; prints pods per second and peak memory."""
    env = environment(home, MINIKCTL_PROFILE="bare")
    run([*MINIKCTL, "cluster", "create", "big", f"--nodes={nodes}", "--profile=bare"], env)
    manifest = home / "deployments.json"
    items = [deployment(f"web-{number}", replicas) for number in range(deployments)]
    manifest.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    seconds = run([*MINIKCTL, "apply", "-f", str(manifest)], env)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # of the apply: nothing larger ran before
    phases = ["-o", "jsonpath={range .items[*]}{.status.phase}{'\\n'}{end}"]
    listed = subprocess.run([*MINIKCTL, "get", "pods", *phases], env=env, capture_output=True, text=True, check=True)
    running, wanted = listed.stdout.split().count("Running"), deployments * replicas
    size = sum(f.stat().st_size for f in (home / "clusters").iterdir()) / 1e6
    print(
        f"{nodes} nodes: {running} of {wanted} pods Running after {seconds:.1f} s: {running / seconds:.0f} pods/s,"
        f" {peak:.0f} MB at most, {size:.0f} MB on disk"
    )
    return env


def single_commands(big: dict[str, str], small: dict[str, str], wanted: int, runs: int) -> None:
    """Time commands that touch one object, in both clusters by turns; `wanted`: replicas in the big one."""
    replicas = {id(big): wanted, id(small): 10}
    pods = {id(env): first_pod(env) for env in (big, small)}
    for title in ("get pod", "scale", "label"):
        times = {id(big): Samples(), id(small): Samples()}
        for number in range(runs):
            for env in (big, small):
                pod = pods[id(env)]
                args = {
                    "get pod": ["get", "pod", pod],
                    "scale": ["scale", "deployment", "web-0", f"--replicas={replicas[id(env)] + (number + 1) % 2}"],
                    "label": ["label", "pod", pod, f"n=v{number}", "--overwrite"],
                }[title]
                times[id(env)].add(run([*MINIKCTL, *args], env))
        print(f"{title:8} big / small {ratio(times[id(big)], times[id(small)])}; big {times[id(big)]}")


def first_pod(env: dict[str, str]) -> str:
    command = [*MINIKCTL, "get", "pods", "-l", "app=web-0", "-o", "jsonpath={.items[0].metadata.name}"]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser()
    for option, default in (("nodes", 1000), ("deployments", 100), ("replicas", 100), ("runs", 15)):
        parser.add_argument(f"--{option}", type=int, default=default)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="minikctl-bench-"))
    try:
        started = time.perf_counter()
        big = fill(folder / "big", args.nodes, args.deployments, args.replicas)
        small = fill(folder / "small", 3, 1, 10)
        single_commands(big, small, args.replicas, args.runs)
        print(f"{time.perf_counter() - started:.0f} s in all on {os.cpu_count()} CPUs")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
