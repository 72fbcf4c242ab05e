"""NodeDeclaredFeatureValidator: a bound pod is not changed in a way that its node does not support."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.declaredfeatures import missing, needed_to_update
from minikctl.apimachinery.field import quote
from minikctl.apiserver.admission.refusal import forbidden

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Compare what the change needs with what the pod's node declares."""
    assert obj is not None and old is not None
    node_name = obj["spec"].get("nodeName")
    if not node_name or obj["spec"] == old["spec"]:
        return
    needed = needed_to_update(obj["spec"], old["spec"])
    if not needed:
        return
    node = ctx.reader.peek("nodes", "", node_name)
    if node is None:
        raise forbidden(obj, ctx, f"node {quote(node_name)} not found")
    lacking = missing(needed, node)
    if lacking:
        features = ", ".join(lacking)
        why = f"pod update requires features {features} which are not available on node {quote(node_name)}"
        raise forbidden(obj, ctx, why)
