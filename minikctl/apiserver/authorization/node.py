"""The Node authorizer: a kubelet may read what its own pods refer to, and little else.

Asked before RBAC for users `system:node:NAME` of the group system:nodes. Upstream keeps a graph of
references; here the pods of the node are looked at when the question comes.
Counterpart of `plugin/pkg/auth/authorizer/node`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj, UserInfo
    from minikctl.apiserver.authorization import Attributes
    from minikctl.apiserver.registry.reader import Reader

PREFIX = "system:node:"
GROUP = "system:nodes"
_LEASES = "kube-node-lease"
_READ = ("get", "list", "watch")


def node_name(user: UserInfo) -> str:
    """The node whose kubelet a user is; "" for everybody else."""
    return user.name[len(PREFIX) :] if GROUP in user.groups and user.name.startswith(PREFIX) else ""


def decide(node: str, a: Attributes, reader: Reader) -> tuple[bool, str]:
    """Whether the kubelet of `node` may, and why not ("" where this authorizer has no opinion)."""
    special = _SPECIAL.get((a.group, a.resource))
    if special is not None and not a.path:
        allowed, reason = special(node, a, reader)
        if not allowed or a.resource not in ("nodes", "pods"):
            return allowed, reason
    from minikctl.apiserver.authorization import covers_all_but_name

    return any(covers_all_but_name(rule, a) for rule in _node_rules()), ""


@lru_cache(maxsize=1)
def _node_rules() -> list[dict[str, Any]]:
    from minikctl.apiserver.authorization import bootstrap

    return bootstrap.node_rules()


def _referenced(node: str, a: Attributes, reader: Reader) -> tuple[bool, str]:
    """An object that a pod on the node refers to."""
    if (a.resource, a.namespace, a.name) in set(_references(node, reader)):
        return True, ""
    return False, f"no relationship found between node '{node}' and this object"


def _read_namespaced(node: str, a: Attributes, reader: Reader) -> tuple[bool, str]:
    if a.verb not in _READ:
        return False, "can only read resources of this type"
    if a.subresource:
        return False, "cannot read subresource"
    if not a.namespace:
        return False, "can only read namespaced object of this type"
    return _referenced(node, a, reader) if a.name else (False, "No Object name found")


def _get_one(node: str, a: Attributes, reader: Reader) -> tuple[bool, str]:
    if a.resource == "persistentvolumeclaims" and a.subresource == "status":
        if a.verb not in ("get", "update", "patch"):
            return False, "can only get and update the status of this object"
    elif a.verb != "get" or not a.name:
        return False, "can only get individual resources of this type"
    elif a.subresource:
        return False, "cannot get subresource"
    return _referenced(node, a, reader)


def _service_account(node: str, a: Attributes, reader: Reader) -> tuple[bool, str]:
    if a.subresource != "token":
        return _get_one(node, a, reader)
    if a.verb != "create" or not a.name:
        return False, "can only create tokens for individual service accounts"
    return _referenced(node, a, reader)


def _lease(node: str, a: Attributes, reader: Reader) -> tuple[bool, str]:
    if a.verb not in ("get", "create", "update", "patch", "delete"):
        return False, "can only get, create, update, patch, or delete a node lease"
    if a.namespace != _LEASES:
        return False, f'can only access leases in the "{_LEASES}" system namespace'
    if a.verb != "create" and a.name != node:
        return False, "can only access node lease with the same name as the requesting node"
    return True, ""


def _csi_node(node: str, a: Attributes, reader: Reader) -> tuple[bool, str]:
    if a.verb not in ("get", "create", "update", "patch", "delete"):
        return False, "can only get, create, update, patch, or delete a CSINode"
    if a.verb != "create" and a.name != node:
        return False, "can only access CSINode with the same name as the requesting node"
    return True, ""


def _own_node(node: str, a: Attributes, reader: Reader) -> tuple[bool, str]:
    if a.verb in _READ and not a.name:
        return False, f"node '{node}' cannot read all nodes, only its own Node object"
    if a.verb in _READ and a.name != node:
        return False, f"node '{node}' cannot read '{a.name}', only its own Node object"
    return True, ""


def _own_pods(node: str, a: Attributes, reader: Reader) -> tuple[bool, str]:
    if a.verb in ("list", "watch") and f"spec.nodeName={node}" not in a.fields.split(","):
        return False, "can only list/watch pods with spec.nodeName field selector"
    if a.verb == "get":
        pod = reader.peek("pods", a.namespace, a.name)
        if pod is not None and pod["spec"].get("nodeName") != node:
            return False, f"no relationship found between node '{node}' and this object"
    return True, ""


def _slice(node: str, a: Attributes, reader: Reader) -> tuple[bool, str]:
    """Devices of the node; what is created is looked at by NodeRestriction."""
    if a.subresource:
        return False, "cannot authorize ResourceSlice subresources"
    if a.verb in ("get", "update", "patch", "delete"):
        found = reader.peek("resourceslices.resource.k8s.io", "", a.name)
        if found is None or found["spec"].get("nodeName") != node:
            return False, f"no relationship found between node '{node}' and this object"
    elif a.verb in ("list", "watch", "deletecollection"):
        if f"spec.nodeName={node}" not in a.fields.split(","):
            return False, "can only list/watch/deletecollection resourceslices with nodeName field selector"
    elif a.verb != "create":
        verbs = "get, watch, list, create, update, patch, delete, deletecollection"
        return False, f"only the following verbs are allowed for a ResourceSlice: {verbs}"
    return True, ""


_SPECIAL = {
    ("resource.k8s.io", "resourceslices"): _slice,
    ("", "secrets"): _read_namespaced,
    ("", "configmaps"): _read_namespaced,
    ("", "persistentvolumeclaims"): _get_one,
    ("", "persistentvolumes"): _get_one,
    ("resource.k8s.io", "resourceclaims"): _get_one,
    ("", "serviceaccounts"): _service_account,
    ("coordination.k8s.io", "leases"): _lease,
    ("storage.k8s.io", "csinodes"): _csi_node,
    ("", "nodes"): _own_node,
    ("", "pods"): _own_pods,
}


def _references(node: str, reader: Reader) -> Iterator[tuple[str, str, str]]:
    """(resource, namespace, name) of everything the pods on a node refer to."""
    for pod in reader.list("pods", node=node):
        namespace, spec = pod["metadata"]["namespace"], pod["spec"]
        yield "serviceaccounts", namespace, spec.get("serviceAccountName") or "default"
        for secret in spec.get("imagePullSecrets") or ():
            yield "secrets", namespace, secret.get("name", "")
        for resource, name in _mentions(spec):
            yield resource, namespace, name
            if resource == "persistentvolumeclaims":
                claim = reader.peek(resource, namespace, name)
                volume = ((claim or {}).get("spec") or {}).get("volumeName")
                if volume:
                    yield "persistentvolumes", "", volume
        for volume in spec.get("volumes") or ():
            if volume.get("ephemeral"):
                yield "persistentvolumeclaims", namespace, f"{pod['metadata']['name']}-{volume['name']}"
        for status in (pod.get("status") or {}).get("resourceClaimStatuses") or ():
            yield "resourceclaims", namespace, status.get("resourceClaimName", "")


_NAMED = {
    "secretKeyRef": "secrets",
    "secretRef": "secrets",
    "nodePublishSecretRef": "secrets",
    "secret": "secrets",
    "configMapKeyRef": "configmaps",
    "configMapRef": "configmaps",
    "configMap": "configmaps",
    "persistentVolumeClaim": "persistentvolumeclaims",
}


def _mentions(value: Any) -> Iterator[tuple[str, str]]:
    """Secrets, config maps and claims named anywhere in a pod's spec."""
    if isinstance(value, list):
        for item in value:
            yield from _mentions(item)
        return
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key in _NAMED and isinstance(inner, dict):
            name = inner.get("name") or inner.get("secretName") or inner.get("claimName")
            if name:
                yield _NAMED[key], str(name)
        elif key == "clusterTrustBundle":
            yield "clustertrustbundles", str((inner or {}).get("name") or "")
        elif isinstance(inner, dict | list):
            yield from _mentions(inner)


def references_of(pod: Obj) -> set[str]:
    """The kinds of things a pod's spec refers to (for mirror pods, which may refer to none)."""
    found = {resource for resource, _ in _mentions(pod["spec"])}
    return found | ({"secrets"} if pod["spec"].get("imagePullSecrets") else set())
