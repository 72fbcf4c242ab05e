"""Resizes that the pod's node can or cannot follow."""

from __future__ import annotations

from typing import Any

import pytest

Obj = dict[str, Any]
SMALL = {"requests": {"cpu": "1", "memory": "1Gi"}}


def add_node(api: Any, *features: str, **labels: str) -> None:
    status = {"allocatable": {"cpu": "4", "memory": "4Gi", "pods": "9"}, "declaredFeatures": list(features)}
    meta = {"name": "n", "labels": {key.replace("_", "/"): value for key, value in labels.items()}}
    api.create({"apiVersion": "v1", "kind": "Node", "metadata": meta, "status": status})


def bound(api: Any, **spec: Any) -> Obj:
    pod = api.pod(containers=[{"name": "c", "image": "x", "resources": SMALL}], nodeName="n", **spec)
    made: Obj = api.create(pod)
    return made


def resized(pod: Obj, amounts: Obj) -> Obj:
    changed = dict(pod["spec"]["containers"][0], resources={"requests": amounts})
    return {**pod, "spec": {**pod["spec"], "containers": [changed]}}


def test_everything_that_the_node_never_has_is_told(api: Any) -> None:
    add_node(api)
    pod = bound(api)
    assert api.refusal(api.client.update, "pods", resized(pod, {"cpu": "5", "memory": "5Gi"}), "resize") == (
        'pods "p" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 5000, allocatable:'
        " 4000; memory, requested: 5368709120, allocatable: 4294967296"
    )
    assert api.client.update("pods", resized(pod, {"cpu": "4", "memory": "1Gi"}), "resize")["spec"]["nodeName"] == "n"


def test_nodes_of_another_system_or_none_at_all(api: Any) -> None:
    add_node(api, **{"kubernetes.io_os": "windows"})
    pod = bound(api)
    more = resized(pod, {"cpu": "2", "memory": "1Gi"})
    assert api.refusal(api.client.update, "pods", more, "resize").endswith(
        'pod resize is only supported on linux nodes, node "n" is "windows"'
    )
    api.client.delete("nodes", "n")
    assert api.refusal(api.client.update, "pods", more, "resize") == 'pods "p" is forbidden: node "n" not found'


@pytest.mark.parametrize(("declares", "passes"), [(("InPlacePodLevelResourcesVerticalScaling",), True), ((), False)])
def test_a_whole_pod_is_resized_where_the_node_declares_that(api: Any, declares: tuple[str, ...], passes: bool) -> None:
    add_node(api, *declares)
    pod = bound(api, resources=SMALL)
    more = {**pod, "spec": {**pod["spec"], "resources": {"requests": {"cpu": "2", "memory": "1Gi"}}}}
    if passes:
        assert api.client.update("pods", more, "resize")["spec"]["resources"]["requests"]["cpu"] == "2"
        return
    assert api.refusal(api.client.update, "pods", more, "resize") == (
        'pods "p" is forbidden: pod update requires features InPlacePodLevelResourcesVerticalScaling which are not'
        ' available on node "n"'
    )
