"""The golden table: pods and what happens to them in, their status over time out.

A case is `golden/NAME.yaml`: a `title`, the cluster's `settings`, the `pod`, objects that are there
`before` it, `until` when it is watched, and `steps` (`at` seconds: do what; `early` ones come before the
pod). `golden/NAME.txt` is every change of its status, and in the end its Events.
`pytest tests/unit/kubelet/test_golden_pods.py --rewrite` writes what is so now.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from minikctl import machines
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import MERGE_PATCH, STRATEGIC_PATCH

Obj = dict[str, Any]

HERE = Path(__file__).parent / "golden"
CASES = sorted(HERE.glob("*.yaml"))
_NAMESPACE = "demo"
_USUAL = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


class Case:
    """One case, played on a cluster of its own."""

    def __init__(self, path: Path, make_cluster: Callable[..., Any]) -> None:
        self.case: Obj = yaml.safe_load(path.read_text())
        self.cluster = cluster = make_cluster(**self.case.get("settings", {}))
        self.client = cluster.client()
        self.lines: list[str] = []
        self.last: list[str] = []
        self.conditions: list[str] = []
        self.begin = 0.0
        self.name = self.uid = ""

    def play(self) -> str:
        self._create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}})
        self.cluster.settle()
        for obj in self.case.get("before") or ():
            self._create(obj)
        self.cluster.settle()
        self.begin = self.cluster.present()
        for step in self.case.get("early") or ():
            self._do(step)
        self._create_pod(self.case["pod"])
        self.cluster.settle()
        self._note()
        for step in self.case.get("steps") or ():
            self._watch_until(float(step["at"]))
            self._do(step)
            self.cluster.settle()
            self._note()
        self._watch_until(float(self.case.get("until", 0)))
        return "\n".join([f"# {self.case['title']}", *self.lines, *self._events()]) + "\n"

    # What happens

    def _create(self, obj: Obj) -> None:
        obj.setdefault("apiVersion", "v1")
        resource = self._resource(obj)
        if resource.namespaced:
            obj["metadata"].setdefault("namespace", _NAMESPACE)
        self.client.create(resource, obj)

    def _resource(self, obj: Obj) -> Any:
        return self.client.resource_set().by_kind(obj.get("apiVersion", "v1"), obj["kind"])

    def _create_pod(self, pod: Obj) -> None:
        pod.setdefault("metadata", {}).setdefault("name", "p")
        pod.setdefault("spec", {}).setdefault("nodeName", "node-1")
        for field in ("containers", "initContainers"):
            for container in pod["spec"].get(field) or ():
                container.setdefault("image", f"shop/{container['name']}:1")
        self.name = pod["metadata"]["name"]
        self._create({"apiVersion": "v1", "kind": "Pod", **pod})

    def _do(self, step: Obj) -> None:
        what = next(key for key in step if key != "at")
        value = step[what]
        self.lines.append(f"{step['at']:>6}s   > {what}" + (f" {value}" if isinstance(value, str) else ""))
        try:
            getattr(self, f"_do_{what}")(value)
        except StatusError as error:
            self.lines.append(f"          ! {error.message}")

    def _do_create(self, obj: Obj) -> None:
        self._create(obj)

    def _do_delete(self, options: Obj) -> None:
        grace = {"gracePeriodSeconds": options["grace"]} if "grace" in options else {}
        self.client.delete("pods", self.name, _NAMESPACE, **grace)

    def _do_patch(self, patch: Obj) -> None:
        self.client.patch("pods", self.name, patch, STRATEGIC_PATCH, _NAMESPACE)

    def _do_annotate(self, annotations: Obj) -> None:
        self.client.patch("pods", self.name, {"metadata": {"annotations": annotations}}, MERGE_PATCH, _NAMESPACE)

    def _do_remove(self, name: str) -> None:
        self.client.delete("pods", name, _NAMESPACE)

    def _do_resize(self, patch: Obj) -> None:
        self.client.patch("pods", self.name, {"spec": patch}, STRATEGIC_PATCH, _NAMESPACE, "resize")

    def _do_status(self, status: Obj) -> None:
        self.client.patch("pods", self.name, {"status": status}, STRATEGIC_PATCH, _NAMESPACE, "status")

    def _do_debug(self, container: Obj) -> None:
        patch = {"spec": {"ephemeralContainers": [container]}}
        self.client.patch("pods", self.name, patch, STRATEGIC_PATCH, _NAMESPACE, "ephemeralcontainers")

    def _do_replace(self, obj: Obj) -> None:
        resource = self._resource(obj)
        namespace = _NAMESPACE if resource.namespaced else ""
        body = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
        self.client.patch(resource, obj["metadata"]["name"], body, MERGE_PATCH, namespace)

    def _do_stop(self, node: str) -> None:
        machines.stop(self.cluster, node, 0)

    def _do_shutdown(self, grace: float) -> None:
        machines.stop(self.cluster, "node-1", grace)

    def _do_start(self, node: str) -> None:
        machines.start(self.cluster, node)

    def _do_fail(self, mode: str) -> None:
        mode, _, available = mode.partition(" ")
        machines.fail(self.cluster, "node-1", mode, available, 20.0, 0.0)

    def _do_recover(self, mode: str) -> None:
        machines.recover(self.cluster, "node-1", [mode])

    def _do_exec(self, command: str) -> None:
        session: Any = self.client.get(
            "pods", self.name, _NAMESPACE, "exec", stdout=True, command=["sh", "-c", command]
        )
        text = b"".join(data for _, data in session.take()).decode()
        self.lines += [f"          | {line}" for line in text.splitlines()]

    def _do_logs(self, options: Obj) -> None:
        text = self.client.get("pods", self.name, _NAMESPACE, "log", **options)
        self.lines += [f"          | {line}" for line in text.splitlines()]

    # What is seen

    def _watch_until(self, seconds: float) -> None:
        end = self.begin + seconds
        while (due := self.cluster.store.next_due()) is not None and due <= end:
            self.cluster.advance(max(0.0, due - self.cluster.present()))
            self._note()
        self.cluster.advance(max(0.0, end - self.cluster.present()))
        self._note()

    def _note(self) -> None:
        """Add what is so now, where that differs from what was so before."""
        pod = self.client.find("pods", self.name, _NAMESPACE)
        seen = self._seen(pod) if pod else ["(gone)"]
        conditions = _conditions((pod or {}).get("status") or {})
        if [seen, conditions] == [self.last, self.conditions]:
            return
        shown = list(seen)
        if pod and conditions != self.conditions:
            shown += [f"  {line}" for line in conditions or ["all conditions are True"]]
        self.last, self.conditions = seen, conditions
        stamp = f"{self.cluster.present() - self.begin:g}s"
        self.lines += [f"{stamp if not index else '':>7} {line}" for index, line in enumerate(shown)]

    def _seen(self, pod: Obj) -> list[str]:
        """The row of `get pod`, what is unusual in the status, and a line for each container."""
        self.uid = pod["metadata"]["uid"]
        status = pod.get("status") or {}
        row = self.client.get("pods", self.name, _NAMESPACE, table=True)["rows"][0]["cells"]
        lines = [f"{status.get('phase')} {row[1]} {row[2]}"]
        if reason := status.get("reason"):
            lines.append(f"  {reason}: {status.get('message', '')}")
        for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
            lines += [f"  {self._container(entry)}" for entry in status.get(field) or ()]
        return lines

    def _container(self, entry: Obj) -> str:
        parts = [entry["name"] + ":", self._state(entry["state"])]
        parts += [word for word in ("started", "ready") if entry.get(word)]
        if entry["restartCount"]:
            parts.append(f"restarts={entry['restartCount']}")
        if entry.get("lastState"):
            parts.append(f"last=({self._state(entry['lastState'])})")
        if resources := entry.get("resources"):
            parts.append(f"has {_resources(resources)}")
        return " ".join(parts)

    def _state(self, state: Obj) -> str:
        ((name, details),) = state.items()
        words = [name]
        if "startedAt" in details:
            words.append(f"since {self._since(details['startedAt']):g}s")
        if "finishedAt" in details:
            words.append(f"until {self._since(details['finishedAt']):g}s")
        words += [str(details[key]) for key in ("exitCode", "reason") if key in details]
        if message := details.get("message"):
            words.append(repr(message.replace(self.uid, "UID")))
        return " ".join(words)

    def _events(self) -> list[str]:
        lines = []
        for event in self.client.items("events", _NAMESPACE):
            first, last = (self._since(event[field]) for field in ("firstTimestamp", "lastTimestamp"))
            many = f" x{event['count']} until {last:g}s" if event.get("count", 1) > 1 else ""
            path = event["involvedObject"].get("fieldPath", "")
            where = path.partition("{")[2].rstrip("}") + ": " if path else ""
            text = event["message"].replace(self.uid, "UID").rstrip("\n")
            lines.append(f"{first:>6g}s{many} {event['type']} {event['reason']}: {where}{text}")
        return ["events:", *lines]

    def _since(self, stamp: str | None) -> float:
        return parse_time(stamp) - self.begin if stamp else 0.0


def _conditions(status: Obj) -> list[str]:
    """The conditions that are not as they are for a pod that is well; Ready only where it says more."""
    lines = {}
    for entry in status.get("conditions") or ():
        if entry["status"] != "True" or entry.get("reason") or entry["type"] not in _USUAL:
            reason = " ".join(entry[key] for key in ("reason", "message") if entry.get(key))
            lines[entry["type"]] = f"{entry['status']} {reason}".rstrip()
    if lines.get("Ready") == lines.get("ContainersReady"):
        lines.pop("Ready", None)
    return [f"{name}={text}" for name, text in lines.items()]


def _resources(resources: Obj) -> str:
    return " ".join(
        f"{kind}={','.join(f'{name}:{value}' for name, value in sorted(amounts.items()))}"
        for kind, amounts in sorted(resources.items())
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_pod_goes_through_its_states(
    path: Path, make_cluster: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    told = Case(path, make_cluster).play()
    golden = path.with_suffix(".txt")
    if request.config.getoption("--rewrite"):
        golden.write_text(told)
    assert told == golden.read_text()


def test_every_golden_file_has_its_case() -> None:
    assert {path.stem for path in HERE.glob("*.txt")} == {path.stem for path in CASES}
    assert len(CASES) >= 40
