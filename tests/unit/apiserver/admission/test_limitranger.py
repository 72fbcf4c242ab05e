"""LimitRanger: what it fills in and what it refuses, in upstream's words."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError


def limit_range(api: Any, *limits: dict[str, Any]) -> None:
    api.create(
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "sizes"}, "spec": {"limits": list(limits)}}
    )


def container(name: str = "c", **resources: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "image": "x", "resources": resources}


def test_defaults_are_filled_in_and_noted(api: Any) -> None:
    limit_range(api, {"type": "Container", "default": {"cpu": "200m"}, "defaultRequest": {"cpu": "50m"}})
    made = api.create(api.pod(containers=[container(), container("d", limits={"cpu": "1"})]))
    resources = [c["resources"] for c in made["spec"]["containers"]]
    assert resources[0] == {"limits": {"cpu": "200m"}, "requests": {"cpu": "50m"}}
    assert resources[1] == {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}
    note = made["metadata"]["annotations"]["kubernetes.io/limit-ranger"]
    assert note == "LimitRanger plugin set: cpu request for container c; cpu limit for container c"


def test_defaults_do_not_mind_a_missing_name(api: Any) -> None:
    limit_range(api, {"type": "Container", "default": {"cpu": "200m"}})
    with pytest.raises(StatusError, match="name: Required value"):
        api.create(api.pod(containers=[{"image": "x"}]))


@pytest.mark.parametrize(
    ("limit", "resources", "message"),
    [
        ({"min": {"cpu": "100m"}}, {}, "minimum cpu usage per Container is 100m.  No request is specified"),
        (
            {"min": {"memory": "1Gi"}},
            {"requests": {"memory": "1Mi"}, "limits": {"memory": "2Mi"}},
            "minimum memory usage per Container is 1Gi, but request is 1Mi",
        ),
        ({"maxLimitRequestRatio": {"memory": "2"}}, {"requests": {"memory": "1Mi"}, "limits": {"memory": "5Mi"}},
         "memory max limit to request ratio per Container is 2, but provided ratio is 5.000000"),
        ({"maxLimitRequestRatio": {"memory": "2"}}, {"requests": {"memory": "1Mi"}},
         "memory max limit to request ratio per Container is 2, but no limit is specified or limit is 0"),
    ],
)  # fmt: skip
def test_bounds_of_a_container(api: Any, limit: Any, resources: Any, message: str) -> None:
    spec = {"limits": [{"type": "Container", **limit}]}
    api.cluster.store.begin()
    api.cluster.server.storage.insert(
        "limitranges",
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "raw", "namespace": "demo"}, "spec": spec},
    )
    api.cluster.store.commit()
    refused = api.refusal(api.create, api.pod(containers=[container(**resources)]))
    assert refused == f'pods "p" is forbidden: {message}'


def test_several_complaints_come_together(api: Any) -> None:
    limit_range(
        api, {"type": "Container", "max": {"cpu": "1"}}, {"type": "Pod", "max": {"cpu": "1500m", "memory": "1Gi"}}
    )
    refused = api.refusal(api.create, api.pod(containers=[container(limits={"cpu": "3"})]))
    assert refused == (
        'pods "p" is forbidden: [maximum cpu usage per Container is 1, but limit is 3, '
        "maximum cpu usage per Pod is 1500m, but limit is 3, "
        "maximum memory usage per Pod is 1Gi.  No limit is specified]"
    )


def test_claims_have_bounds_too(api: Any) -> None:
    limit_range(api, {"type": "PersistentVolumeClaim", "min": {"storage": "2Gi"}, "max": {"storage": "4Gi"}})
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    refused = api.refusal(api.create, claim)
    assert refused.endswith("minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi")
