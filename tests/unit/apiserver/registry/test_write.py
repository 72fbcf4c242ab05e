"""What every create and update goes through: names, versions, owner references, system metadata."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.cluster import Cluster

Obj = dict[str, Any]
MERGE = "application/merge-patch+json"


def config_map(name: str = "c", **meta: Any) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "demo", **meta}}


def refusal(action: Any, *args: Any, **more: Any) -> StatusError:
    with pytest.raises(StatusError) as caught:
        action(*args, **more)
    return caught.value


def test_a_new_object_has_no_version_yet(cluster: Cluster) -> None:
    client = cluster.client()
    error = refusal(client.create, "configmaps", config_map(resourceVersion="7"))
    assert (error.message, error.code) == ("resourceVersion should not be set on objects to be created", 500)
    assert client.create("configmaps", config_map(resourceVersion="7"), dryRun="All")["metadata"]["name"] == "c"
    assert client.create("configmaps", config_map(resourceVersion="-1"))["metadata"]["resourceVersion"] != "-1"


def test_an_update_is_of_a_version_that_can_be_read(cluster: Cluster) -> None:
    client = cluster.client()
    client.create("configmaps", config_map())
    error = refusal(client.update, "configmaps", config_map(resourceVersion="abc"))
    assert (error.message, error.code) == ('strconv.ParseUint: parsing "abc": invalid syntax', 500)
    error = refusal(client.update, "configmaps", config_map(resourceVersion="9" * 5000))
    assert error.message.endswith('9": value out of range')
    assert refusal(client.update, "configmaps", config_map(resourceVersion="1")).reason == "Conflict"
    assert client.update("configmaps", config_map(resourceVersion="0"))["metadata"]["name"] == "c"


def test_who_names_a_prefix_is_told_so_of_a_name_that_is_taken(cluster: Cluster) -> None:
    client = cluster.client()
    client.create("configmaps", config_map())
    assert refusal(client.create, "configmaps", config_map()).message == 'configmaps "c" already exists'
    error = refusal(client.create, "configmaps", config_map(generateName="c-"))
    assert error.message == (
        'configmaps "c" already exists, the server was not able to generate a unique name for the object'
    )


def test_a_generation_that_nobody_counts_stays(cluster: Cluster) -> None:
    client = cluster.client()
    assert client.create("configmaps", config_map(generation=3))["metadata"]["generation"] == 3
    assert client.update("configmaps", config_map(generation=9, labels={"a": "b"}))["metadata"]["generation"] == 3
    text = "metadata.generation: Invalid value: -1: must be greater than or equal to 0"
    assert text in refusal(client.create, "configmaps", config_map("d", generation=-1)).message


def test_equal_owner_references_are_kept_once(cluster: Cluster) -> None:
    told: list[str] = []
    client = cluster.client()
    client.on_warning = told.append
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}
    other = {**owner, "controller": True}
    made = client.create("configmaps", config_map(ownerReferences=[owner, dict(owner), other]))
    assert made["metadata"]["ownerReferences"] == [owner, other]
    patch = {"metadata": {"ownerReferences": [other, other]}}
    assert client.patch("configmaps", "c", patch, MERGE, "demo")["metadata"]["ownerReferences"] == [other]
    assert (
        told
        == [
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may"
            " reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u"
        ]
        * 2
    )
