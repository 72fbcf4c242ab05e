"""Kinds of storage.k8s.io that are refused, and what may change in those that exist."""

from __future__ import annotations

from typing import Any

from validationlab import changed, made, refused, status_changed

from minikctl.apiserver import validation

GROUP = "storage.k8s.io"
VERSION = f"{GROUP}/v1"


def test_storage_classes() -> None:
    key = f"storageclasses.{GROUP}"
    terms = [
        {"matchLabelExpressions": [{"key": "zone", "values": ["a", "a"]}, {"key": "zone", "values": []}]},
        {"matchLabelExpressions": [{"key": "disk", "values": ["ssd"]}]},
        {"matchLabelExpressions": [{"key": "disk", "values": ["ssd"]}]},
    ]
    assert refused(key, VERSION, reclaimPolicy="Recycle", allowedTopologies=terms) == [
        "provisioner: Required value",
        'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
        'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
        "allowedTopologies[0].matchLabelExpressions[1].values: Required value",
        'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "zone"',
        'allowedTopologies[2].matchLabelExpressions: Duplicate value: ""',
    ]


def test_storage_classes_are_fixed() -> None:
    key = f"storageclasses.{GROUP}"
    old = made(key, VERSION, provisioner="disks.example.com")
    assert old["reclaimPolicy"] == "Delete"
    assert changed(key, old, reclaimPolicy="Retain", provisioner="other.example.com") == [
        'provisioner: Invalid value: "other.example.com": field is immutable',
        'reclaimPolicy: Invalid value: "Retain": field is immutable',
    ]


def test_new_attachments_are_looked_at_more_closely() -> None:
    key = f"volumeattachments.{GROUP}"
    spec = {"attacher": "Bad_Driver", "source": {"persistentVolumeName": "Bad"}, "nodeName": "node-1"}
    told = refused(key, VERSION, spec=spec)
    assert [line.partition(":")[0] for line in told] == ["spec.attacher", "spec.source.persistentVolumeName"]
    assert changed(key, made(key, VERSION, spec=spec)) == []


