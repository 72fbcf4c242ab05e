"""What writes of workloads' subresources keep."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.cluster import Cluster

TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
SELECTED = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
SPECS: dict[str, Any] = {
    "deployments.apps": {**SELECTED, "paused": True},
    "statefulsets.apps": {**SELECTED, "replicas": 0},
    "poddisruptionbudgets.policy": {"minAvailable": 1},
}


@pytest.mark.parametrize("key", SPECS)
def test_a_status_can_be_written_with_metadata(cluster: Cluster, key: str) -> None:
    client = cluster.client()
    made = client.create(key, {"metadata": {"name": "x"}, "spec": SPECS[key]}, "demo")
    made = client.get(key, "x", "demo")
    made["metadata"].update(labels={"by": "status"}, annotations={"by": "status"}, generation=7)
    made["spec"]["selector"] = {"matchLabels": {"other": "x"}}
    written = client.update(key, made, "status")
    # only the strategy of Deployments puts the labels back
    assert written["metadata"].get("labels") == (None if key == "deployments.apps" else {"by": "status"})
    assert written["metadata"]["annotations"]["by"] == "status"
    assert written["metadata"]["generation"] == 1
    assert written["spec"].get("selector") == SPECS[key].get("selector")
