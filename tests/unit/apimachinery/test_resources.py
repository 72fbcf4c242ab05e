from __future__ import annotations

import pytest

from minikctl.apimachinery import resources
from minikctl.apimachinery.resources import ResourceSet, from_crd
from minikctl.apimachinery.resources_data import ROWS

CRD = {
    "spec": {
        "group": "sky.example.com",
        "scope": "Namespaced",
        "names": {
            "kind": "Telescope", "plural": "telescopes", "singular": "telescope", "listKind": "TelescopeList",
            "shortNames": ["tel"], "categories": ["optics"],
        },
        "versions": [
            {"name": "v1beta1", "served": True, "storage": False},
            {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}, "scale": {}}},
            {"name": "v1alpha1", "served": False, "storage": False},
        ],
    }
}  # fmt: skip

EVERY = frozenset(f"{row[0]}/{row[1]}" for row in ROWS)


@pytest.mark.parametrize(
    ("arg", "api_version", "plural"),
    [
        ("po", "v1", "pods"),
        ("pod", "v1", "pods"),
        ("Pod", "v1", "pods"),
        ("PODS", "v1", "pods"),
        ("deploy", "apps/v1", "deployments"),
        ("deploy.app", "apps/v1", "deployments"),
        ("deployments.apps", "apps/v1", "deployments"),
        ("deployments.v1.apps", "apps/v1", "deployments"),
        ("Deployment.v1.apps", "apps/v1", "deployments"),
        ("hpa", "autoscaling/v2", "horizontalpodautoscalers"),
        ("hpa.v1.autoscaling", "autoscaling/v2", "horizontalpodautoscalers"),
        ("horizontalpodautoscalers.v1.autoscaling", "autoscaling/v1", "horizontalpodautoscalers"),
        ("ev", "v1", "events"),
        ("events", "v1", "events"),
        ("events.events.k8s.io", "events.k8s.io/v1", "events"),
        ("storageclass.storage", "storage.k8s.io/v1", "storageclasses"),
        ("sc.storage.k8s.io", "storage.k8s.io/v1", "storageclasses"),
        ("pods.v1.", "v1", "pods"),
    ],
)
def test_type_arguments_resolve(arg: str, api_version: str, plural: str) -> None:
    found = resources.resolve(arg)
    assert found is not None
    assert (found.api_version, found.plural) == (api_version, plural)


@pytest.mark.parametrize("arg", ["PO", "shelves", "deployments.example.com", "deployments.v2.apps", "pods.v1", "", "."])
def test_unknown_type_arguments_resolve_to_nothing(arg: str) -> None:
    assert resources.resolve(arg) is None


def test_names_of_a_resource() -> None:
    deployment = resources.lookup("deployments.apps")
    assert deployment is not None
    assert deployment.api_version == "apps/v1"
    assert deployment.group_kind == "Deployment.apps"
    assert deployment.singular == "deployment"
    assert list(deployment.subresources) == ["scale", "status"]
    assert deployment.subresources["scale"].group == "autoscaling"
    assert deployment.path("demo", "web", "scale") == "/apis/apps/v1/namespaces/demo/deployments/web/scale"
    assert resources.by_kind("apps/v1", "Deployment") is deployment
    assert resources.by_kind("extensions/v1beta1", "Deployment") is None


def test_versions_of_a_resource_start_with_the_preferred_one() -> None:
    assert [row.version for row in resources.versions("horizontalpodautoscalers.autoscaling")] == ["v2", "v1"]


def test_beta_versions_are_off_by_default() -> None:
    assert resources.by_kind("resource.k8s.io/v1beta1", "ResourceClaim") is None
    assert ResourceSet(switched=EVERY).by_kind("resource.k8s.io/v1beta1", "ResourceClaim") is not None
    assert [row.version for row in ResourceSet(switched=EVERY).versions("resourceclaims.resource.k8s.io")] == [
        "v1", "v1beta2", "v1beta1",
    ]  # fmt: skip


def test_custom_resources_come_last_and_newest_version_first() -> None:
    served = ResourceSet(from_crd(CRD))
    assert served.all_resources()[-2:] == from_crd(CRD)[::-1]
    telescope = served.resolve("tel")
    assert telescope is not None
    assert (telescope.version, telescope.custom) == ("v1", True)
    assert list(telescope.subresources) == ["status", "scale"]
    older = served.resolve("telescopes.v1beta1.sky.example.com")
    assert older is not None and older.version == "v1beta1"
    assert served.resolve("Telescope.sky") is telescope
    assert served.in_category("optics") == [telescope]
    assert served.groups()["sky.example.com"] == ["v1", "v1beta1"]
    assert served.by_group_kind("sky.example.com", "Telescope") is telescope
    assert served.by_path("sky.example.com", "v1beta1", "telescopes") is older
    assert resources.resolve("tel") is None


def test_a_kind_whose_singular_is_another_word_needs_its_group() -> None:
    names = {**CRD["spec"]["names"], "singular": "scope", "shortNames": []}  # type: ignore[dict-item]
    served = ResourceSet(from_crd({"spec": {**CRD["spec"], "names": names}}))
    assert served.resolve("Telescope") is None
    assert served.resolve("Telescope.sky.example.com") is not None
    assert served.resolve("Telescope.v1beta1.sky.example.com").version == "v1beta1"  # type: ignore[union-attr]


def test_versions_are_ordered_as_discovery_orders_them() -> None:
    names = ["v1alpha1", "foo", "v1", "v10", "v1beta2", "v2", "v11beta1", "v1beta", "bar"]
    ordered = ["v10", "v2", "v1", "v11beta1", "v1beta2", "v1beta", "v1alpha1", "bar", "foo"]
    assert sorted(names, key=resources.version_order) == ordered


def test_every_row_is_complete_and_unique() -> None:
    rows = ResourceSet(switched=EVERY).all_resources()
    assert len({(row.api_version, row.plural) for row in rows}) == len(rows)
    assert len({(row.api_version, row.kind) for row in rows}) == len(rows)
    for row in rows:
        assert row.verbs == tuple(sorted(row.verbs))
        assert row.plural == row.plural.lower()
