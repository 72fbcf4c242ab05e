"""Runs invocations at once and kills some at random moments; prints what was acknowledged, as JSON.

Used by test_crash.py in a process of its own, so that it can fork children which start in a moment.

    chaos.py HOME SEED RUNS
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from minikctl.kubectl.main import run

AT_ONCE = 4
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  replicas: 3
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      containers: [{name: c, image: "nginx:1.27"}]
"""


class Chaos:
    """The children under way, and what is known of what they did."""

    def __init__(self, home: Path, seed: int) -> None:
        self.home = home
        self.random = random.Random(seed)
        self.running: dict[int, tuple[list[str], Path, float]] = {}
        self.created: set[str] = set()
        self.doubtful: set[str] = set()
        self.deleted: set[str] = set()
        self.killed = 0
        self.failures: list[str] = []

    def command(self, number: int) -> list[str]:
        """A random command line; creates have a name of their own."""
        roll = self.random.random()
        stable = sorted(self.created - self.doubtful - self.deleted)
        if roll < 0.15 and stable:
            name = self.random.choice(stable)
            self.doubtful.add(name)
            return ["delete", name]
        if roll < 0.3 and stable:
            return ["label", self.random.choice(stable), f"n=v{number}", "--overwrite"]
        if roll < 0.45:
            manifest = self.home / f"d{number}.yaml"
            manifest.write_text(DEPLOYMENT.replace("NAME", f"d{number}"))
            return ["apply", "-f", str(manifest)]
        return ["create", "configmap", f"c{number}", "--from-literal=a=1"]

    def start(self, number: int) -> None:
        args, output = self.command(number), self.home / f"{number}.out"
        pid = os.fork()
        if pid == 0:
            self._child(args, output)
        die = time.monotonic() + self.random.uniform(0, 0.12) if self.random.random() < 0.6 else float("inf")
        self.running[pid] = (args, output, die)

    def _child(self, args: list[str], output: Path) -> None:
        status = 99
        try:
            descriptor = os.open(output, os.O_WRONLY | os.O_CREAT, 0o600)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            status = run(["minikctl", *args])
        finally:
            sys.stdout.flush()
            os._exit(status)

    def reap(self) -> None:
        """Kill whose time has come; take in the answers of those that ended."""
        for pid, (args, output, die) in list(self.running.items()):
            if time.monotonic() > die:
                os.kill(pid, signal.SIGKILL)
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done:
                continue
            del self.running[pid]
            self.killed += os.WIFSIGNALED(status)
            self._acknowledge(args, output.read_text() if output.exists() else "", status)

    def _acknowledge(self, args: list[str], answer: str, status: int) -> None:
        if args[0] == "delete" and '" deleted' in answer:
            self.deleted.add(args[1])
        if args[0] in ("create", "apply") and " created" in answer:
            name = f"configmap/{args[2]}" if args[0] == "create" else f"deployment.apps/{Path(args[2]).stem}"
            self.created.add(name)
        overtaken = args[0] == "label" and args[1] in self.doubtful and "not found" in answer
        conflict = "the object has been modified" in answer
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) and not (overtaken or conflict):
            self.failures.append(f"{args}: {answer.strip()}")

    def run(self, runs: int) -> None:
        for number in range(runs):
            while len(self.running) >= AT_ONCE:
                self.reap()
                time.sleep(0.002)
            self.start(number)
        while self.running:
            self.reap()
            time.sleep(0.002)


def main() -> None:
    home, seed, runs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chaos = Chaos(home, seed)
    chaos.run(runs)
    report = {
        "created": sorted(chaos.created),
        "doubtful": sorted(chaos.doubtful),
        "deleted": sorted(chaos.deleted),
        "killed": chaos.killed,
        "failures": chaos.failures,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
