"""Webhooks that use the cluster while they are asked: nobody holds the store while he waits for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Request
from minikctl.apimachinery.resources import lookup
from minikctl.apiserver.admission.webhooks import conversation
from minikctl.apiserver.http.handling import handled
from minikctl.cluster import ADMIN, Cluster

GROUP = "admissionregistration.k8s.io"
MERGE = "application/merge-patch+json"
Obj = dict[str, Any]


def install(api: Any, hook: Any, resource: str = "configmaps", kind: str = "Validating", *names: str) -> None:
    client = {"url": f"https://127.0.0.1:{hook.port}/check", "caBundle": hook.bundle}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [resource]}
    webhooks = [
        {
            "name": f"{name}.example.com",
            "clientConfig": client,
            "rules": [rule],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 20,
        }
        for name in names or ("hook",)
    ]
    meta = {"name": kind.lower()}
    api.create(
        {"apiVersion": f"{GROUP}/v1", "kind": f"{kind}WebhookConfiguration", "metadata": meta, "webhooks": webhooks}
    )


def config_map(name: str = "c", **data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def elsewhere(api: Any, action: Callable[[Any], None]) -> None:
    """Do something to the cluster as another process would."""
    other = Cluster.open(api.cluster.store.path)
    try:
        action(other.client())
    finally:
        other.store.close()


def secret(client: Any, name: str = "seen") -> None:
    client.create("secrets", {"metadata": {"name": name}}, "demo")


@pytest.mark.parametrize("kind", ["Mutating", "Validating"])
def test_a_webhook_writes_to_the_cluster_while_it_is_asked(api: Any, hook: Any, kind: str) -> None:
    install(api, hook, kind=kind)

    def answer(request: Obj) -> Obj:
        elsewhere(api, secret)
        return {"allowed": True}

    hook.answer = answer
    made = api.create(config_map())
    assert len(hook.requests) == 1
    assert api.client.get("secrets", "seen", "demo")["metadata"]["namespace"] == "demo"
    assert kind == "Mutating" or hook.requests[0]["object"]["metadata"]["uid"] == made["metadata"]["uid"]


def test_it_is_asked_again_about_what_has_changed_meanwhile(api: Any, hook: Any) -> None:
    api.create(config_map(a="1"))
    install(api, hook)

    def answer(request: Obj) -> Obj:
        if len(hook.requests) == 1:
            stored = api.cluster.store.path
            other = Cluster.open(stored)
            obj = other.server.reader.get("configmaps", "demo", "c")
            assert obj is not None
            obj["data"]["b"] = "2"
            other.server.storage.replace("configmaps", obj)
            other.store.close()
        return {"allowed": True}

    hook.answer = answer
    changed = api.client.patch("configmaps", "c", {"data": {"c": "3"}}, MERGE, "demo")
    assert changed["data"] == {"a": "1", "b": "2", "c": "3"}
    assert [sorted(request["object"]["data"]) for request in hook.requests] == [["a", "c"], ["a", "b", "c"]]


def test_controllers_let_go_of_the_store_too(api: Any, hook: Any) -> None:
    install(api, hook, "pods")

    def answer(request: Obj) -> Obj:
        elsewhere(api, lambda client: secret(client, f"seen-{len(hook.requests)}"))
        return {"allowed": True, "warnings": ["careful"]}

    hook.answer = answer
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    api.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec})
    api.cluster.settle()
    assert len(api.client.list("pods", "demo")["items"]) == 2
    assert len(api.client.list("secrets", "demo")["items"]) == 2


def test_validating_webhooks_are_asked_at_once(api: Any, hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    install(api, hook, "configmaps", "Validating", "a", "b", "c")
    together = threading.Barrier(3, timeout=20)

    def outcome(call: Any) -> Obj:
        together.wait()
        request = call.review["request"]
        return {**call.review, "response": {"uid": request["uid"], "allowed": True}}

    monkeypatch.setattr("minikctl.apiserver.admission.webhooks.transport.Call.outcome", outcome)
    api.create(config_map())
    assert not together.broken


def test_the_loop_goes_on_while_a_webhook_is_asked(api: Any, hook: Any) -> None:
    install(api, hook)
    server = api.cluster.server

    async def ask(name: str, resource: str = "configmaps") -> Obj:
        body = {"metadata": {"name": name}}
        response = await handled(server, Request("create", ADMIN, lookup(resource), "demo", body=body))
        made: Obj = response.object
        return made

    async def scenario() -> Obj:
        loop = asyncio.get_running_loop()

        def answer(request: Obj) -> Obj:
            asyncio.run_coroutine_threadsafe(ask("seen", "secrets"), loop).result(20)
            return {"allowed": True}

        hook.answer = answer
        return await ask("c")

    assert asyncio.run(scenario())["metadata"]["name"] == "c"
    assert api.client.get("secrets", "seen", "demo")


def test_a_denial_leaves_the_loop_as_it_leaves_the_server(api: Any, hook: Any) -> None:
    install(api, hook)
    hook.answer = lambda request: {"allowed": False, "warnings": ["careful"]}
    request = Request("create", ADMIN, lookup("configmaps"), "demo", body=config_map())
    request.notes = {}
    with pytest.raises(StatusError) as caught:
        asyncio.run(handled(api.cluster.server, request))
    assert caught.value.warnings == ["careful"]
    assert request.name == "c"
    assert api.client.find("configmaps", "c", "demo") is None


def test_a_request_is_not_begun_anew_for_ever(api: Any, hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    install(api, hook)
    monkeypatch.setattr(conversation.Answers, "get", lambda self, question: None)
    api.create(config_map())
    assert len(hook.requests) == conversation._MOST_STEPS + 1
