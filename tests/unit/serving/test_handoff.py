"""Work that waits for others while the event loop serves them, the two never at one time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("cryptography")

from minikctl.cluster import Cluster
from minikctl.serving.handoff import Handoff
from minikctl.serving.service import Service, Settings

GROUP = "admissionregistration.k8s.io"


def test_the_loop_goes_on_while_the_work_waits() -> None:
    seen: list[str] = []

    async def scenario() -> None:
        handoff, answered, finished = Handoff(), threading.Event(), asyncio.Event()

        def work() -> None:
            seen.append("begun")
            handoff.wait(lambda: seen.append("asked") or (answered.wait(20) and None))
            seen.append("done")

        def finish() -> None:
            seen.append("finished")
            finished.set()

        handoff.do(work, finish)
        assert handoff.busy
        seen.append("serving")
        answered.set()
        await finished.wait()
        assert not handoff.busy

    asyncio.run(scenario())
    assert sorted(seen[:3]) == ["asked", "begun", "serving"]
    assert seen[3:] == ["done", "finished"]


def test_work_that_does_not_wait_is_done_at_once_and_its_errors_are_told() -> None:
    def fail() -> None:
        raise KeyError("x")

    async def scenario(finished: list[bool]) -> None:
        handoff = Handoff()
        handoff.wait(lambda: finished.append(False))  # not the thread of any work
        handoff.do(lambda: None, lambda: finished.append(True))
        with pytest.raises(KeyError):
            handoff.do(fail, lambda: finished.append(True))

    finished: list[bool] = []
    asyncio.run(scenario(finished))
    assert finished == [False, True, True]


def install(cluster: Cluster, hook: Any) -> None:
    client = {"url": f"https://127.0.0.1:{hook.port}/", "caBundle": hook.bundle}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    webhook = {"name": "h.example.com", "clientConfig": client, "rules": [rule], "sideEffects": "None"}
    webhook |= {"admissionReviewVersions": ["v1"], "timeoutSeconds": 20}
    meta = {"apiVersion": f"{GROUP}/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "h"}}
    cluster.client().create(f"validatingwebhookconfigurations.{GROUP}", {**meta, "webhooks": [webhook]})


def test_a_webhook_asks_the_server_about_what_controllers_write(
    cluster: Cluster, hook: Any, call: Callable[..., Any]
) -> None:
    install(cluster, hook)
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}

    async def scenario() -> None:
        service = Service(cluster, Settings(port=0))
        ready = asyncio.Event()
        serving = asyncio.ensure_future(service.run(ready.set))
        await ready.wait()

        def answer(request: dict[str, Any]) -> dict[str, Any]:
            secret = {"metadata": {"name": f"seen-{len(hook.requests)}"}}
            call(service, "POST", "/api/v1/namespaces/demo/secrets", secret)
            return {"allowed": True}

        hook.answer = answer
        ask = asyncio.get_running_loop().run_in_executor
        try:
            await ask(None, call, service, "POST", "/apis/apps/v1/namespaces/demo/deployments", deployment)
            for _ in range(200):
                pods = await ask(None, call, service, "GET", "/api/v1/namespaces/demo/pods")
                if len(pods["items"]) == 2:
                    break
                await asyncio.sleep(0.05)
        finally:
            service.stop()
            await serving

    asyncio.run(scenario())
    client = cluster.client()
    assert len(client.list("pods", "demo")["items"]) == 2
    assert len(client.list("secrets", "demo")["items"]) == 2


@pytest.fixture
def call(tmp_path: Any) -> Callable[..., Any]:
    """A request of the administrator's over a connection of its own."""
    import json
    import ssl
    from urllib.request import Request, urlopen

    def make(service: Service, method: str, path: str, body: Any = None) -> Any:
        context = ssl.create_default_context(cadata=service.certificates.authority.certificate)
        file = tmp_path / "admin.pem"
        file.write_text(service.certificates.admin.key + service.certificates.admin.certificate)
        context.load_cert_chain(file)
        data = None if body is None else json.dumps(body).encode()
        request = Request(service.url + path, data, {"Content-Type": "application/json"}, method=method)
        with urlopen(request, timeout=20, context=context) as answer:
            return json.load(answer)

    return make
