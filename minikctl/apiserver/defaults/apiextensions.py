"""Defaults of CustomResourceDefinitions: the names and the conversion strategy."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj


def _crd(obj: Obj, version: str) -> None:
    spec = obj.get("spec")
    if spec is None:
        spec = obj["spec"] = {}
    names = spec.get("names")
    if names is None:
        names = spec["names"] = {"kind": "", "plural": ""}
    kind = names.get("kind") or ""
    if not names.get("singular"):
        names["singular"] = kind.lower()
    if not names.get("listKind") and kind:
        names["listKind"] = f"{kind}List"
    if spec.get("conversion") is None:
        spec["conversion"] = {"strategy": "None"}
    service = ((spec["conversion"].get("webhook") or {}).get("clientConfig") or {}).get("service")
    if service and service.get("port") is None:
        service["port"] = 443


DEFAULTS = {"customresourcedefinitions.apiextensions.k8s.io": _crd}
