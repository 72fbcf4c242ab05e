"""Discovery: the documents that tell clients what is served, made from a ResourceSet.

`endpoints` answers /api and /apis with them. Counterparts: apiserver's `endpoints/discovery` and its
`aggregated` manager, kube-aggregator's /apis handler.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.resources import Resource, ResourceSet, Subresource

Document = dict[str, Any]

AGGREGATED = "application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList"
ADDRESS = "172.18.0.2:6443"


def document(resources: ResourceSet, path: str, aggregated: bool = False) -> Document | None:
    """The document at a path: /api, /apis, /api/v1, /apis/GROUP, /apis/GROUP/VERSION; None where there is none.

    `aggregated`: /api and /apis as one list of everything below them (apidiscovery.k8s.io/v2).
    """
    parts = path.strip("/").split("/")
    if parts == ["api"]:
        return aggregated_list(resources, core=True) if aggregated else api_versions()
    if parts == ["apis"]:
        return aggregated_list(resources, core=False) if aggregated else api_group_list(resources)
    if parts[0] == "api" and len(parts) == 2:
        return api_resource_list(resources, "", parts[1])
    if parts[0] == "apis" and len(parts) == 2:
        return api_group(resources, parts[1])
    if parts[0] == "apis" and len(parts) == 3:
        return api_resource_list(resources, parts[1], parts[2])
    return None


def api_versions() -> Document:
    """/api."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": ADDRESS}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def api_group_list(resources: ResourceSet) -> Document:
    """/apis."""
    groups = [_group(name, versions) for name, versions in resources.groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(resources: ResourceSet, group: str) -> Document | None:
    """/apis/GROUP."""
    versions = resources.groups().get(group)
    if not versions or not group:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, versions)}


def _group(name: str, versions: list[str]) -> Document:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def api_resource_list(resources: ResourceSet, group: str, version: str) -> Document | None:
    """/api/v1 and /apis/GROUP/VERSION: resources and subresources in the order of their names."""
    rows = _rows(resources, group, version)
    if not rows:
        return None
    listed = []
    for row in rows:
        listed.append(api_resource(row))
        listed.extend(_api_subresource(row, sub) for sub in _subresources(row))
    api_version = f"{group}/{version}" if group else version
    head: Document = {"kind": "APIResourceList", "groupVersion": api_version, "resources": listed}
    # The core group's list has never said its own version.
    return head if not group else {"kind": head.pop("kind"), "apiVersion": "v1", **head}


def _rows(resources: ResourceSet, group: str, version: str) -> list[Resource]:
    rows = [row for row in resources.all_resources() if row.group == group and row.version == version]
    return sorted(rows, key=lambda row: row.plural)


def api_resource(row: Resource) -> Document:
    """One metav1.APIResource, without group and version as in its own list."""
    result: Document = {
        "name": row.plural,
        "singularName": row.singular,
        "namespaced": row.namespaced,
        "kind": row.kind,
        "verbs": list(row.told_verbs),
    }
    if row.short_names:
        result["shortNames"] = list(row.short_names)
    if row.categories:
        result["categories"] = list(row.categories)
    if "watch" in row.verbs:
        result["storageVersionHash"] = storage_version_hash(row)
    return result


def _subresources(row: Resource) -> list[Subresource]:
    """Those of built-in kinds by name, of custom ones status before scale."""
    named = row.subresources.items()
    return [sub for _, sub in (named if row.custom else sorted(named))]


def _api_subresource(row: Resource, sub: Subresource) -> Document:
    result: Document = {"name": f"{row.plural}/{sub.name}", "singularName": "", "namespaced": row.namespaced}
    if sub.version:
        result.update(group=sub.group, version=sub.version)
    return {**result, "kind": sub.kind, "verbs": list(sub.verbs)}


def storage_version_hash(row: Resource) -> str:
    """Eight bytes of the SHA-256 of GROUP/VERSION/KIND in base64, as clients compare them."""
    from base64 import b64encode
    from hashlib import sha256

    stored = _STORED_IN.get(row.key) or f"{row.group}/{row.storage_version or row.version}"
    return b64encode(sha256(f"{stored}/{row.kind}".encode()).digest()[:8]).decode()


# Kinds whose objects are not stored in the version that is served.
_STORED_IN = {
    "events.events.k8s.io": "/v1",
    "horizontalpodautoscalers.autoscaling": "autoscaling/v2",
    "customresourcedefinitions.apiextensions.k8s.io": "apiextensions.k8s.io/v1beta1",
}


def aggregated_list(resources: ResourceSet, core: bool) -> Document:
    """/api or /apis in one document: APIGroupDiscoveryList of apidiscovery.k8s.io/v2."""
    items = [
        _aggregated_group(resources, name, versions)
        for name, versions in resources.groups().items()
        if (not name) == core
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_group(resources: ResourceSet, group: str, versions: list[str]) -> Document:
    listed = [
        {
            "version": version,
            "resources": [_aggregated_resource(row) for row in _rows(resources, group, version)],
            "freshness": "Current",
        }
        for version in versions
    ]
    return {"metadata": {"name": group} if group else {}, "versions": listed}


def _aggregated_resource(row: Resource) -> Document:
    result: Document = {
        "resource": row.plural,
        "responseKind": {"group": row.group, "version": row.version, "kind": row.kind},
        "scope": "Namespaced" if row.namespaced else "Cluster",
        "singularResource": row.singular,
        "verbs": list(row.told_verbs),
    }
    if row.short_names:
        result["shortNames"] = list(row.short_names)
    if row.categories:
        result["categories"] = list(row.categories)
    if row.subresources:
        result["subresources"] = [_aggregated_subresource(row, sub) for sub in _subresources(row)]
    return result


def _aggregated_subresource(row: Resource, sub: Subresource) -> Document:
    group, version = (sub.group, sub.version) if sub.version else (row.group, row.version)
    kind = {"group": group, "version": version, "kind": sub.kind}
    return {"subresource": sub.name, "responseKind": kind, "verbs": list(sub.verbs)}
