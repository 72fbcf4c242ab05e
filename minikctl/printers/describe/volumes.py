"""Volume sources of pods and PersistentVolumes, one row of data per plugin.

Upstream counterpart: describeVolumes and the print...VolumeSource functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.quantity import canonical, parse
from minikctl.printers.describe.writer import ANNOTATION_WIDTH, NONE, UNSET, Writer, boolean, shorten
from minikctl.printers.gofmt import value_text

Obj = dict[str, Any]
# label up to its tab, field of the source, what a missing field reads as
Line = tuple[str, str, object]
Source = tuple[str, tuple[Line, ...]]

_READ_ONLY: Line = ("ReadOnly:", "readOnly", False)
_FS_TYPE: Line = ("FSType:", "fsType", "")
_SECRET_REF: Line = ("SecretRef:", "secretRef", "nil")

_ISCSI: Source = (
    "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
    (
        ("TargetPortal:", "targetPortal", ""),
        ("IQN:", "iqn", ""),
        ("Lun:", "lun", 0),
        ("ISCSIInterface", "iscsiInterface", ""),
        _FS_TYPE,
        _READ_ONLY,
        ("Portals:", "portals", []),
        ("DiscoveryCHAPAuth:", "chapAuthDiscovery", False),
        ("SessionCHAPAuth:", "chapAuthSession", False),
        _SECRET_REF,
        ("InitiatorName:", "initiatorName", NONE),
    ),
)

# In the order in which kubectl looks for them.
_SHARED: dict[str, Source] = {
    "hostPath": (
        "HostPath (bare host directory volume)",
        (("Path:", "path", ""), ("HostPathType:", "type", NONE)),
    ),
    "gcePersistentDisk": (
        "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        (("PDName:", "pdName", ""), _FS_TYPE, ("Partition:", "partition", 0), _READ_ONLY),
    ),
    "awsElasticBlockStore": (
        "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        (("VolumeID:", "volumeID", ""), _FS_TYPE, ("Partition:", "partition", 0), _READ_ONLY),
    ),
    "nfs": (
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        (("Server:", "server", ""), ("Path:", "path", ""), _READ_ONLY),
    ),
    "iscsi": _ISCSI,
    "glusterfs": (
        "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
        (("EndpointsName:", "endpoints", ""), ("Path:", "path", ""), _READ_ONLY),
    ),
    "rbd": (
        "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
        (
            ("CephMonitors:", "monitors", []),
            ("RBDImage:", "image", ""),
            _FS_TYPE,
            ("RBDPool:", "pool", ""),
            ("RadosUser:", "user", ""),
            ("Keyring:", "keyring", ""),
            _SECRET_REF,
            _READ_ONLY,
        ),
    ),
    "quobyte": (
        "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
        (("Registry:", "registry", ""), ("Volume:", "volume", ""), _READ_ONLY),
    ),
    "azureDisk": (
        "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
        (
            ("DiskName:", "diskName", ""),
            ("DiskURI:", "diskURI", ""),
            ("Kind: ", "kind", ""),
            _FS_TYPE,
            ("CachingMode:", "cachingMode", ""),
            _READ_ONLY,
        ),
    ),
    "vsphereVolume": (
        "vSphereVolume (a Persistent Disk resource in vSphere)",
        (("VolumePath:", "volumePath", ""), _FS_TYPE, ("StoragePolicyName:", "storagePolicyName", "")),
    ),
    "cinder": (
        "Cinder (a Persistent Disk resource in OpenStack)",
        (("VolumeID:", "volumeID", ""), _FS_TYPE, _READ_ONLY, _SECRET_REF),
    ),
    "photonPersistentDisk": (
        "PhotonPersistentDisk (a Persistent Disk resource in photon platform)",
        (("PdID:", "pdID", ""), _FS_TYPE),
    ),
    "portworxVolume": ("PortworxVolume (a Portworx Volume resource)", (("VolumeID:", "volumeID", ""),)),
    "cephfs": (
        "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
        (
            ("Monitors:", "monitors", []),
            ("Path:", "path", ""),
            ("User:", "user", ""),
            ("SecretFile:", "secretFile", ""),
            _SECRET_REF,
            _READ_ONLY,
        ),
    ),
    "storageos": (
        "StorageOS (a StorageOS Persistent Disk resource)",
        (("VolumeName:", "volumeName", ""), ("VolumeNamespace:", "volumeNamespace", ""), _FS_TYPE, _READ_ONLY),
    ),
    "fc": (
        "FC (a Fibre Channel disk)",
        (("TargetWWNs:", "targetWWNs", ""), ("LUN:", "lun", NONE), _FS_TYPE, _READ_ONLY),
    ),
    "flexVolume": (
        "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
        (("Driver:", "driver", ""), _FS_TYPE, _SECRET_REF, _READ_ONLY, ("Options:", "options", {})),
    ),
    "flocker": (
        "Flocker (a Flocker volume mounted by the Flocker agent)",
        (("DatasetName:", "datasetName", ""), ("DatasetUUID:", "datasetUUID", "")),
    ),
}
_SCALE_IO = "ScaleIO (a persistent volume backed by a block device in ScaleIO)"
_SCALE_IO_LINES: tuple[Line, ...] = (
    ("Gateway:", "gateway", ""),
    ("System:", "system", ""),
    ("Protection Domain:", "protectionDomain", ""),
    ("Storage Pool:", "storagePool", ""),
    ("Storage Mode:", "storageMode", ""),
    ("VolumeName:", "volumeName", ""),
)
_AZURE_FILE = "AzureFile (an Azure File Service mount on the host and bind mount to the pod)"

# What only pods can have, or have in another form than PersistentVolumes.
_POD: dict[str, Source] = {
    "gitRepo": (
        "GitRepo (a volume that is pulled from git when the pod is created)",
        (("Repository:", "repository", ""), ("Revision:", "revision", "")),
    ),
    "secret": (
        "Secret (a volume populated by a Secret)",
        (("SecretName:", "secretName", ""), ("Optional:", "optional", False)),
    ),
    "configMap": (
        "ConfigMap (a volume populated by a ConfigMap)",
        (("Name:", "name", ""), ("Optional:", "optional", False)),
    ),
    "persistentVolumeClaim": (
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        (("ClaimName:", "claimName", ""), _READ_ONLY),
    ),
    "scaleIO": (_SCALE_IO, (*_SCALE_IO_LINES, _FS_TYPE, _READ_ONLY)),
    "azureFile": (_AZURE_FILE, (("SecretName:", "secretName", ""), ("ShareName:", "shareName", ""), _READ_ONLY)),
    "image": (
        "Image (a container image or OCI artifact)",
        (("Reference:", "reference", ""), ("PullPolicy:", "pullPolicy", "")),
    ),
}
_PERSISTENT: dict[str, Source] = {
    "glusterfs": (
        _SHARED["glusterfs"][0],
        (
            ("EndpointsName:", "endpoints", ""),
            ("EndpointsNamespace:", "endpointsNamespace", UNSET),
            ("Path:", "path", ""),
            _READ_ONLY,
        ),
    ),
    "scaleIO": (
        _SCALE_IO,
        (
            *_SCALE_IO_LINES,
            ("SecretName:", "secretRef.name", ""),
            ("SecretNamespace:", "secretRef.namespace", ""),
            _FS_TYPE,
            _READ_ONLY,
        ),
    ),
    "local": ("LocalVolume (a persistent volume backed by local storage on a node)", (("Path:", "path", ""),)),
    "azureFile": (
        _AZURE_FILE,
        (
            ("SecretName:", "secretName", ""),
            ("SecretNamespace:", "secretNamespace", ""),
            ("ShareName:", "shareName", ""),
            _READ_ONLY,
        ),
    ),
}
_CSI = "CSI (a Container Storage Interface (CSI) volume source)"


def describe_volumes(out: Writer, volumes: list[Obj] | None, space: str = "") -> None:
    """The volumes of a pod or of a pod template."""
    if not volumes:
        out.field(f"{space}Volumes", NONE)
        return
    out.line(f"{space}Volumes:")
    for volume in volumes:
        out.line(f"{' ' if space else ''}{volume['name']}:", 1)
        _pod_source(out, volume)


def describe_persistent_source(out: Writer, spec: Obj) -> None:
    """The source of a PersistentVolume."""
    for table in (_PERSISTENT, _SHARED):
        for field, source in table.items():
            if spec.get(field) is not None:
                _print(out, source, spec[field], persistent=True)
                return
    csi = spec.get("csi")
    if csi is None:
        out.line("<unknown>", 1)
        return
    lines: tuple[Line, ...] = (("Driver:", "driver", ""), _FS_TYPE, ("VolumeHandle:", "volumeHandle", ""), _READ_ONLY)
    _print(out, (_CSI, lines), csi)
    _attributes(out, csi.get("volumeAttributes"))


def _pod_source(out: Writer, volume: Obj) -> None:
    for field in volume:
        special = _SPECIAL.get(field)
        if special is not None and volume[field] is not None:
            special(out, volume[field])
            return
        source = _POD.get(field) or _SHARED.get(field)
        if source is not None and volume[field] is not None:
            _print(out, source, volume[field])
            return
    out.line("<unknown>", 1)


def _print(out: Writer, source: Source, values: Obj, persistent: bool = False) -> None:
    title, lines = source
    out.field("Type", title, 2)
    for label, field, missing in lines:
        if field.startswith("secretRef."):
            value = (values.get("secretRef") or {}).get(field[len("secretRef.") :])
        else:
            value = values.get(field)
        out.line(f"{label}\t{_value(field, missing if value is None else value, persistent)}", 2)


def _value(field: str, value: Any, persistent: bool) -> str:
    if field == "secretRef" and isinstance(value, dict):
        if persistent:
            return f"&SecretReference{{Name:{value.get('name', '')},Namespace:{value.get('namespace', '')},}}"
        return f"&LocalObjectReference{{Name:{value.get('name', '')},}}"
    if field == "targetWWNs" and isinstance(value, list):
        return ", ".join(value)
    return value_text(value)


def _empty_dir(out: Writer, source: Obj) -> None:
    limit = source.get("sizeLimit")
    limit = canonical(limit) if limit is not None and parse(limit).nanos > 0 else UNSET
    out.field("Type", "EmptyDir (a temporary directory that shares a pod's lifetime)", 2)
    out.field("Medium", source.get("medium", ""), 2)
    out.field("SizeLimit", limit, 2)


def _ephemeral(out: Writer, source: Obj) -> None:
    from minikctl.printers.describe.claim import describe_claim

    what = "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)"
    out.field("Type", what, 2)
    template = source.get("volumeClaimTemplate")
    if template is not None:
        describe_claim(out.nested(2), template, whole=False, now=0.0)


def _downward_api(out: Writer, source: Obj) -> None:
    out.field("Type", "DownwardAPI (a volume populated by information about the pod)", 2)
    out.line("Items:", 2)
    for item in source.get("items") or ():
        if item.get("fieldRef") is not None:
            out.line(f"{item['fieldRef'].get('fieldPath', '')} -> {item.get('path', '')}", 3)
        if item.get("resourceFieldRef") is not None:
            out.line(f"{item['resourceFieldRef'].get('resource', '')} -> {item.get('path', '')}", 3)


def _projected(out: Writer, projected: Obj) -> None:
    out.field("Type", "Projected (a volume that contains injected data from multiple sources)", 2)
    for source in projected.get("sources") or ():
        if source.get("secret") is not None:
            out.field("SecretName", source["secret"].get("name", ""), 2)
            out.field("Optional", boolean(source["secret"].get("optional")), 2)
        elif source.get("downwardAPI") is not None:
            out.field("DownwardAPI", "true", 2)
        elif source.get("configMap") is not None:
            out.field("ConfigMapName", source["configMap"].get("name", ""), 2)
            out.field("Optional", boolean(source["configMap"].get("optional")), 2)
        elif source.get("serviceAccountToken") is not None:
            out.field("TokenExpirationSeconds", source["serviceAccountToken"].get("expirationSeconds") or 0, 2)


def _csi(out: Writer, csi: Obj) -> None:
    _print(out, (_CSI, (("Driver:", "driver", ""), _FS_TYPE, _READ_ONLY)), csi)
    _attributes(out, csi.get("volumeAttributes"))


def _attributes(out: Writer, attributes: dict[str, str] | None) -> None:
    out.write("VolumeAttributes:\t", 2)
    if not attributes:
        out.end(NONE)
        return
    for i, key in enumerate(sorted(attributes)):
        if i:
            out.write("", 2)
            out.write("\t", 2)
        out.line(shorten(f"{key}={attributes[key]}", ANNOTATION_WIDTH), 2)


_SPECIAL: dict[str, Callable[[Writer, Obj], None]] = {
    "emptyDir": _empty_dir,
    "ephemeral": _ephemeral,
    "downwardAPI": _downward_api,
    "projected": _projected,
    "csi": _csi,
}
