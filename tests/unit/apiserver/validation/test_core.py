"""Core kinds that are refused, and what may change in those that exist."""

from __future__ import annotations

import copy
from typing import Any

from minikctl.apiserver import defaults, validation

META = {"name": "x", "namespace": "demo", "resourceVersion": "1"}


def made(key: str, cluster: bool = False, **fields: Any) -> dict[str, Any]:
    meta = {k: v for k, v in META.items() if not (cluster and k == "namespace")}
    obj = {"apiVersion": "v1", "kind": "Thing", "metadata": meta, **fields}
    defaults.apply(key, "v1", obj)
    return obj


def refused(key: str, obj: dict[str, Any]) -> list[str]:
    return [str(error) for error in validation.create(key, obj)]


def changed(key: str, obj: dict[str, Any], **fields: Any) -> list[str]:
    new = {**copy.deepcopy(obj), **fields}
    defaults.apply(key, "v1", new)
    return [str(error) for error in validation.update(key, new, obj)]


def service(**spec: Any) -> dict[str, Any]:
    return made("services", spec={"ports": [{"port": 80}], **spec})


def test_service_ports() -> None:
    assert refused("services", service()) == []
    assert refused("services", service(ports=[])) == ["spec.ports: Required value"]
    two = [{"name": "a", "port": 80}, {"name": "b", "port": 80}, {"name": "a", "port": 82}]
    assert refused("services", service(ports=two)) == [
        'spec.ports[2].name: Duplicate value: "a"',
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,'
        '"NodePort":0}',
    ]
    assert refused("services", service(ports=[{"port": 80, "nodePort": 30999}])) == [
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"
    ]


def test_service_types_and_policies() -> None:
    assert refused("services", service(type="Carrier"))[-1] == (
        'spec.type: Unsupported value: "Carrier": supported values: "ClusterIP", "ExternalName", "LoadBalancer",'
        ' "NodePort"'
    )
    assert refused("services", service(externalTrafficPolicy="Local")) == [
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'
    ]
    assert refused("services", service(type="ExternalName")) == ["spec.externalName: Required value"]
    balanced = service(type="LoadBalancer")
    assert balanced["spec"]["allocateLoadBalancerNodePorts"] is True
    assert balanced["spec"]["externalTrafficPolicy"] == "Cluster"
    assert refused("services", balanced) == []


def test_service_addresses_stay() -> None:
    old = service(clusterIP="10.96.0.9", clusterIPs=["10.96.0.9"], ipFamilies=["IPv4"])
    spec = {**old["spec"], "clusterIP": "10.96.0.8", "clusterIPs": ["10.96.0.8"]}
    assert changed("services", old, spec=spec) == [
        'spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set'
    ]
    bad = service(clusterIP="010.96.0.9", clusterIPs=["010.96.0.9"])
    assert refused("services", bad) == ['spec.clusterIPs[0]: Invalid value: "010.96.0.9": must not have leading 0s']


def test_blocks_of_clients() -> None:
    known = service(type="LoadBalancer", loadBalancerSourceRanges=[" 010.0.0.0/8 "])
    assert refused("services", known) == [
        'spec.LoadBalancerSourceRanges[0]: Invalid value: "010.0.0.0/8": must not have leading 0s in IP or prefix'
        " length"
    ]
    assert changed("services", known, spec={**known["spec"], "loadBalancerSourceRanges": ["010.0.0.0/8"]}) == []
    padded = service(type="LoadBalancer", loadBalancerSourceRanges=["10.0.0.0/08"])
    assert refused("services", padded) == [
        'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.0/08": must not have leading 0s in IP or prefix'
        " length"
    ]
    key = "service.beta.kubernetes.io/load-balancer-source-ranges"
    noted = service(type="LoadBalancer")
    noted["metadata"]["annotations"] = {key: "10.0.0.0/8, odd"}
    (told,) = refused("services", noted)
    assert told.startswith(f'metadata.annotations[{key}]: Invalid value: "odd": must be a valid CIDR value')
    assert changed("services", noted, spec={**noted["spec"], "sessionAffinity": "None"}) == []


