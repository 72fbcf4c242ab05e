"""cluster-info and its dump."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Kubectl = Callable[..., Any]


def test_a_dump_in_files(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("run", "p", "--image=a")
    assert kubectl("cluster-info", "dump", "--output-directory=out").out == "Cluster info dumped to out\n"
    names = {path.name for path in (tmp_path / "out" / "default").iterdir()}
    assert {"replication-controllers.json", "pods.json", "events.json", "p"} <= names
    pods = (tmp_path / "out/default/pods.json").read_text()
    assert pods.startswith('{\n    "kind": "PodList",\n    "apiVersion": "v1",\n    "metadata": {')
    assert '"items": [\n        {\n            "metadata": {\n                "name": "p",' in pods
    assert (
        (tmp_path / "out/default/p/logs.txt").read_text().startswith("==== START logs for container p of pod default/p")
    )


def test_a_dump_on_one_stream(kubectl: Kubectl, tmp_path: Path) -> None:
    assert kubectl("cluster-info", "dump", "-o", "yaml").out.count("---\napiVersion:") == 14
    assert kubectl("cluster-info", "dump", "--template={{.kind}} ").out.startswith("NodeList EventList ")
    assert kubectl("cluster-info", "dump", "-o", "name").err == (
        "error: list types are not supported by name printing: *v1.NodeList\n"
    )
    assert kubectl("cluster-info", "dump", "--pod-running-timeout=0").err == (
        "error: --pod-running-timeout must be higher than zero\n"
    )
    (tmp_path / "file").touch()
    assert kubectl("cluster-info", "dump", "--output-directory=file/x").err == "error: mkdir file: not a directory\n"
