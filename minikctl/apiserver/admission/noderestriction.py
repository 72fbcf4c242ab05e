"""NodeRestriction: a kubelet changes its own node, its own lease and the pods bound to it, nothing else.

Counterpart of `plugin/pkg/admission/noderestriction`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apiserver.admission.refusal import forbidden, name_of
from minikctl.apiserver.authorization.node import node_name, references_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

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
    elif name_of(obj, ctx) != node and ctx.resource.key == "leases.coordination.k8s.io":
        raise forbidden(obj, ctx, "can only access node lease with the same name as the requesting node")
    elif name_of(obj, ctx) != node:
        raise forbidden(obj, ctx, "can only access CSINode with the same name as the requesting node")


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """The same for deletes, which nothing mutates."""
    mutate(obj, old, ctx)


def _check_pod(node: str, obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    if ctx.request.subresource == "status":
        assert obj is not None and old is not None
        if old["spec"].get("nodeName") != node:
            why = f'node "{node}" can only update pod status for pods with spec.nodeName set to itself'
            raise forbidden(obj, ctx, why)
        if (obj["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {}):
            raise forbidden(obj, ctx, f'node "{node}" cannot update labels through pod status')
    elif ctx.operation == "DELETE":
        if old is not None and old["spec"].get("nodeName") != node:
            raise forbidden(old, ctx, f'node "{node}" can only delete pods with spec.nodeName set to itself')
    elif ctx.operation == "CREATE" and obj is not None:
        _check_mirror(node, obj, ctx)
    else:
        why = f'unexpected operation "{ctx.operation}", node "{node}" can only create and delete mirror pods'
        raise forbidden(obj, ctx, why)


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
    if not owners or (owners[0].get("kind"), owners[0].get("name")) != ("Node", node):
        raise forbidden(pod, ctx, f'node "{node}" can only create pods with an owner reference set to itself')
    if pod["spec"].get("serviceAccountName"):
        raise forbidden(pod, ctx, f'node "{node}" can not create pods that reference a service account')
    for kind in sorted(references_of(pod)):
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
        raise forbidden(obj, ctx, f'node "{node}" is not allowed to modify labels: {", ".join(bad)}')
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
