"""StorageVersions: which API servers store a resource in which version (internal.apiserver.k8s.io).

Written when a cluster with the gate StorageVersionAPI is made, kept by its garbage collector. Counterparts:
`apiserver/pkg/storageversion` and the identity Leases of `pkg/controlplane`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.digests import sha256
from minikctl.apimachinery.meta import set_condition
from minikctl.apimachinery.resources import ResourceSet

Obj = dict[str, Any]

RESOURCE = "storageversions.internal.apiserver.k8s.io"
LEASES = "leases.coordination.k8s.io"
LEASE_NAMESPACE = "kube-system"
IDENTITY_LABEL = "apiserver.kubernetes.io/identity"
SERVER = "kube-apiserver"

_LEASE_SECONDS = 3600
_SET = ("True", "CommonEncodingVersionSet", "Common encoding version set")
_UNSET = ("False", "CommonEncodingVersionUnset", "Common encoding version unset")


def is_identity(lease: Obj | None) -> bool:
    """Whether a Lease says that an API server is there."""
    return ((lease or {"metadata": {}})["metadata"].get("labels") or {}).get(IDENTITY_LABEL) == SERVER


def identity_lease(host: str, now: str) -> Obj:
    """The Lease by which the API server of a host is known."""
    name = "apiserver-" + sha256(host)[:26]
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": name,
            "namespace": LEASE_NAMESPACE,
            "labels": {IDENTITY_LABEL: SERVER, "kubernetes.io/hostname": host},
        },
        "spec": {"holderIdentity": name, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": now},
    }


def of_server(server: str, served: ResourceSet, now: str) -> list[Obj]:
    """The StorageVersions of everything that one API server stores."""
    found = []
    for row in served.preferred():
        if "create" not in row.verbs or "list" not in row.verbs:
            continue
        versions = [version.api_version for version in served.versions(row.key)]
        entry = {
            "apiServerID": server,
            "encodingVersion": row.api_version,
            "decodableVersions": versions,
            "servedVersions": versions,
        }
        status: Obj = {"storageVersions": [entry]}
        note_common_version(status, 0, now)
        found.append(
            {
                "apiVersion": "internal.apiserver.k8s.io/v1alpha1",
                "kind": "StorageVersion",
                "metadata": {"name": f"{row.group or 'core'}.{row.plural}"},
                "spec": {},
                "status": status,
            }
        )
    return found


def note_common_version(status: Obj, generation: int, now: str) -> None:
    """Say in a status which version all servers write, if they agree (SetCommonEncodingVersion)."""
    versions = {entry.get("encodingVersion", "") for entry in status.get("storageVersions") or ()}
    before = status.pop("commonEncodingVersion", None)
    if len(versions) == 1:
        status["commonEncodingVersion"] = versions.pop()
    value, reason, message = _SET if "commonEncodingVersion" in status else _UNSET
    entry: Obj = {"type": "AllEncodingVersionsEqual", "status": value, "reason": reason, "message": message}
    if generation:
        entry["observedGeneration"] = generation
    if before is not None and before != status.get("commonEncodingVersion", before):
        status["conditions"] = [c for c in status.get("conditions") or () if c["type"] != entry["type"]]
    set_condition(status, entry, now)
