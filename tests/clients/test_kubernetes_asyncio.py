"""kubernetes_asyncio: requests at the same time, a watch beside them, exec."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytest.importorskip("kubernetes_asyncio")

from kubernetes_asyncio import client, config, watch
from kubernetes_asyncio.client.api_client import ApiClient

# The event loop is closed before the client's transports have said goodbye.
pytestmark = [
    pytest.mark.usefixtures("careless"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]

Body = Callable[[ApiClient], Awaitable[Any]]


def within(served: str, body: Body) -> Any:
    """What a coroutine returns that is given a client."""

    async def run() -> Any:
        await config.load_kube_config(served)
        async with ApiClient() as api:
            return await asyncio.wait_for(body(api), 60)

    return asyncio.run(run())


def config_map(name: str) -> client.V1ConfigMap:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"by": "asyncio"}))


def test_many_requests_at_once(served: str) -> None:
    async def body(api: ApiClient) -> int:
        core = client.CoreV1Api(api)
        made = [core.create_namespaced_config_map("default", config_map(f"many-{n}")) for n in range(30)]
        await asyncio.gather(*made)
        return len((await core.list_namespaced_config_map("default", label_selector="by=asyncio")).items)

    assert within(served, body) == 30


def test_a_watch_beside_writes(served: str) -> None:
    async def body(api: ApiClient) -> list[tuple[str, str]]:
        core = client.CoreV1Api(api)
        version = (await core.list_namespaced_secret("default")).metadata.resource_version
        seen: list[tuple[str, str]] = []

        async def follow() -> None:
            async with watch.Watch().stream(
                core.list_namespaced_secret, "default", resource_version=version, timeout_seconds=30
            ) as events:
                async for event in events:
                    seen.append((event["type"], event["object"].metadata.name))
                    if event["type"] == "DELETED":
                        return

        following = asyncio.create_task(follow())
        secret = client.V1Secret(metadata=client.V1ObjectMeta(name="quiet"), string_data={"a": "b"})
        await core.create_namespaced_secret("default", secret)
        await core.delete_namespaced_secret("quiet", "default")
        await following
        return seen

    assert within(served, body) == [("ADDED", "quiet"), ("DELETED", "quiet")]
