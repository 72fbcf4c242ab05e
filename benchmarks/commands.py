"""What commands cost beside `get`, completion beside an interpreter, a long list beside a short one.

    python benchmarks/commands.py [RUNS] [PODS]

Processor seconds of whole commands, least of several runs, on a cluster of ten pods. Goals: `get pods -A` over
10,000 pods takes less than 1 s more than over ten; completion answers within 1.5 times
`python -c "import click, sqlite3, json"`; no command starts up slower than `get` without a need.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from startup import MANIFEST
from timing import BASELINE, MINIKCTL, environment

COMPLETIONS = (
    ("get", ""),
    ("get", "pods", ""),
    ("describe", "deploy", "w"),
    ("logs", "web"),
    ("get", "pods", "-n", ""),
    ("get", "pods", "--out"),
    ("rollout", ""),
)
COMMANDS = (
    "get pods",
    "get pods -o wide",
    "get pods -o name",
    "get deploy web -o json",
    "get deploy web -o yaml",
    "get pods -o jsonpath={.items[*].metadata.name}",
    "get pods -o custom-columns=NAME:.metadata.name",
    "describe deploy web",
    "describe pods",
    "explain deployment.spec",
    "api-resources",
    "api-versions",
    "auth can-i create pods",
    "auth whoami",
    "config view",
    "config current-context",
    "cluster-info",
    "events",
    "logs deploy/web",
    "rollout status deploy/web",
    "rollout history deploy/web",
    "top nodes",
    "top pods",
    "version",
    "wait --for=condition=Available deploy/web",
    "create configmap x --from-literal=a=b --dry-run=client -o yaml",
    "create deployment x --image=x --dry-run=server",
    "run x --image=x --dry-run=server",
    "label deploy web a=b --overwrite",
    "annotate deploy web a=b --overwrite",
    "patch deploy web --type=merge -p {}",
    "set image deploy/web web=nginx:1.27",
    "scale deploy web --replicas=10",
    "apply -f MANIFEST",
    "diff -f MANIFEST",
    "options",
    "completion bash",
    "get --help",
)


def cpu(command: Sequence[str], env: dict[str, str]) -> float:
    """Processor seconds of a command and its children."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime


def least(command: Sequence[str], env: dict[str, str], runs: int) -> float:
    return min(cpu(command, env) for _ in range(runs))


def main(runs: int, pods: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="minikctl-bench-"))
    try:
        env = environment(folder / "small")
        manifest = folder / "ten.yaml"
        manifest.write_text(MANIFEST.replace("REPLICAS", "10"))
        subprocess.run([*MINIKCTL, "apply", "-f", str(manifest)], env=env, stdout=subprocess.DEVNULL, check=True)
        few = least([*MINIKCTL, "get", "pods", "-A"], env, runs)
        completing(env, runs)
        starting(env, runs, str(manifest))
        listing(folder, few, pods, max(2, runs // 4))
    finally:
        shutil.rmtree(folder)


def completing(env: dict[str, str], runs: int) -> None:
    baseline = least(BASELINE, env, runs)
    print(f"import click, sqlite3, json: {baseline * 1000:.0f} ms")
    for words in COMPLETIONS:
        found = least([*MINIKCTL, "__complete", *words], env, runs)
        print(f"  {found / baseline:5.2f}  completion of {' '.join(words)!r}")


def starting(env: dict[str, str], runs: int, manifest: str) -> None:
    get = least([*MINIKCTL, "get", "pods"], env, runs)
    print(f"get pods: {get * 1000:.0f} ms")
    for line in COMMANDS:
        words = [manifest if word == "MANIFEST" else word for word in line.split()]
        print(f"  {least([*MINIKCTL, *words], env, runs) / get:5.2f}  {line}")


def listing(folder: Path, few: float, pods: int, runs: int) -> None:
    env = environment(folder / "large")
    nodes = pods // 100 + 1
    create = [*MINIKCTL, "cluster", "create", "large", f"--nodes={nodes + 1}"]
    subprocess.run(create, env=env, stdout=subprocess.DEVNULL, check=True)
    manifest = folder / "many.yaml"
    manifest.write_text(MANIFEST.replace("REPLICAS", str(pods)))
    subprocess.run([*MINIKCTL, "apply", "-f", str(manifest)], env=env, stdout=subprocess.DEVNULL, check=True)
    for output in ((), ("-o", "wide"), ("-o", "name"), ("-o", "json")):
        many = least([*MINIKCTL, "get", "pods", "-A", *output], env, runs)
        print(f"get pods -A {' '.join(output):8} over {pods} pods: {many:.2f} s, over ten: {few:.2f} s")


if __name__ == "__main__":
    numbers = [int(arg) for arg in sys.argv[1:]]
    main(numbers[0] if numbers else 8, numbers[1] if len(numbers) > 1 else 10_000)
