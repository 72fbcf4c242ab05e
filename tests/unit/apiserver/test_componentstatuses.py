"""ComponentStatuses: answered for those who still ask."""

from __future__ import annotations

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.cluster import Cluster


def test_the_parts_of_the_control_plane_are_healthy(cluster: Cluster) -> None:
    client = cluster.client()
    listed = client.list("componentstatuses")
    assert [item["metadata"]["name"] for item in listed["items"]] == ["controller-manager", "etcd-0", "scheduler"]
    condition = {"type": "Healthy", "status": "True", "message": "ok"}
    assert client.get("componentstatuses", "scheduler")["conditions"] == [condition]
    assert client.list("componentstatuses", label_selector="a=b")["items"] == []
    with pytest.raises(StatusError) as caught:
        client.get("componentstatuses", "kubelet")
    assert (caught.value.message, caught.value.reason) == ("Component not found: kubelet", "")
