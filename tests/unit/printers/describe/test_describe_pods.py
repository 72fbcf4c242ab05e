"""Pods, their containers, volumes and templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.printers.describe.containers import container_resource, probe_text
from minikctl.printers.describe.podtemplate import toleration_text
from minikctl.printers.describe.volumes import describe_volumes
from minikctl.printers.describe.writer import Writer

Obj = dict[str, Any]


NAMESPACE = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}


def test_a_running_pod(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    pod = {
        "metadata": named("web", ownerReferences=[{"kind": "ReplicaSet", "name": "web-1", "controller": True}]),
        "spec": {
            "nodeName": "node-1",
            "priority": 0,
            "containers": [
                {
                    "name": "c",
                    "image": "nginx",
                    "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}],
                    "command": ["sh", "-c", "a\nb"],
                    "env": [{"name": "NS", "valueFrom": NAMESPACE}],
                    "volumeMounts": [
                        {"mountPath": "/b", "name": "v"},
                        {"mountPath": "/a", "name": "v", "subPath": "x"},
                    ],
                }
            ],
            "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}],
        },
        "status": {
            "phase": "Running",
            "hostIP": "10.0.0.1",
            "podIP": "10.1.0.1",
            "podIPs": [{"ip": "10.1.0.1"}],
            "startTime": "2026-01-02T03:04:05Z",
            "qosClass": "BestEffort",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {
                    "name": "c",
                    "ready": True,
                    "restartCount": 1,
                    "imageID": "i",
                    "containerID": "emulated://1",
                    "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}},
                    "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "signal": 9}},
                }
            ],
        },
    }
    assert described("pods", pod, events=[]) == (
        "Name:         web\n"
        "Namespace:    demo\n"
        "Priority:     0\n"
        "Node:         node-1/10.0.0.1\n"
        "Start Time:   Fri, 02 Jan 2026 03:04:05 +0000\n"
        "Labels:       <none>\n"
        "Annotations:  <none>\n"
        "Status:       Running\n"
        "IP:           10.1.0.1\n"
        "IPs:\n"
        "  IP:           10.1.0.1\n"
        "Controlled By:  ReplicaSet/web-1\n"
        "Containers:\n"
        "  c:\n"
        "    Container ID:  emulated://1\n"
        "    Image:         nginx\n"
        "    Image ID:      i\n"
        "    Port:          80/TCP (http)\n"
        "    Host Port:     0/TCP (http)\n"
        "    Command:\n"
        "      sh\n"
        "      -c\n"
        "      a\n"
        "      b\n"
        "    State:          Running\n"
        "      Started:      Fri, 02 Jan 2026 03:04:05 +0000\n"
        "    Last State:     Terminated\n"
        "      Reason:       Error\n"
        "      Exit Code:    1\n"
        "      Signal:       9\n"
        "      Started:      Mon, 01 Jan 0001 00:00:00 +0000\n"
        "      Finished:     Mon, 01 Jan 0001 00:00:00 +0000\n"
        "    Ready:          True\n"
        "    Restart Count:  1\n"
        "    Environment:\n"
        "      NS:  demo (v1:metadata.namespace)\n"
        "    Mounts:\n"
        '      /a from v (rw,path="x")\n'
        "      /b from v (rw)\n"
        "Conditions:\n"
        "  Type    Status\n"
        "  Ready   True \n"
        "Volumes:\n"
        "  v:\n"
        "    Type:        EmptyDir (a temporary directory that shares a pod's lifetime)\n"
        "    Medium:      \n"
        "    SizeLimit:   1Gi\n"
        "QoS Class:       BestEffort\n"
        "Node-Selectors:  <none>\n"
        "Tolerations:     <none>\n"
        "Events:          <none>\n"
    )


def test_a_pod_on_its_way_out(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    metadata = named("web", deletionTimestamp="2026-01-02T03:03:55Z", deletionGracePeriodSeconds=30)
    text = described("pods", {"metadata": metadata, "spec": {}, "status": {"phase": "Running"}})
    assert "Status:                    Terminating (lasts 10s)\nTermination Grace Period:  30s\n" in text
    assert "Node:                      <none>\n" in text
    assert "IPs:                       <none>\n" in text
    assert "Containers: <none>\n" in text


def test_probes() -> None:
    numbers = {"initialDelaySeconds": 1, "timeoutSeconds": 2, "periodSeconds": 3}
    ending = "delay=1s timeout=2s period=3s #success=0 #failure=0"
    get = {"scheme": "HTTPS", "port": "web", "path": "/a b?c"}
    assert probe_text({"httpGet": get, **numbers}) == f"http-get https://:web/a%20b%3Fc {ending}"
    get = {"scheme": "HTTP", "host": "::1", "port": 80, "path": "x"}
    assert probe_text({"httpGet": get, **numbers}) == f"http-get http://[::1]:80/x {ending}"
    assert probe_text({"exec": {"command": ["a", "b"]}, **numbers}) == f"exec [a b] {ending}"
    assert probe_text({"tcpSocket": {"port": 5}, **numbers}) == f"tcp-socket :5 {ending}"
    assert probe_text({"grpc": {"port": 5, "service": "s"}, **numbers}) == f"grpc <pod>:5 s {ending}"
    assert probe_text(numbers) == f"unknown {ending}"


def test_resource_references_round_up() -> None:
    container = {"resources": {"limits": {"cpu": "1500m", "memory": "100Mi"}}}
    assert container_resource({"resource": "limits.cpu"}, container) == "2"
    assert container_resource({"resource": "limits.cpu", "divisor": "1m"}, container) == "1500"
    assert container_resource({"resource": "limits.memory", "divisor": "1Gi"}, container) == "1"
    assert container_resource({"resource": "requests.cpu", "divisor": "0"}, container) == "0"
    assert container_resource({"resource": "limits.hugepages-2Mi"}, container) == ""


def test_tolerations() -> None:
    assert toleration_text({"operator": "Exists"}) == "op=Exists"
    assert toleration_text({"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}) == (
        "a:NoExecute op=Exists for 0s"
    )
    assert toleration_text({"key": "a", "operator": "Equal", "value": "b"}) == "a=b"


def test_volumes() -> None:
    out = Writer()
    sources: list[Obj] = [
        {"name": "h", "hostPath": {"path": "/x", "type": ""}},
        {"name": "d", "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
        {"name": "f", "flexVolume": {"driver": "d", "options": {"b": "2", "a": "1"}, "secretRef": {"name": "s"}}},
        {"name": "i", "csi": {"driver": "c", "volumeAttributes": {"k": "v", "j": "w"}}},
        {"name": "e", "ephemeral": {"volumeClaimTemplate": {"spec": {"storageClassName": "fast"}}}},
        {"name": "u", "somethingElse": {}},
    ]
    describe_volumes(out, sources)
    assert out.text() == (
        "Volumes:\n"
        "  h:\n"
        "    Type:          HostPath (bare host directory volume)\n"
        "    Path:          /x\n"
        "    HostPathType:  \n"
        "  d:\n"
        "    Type:  DownwardAPI (a volume populated by information about the pod)\n"
        "    Items:\n"
        "      metadata.labels -> l\n"
        "  f:\n"
        "    Type:       FlexVolume (a generic volume resource that is provisioned/attached using an exec based "
        "plugin)\n"
        "    Driver:     d\n"
        "    FSType:     \n"
        "    SecretRef:  &LocalObjectReference{Name:s,}\n"
        "    ReadOnly:   false\n"
        "    Options:    map[a:1 b:2]\n"
        "  i:\n"
        "    Type:              CSI (a Container Storage Interface (CSI) volume source)\n"
        "    Driver:            c\n"
        "    FSType:            \n"
        "    ReadOnly:          false\n"
        "    VolumeAttributes:      j=w\n"
        "                           k=v\n"
        "  e:\n"
        "    Type:          EphemeralVolume (an inline specification for a volume that gets created and deleted with "
        "the pod)\n"
        "    StorageClass:  fast\n"
        "    Volume:        \n"
        "    Labels:            <none>\n"
        "    Annotations:       <none>\n"
        "    Capacity:      \n"
        "    Access Modes:  \n"
        "  u:\n"
        "  <unknown>\n"
    )
