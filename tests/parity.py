#!/usr/bin/env python3
"""Parity: what minikctl prints, compared byte for byte with what the real kubectl prints over `minikctl serve`.

    python tests/parity.py [--kubectl PATH] [--scenarios FOLDER]... [--diff] [--json FILE] [NAME...]

Scenarios are those of the given folders, else the recorded ones (MINIKCTL_SHARED) and the project's own
(tests/parity_scenarios); a NAME chooses an area or a scenario. Each (AREA/NAME.txt) is a title, embedded files and
commands, as conformance/check.py describes, and runs twice on equal cluster files, with the same paths, frozen clock
and seed: once with minikctl under the name kubectl, once with the real one. Status, standard output and standard
error of every command must agree, nothing normalised. Steps whose difference has a documented reason (REASONS) are
counted apart. Exit status 1 where the agreeing share of the others is below --least percent. Without a real kubectl
or scenarios it says so and passes.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

SHARED = Path(os.environ.get("MINIKCTL_SHARED") or Path(__file__).parent.parent.parent / "shared")
# The recorded scenarios, and the project's own, which have no recording: the real kubectl is their measure.
FOLDERS = (SHARED / "conformance" / "scenarios", Path(__file__).parent / "parity_scenarios")
COMMAND_SECONDS = 120
NOW = "2026-01-02T03:04:05Z"


class Reason(NamedTuple):
    """Why steps may differ whatever minikctl does: where both patterns are found, in the command and in the
    lines that only one of the two has printed. Each stands in docs/differences.md."""

    why: str
    command: str = ""
    lines: str = ""


REASONS = (
    Reason("kubectl's log lines carry the wall clock and its process id", lines=r"(?m)^! [IWE]\d{4} \d\d:\d\d:\d\d"),
    Reason("ages that kubectl reckons itself, by the wall clock", "describe|events", r"(?m)^\| .*\b\d{3}d\b"),
    Reason("restart times that kubectl writes, of the wall clock", lines="restartedAt|rollout restart"),
    Reason("the help texts are minikctl's own", r"^kubectl create secret$|(-h|--help)$"),
    Reason("the version of the kubectl at hand", lines=r"v1\.36\.[^2]"),
    Reason("a clock that stands still lets nobody wait for another process", r"\(sleep .*\) & kubectl wait"),
    Reason("names that kubectl draws itself", "kubectl debug", r"debugger-\w+"),
    Reason("names that kubectl draws itself", "create job .* --from"),
    Reason("Go walks maps in random order", r"jsonpath='\{\.\.|config get-clusters"),
    Reason("kubectl keeps what discovery told it for hours", "crawlers|kubectl apply -f old.yaml", "mapping not found"),
)


class Scenario(NamedTuple):
    """Files and commands, by area and name."""

    area: str
    name: str
    files: dict[str, str]
    commands: list[str]

    @classmethod
    def load(cls, path: Path) -> Scenario:
        scenario, current = cls(path.parent.name, path.stem, {}, []), ""
        for line in path.read_text().splitlines():
            if match := re.fullmatch(r"-- (.+) --", line):
                current = match[1]
                if current != "commands":
                    scenario.files[current] = ""
            elif current and current != "commands":
                scenario.files[current] += line + "\n"
            elif line.startswith("$ "):
                scenario.commands.append(line[2:])
            elif line.startswith("> "):
                scenario.commands[-1] += "\n" + line[2:]
        return scenario


class Step(NamedTuple):
    """What one command did."""

    status: int
    out: str
    err: str

    def lines(self) -> list[str]:
        shown = [f"| {line}" for line in self.out.split("\n")] + [f"! {line}" for line in self.err.split("\n")]
        return [*shown, f"? {self.status}"]


class Pair(NamedTuple):
    """A command of a scenario and what it did, with the real kubectl and with minikctl."""

    command: str
    real: Step
    ours: Step

    @property
    def agrees(self) -> bool:
        return self.real == self.ours

    @property
    def reason(self) -> str:
        """Why they may differ; "" where they may not."""
        lines = self.lines()
        for reason in REASONS:
            if re.search(reason.command, self.command) and re.search(reason.lines, lines):
                return reason.why
        return ""

    def lines(self) -> str:
        """The lines that only one of the two has printed."""
        compared = difflib.ndiff(self.real.lines(), self.ours.lines())
        return "\n".join(line[2:] for line in compared if line[0] in "+-")

    def diff(self) -> str:
        lines = difflib.unified_diff(self.real.lines(), self.ours.lines(), "kubectl", "minikctl", lineterm="", n=1)
        return "\n".join(f"    {line}" for line in list(lines)[2:])


class Stage:
    """A folder in which a scenario plays, twice at the same paths."""

    def __init__(self, folder: Path, minikctl: str) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.work = folder / "work"
        self.bin = folder / "bin"
        self.minikctl = minikctl
        self.env = {
            **{key: value for key, value in os.environ.items() if key in ("LANG", "PYTHONPATH", "SHELL")},
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "KUBECONFIG": str(self.home / "config"),
            "MINIKCTL_HOME": str(self.home),
            "MINIKCTL_PROFILE": "bare",
            "MINIKCTL_CLOCK": f"frozen:{NOW}",
            "MINIKCTL_SEED": "parity",
            "TERM": "dumb",
            "TZ": "UTC",
        }

    def call(self, *args: str) -> str:
        """Run minikctl itself, outside the scenario."""
        done = subprocess.run(
            [self.minikctl, *args], env=self.env, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
        if done.returncode:
            raise SystemExit(f"minikctl {' '.join(args)}: {done.stderr}")
        return done.stdout

    def lay(self, scenario: Scenario, program: str) -> None:
        """The scenario's files, and the program that is called kubectl."""
        for folder in (self.home, self.work, self.bin):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        (self.bin / "kubectl").symlink_to(program)
        for name, text in scenario.files.items():
            target = self.work / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        # With KUBECONFIG set minikctl makes no kubeconfig of its own: it is told of one.
        self.env.pop("KUBECONFIG", None)
        self.call("create", "namespace", "demo")
        self.env["KUBECONFIG"] = str(self.home / "config")
        self.call("config", "set-context", "--current", "--namespace=demo")

    def run(self, command: str) -> Step:
        try:
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.work,
                env=self.env,
                capture_output=True,
                timeout=COMMAND_SECONDS,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Step(124, "", f"timed out after {COMMAND_SECONDS} s")
        return Step(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def play(self, scenario: Scenario) -> list[Step]:
        """Every command with minikctl."""
        self.lay(scenario, self.minikctl)
        return [self.run(command) for command in scenario.commands]

    def play_served(self, scenario: Scenario, kubectl: str) -> list[Step]:
        """Every command with the real kubectl, over a server."""
        self.lay(scenario, kubectl)
        own = self.home / "own"
        shutil.copy(self.home / "config", own)
        served = self.home / "served"
        log = (self.folder / "server.log").open("wb")
        command = [self.minikctl, f"--kubeconfig={own}", "serve", "--port=0", f"--kubeconfig-out={served}"]
        server = subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, stderr=log)
        try:
            assert server.stdout is not None
            server.stdout.readline()
            server.stdout.readline()
            # Under the names of minikctl's own kubeconfig: commands refer to them.
            shutil.copy(served, self.home / "config")
            self.call("config", "set-context", "--current", "--namespace=demo")
            return [self.run(command) for command in scenario.commands]
        finally:
            server.terminate()
            server.wait()
            log.close()


