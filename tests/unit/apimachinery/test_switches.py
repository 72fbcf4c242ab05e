"""--runtime-config and --feature-gates: what they switch on, and what they refuse."""

from __future__ import annotations

import pytest

from minikctl.apimachinery import switches
from minikctl.apimachinery.resources_data import ROWS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("storagemigration.k8s.io/v1beta1=true", [switches.MIGRATIONS]),
        (f" {switches.MIGRATIONS} , {switches.STORAGE_VERSIONS}=1", [switches.STORAGE_VERSIONS, switches.MIGRATIONS]),
        ("api/alpha=true", [switches.STORAGE_VERSIONS]),
        (f"{switches.MIGRATIONS}=false,api/beta", ["certificates.k8s.io/v1beta1", "coordination.k8s.io/v1beta1"]),
        ("api/all=true", list(switches.API_VERSIONS)),
    ],
)
def test_versions_are_switched_on(text: str, expected: list[str]) -> None:
    assert switches.api_versions(text) == expected


@pytest.mark.parametrize("text", ["apps/v1beta1=true", "api/all=perhaps", "resource.k8s.io/v1beta1"])
def test_what_cannot_be_switched_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be switched|must be true or false"):
        switches.api_versions(text)


def test_gates() -> None:
    gates = switches.feature_gates("StorageVersionMigrator=true,StorageVersionAPI=F")
    assert gates == {"StorageVersionMigrator": True, "StorageVersionAPI": False}
    assert switches.enabled({"feature-gates": gates}, "StorageVersionMigrator")
    assert not switches.enabled({}, "StorageVersionMigrator")
    with pytest.raises(ValueError, match="unrecognized feature gate: NoSuchGate"):
        switches.feature_gates("NoSuchGate=true")


def test_only_kinds_without_a_served_version_can_be_switched() -> None:
    served = {(row[0], row[2]) for row in ROWS if row[9]}
    for row in ROWS:
        if f"{row[0]}/{row[1]}" in switches.API_VERSIONS:
            assert not row[9]
            assert (row[0], row[2]) not in served
