"""Defaults of rbac.authorization.k8s.io."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj

_GROUP = "rbac.authorization.k8s.io"


def _role(obj: Obj, version: str) -> None:
    # The field is always written, null for no rules.
    obj.setdefault("rules", None)


def _binding(obj: Obj, version: str) -> None:
    reference = obj.get("roleRef")
    if reference is None:
        reference = obj["roleRef"] = {"kind": "", "name": ""}
    if not reference.get("apiGroup"):
        reference["apiGroup"] = _GROUP
    for subject in obj.get("subjects") or ():
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = _GROUP


DEFAULTS = {
    f"roles.{_GROUP}": _role,
    f"clusterroles.{_GROUP}": _role,
    f"rolebindings.{_GROUP}": _binding,
    f"clusterrolebindings.{_GROUP}": _binding,
}
