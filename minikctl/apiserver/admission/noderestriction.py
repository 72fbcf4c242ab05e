"""NodeRestriction: a kubelet changes its own node, its own lease and the pods bound to it, nothing else.

Counterpart of `plugin/pkg/admission/noderestriction`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.field import quote
from minikctl.apiserver.admission import nodeaudiences
from minikctl.apiserver.admission.refusal import forbidden, name_of
from minikctl.apiserver.authorization.node import node_name, references_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

_LEASES = "kube-node-lease"
_CLAIM_STATUS = ("capacity", "conditions", "allocatedResourceStatuses", "allocatedResources")
_KUBELET_SIGNERS = ("kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet")
_MIRROR = "kubernetes.io/config.mirror"
_KUBELET_LABELS = frozenset(
    {
        "kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/arch",
        "beta.kubernetes.io/os", "beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type",
        "failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
        "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
    }
)  # fmt: skip
_KUBELET_PREFIXES = ("kubelet.kubernetes.io", "node.kubernetes.io")


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Refuse what a node may not write."""
    node = node_name(ctx.user)
    if not node:
        return
    if ctx.resource.key == "pods":
        _check_pod(node, obj, old, ctx)
    elif ctx.resource.key == "nodes":
        _check_node(node, obj, old, ctx)
    elif ctx.resource.key == "persistentvolumeclaims":
        _check_claim(node, obj, old, ctx)
    elif ctx.resource.key == "resourceslices.resource.k8s.io":
        _check_slice(node, obj, old, ctx)
    elif ctx.resource.key == "certificatesigningrequests.certificates.k8s.io":
        if ctx.operation == "CREATE" and obj is not None:
            _check_request(node, obj, ctx)
    elif ctx.resource.key == "serviceaccounts":
        if ctx.request.subresource == "token" and obj is not None:
            _check_token(node, obj, ctx)
    else:
        _check_own(node, obj, ctx)


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """The same for deletes, which nothing mutates."""
    mutate(obj, old, ctx)


def _check_own(node: str, obj: Obj | None, ctx: Context) -> None:
    """Leases and CSINodes."""
    lease = ctx.resource.key == "leases.coordination.k8s.io"
    if lease and ctx.namespace != _LEASES:
        raise forbidden(obj, ctx, f'can only access leases in the "{_LEASES}" system namespace')
    if name_of(obj, ctx) != node:
        what = "node lease" if lease else "CSINode"
        raise forbidden(obj, ctx, f"can only access {what} with the same name as the requesting node")


