"""lightkube: typed and generic resources, server-side apply, watch, wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("lightkube")

from lightkube import ApiError, Client, KubeConfig
from lightkube.codecs import load_all_yaml
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.core_v1 import Container, PodSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Pod
from lightkube.types import PatchType

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: light}
spec:
  replicas: 2
  selector: {matchLabels: {app: light}}
  template:
    metadata: {labels: {app: light}}
    spec: {containers: [{name: c, image: "registry.example.com/c:1"}]}
"""


@pytest.fixture
def api(served: str) -> Iterator[Client]:
    client = Client(config=KubeConfig.from_file(served), field_manager="lightkube-test", namespace="default")
    yield client
    client._client._client.close()


def test_objects_come_and_go(api: Client) -> None:
    made = api.create(ConfigMap(metadata=ObjectMeta(name="light"), data={"a": "1"}))
    assert made.metadata is not None and made.metadata.uid
    changed = api.patch(ConfigMap, "light", {"data": {"b": "2"}}, patch_type=PatchType.MERGE)
    assert changed.data == {"a": "1", "b": "2"}
    assert "light" in [item.metadata.name for item in api.list(ConfigMap) if item.metadata]
    api.delete(ConfigMap, "light")
    with pytest.raises(ApiError) as gone:
        api.get(ConfigMap, "light")
    assert gone.value.status.code == 404


def test_server_side_apply_and_wait(api: Client) -> None:
    (deployment,) = load_all_yaml(DEPLOYMENT)
    api.apply(deployment)
    ready = api.wait(Deployment, "light", for_conditions=["Available"])
    assert ready.status is not None and ready.status.readyReplicas == 2
    scaled = api.patch(Deployment.Scale, "light", {"spec": {"replicas": 1}}, patch_type=PatchType.MERGE)
    assert scaled.spec is not None and scaled.spec.replicas == 1
    api.delete(Deployment, "light")


def test_watching(api: Client) -> None:
    pod = Pod(
        metadata=ObjectMeta(name="seen", labels={"watched": "yes"}),
        spec=PodSpec(containers=[Container(name="c", image="registry.example.com/c:1")]),
    )
    api.create(pod)
    for kind, found in api.watch(Pod, labels={"watched": "yes"}, server_timeout=30):
        assert kind in ("ADDED", "MODIFIED")
        if found.status is not None and found.status.phase == "Running":
            break
    api.delete(Pod, "seen", grace_period=0)


def test_generic_resources(api: Client) -> None:
    lease = create_namespaced_resource("coordination.k8s.io", "v1", "Lease", "leases")
    api.create(lease(metadata=ObjectMeta(name="generic"), spec={"holderIdentity": "me"}))
    assert api.get(lease, "generic")["spec"]["holderIdentity"] == "me"