def test_volumes_within_attachments_say_less() -> None:
    volume: dict[str, Any] = {"capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}, "storageClassName": "fast"}
    spec = {"attacher": "a.b", "source": {"inlineVolumeSpec": {**volume, "volumeMode": "Block"}}, "nodeName": "n"}
    path, inside = "spec.source.inlineVolumeSpec", "in the context of inline volumes"
    never = f"Forbidden: may not be specified {inside}"
    assert refused(f"volumeattachments.{GROUP}", VERSION, spec=spec) == [
        f"{path}.capacity: {never}",
        f"{path}.csi: Required value: has to be specified {inside}",
        f"{path}.accessModes: Required value",
        f"{path}.storageClassName: {never}",
        f"{path}.volumeMode: Forbidden: may not specify volumeMode other than Filesystem {inside}",
    ]
    volume = {"accessModes": ["ReadWriteOnce"], "csi": {"driver": "a.b", "volumeHandle": "h"}}
    spec["source"] = {"inlineVolumeSpec": volume}
    assert refused(f"volumeattachments.{GROUP}", VERSION, spec=spec) == []


def test_attachments_keep_their_spec() -> None:
    key = f"volumeattachments.{GROUP}"
    old = made(key, VERSION, spec={"attacher": "a.b", "source": {"persistentVolumeName": "pv"}, "nodeName": "n"})
    new = {"attacher": "a.b", "source": {"persistentVolumeName": "pv"}, "nodeName": "m"}
    assert changed(key, old, spec=new) == [
        'spec: Invalid value: {"Attacher":"a.b","Source":{"PersistentVolumeName":"pv","InlineVolumeSpec":null},'
        '"NodeName":"m"}: field is immutable'
    ]
    assert status_changed(key, old, attachError={"message": "x" * 1025, "errorCode": -1}) == [
        "status.attachError.message: Too long: may not be more than 262144 bytes",
        "status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive",
    ]


def test_csi_drivers() -> None:
    key = f"csidrivers.{GROUP}"
    requests = [{"audience": "a", "expirationSeconds": 1}, {"audience": "a", "expirationSeconds": 1}]
    spec = {
        "fsGroupPolicy": "Some",
        "volumeLifecycleModes": ["Odd"],
        "tokenRequests": requests,
        "nodeAllocatableUpdatePeriodSeconds": 5,
    }
    assert refused(key, VERSION, spec=spec) == [
        'spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"',
        "spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes",
        'spec.tokenRequests[1].audience: Duplicate value: "a"',
        'spec.volumeLifecycleModes: Unsupported value: "Odd": supported values: "Persistent", "Ephemeral"',
        "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 5: must be greater than or equal to 10 seconds",
    ]
    assert refused(key, VERSION, spec={"serviceAccountTokenInSecrets": True}) == [
        "spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is set but no"
        " tokenRequests are specified"
    ]
    old = made(key, VERSION, spec={})
    new = {**old["spec"], "attachRequired": False, "fsGroupPolicy": "None", "volumeLifecycleModes": ["Ephemeral"]}
    assert changed(key, old, spec=new) == [
        "spec.attachedRequired: Invalid value: false: field is immutable",
        'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable',
    ]


def test_csi_nodes() -> None:
    key = f"csinodes.{GROUP}"
    drivers = [
        {"name": "a", "topologyKeys": ["x", "x", ""], "allocatable": {"count": -1}},
        {"name": "a", "nodeID": "n"},
    ]
    assert refused(key, VERSION, spec={"drivers": drivers})[:5] == [
        "spec.drivers[0].nodeID: Required value",
        "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
        'spec.drivers[0]: Duplicate value: "x"',
        "spec.drivers[0]: Required value",
        'spec.drivers[0]: Invalid value: "": name part must be non-empty',
    ]
    old = made(key, VERSION, spec={"drivers": [{"name": "a", "nodeID": "n", "topologyKeys": ["x"]}]})
    moved = {"drivers": [{"name": "a", "nodeID": "m", "allocatable": {"count": 3}}]}
    assert changed(key, old, spec=moved) == [
        'spec.drivers: Invalid value: {"Name":"a","NodeID":"m","TopologyKeys":null,"Allocatable":null}: field is'
        " immutable"
    ]


def test_capacities_and_attributes_classes() -> None:
    key = f"csistoragecapacities.{GROUP}"
    topology = {"matchExpressions": [{"key": "zone", "operator": "In"}]}
    assert refused(key, VERSION, storageClassName="", nodeTopology=topology, capacity="-1")[::2] == [
        "nodeTopology.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        'capacity: Invalid value: "-1": must be greater than or equal to 0',
    ]
    old = made(key, VERSION, storageClassName="fast")
    assert changed(key, old, storageClassName="slow") == ['storageClassName: Invalid value: "slow": field is immutable']
    key = f"volumeattributesclasses.{GROUP}"
    old = made(key, VERSION, driverName="d.example.com", parameters={"iops": "1"})
    assert changed(key, old, parameters={}) == [
        "parameters: Forbidden: updates to parameters are forbidden.",
        "parameters: Required value: must contain at least one key/value pair",
    ]


def test_driver_warnings() -> None:
    key = f"csidrivers.{GROUP}"
    driver = made(key, VERSION, spec={"tokenRequests": [{"audience": "a"}]})
    assert len(validation.warnings(key, driver)) == 1
    assert validation.warnings(key, driver, driver) == []


def test_deprecated_labels_in_topologies() -> None:
    topology = {"matchLabels": {"beta.kubernetes.io/os": "linux"}}
    capacity = made(f"csistoragecapacities.{GROUP}", VERSION, storageClassName="a", nodeTopology=topology)
    assert validation.warnings(f"csistoragecapacities.{GROUP}", capacity) == [
        'nodeTopology.matchLabels.beta.kubernetes.io/os: deprecated since v1.14; use "kubernetes.io/os" instead'
    ]