def test_endpoints_that_stay_are_not_looked_at_again() -> None:
    subsets = [{"addresses": [{"ip": "010.0.0.1"}], "ports": [{"port": 0, "name": "A"}]}]
    old = made("endpoints", subsets=subsets)
    told = refused("endpoints", old)
    assert [text.partition(":")[0] for text in told] == [
        "subsets[0].addresses[0].ip",
        "subsets[0].ports[0].name",
        "subsets[0].ports[0].port",
    ]
    assert changed("endpoints", old, subsets=subsets) == []
    assert changed("endpoints", old, subsets=subsets * 2)[: len(told)] == told


def test_service_warnings() -> None:
    obj = service(externalIPs=["192.0.2.1"], trafficDistribution="PreferClose")
    assert validation.warnings("services", obj) == [
        "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
        'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ]


def test_config_maps_and_secrets() -> None:
    assert refused("configmaps", made("configmaps", data={"bad key": "x"}))[0].startswith(
        'data[bad key]: Invalid value: "bad key": a valid config key'
    )
    assert refused("configmaps", made("configmaps", data={"big": "x" * 1048577})) == [
        "[]: Too long: may not be more than 1048576 bytes"
    ]
    frozen = made("configmaps", data={"a": "1"}, immutable=True)
    assert changed("configmaps", frozen, data={"a": "2"}, immutable=False) == [
        "immutable: Forbidden: field is immutable when `immutable` is set",
        "data: Forbidden: field is immutable when `immutable` is set",
    ]
    secret = made("secrets", stringData={"a": "b"})
    assert secret["data"] == {"a": "Yg=="}
    assert secret["type"] == "Opaque"
    assert changed("secrets", secret, type="example.com/other") == [
        'type: Invalid value: "example.com/other": field is immutable'
    ]
    assert refused("secrets", made("secrets", type="kubernetes.io/tls")) == [
        "data[tls.crt]: Required value",
        "data[tls.key]: Required value",
    ]


def claim(**spec: Any) -> dict[str, Any]:
    base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "slow"}
    return made("persistentvolumeclaims", spec={**base, **spec})


def test_claims() -> None:
    assert refused("persistentvolumeclaims", claim()) == []
    assert refused("persistentvolumeclaims", claim(accessModes=["ReadWrite"], resources={})) == [
        'spec.accessModes: Unsupported value: "ReadWrite": supported values: "ReadOnlyMany", "ReadWriteMany",'
        ' "ReadWriteOnce", "ReadWriteOncePod"',
        "spec.resources[storage]: Required value",
    ]
    assert claim(resources={"requests": {"storage": "1024Mi"}})["spec"]["resources"] == {"requests": {"storage": "1Gi"}}


def test_a_pending_claim_is_fixed() -> None:
    old = claim()
    errors = changed("persistentvolumeclaims", old, spec=claim(resources={"requests": {"storage": "2Gi"}})["spec"])
    assert errors == [
        "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName"
        ' for bound claims\n@@ -6,7 +6,7 @@\n  "Resources": {\n   "Limits": null,\n   "Requests": {\n'
        '-   "storage": "1Gi"\n+   "storage": "2Gi"\n   }\n  },\n  "VolumeName": "",\n'
    ]


def test_a_bound_claim_may_grow_but_not_shrink() -> None:
    old = claim(volumeName="disk")
    old["status"] = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    bigger = claim(volumeName="disk", resources={"requests": {"storage": "2Gi"}})["spec"]
    smaller = claim(volumeName="disk", resources={"requests": {"storage": "512Mi"}})["spec"]
    assert changed("persistentvolumeclaims", old, spec=bigger) == []
    assert changed("persistentvolumeclaims", old, spec=smaller) == [
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
    ]


