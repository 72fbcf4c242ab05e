"""Whom the tokens that a kubelet asks for may be meant for: what the pod's volumes say, or what RBAC lets the node ask.

Counterpart of NodeRestriction's part for the gate ServiceAccountNodeAudienceRestriction.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from minikctl.apimachinery.field import quote
from minikctl.apiserver.authorization import Attributes

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

_VERB = "request-serviceaccounts-token-audience"


def problem(audiences: list[str], pod: Obj, ctx: Context) -> str:
    """Why a node may not have a token of these audiences for a pod, "" where it may."""
    if len(audiences) > 1:
        return "node may only request 0 or 1 audiences"
    audience = audiences[0] if audiences else ""
    if audience in _audiences(pod, ctx):
        return ""
    account = pod["spec"].get("serviceAccountName") or ""
    asked = Attributes(ctx.user, _VERB, "", audience, "", ctx.namespace, account)
    if ctx.server.authorizer.decide(asked).allowed:
        return ""
    return f"audience {quote(audience)} not found in pod spec volume"


def _audiences(pod: Obj, ctx: Context) -> Iterator[str]:
    """The audiences of tokens that a pod's volumes hold, or that their CSI drivers are given."""
    for volume in pod["spec"].get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken") is not None:
                yield source["serviceAccountToken"].get("audience") or ""
        driver = _driver(volume, pod, ctx)
        found = ctx.reader.peek("csidrivers.storage.k8s.io", "", driver) if driver else None
        for token in ((found or {}).get("spec") or {}).get("tokenRequests") or ():
            yield token.get("audience") or ""


def _driver(volume: Obj, pod: Obj, ctx: Context) -> str:
    """The CSI driver behind a volume: named in it, or by the volume of its claim."""
    if volume.get("csi"):
        return str(volume["csi"].get("driver") or "")
    claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
    if volume.get("ephemeral"):
        claim = f"{pod['metadata']['name']}-{volume['name']}"
    if not claim:
        return ""
    bound = ctx.reader.peek("persistentvolumeclaims", ctx.namespace, claim)
    name = ((bound or {}).get("spec") or {}).get("volumeName")
    found = ctx.reader.peek("persistentvolumes", "", name) if name else None
    source = ((found or {}).get("spec") or {}).get("csi") or {}
    return str(source.get("driver") or "")
