"""DefaultIngressClass: an Ingress that names no class gets the default one, the newest of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.admission.defaults_by_annotation import marked

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

CLASSES = "ingressclasses.networking.k8s.io"


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Fill in spec.ingressClassName."""
    assert obj is not None
    spec = obj.setdefault("spec", {})
    annotations = obj["metadata"].get("annotations") or {}
    if spec.get("ingressClassName") or "kubernetes.io/ingress.class" in annotations:
        return
    found = marked(ctx.reader, CLASSES, "ingressclass.kubernetes.io/is-default-class")
    if found:
        spec["ingressClassName"] = found[0]["metadata"]["name"]