def test_a_class_of_attributes_in_effect_is_not_given_up() -> None:
    old = claim(volumeName="disk", volumeAttributesClassName="gold")
    old["status"] = {"phase": "Bound"}
    bare = claim(volumeName="disk")["spec"]
    assert changed("persistentvolumeclaims", old, spec=bare) == []
    old["status"]["currentVolumeAttributesClassName"] = "gold"
    for spec, what in ((bare, "nil"), ({**bare, "volumeAttributesClassName": ""}, "empty string")):
        assert changed("persistentvolumeclaims", old, spec=spec) == [
            f"spec.volumeAttributesClassName: Forbidden: update to {what} is forbidden when"
            " status.currentVolumeAttributesClassName is not nil"
        ]


def test_volumes() -> None:
    key = "persistentvolumes"
    assert refused(key, made(key, cluster=True, spec={})) == [
        "spec.accessModes: Required value",
        "spec.capacity: Required value",
        'spec.capacity: Unsupported value: null: supported values: "storage"',
        "spec: Required value: must specify a volume type",
    ]
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/a"}}
    old = made(key, cluster=True, spec=spec)
    assert refused(key, old) == []
    (error,) = changed(key, old, spec={**old["spec"], "hostPath": {"path": "/b", "type": ""}})
    assert error.splitlines() == [
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation",
        "@@ -2,7 +2,7 @@",
        '  "GCEPersistentDisk": null,',
        '  "AWSElasticBlockStore": null,',
        '  "HostPath": {',
        '-  "Path": "/a",',
        '+  "Path": "/b",',
        '   "Type": ""',
        "  },",
        '  "Glusterfs": null,',
    ]
    zone = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}
    affinity = {"required": {"nodeSelectorTerms": [zone]}}
    bound = {**old, "spec": {**spec, "nodeAffinity": affinity}}
    other = {"required": {"nodeSelectorTerms": [{**zone, "matchFields": []}, zone]}}
    term = '{"MatchExpressions":[{"Key":"zone","Operator":"In","Values":["a"]}],"MatchFields":%s}'
    assert changed(key, bound, spec={**spec, "nodeAffinity": other}) == [
        f'nodeAffinity: Invalid value: {{"Required":{{"NodeSelectorTerms":[{term % "[]"},{term % "null"}]}}}}: '
        "field is immutable, except for updating from beta label to GA"
    ]


def test_sources_of_volumes_are_shown_whole() -> None:
    key = "persistentvolumes"
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}
    csi = {"driver": "d.example.com", "volumeHandle": "v", "nodeStageSecretRef": {"name": "s", "namespace": "n"}}
    old = made(key, cluster=True, spec={**spec, "csi": csi})
    (error,) = changed(key, old, spec={**spec, "csi": {**csi, "readOnly": True}})
    assert error.splitlines()[1:] == [
        "@@ -23,7 +23,7 @@",
        '  "CSI": {',
        '   "Driver": "d.example.com",',
        '   "VolumeHandle": "v",',
        '-  "ReadOnly": false,',
        '+  "ReadOnly": true,',
        '   "FSType": "",',
        '   "VolumeAttributes": null,',
        '   "ControllerPublishSecretRef": null,',
    ]


def test_features_that_nodes_declare() -> None:
    names = ["B", "A/b", "A/b", "c", "D" * 254]
    form = (
        "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or"
        " MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
    )
    expected = [
        'status.declaredFeatures[1]: Invalid value: "A/b": list must be sorted alphabetically',
        'status.declaredFeatures[2]: Duplicate value: "A/b"',
        f'status.declaredFeatures[3]: Invalid value: "c": invalid feature name "c": {form}',
        f'status.declaredFeatures[4]: Invalid value: "{names[4]}": list must be sorted alphabetically',
        f'status.declaredFeatures[4]: Invalid value: "{names[4]}": invalid feature name "{names[4]}": must be no more'
        " than 253 characters",
    ]
    node = made("nodes", cluster=True)
    assert refused("nodes", {**node, "status": {"declaredFeatures": names}}) == expected
    assert changed("nodes", node, status={"declaredFeatures": names}) == expected * 2


