"""What the apiserver remembers of the objects it looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minikctl.apimachinery.request import Request
from minikctl.cluster import ADMIN, Cluster


def limits(memory: str) -> dict[str, Any]:
    limit = {"type": "Container", "default": {"memory": memory}}
    return {"metadata": {"name": "some", "namespace": "default"}, "spec": {"limits": [limit]}}


def test_what_was_taken_back_is_not_remembered(cluster: Cluster) -> None:
    client, reader = cluster.client(), cluster.server.reader

    def seen() -> str:
        found = reader.peek("limitranges", "default", "some")
        return str(found["spec"]["limits"][0]["default"]["memory"]) if found else ""

    with pytest.raises(RuntimeError), cluster.store.transaction():
        client.create("limitranges", limits("1Mi"))
        assert reader.any_of(("limitranges",))
        assert seen() == "1Mi"
        raise RuntimeError
    assert not reader.any_of(("limitranges",))
    assert reader.peek_all("limitranges") == []
    assert seen() == ""
    client.create("limitranges", limits("2Mi"))  # under the revision that was given back
    assert seen() == "2Mi"


def test_webhooks_of_another_process_are_known_at_once(make_cluster: Callable[..., Cluster]) -> None:
    one = make_cluster("one")
    other = Cluster.open(one.store.path)
    request = Request("create", ADMIN, one.server.lookup("configmaps"), "default")
    for client in (one.client(), other.client()):
        client.create("configmaps", {"metadata": {"generateName": "a", "namespace": "default"}})
    assert not one.server.asks(request)
    hooks = "validatingwebhookconfigurations.admissionregistration.k8s.io"
    other.client().create(hooks, {"metadata": {"name": "w"}})
    assert one.server.asks(request)
    other.client().delete(hooks, "w")
    assert not one.server.asks(request)
    other.close()
