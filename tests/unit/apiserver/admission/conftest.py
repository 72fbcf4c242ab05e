"""What the tests of admission plugins share: a way to create objects and to read refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.resources import by_kind
from minikctl.client.client import Client
from minikctl.cluster import Cluster

Obj = dict[str, Any]


class Api:
    """A client that collects warnings and gives refusals as text."""

    def __init__(self, cluster: Cluster, **identity: Any) -> None:
        self.cluster = cluster
        self.client: Client = cluster.client(**identity)
        self.warnings: list[str] = []
        self.client.on_warning = self.warnings.append

    def create(self, obj: Obj, **options: Any) -> Obj:
        row = by_kind(obj["apiVersion"], obj["kind"])
        assert row is not None
        return self.client.create(row, obj, "demo" if row.namespaced else "", **options)

    def pod(self, name: str = "p", containers: list[Obj] | None = None, **spec: Any) -> Obj:
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "demo"},
            "spec": {"containers": containers or [{"name": "c", "image": "x"}], **spec},
        }

    def refusal(self, action: Callable[..., Any], *args: Any, **options: Any) -> str:
        with pytest.raises(StatusError) as caught:
            action(*args, **options)
        return caught.value.message


@pytest.fixture
def api(cluster: Cluster) -> Api:
    return Api(cluster)
