"""Rows of role bindings and certificate signing requests."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.duration import human
from minikctl.apiserver.tables.cells import NONE, Obj, age, define, name


def _binding(obj: Obj, now: float) -> list[Any]:
    role = obj.get("roleRef") or {}
    users, groups, accounts = [], [], []
    for subject in obj.get("subjects") or ():
        kind = subject.get("kind")
        if kind == "ServiceAccount":
            accounts.append(f"{subject.get('namespace', '')}/{subject.get('name', '')}")
        elif kind == "User":
            users.append(subject.get("name", ""))
        elif kind == "Group":
            groups.append(subject.get("name", ""))
    subjects = [", ".join(names) for names in (users, groups, accounts)]
    return [name(obj), f"{role.get('kind', '')}/{role.get('name', '')}", age(obj, now), *subjects]


def _csr_condition(obj: Obj) -> str:
    status = obj.get("status") or {}
    kinds = {condition.get("type") for condition in status.get("conditions") or ()}
    text = "Denied" if "Denied" in kinds else "Approved" if "Approved" in kinds else "Pending"
    if "Failed" in kinds:
        text += ",Failed"
    return text + ",Issued" if status.get("certificate") else text


def _signing_request(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    seconds = spec.get("expirationSeconds")
    return [
        name(obj),
        age(obj, now),
        spec.get("signerName") or NONE,
        spec.get("username", ""),
        NONE if seconds is None else human(seconds),
        _csr_condition(obj),
    ]


_BINDING = define("Name", "Role", "Age", "Users+", "Groups+", "ServiceAccounts+")

TABLES = {
    "rolebindings.rbac.authorization.k8s.io": (_BINDING, _binding),
    "clusterrolebindings.rbac.authorization.k8s.io": (_BINDING, _binding),
    "certificatesigningrequests.certificates.k8s.io": (
        define("Name", "Age", "SignerName", "Requestor", "RequestedDuration", "Condition"),
        _signing_request,
    ),
}
