"""Projected service account tokens: kept while they are fresh, made anew in good time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_a_projected_token_rotates(make_cluster: Callable[..., Any]) -> None:
    cluster = make_cluster()
    client = cluster.client()
    source = {"serviceAccountToken": {"path": "token", "audience": "vault", "expirationSeconds": 1000}}
    mount = [{"name": "t", "mountPath": "/t"}]
    spec = {
        "nodeName": "node-1",
        "volumes": [{"name": "t", "projected": {"sources": [source]}}],
        "containers": [{"name": "app", "image": "i", "volumeMounts": mount}],
    }
    client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}, "default")
    cluster.settle()

    def token() -> bytes:
        session: Any = client.get("pods", "p", "default", "exec", command=["cat", "/t/token"])
        return b"".join(data for _, data in session.take())

    first = token()
    cluster.advance(799)
    assert token() == first
    cluster.advance(1)
    second = token()
    assert second != first
    cluster.advance(1)
    assert token() == second
    client.delete("pods", "p", "default")
    cluster.settle()
    assert cluster.store.state("kubelet").scan("tokens/") == []
