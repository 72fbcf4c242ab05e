"""kr8s: pods that are made, waited for, executed in and followed; scaling; asynchronous use."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("kr8s")

import kr8s
import kr8s.asyncio
from kr8s.objects import ConfigMap, Deployment, Pod

# kr8s keeps its connections for the life of the process.
pytestmark = [
    pytest.mark.usefixtures("careless"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
    # It knows the versions that were out when it was.
    pytest.mark.filterwarnings("ignore:Kubernetes version .* is not supported:UserWarning"),
]


@pytest.fixture
def api(served: str) -> Any:
    return kr8s.api(kubeconfig=served)


def pod(name: str, **annotations: str) -> dict[str, Any]:
    command = ["sh", "-c", "echo hello; sleep 100000"]
    container = {"name": "c", "image": "busybox", "command": command}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "annotations": annotations, "labels": {"by": "kr8s"}},
        "spec": {"containers": [container]},
    }


def test_a_pod_from_begin_to_end(api: Any) -> None:
    made = Pod(pod("one"), api=api)
    made.create()
    made.wait("condition=Ready", timeout=30)
    assert made.ready()
    assert "hello" in list(made.logs())
    assert made.exec(["echo", "hi"]).stdout == b"hi\n"
    made.label({"color": "blue"})
    assert [found.name for found in api.get("pods", label_selector={"color": "blue"})] == ["one"]
    made.delete()
    made.wait("delete", timeout=30)
    assert not made.exists()


def test_scaling(api: Any) -> None:
    template = {"metadata": {"labels": {"app": "s"}}, "spec": {"containers": [{"name": "c", "image": "c:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "s"}}, "template": template}
    deployment = Deployment({"metadata": {"name": "s", "namespace": "default"}, "spec": spec}, api=api)
    deployment.create()
    deployment.scale(3)
    deployment.wait("condition=Available", timeout=30)
    assert len(deployment.pods()) == 3
    deployment.delete()


def test_errors_are_told(api: Any) -> None:
    missing = ConfigMap({"metadata": {"name": "missing", "namespace": "default"}}, api=api)
    with pytest.raises(kr8s.NotFoundError):
        missing.refresh()


def test_asynchronous_use(served: str) -> None:
    async def use() -> list[str]:
        api = await kr8s.asyncio.api(kubeconfig=served)
        seen = []
        made = await kr8s.asyncio.objects.ConfigMap(
            {"metadata": {"name": "later", "namespace": "default"}, "data": {"a": "b"}}, api=api
        )
        await made.create()
        async for event, found in api.watch("configmaps", namespace="default"):
            if found.name == "later":
                seen.append(event)
                break
        return seen

    assert asyncio.run(use()) == ["ADDED"]
