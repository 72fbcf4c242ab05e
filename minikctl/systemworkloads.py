"""What kube-system shows in the default profile: where each component resides, and DNS and storage.

The manifests kubeadm would write: static pods of the control plane (as mirror pods), kube-proxy,
coredns, and a default StorageClass whose provisioner is the controller manager's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl import KUBERNETES_VERSION
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.discovery import ADDRESS

if TYPE_CHECKING:
    from minikctl.client.client import Client

PROVISIONER = "minikctl.dev/emulated"
DNS_IP = "10.96.0.10"

_REGISTRY = "registry.k8s.io"
_NAMESPACE = "kube-system"
_COREFILE = """.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
"""


def create(client: Client) -> None:
    """Create what is no static pod, through the apiserver, on a new cluster."""
    client.create("storageclasses.storage.k8s.io", _storage_class())
    for account in ("coredns", "kube-proxy"):
        client.create("serviceaccounts", _core("ServiceAccount", account))
    client.create("configmaps", {**_core("ConfigMap", "coredns"), "data": {"Corefile": _COREFILE}})
    client.create("configmaps", {**_core("ConfigMap", "kube-proxy"), "data": {"config.conf": _PROXY_CONFIG}})
    for resource, obj in _cluster_info():
        client.create(resource, obj)
    client.create("services", _dns_service())
    client.create("deployments.apps", _coredns())
    client.create("daemonsets.apps", _kube_proxy())


def _core(kind: str, name: str) -> Obj:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": _NAMESPACE}}


def _cluster_info() -> list[tuple[str, Obj]]:
    """What a machine that joins is told before it can check whom it talks to, readable by anybody."""
    import base64

    from minikctl.controllers.bootstraptokens import CLUSTER_INFO, NAMESPACE
    from minikctl.controllers.certificates.authority import CERTIFICATE

    name = "kubeadm:bootstrap-signer-clusterinfo"
    meta = {"name": name, "namespace": NAMESPACE}
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": meta}
    rule = {"apiGroups": [""], "resourceNames": [CLUSTER_INFO], "resources": ["configmaps"], "verbs": ["get"]}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:anonymous"}
    certificate = base64.b64encode(CERTIFICATE.encode()).decode()
    info = {"name": CLUSTER_INFO, "namespace": NAMESPACE}
    data = {"kubeconfig": _JOINING.format(certificate=certificate, address=ADDRESS)}
    return [
        ("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": info, "data": data}),
        ("roles.rbac.authorization.k8s.io", {**rbac, "kind": "Role", "rules": [rule]}),
        (
            "rolebindings.rbac.authorization.k8s.io",
            {**rbac, "kind": "RoleBinding", "roleRef": role, "subjects": [subject]},
        ),
    ]


_JOINING = """apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {certificate}
    server: https://{address}
  name: ""
contexts: null
current-context: ""
kind: Config
preferences: {{}}
users: null
"""


def _storage_class() -> Obj:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": PROVISIONER,
    }


def _dns_service() -> Obj:
    service = _core("Service", "kube-dns")
    service["metadata"]["labels"] = {
        "k8s-app": "kube-dns",
        "kubernetes.io/cluster-service": "true",
        "kubernetes.io/name": "CoreDNS",
    }
    service["spec"] = {
        "clusterIP": DNS_IP,
        "selector": {"k8s-app": "kube-dns"},
        "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
            {"name": "metrics", "port": 9153, "protocol": "TCP"},
        ],
    }
    return service


def _workload(kind: str, name: str, app: str, pod_spec: Obj, **spec: Any) -> Obj:
    labels = {"k8s-app": app}
    template = {"metadata": {"labels": labels}, "spec": pod_spec}
    meta = {"name": name, "namespace": _NAMESPACE, "labels": labels}
    full = {"selector": {"matchLabels": labels}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": full}


def _coredns() -> Obj:
    container = {
        "name": "coredns",
        "image": f"{_REGISTRY}/coredns/coredns:v1.14.2",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {"limits": {"memory": "170Mi"}, "requests": {"cpu": "100m", "memory": "70Mi"}},
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
        ],
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}},
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}, "initialDelaySeconds": 60, "timeoutSeconds": 5},
    }
    volume = {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]}
    pod = {
        "priorityClassName": "system-cluster-critical",
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
        ],
        "containers": [container],
        "volumes": [{"name": "config-volume", "configMap": volume}],
    }
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    return _workload("Deployment", "coredns", "kube-dns", pod, replicas=2, strategy=strategy)


_PROXY_CONFIG = """apiVersion: kubeproxy.config.k8s.io/v1alpha1
clusterCIDR: 10.244.0.0/16
kind: KubeProxyConfiguration
mode: iptables
"""


def _kube_proxy() -> Obj:
    container = {
        "name": "kube-proxy",
        "image": f"{_REGISTRY}/kube-proxy:{KUBERNETES_VERSION}",
        "command": ["/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"],
        "securityContext": {"privileged": True},
        "volumeMounts": [{"name": "kube-proxy", "mountPath": "/var/lib/kube-proxy"}],
    }
    pod = {
        "priorityClassName": "system-node-critical",
        "serviceAccountName": "kube-proxy",
        "hostNetwork": True,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"operator": "Exists"}],
        "containers": [container],
        "volumes": [{"name": "kube-proxy", "configMap": {"name": "kube-proxy"}}],
    }
    return _workload("DaemonSet", "kube-proxy", "kube-proxy", pod)


# Name, image, cpu request, health port of each static pod.
_STATIC = (
    ("etcd", f"{_REGISTRY}/etcd:3.6.8-0", "100m", 2381),
    ("kube-apiserver", f"{_REGISTRY}/kube-apiserver:{KUBERNETES_VERSION}", "250m", 6443),
    ("kube-controller-manager", f"{_REGISTRY}/kube-controller-manager:{KUBERNETES_VERSION}", "200m", 10257),
    ("kube-scheduler", f"{_REGISTRY}/kube-scheduler:{KUBERNETES_VERSION}", "100m", 10259),
)


def static_pods(node: str) -> dict[str, Obj]:
    """The components of the control plane, as its node keeps static pods: pod key -> {hash, pod}."""
    found = {}
    for row in _STATIC:
        pod, digest = _static_pod(*row, node), f"{row[0]}.{node}".encode().hex()[:32]
        pod["metadata"]["annotations"] = {"kubernetes.io/config.hash": digest, "kubernetes.io/config.source": "file"}
        found[f"{_NAMESPACE}/{pod['metadata']['name']}"] = {"hash": digest, "pod": pod}
    return found


def _static_pod(name: str, image: str, cpu: str, port: int, node: str) -> Obj:
    pod = _core("Pod", f"{name}-{node}")
    pod["metadata"]["labels"] = {"component": name, "tier": "control-plane"}
    probe = {"httpGet": {"host": "127.0.0.1", "path": "/livez", "port": port, "scheme": "HTTPS"}}
    container = {
        "name": name,
        "image": image,
        "command": [name],
        "resources": {"requests": {"cpu": cpu}},
        "livenessProbe": {**probe, "initialDelaySeconds": 10, "failureThreshold": 8, "timeoutSeconds": 15},
    }
    pod["spec"] = {
        "nodeName": node,
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "tolerations": [{"effect": "NoExecute", "operator": "Exists"}],
        "containers": [container],
    }
    return pod
