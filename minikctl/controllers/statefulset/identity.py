"""Who a StatefulSet's pod is: its ordinal, name, labels, claims and revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.meta import deep_copy
from minikctl.controllers import pods
from minikctl.controllers.ownership import controller_ref

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

REVISION_LABEL = "controller-revision-hash"
NAME_LABEL = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL = "apps.kubernetes.io/pod-index"


def ordinal_of(pod: Obj, set_: Obj) -> int:
    """The number at the end of the pod's name; -1 where it is no member's name."""
    parent, _, number = pod["metadata"]["name"].rpartition("-")
    return int(number) if parent == set_["metadata"]["name"] and number.isdigit() else -1


def is_member(pod: Obj, set_: Obj) -> bool:
    """Whether the name is one of a set's pods; only such pods are adopted."""
    return ordinal_of(pod, set_) >= 0


def start_of(set_: Obj) -> int:
    return int((set_["spec"].get("ordinals") or {}).get("start", 0))


def replicas_of(set_: Obj) -> int:
    return int(set_["spec"].get("replicas", 1))


def in_range(ordinal: int, set_: Obj) -> bool:
    start = start_of(set_)
    return start <= ordinal < start + replicas_of(set_)


def revision_of(pod: Obj) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION_LABEL, ""))


def claim_name(template: Obj, set_: Obj, ordinal: int) -> str:
    return f"{template['metadata']['name']}-{set_['metadata']['name']}-{ordinal}"


def new_pod(set_: Obj, template: Obj, revision: str, ordinal: int) -> Obj:
    """The pod of an ordinal from a revision's template; not created yet, so without uid and status."""
    pod: Obj = deep_copy(pods.from_template(template, set_, controller_ref("apps/v1", "StatefulSet", set_)))
    name = f"{set_['metadata']['name']}-{ordinal}"
    pod["metadata"]["name"] = name
    pod["spec"]["hostname"] = name
    if service := set_["spec"].get("serviceName"):
        pod["spec"]["subdomain"] = service
    give_identity(pod, set_, ordinal)
    pod["metadata"]["labels"][REVISION_LABEL] = revision
    return pod


def give_identity(pod: Obj, set_: Obj, ordinal: int) -> None:
    """Labels and volumes as the ordinal wants them (updateIdentity and updateStorage)."""
    labels = pod["metadata"].setdefault("labels", {})
    labels[NAME_LABEL] = pod["metadata"]["name"]
    labels[INDEX_LABEL] = str(ordinal)
    templates = set_["spec"].get("volumeClaimTemplates") or []
    if not templates:
        return
    names = [template["metadata"]["name"] for template in templates]
    volumes = [
        {"name": name, "persistentVolumeClaim": {"claimName": claim_name(template, set_, ordinal)}}
        for name, template in zip(names, templates, strict=True)
    ]
    pod["spec"]["volumes"] = volumes + [v for v in pod["spec"].get("volumes") or () if v["name"] not in names]


def has_identity(pod: Obj, set_: Obj) -> bool:
    """Whether a member is labelled as such; its index is given to it then, but not asked for (identityMatches)."""
    named = (pod["metadata"].get("labels") or {}).get(NAME_LABEL) == pod["metadata"]["name"]
    return named and ordinal_of(pod, set_) >= 0


def has_storage(pod: Obj, set_: Obj, ordinal: int) -> bool:
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    return all(
        (volumes.get(template["metadata"]["name"], {}).get("persistentVolumeClaim") or {}).get("claimName")
        == claim_name(template, set_, ordinal)
        for template in set_["spec"].get("volumeClaimTemplates") or ()
    )


def claims_of(set_: Obj, ordinal: int) -> list[Obj]:
    """The claims a pod needs, from the templates."""
    labels = (set_["spec"].get("selector") or {}).get("matchLabels") or {}
    claims = []
    for template in set_["spec"].get("volumeClaimTemplates") or ():
        claim: Obj = deep_copy({key: template[key] for key in ("metadata", "spec") if key in template})
        claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"
        claim["metadata"]["name"] = claim_name(template, set_, ordinal)
        claim["metadata"]["namespace"] = set_["metadata"]["namespace"]
        claim["metadata"]["labels"] = {**(claim["metadata"].get("labels") or {}), **labels}
        claims.append(claim)
    return claims
