"""-o name."""

from __future__ import annotations

from minikctl.printers.name import NamePrinter, line


def test_lines() -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    assert line(deployment) == "deployment.apps/web\n"
    assert line({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}, "created") == "pod/a created\n"
    assert line({"apiVersion": "v1", "kind": "Status"}) == "status/<unknown>\n"


def test_lists() -> None:
    out: list[str] = []
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
    NamePrinter("labeled")({"apiVersion": "v1", "kind": "List", "items": [pod, pod]}, out.append)
    assert "".join(out) == "pod/a labeled\npod/a labeled\n"