def play(scenario: Scenario, minikctl: str, kubectl: str) -> list[Pair]:
    """A scenario's commands with both programs."""
    folder = Path(tempfile.mkdtemp(prefix=f"parity-{scenario.name}-"))
    try:
        stage = Stage(folder, minikctl)
        ours = stage.play(scenario)
        real = stage.play_served(scenario, kubectl)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [Pair(*three) for three in zip(scenario.commands, real, ours, strict=True)]


class Report:
    """Counts per area, and why steps differ."""

    def __init__(self) -> None:
        self.counts: dict[str, list[int]] = {}
        self.reasons: Counter[str] = Counter()

    def add(self, area: str, pairs: list[Pair]) -> int:
        """Count a scenario's steps; how many agree."""
        count = self.counts.setdefault(area, [0, 0])
        apart = [pair.reason for pair in pairs if not pair.agrees and pair.reason]
        self.reasons.update(apart)
        good = sum(pair.agrees for pair in pairs)
        count[0] += good
        count[1] += len(pairs) - len(apart)
        return good

    def show(self) -> float:
        """Print the figures; the share of agreeing steps in all, in percent."""
        for area, (good, total) in sorted(self.counts.items()):
            print(f"{area}: {good} of {total} steps agree ({100 * good / max(total, 1):.1f}%)")
        for reason, number in self.reasons.most_common():
            print(f"  apart: {number:3} {reason}")
        good, total = (sum(column) for column in zip(*self.counts.values(), strict=True))
        share = 100 * good / max(total, 1)
        print(f"all: {good} of {total} steps agree with kubectl ({share:.1f}%)")
        return share


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="areas or scenarios")
    parser.add_argument("--scenarios", type=Path, action="append", help="a folder; may be given several times")
    parser.add_argument("--minikctl", default=shutil.which("minikctl"))
    parser.add_argument("--kubectl", default=shutil.which("kubectl"))
    parser.add_argument("--diff", action="store_true", help="show every step that differs")
    parser.add_argument("--json", type=Path, help="write {area: [agreeing steps, steps]} there")
    parser.add_argument("--least", type=float, default=0.0)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    names = set(args.names)
    found = sorted(path for folder in args.scenarios or FOLDERS for path in folder.rglob("*.txt"))
    paths = [path for path in found if not names or {path.stem, path.parent.name} & names]
    if not args.kubectl or not paths:
        print("parity: 0 areas compared (no kubectl or no scenarios here)")
        return 0
    report = Report()
    scenarios = [Scenario.load(path) for path in paths]
    with ThreadPoolExecutor(args.jobs) as pool:
        results = pool.map(lambda s: play(s, os.path.abspath(args.minikctl), os.path.abspath(args.kubectl)), scenarios)
        for scenario, pairs in zip(scenarios, results, strict=True):
            good = report.add(scenario.area, pairs)
            print(f"{good:3}/{len(pairs):<3} {scenario.area}/{scenario.name}", flush=True)
            for pair in pairs if args.diff else ():
                if not pair.agrees:
                    apart = f"  (apart: {pair.reason})" if pair.reason else ""
                    print(f"\n  $ {pair.command}{apart}\n{pair.diff()}", flush=True)
    share = report.show()
    if args.json:
        args.json.write_text(json.dumps(report.counts, indent=1) + "\n")
    return 0 if share >= args.least else 1


if __name__ == "__main__":
    sys.exit(main())
