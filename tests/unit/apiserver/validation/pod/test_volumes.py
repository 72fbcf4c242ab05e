"""Volumes of pods and of templates."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apiserver.validation.pod.claims import check_claim_template
from minikctl.apiserver.validation.pod.volumes import check_volumes

POD = {"name": "p"}


def told(*volumes: dict[str, Any], meta: dict[str, Any] | None = None) -> list[str]:
    errors: list[Any] = []
    check_volumes(list(volumes), meta, "v", errors)
    return [str(error) for error in errors]


def test_only_a_template_may_leave_the_image_open() -> None:
    volume = {"name": "a", "image": {"pullPolicy": "Always"}}
    assert told(volume) == []
    assert told(volume, meta=POD) == ["v[0].image.reference: Required value"]


def test_a_driver_without_a_name_is_only_missing() -> None:
    assert told({"name": "a", "csi": {"driver": ""}}) == ["v[0].csi.driver: Required value"]


def test_the_initiator_is_looked_at_in_any_place() -> None:
    portal = "1.2.3.4:" + "5" * 60
    iscsi = {"targetPortal": portal, "initiatorName": "iqn.2001-04.com.example:storage.disk1", "iqn": "x"}
    assert told({"name": "a", "emptyDir": {}, "iscsi": iscsi}) == [
        "v[0].iscsi: Forbidden: may not specify more than 1 volume type",
        'v[0].name: Invalid value: "a": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters'
        " if iscsi.initiatorName is specified.",
    ]


@pytest.mark.parametrize(("key", "shown"), [("name", "name"), ("uid", "uID"), ("creationTimestamp", None)])
def test_metadata_of_claim_templates(key: str, shown: str | None) -> None:
    errors: list[Any] = []
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    check_claim_template({"metadata": {"labels": {"a": "b"}, key: "2026-01-01T00:00:00Z"}, "spec": spec}, "t", errors)
    assert [str(error) for error in errors] == [f"t.metadata.{shown or key}: Forbidden: cannot be set"]
