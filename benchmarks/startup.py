"""How long a command takes, in units of `python -c "import click, sqlite3, json"`.

    python benchmarks/startup.py [RUNS]

`get pods` with ten pods and nothing pending (goal: 1.25), and `apply` of a Deployment and a Service
on a fresh cluster until its pods run (goal: 4).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from timing import BASELINE, MINIKCTL, Samples, environment, ratio, run

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "nginx:1.27", ports: [{containerPort: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
"""


def main(runs: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="minikctl-bench-"))
    try:
        reading(folder, runs)
        applying(folder, max(5, runs // 3))
    finally:
        shutil.rmtree(folder)


def reading(folder: Path, runs: int) -> None:
    env = environment(folder / "get")
    manifest = folder / "ten.yaml"
    manifest.write_text(MANIFEST.replace("REPLICAS", "10"))
    run([*MINIKCTL, "apply", "-f", str(manifest)], env)
    baseline, get = Samples(), Samples()
    for _ in range(runs):
        baseline.add(run(BASELINE, env))
        get.add(run([*MINIKCTL, "get", "pods"], env))
    print(f"baseline          {baseline}\nget pods          {get}\nget / baseline    {ratio(get, baseline)}")


def applying(folder: Path, runs: int) -> None:
    manifest = folder / "two.yaml"
    manifest.write_text(MANIFEST.replace("REPLICAS", "2"))
    baseline, apply, first = Samples(), Samples(), Samples()
    command = [*MINIKCTL, "apply", "-f", str(manifest)]
    for number in range(runs):
        env = environment(folder / f"apply{number}")
        baseline.add(run(BASELINE, env))
        run([*MINIKCTL, "get", "nodes"], env)
        apply.add(run(command, env))
        first.add(run(command, environment(folder / f"first{number}")))
    print(f"apply             {apply}\napply / baseline  {ratio(apply, baseline)}")
    print(f"with the making of the cluster: {first}, ratio {ratio(first, baseline)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
