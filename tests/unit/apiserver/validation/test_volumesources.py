"""What stands behind a PersistentVolume."""

from __future__ import annotations

from typing import Any

import pytest
from validationlab import refused

VOLUME = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}


@pytest.mark.parametrize(
    "source, expected",
    [
        (
            {"gcePersistentDisk": {"partition": 300}},
            [
                "persistentDisk.pdName: Required value",
                "persistentDisk.partition: Invalid value: 300: must be between 1 and 255, inclusive",
            ],
        ),
        (
            {"glusterfs": {"endpoints": "e", "path": "p", "endpointsNamespace": ""}},
            [
                'glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid'
                " namespace name"
            ],
        ),
        (
            {"iscsi": {"targetPortal": "t", "iqn": "iqn.x", "lun": 256, "secretRef": {}}},
            [
                'iscsi.iqn: Invalid value: "iqn.x": must be valid format',
                "iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
                "iscsi.secretRef.name: Required value",
            ],
        ),
        (
            {"quobyte": {"registry": "a:1,b", "volume": "v"}},
            [
                'quobyte.registry: Invalid value: "a:1,b": must be a host:port pair or multiple pairs separated by'
                " commas"
            ],
        ),
        (
            {"storageos": {"volumeName": "v", "secretRef": {"name": "s"}}},
            ["storageos.secretRef.namespace: Required value"],
        ),
    ],
)
def test_sources_of_volumes(source: dict[str, Any], expected: list[str]) -> None:
    found = refused("persistentvolumes", "v1", spec={**VOLUME, **source})
    assert found == [f"spec.{text}" for text in expected]


def test_long_names_of_iscsi_volumes() -> None:
    iscsi = {"targetPortal": "t" * 60, "iqn": "iqn.2020-01.com.example:a", "initiatorName": "iqn.2020-01.com.example:b"}
    (error,) = refused("persistentvolumes", "v1", "volume", spec={**VOLUME, "iscsi": iscsi})
    assert error.startswith(f'spec.iscsi.targetportal: Invalid value: "{"t" * 60}": Total length of <volume name>:')
    odd = {"targetPortal": "t", "iqn": "odd", "secretRef": {}, "initiatorName": "iqn"}
    assert refused("persistentvolumes", "v1", "volume", spec={**VOLUME, "iscsi": odd}) == [
        'spec.iscsi.iqn: Invalid value: "odd": must be valid format',
        "spec.iscsi.secretRef.name: Required value",
        'spec.iscsi.initiatorname: Invalid value: "iqn": must be valid format',
    ]