def _check_slice(node: str, obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """A node's devices are its own."""
    verb = {"CREATE": "create", "DELETE": "delete"}.get(ctx.operation)
    about = obj if ctx.operation == "CREATE" else old
    if verb and about is not None and about["spec"].get("nodeName") != node:
        raise forbidden(about, ctx, f"can only {verb} ResourceSlice with the same NodeName as the requesting node")


def _check_request(node: str, request: Obj, ctx: Context) -> None:
    """A kubelet's certificates bear its node's name."""
    if request["spec"].get("signerName") not in _KUBELET_SIGNERS:
        return
    from minikctl.apimachinery import x509

    subject = x509.request_subject(request["spec"].get("request", ""))
    if subject is None:
        raise forbidden(request, ctx, "unable to parse csr: PEM block type must be CERTIFICATE REQUEST")
    if subject.common_name != f"system:node:{node}":
        raise forbidden(request, ctx, f"can only create a node CSR with CN=system:node:{node}")


def _check_claim(node: str, obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    if ctx.request.subresource != "status":
        raise forbidden(obj or old, ctx, "may only update PVC status")
    assert obj is not None and old is not None
    one, other = (
        {
            **claim,
            "metadata": {k: v for k, v in claim["metadata"].items() if k not in ("resourceVersion", "managedFields")},
            "status": {k: v for k, v in (claim.get("status") or {}).items() if k not in _CLAIM_STATUS},
        }
        for claim in (obj, old)
    )
    if one != other:
        why = "is not allowed to update fields other than status.quantity and status.conditions"
        raise forbidden(obj, ctx, f'node "{node}" {why}')


def _check_token(node: str, request: Obj, ctx: Context) -> None:
    """Tokens are for pods of the node."""
    bound = (request.get("spec") or {}).get("boundObjectRef") or {}
    if (bound.get("apiVersion"), bound.get("kind")) != ("v1", "Pod") or not bound.get("name"):
        raise forbidden(request, ctx, "node requested token not bound to a pod")
    if not bound.get("uid"):
        raise forbidden(request, ctx, "node requested token with a pod binding without a uid")
    pod = ctx.reader.peek("pods", ctx.namespace, bound["name"])
    if pod is None:
        raise errors.not_found("pods", bound["name"])
    if pod["metadata"]["uid"] != bound["uid"]:
        why = f"the UID in the bound object reference ({bound['uid']}) does not match the UID in record"
        raise forbidden(request, ctx, f"{why}. The object might have been deleted and then recreated")
    if pod["spec"].get("nodeName") != node:
        raise forbidden(request, ctx, "node requested token bound to a pod scheduled on a different node")
    problem = nodeaudiences.problem(request["spec"].get("audiences") or [], pod, ctx)
    if problem:
        raise forbidden(request, ctx, problem)


def _check_pod(node: str, obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    if ctx.request.subresource == "eviction":
        pod = ctx.reader.peek("pods", ctx.namespace, ctx.request.name)
        if pod is not None and pod["spec"].get("nodeName") != node:
            raise forbidden(obj, ctx, f"node {node} can only evict pods with spec.nodeName set to itself")
    elif ctx.request.subresource not in ("", "status"):
        why = f"unexpected pod subresource {quote(ctx.request.subresource)}, only 'status' and 'eviction' are allowed"
        raise forbidden(obj, ctx, why)
    elif ctx.request.subresource == "status":
        assert obj is not None and old is not None
        if old["spec"].get("nodeName") != node:
            why = f'node "{node}" can only update pod status for pods with spec.nodeName set to itself'
            raise forbidden(obj, ctx, why)
        if (obj["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {}):
            raise forbidden(obj, ctx, f'node "{node}" cannot update labels through pod status')
        if _claim_statuses(obj) != _claim_statuses(old):
            raise forbidden(obj, ctx, f'node "{node}" cannot update resource claim statues')
    elif ctx.operation == "DELETE":
        if old is not None and old["spec"].get("nodeName") != node:
            raise forbidden(old, ctx, f'node "{node}" can only delete pods with spec.nodeName set to itself')
    elif ctx.operation == "CREATE" and obj is not None:
        _check_mirror(node, obj, ctx)
    else:
        why = f'unexpected operation "{ctx.operation}", node "{node}" can only create and delete mirror pods'
        raise forbidden(obj, ctx, why)


def _claim_statuses(pod: Obj) -> list[tuple[str, str | None]]:
    listed = (pod.get("status") or {}).get("resourceClaimStatuses") or ()
    return [(one.get("name", ""), one.get("resourceClaimName")) for one in listed]


def _check_mirror(node: str, pod: Obj, ctx: Context) -> None:
    if _MIRROR not in (pod["metadata"].get("annotations") or {}):
        why = f'pod does not have "{_MIRROR}" annotation, node "{node}" can only create mirror pods'
        raise forbidden(pod, ctx, why)
    if pod["spec"].get("nodeName") != node:
        raise forbidden(pod, ctx, f'node "{node}" can only create pods with spec.nodeName set to itself')
    owners = pod["metadata"].get("ownerReferences") or []
    if len(owners) > 1:
        why = f'node "{node}" can only create pods with a single owner reference set to itself'
        raise forbidden(pod, ctx, why)
    owner = owners[0] if owners else {}
    if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
        raise forbidden(pod, ctx, f'node "{node}" can only create pods with an owner reference set to itself')
    if not owner.get("controller"):
        why = "can only create pods with a controller owner reference set to itself"
        raise forbidden(pod, ctx, f'node "{node}" {why}')
    if owner.get("blockOwnerDeletion"):
        raise forbidden(pod, ctx, f'node "{node}" must not set blockOwnerDeletion on an owner reference')
    found = ctx.reader.peek("nodes", "", node)
    if found is None:
        raise errors.not_found("nodes", node)
    if found["metadata"]["uid"] != owner.get("uid"):
        uids = f"expected {owner.get('uid')} got {found['metadata']['uid']}"
        raise forbidden(pod, ctx, f"node {node} UID mismatch: {uids}")
    if pod["spec"].get("serviceAccountName"):
        raise forbidden(pod, ctx, f'node "{node}" can not create pods that reference a service account')
    referenced = references_of(pod)
    for kind in ("secrets", "configmaps", "clustertrustbundles", "persistentvolumeclaims"):
        if kind in referenced:
            raise forbidden(pod, ctx, f'node "{node}" can not create pods that reference {kind}')


def _check_node(node: str, obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    asked = name_of(obj or old, ctx)
    if asked != node:
        raise forbidden(obj, ctx, f'node "{node}" is not allowed to modify node "{asked}"')
    if obj is None:
        return
    labels = obj["metadata"].get("labels") or {}
    if old is None:
        bad = sorted(name for name in labels if _restricted(name))
        if bad:
            raise forbidden(obj, ctx, f'node "{node}" is not allowed to set the following labels: {", ".join(bad)}')
        return
    if (obj["spec"].get("taints") or []) != (old["spec"].get("taints") or []):
        raise forbidden(obj, ctx, f'node "{node}" is not allowed to modify taints')
    before = old["metadata"].get("labels") or {}
    changed = {name for name in {*labels, *before} if labels.get(name) != before.get(name)}
    bad = sorted(name for name in changed if _restricted(name))
    if bad:
        raise forbidden(obj, ctx, f"is not allowed to modify labels: {', '.join(bad)}")
    if obj["metadata"].get("ownerReferences") != old["metadata"].get("ownerReferences"):
        raise forbidden(obj, ctx, f'node "{node}" is not allowed to modify ownerReferences')


def _restricted(label: str) -> bool:
    """Whether a label is in Kubernetes' own name space and not one that kubelets set."""
    prefix = label.partition("/")[0] if "/" in label else ""
    if not any(prefix == domain or prefix.endswith("." + domain) for domain in ("kubernetes.io", "k8s.io")):
        return False
    if label in _KUBELET_LABELS:
        return False
    return not any(prefix == allowed or prefix.endswith("." + allowed) for allowed in _KUBELET_PREFIXES)
