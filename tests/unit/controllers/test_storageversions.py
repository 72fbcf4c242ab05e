"""Storage versions: what has to be switched on, servers that go, objects that are stored anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from controllers_world import Obj, World

from minikctl.apimachinery import switches
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.errors import StatusError
from minikctl.cluster import Cluster

VERSIONS = "storageversions.internal.apiserver.k8s.io"
MIGRATIONS = "storageversionmigrations.storagemigration.k8s.io"
LEASES = "leases.coordination.k8s.io"
CRDS = "customresourcedefinitions.apiextensions.k8s.io"


@pytest.fixture
def switched(make_cluster: Callable[..., Cluster]) -> World:
    settings = {
        "runtime-config": [switches.STORAGE_VERSIONS, switches.MIGRATIONS],
        "feature-gates": {"StorageVersionAPI": True, "StorageVersionMigrator": True},
    }
    made = World(make_cluster(**settings))
    made.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    return made


def migration(name: str, resource: str, group: str = "") -> Obj:
    spec = {"resource": {"group": group, "resource": resource}}
    kind = {"apiVersion": switches.MIGRATIONS, "kind": "StorageVersionMigration"}
    return {**kind, "metadata": {"name": name}, "spec": spec}


def test_they_are_off_unless_switched_on(world: World) -> None:
    served = world.client.resource_set()
    assert (served.lookup(VERSIONS), served.lookup(MIGRATIONS)) == (None, None)
    with pytest.raises(StatusError, match="could not find the requested resource"):
        world.client.list(MIGRATIONS)
    names = [role["metadata"]["name"] for role in world.client.items("clusterroles.rbac.authorization.k8s.io")]
    assert not [name for name in names if "storage-version" in name]


def test_the_api_alone_migrates_nothing(make_cluster: Callable[..., Cluster]) -> None:
    settings = {"runtime-config": [switches.MIGRATIONS]}
    world = World(make_cluster(**settings))
    world.create(MIGRATIONS, migration("m", "secrets"))
    assert world.status(MIGRATIONS, "m", "") == {}
    services = [found["metadata"]["name"] for found in world.client.items("apiservices.apiregistration.k8s.io")]
    assert "v1beta1.storagemigration.k8s.io" in services


def test_every_resource_says_where_it_is_stored(switched: World) -> None:
    found = switched.get(VERSIONS, "apps.deployments", "")
    (lease,) = [each for each in switched.client.items(LEASES) if each["metadata"]["name"].startswith("apiserver-")]
    entry = {"apiServerID": lease["metadata"]["name"], "encodingVersion": "apps/v1"}
    entry |= {"decodableVersions": ["apps/v1"], "servedVersions": ["apps/v1"]}
    assert found["status"]["storageVersions"] == [entry]
    assert found["status"]["commonEncodingVersion"] == "apps/v1"
    equal = {"AllEncodingVersionsEqual": "True CommonEncodingVersionSet"}
    assert switched.conditions(VERSIONS, "core.pods", "") == equal
    assert switched.settles()


def test_servers_that_are_gone_are_forgotten(switched: World) -> None:
    (lease,) = [each for each in switched.client.items(LEASES) if each["metadata"]["name"].startswith("apiserver-")]
    meta = {field: lease["metadata"][field] for field in ("namespace", "labels")}
    switched.create(LEASES, {**lease, "metadata": {**meta, "name": "apiserver-2"}})
    found = switched.get(VERSIONS, "core.pods", "")
    (entry,) = found["status"]["storageVersions"]
    other = {**entry, "apiServerID": "apiserver-2", "encodingVersion": "v2"}
    lost = {**entry, "apiServerID": "apiserver-3"}
    found["status"]["storageVersions"] = [entry, other, lost]
    switched.client.update(VERSIONS, found, subresource="status")
    switched.cluster.settle()
    status = switched.status(VERSIONS, "core.pods", "")
    assert [each["apiServerID"] for each in status["storageVersions"]] == [entry["apiServerID"], "apiserver-2"]
    assert "commonEncodingVersion" not in status
    unequal = {"AllEncodingVersionsEqual": "False CommonEncodingVersionUnset"}
    assert switched.conditions(VERSIONS, "core.pods", "") == unequal
    switched.delete(LEASES, lease["metadata"]["name"], "kube-system")
    assert [each["metadata"]["name"] for each in switched.client.items(VERSIONS)] == ["core.pods"]
    assert switched.status(VERSIONS, "core.pods", "")["commonEncodingVersion"] == "v2"


def definition(stored: str) -> Obj:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": name, "served": True, "storage": name == stored, "schema": schema} for name in ("v1", "v2")]
    names = {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"}
    spec = {"group": "example.com", "names": names, "scope": "Namespaced", "versions": versions}
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return {**kind, "metadata": {"name": "things.example.com"}, "spec": spec}


def test_objects_are_stored_in_the_new_version(switched: World) -> None:
    switched.create(CRDS, definition("v1"))
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a", "namespace": "demo"}, "size": 3}
    old = switched.client.resource_set().by_kind("example.com/v1", "Thing")
    assert old is not None
    switched.client.create(old, thing)
    switched.merge(CRDS, "things.example.com", {"spec": definition("v2")["spec"]}, "")

    def stored() -> str:
        store = switched.cluster.store
        (record,) = store.list("things.example.com")
        return str(store.view(record)["apiVersion"])

    assert stored() == "example.com/v1"
    switched.create(MIGRATIONS, migration("m", "things", "example.com"))
    assert stored() == "example.com/v2"
    assert switched.conditions(MIGRATIONS, "m", "") == {
        "Running": "False StorageVersionMigrationInProgress",
        "Succeeded": "True StorageVersionMigrationSucceeded",
    }
    assert int(switched.status(MIGRATIONS, "m", "")["resourceVersion"]) > 0
    assert switched.get("things.example.com", "a")["size"] == 3
    assert switched.settles()


def test_what_does_not_exist_cannot_be_migrated(switched: World) -> None:
    switched.create(MIGRATIONS, migration("no", "nothings", "example.com"))
    (entry,) = switched.status(MIGRATIONS, "no", "")["conditions"]
    assert (entry["type"], entry["message"]) == ("Failed", "resource does not exist in discovery")
    made = switched.create(MIGRATIONS, migration("said", "events"))
    switched.cluster.advance(60 + parse_time(made["metadata"]["creationTimestamp"]) - switched.cluster.present())
    (entry,) = switched.status(MIGRATIONS, "said", "")["conditions"]
    assert entry["message"].startswith("migration encountered unhandled error: resource does not exist in GC")
    with pytest.raises(StatusError, match="resource is required"):
        switched.create(MIGRATIONS, migration("empty", ""))
    with pytest.raises(StatusError, match="field is immutable"):
        switched.merge(MIGRATIONS, "no", {"spec": {"resource": {"resource": "pods"}}}, "")