def test_nodes() -> None:
    taint = {"key": "a", "effect": "NoSchedule"}
    node = made("nodes", cluster=True, spec={"taints": [taint, taint], "podCIDR": "10.0.0.0/24"})
    assert refused("nodes", node) == [
        'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null}: taints'
        " must be unique by key and effect pair"
    ]
    old = made("nodes", cluster=True, spec={"providerID": "a", "podCIDRs": ["10.0.0.0/24"]})
    assert changed("nodes", old, spec={"providerID": "b", "podCIDRs": ["10.0.1.0/24"]}) == [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
        'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ]


def test_what_nodes_report() -> None:
    taints = '[{"key": "a b", "effect": "NoSchedule"}]'
    node = made("nodes", cluster=True, spec={"podCIDRs": ["10.0.0.0/24", "odd"]})
    node["metadata"] = {**node["metadata"], "annotations": {"scheduler.alpha.kubernetes.io/taints": taints}}
    node["status"] = {"declaredFeatures": ["B", "A", "A", "a"], "nodeInfo": {"swap": {"capacity": 0}}}
    found = [text.split(": ") for text in refused("nodes", node)]
    assert [(path, kind) for path, kind, *_ in found] == [
        ("metadata.annotations.scheduler.alpha.kubernetes.io/taints[0].key", "Invalid value"),
        ("metadata.nodeSwapStatus.capacity", "Invalid value"),
        ("status.declaredFeatures[1]", "Invalid value"),
        ("status.declaredFeatures[2]", "Duplicate value"),
        ("status.declaredFeatures[3]", "Invalid value"),
        ("spec.podCIDRs[1]", "Invalid value"),
        ("spec.podCIDRs", "Internal error"),
        ("spec.podCIDRs", "Invalid value"),
    ]
    node["metadata"]["annotations"] = {"scheduler.alpha.kubernetes.io/taints": "{}"}
    assert refused("nodes", node)[0] == (
        'metadata.annotations: Invalid value: "scheduler.alpha.kubernetes.io/taints": json: cannot unmarshal object'
        " into Go value of type []core.Taint"
    )
    node["metadata"]["annotations"] = {"scheduler.alpha.kubernetes.io/taints": '[{"key": 5}]'}
    assert refused("nodes", node)[0] == (
        'metadata.annotations: Invalid value: "scheduler.alpha.kubernetes.io/taints": json: cannot unmarshal number'
        " into Go struct field Taint.Key of type string"
    )


def test_quotas_and_limits() -> None:
    assert refused("resourcequotas", made("resourcequotas", spec={"hard": {"widgets": "3"}})) == [
        'spec.hard[widgets]: Invalid value: "widgets": must be a standard resource type or fully qualified',
        'spec.hard[widgets]: Invalid value: "widgets": must be a standard resource for quota',
    ]
    scoped = made("resourcequotas", spec={"hard": {"services": "2"}, "scopes": ["NotTerminating"]})
    assert refused("resourcequotas", scoped) == [
        'spec.scopes: Invalid value: ["NotTerminating"]: unsupported scope applied to resource'
    ]
    limits = [
        {"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}, "default": {"cpu": "3"}},
        {"type": "Pod", "default": {"cpu": "1"}},
    ]
    assert refused("limitranges", made("limitranges", spec={"limits": limits})) == [
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        'spec.limits[0].defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than max value 1',
        'spec.limits[0].default[cpu]: Invalid value: "1": default value 3 is greater than max value 1',
        "spec.limits[1].default: Forbidden: may not be specified when `type` is 'Pod'",
    ]


def test_namespaces() -> None:
    space = made("namespaces", cluster=True)
    assert space["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}
    assert space["status"] == {"phase": "Active"}
    gone = {**space, "status": {"phase": "Terminating"}}
    assert [str(error) for error in validation.status_update("namespaces", gone, space)] == [
        "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"
    ]
