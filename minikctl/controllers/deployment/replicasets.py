"""Reading a Deployment and its ReplicaSets: counts, annotations, which one is new (upstream's `deployment/util`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.gonumbers import parse_int
from minikctl.controllers.controller import scaled, seconds_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
HASH_LABEL = "pod-template-hash"

_NOT_COPIED = (
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED,
    MAXIMUM,
    "deprecated.deployment.rollback.to",
)
_HISTORY_LENGTH = 2000


def annotations_of(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def replicas(obj: Obj) -> int:
    """spec.replicas of a Deployment or ReplicaSet."""
    return int(obj["spec"].get("replicas", 1))


def total(sets: list[Obj]) -> int:
    return sum(replicas(rs) for rs in sets)


def status_sum(sets: list[Obj], field: str) -> int:
    return sum((rs.get("status") or {}).get(field, 0) for rs in sets)


def active(sets: list[Obj]) -> list[Obj]:
    return [rs for rs in sets if replicas(rs) > 0]


def by_creation(sets: list[Obj]) -> list[Obj]:
    return sorted(sets, key=_age)


def _age(obj: Obj) -> tuple[float, str]:
    return seconds_of(obj["metadata"].get("creationTimestamp")), obj["metadata"]["name"]


def by_size(sets: list[Obj], newer_first: bool) -> list[Obj]:
    """Largest first; of the same size the newer or the older first."""
    return sorted(sorted(sets, key=_age, reverse=newer_first), key=lambda rs: -replicas(rs))


def is_rolling(deployment: Obj) -> bool:
    strategy = deployment["spec"].get("strategy") or {}
    return bool(strategy.get("type", "RollingUpdate") == "RollingUpdate")


def fenceposts(deployment: Obj) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) as numbers; both zero makes unavailable one."""
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    wanted = replicas(deployment)
    surge = scaled(rolling.get("maxSurge", 0), wanted, True)
    unavailable = scaled(rolling.get("maxUnavailable", 0), wanted, False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def max_surge(deployment: Obj) -> int:
    return fenceposts(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Obj) -> int:
    wanted = replicas(deployment)
    if not is_rolling(deployment) or wanted == 0:
        return 0
    return min(fenceposts(deployment)[1], wanted)


def revision_of(obj: Obj) -> int:
    return parse_int(annotations_of(obj).get(REVISION, "")) or 0


def same_template(a: Obj, b: Obj) -> bool:
    """Equal but for the hash label (EqualIgnoreHash)."""
    return bool(_comparable(a) == _comparable(b))


def _comparable(template: Obj) -> Any:
    meta = template.get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != HASH_LABEL}
    return labels, meta.get("annotations") or {}, meta.get("finalizers") or [], template["spec"]


def find_new(deployment: Obj, sets: list[Obj]) -> Obj | None:
    """The ReplicaSet of the current template; the oldest, should there be several."""
    template = deployment["spec"]["template"]
    for rs in by_creation(sets):
        if same_template(rs["spec"]["template"], template):
            return rs
    return None


def copied_annotations(deployment: Obj) -> dict[str, str]:
    return {key: value for key, value in annotations_of(deployment).items() if key not in _NOT_COPIED}


def set_size_annotations(rs: Obj, deployment: Obj) -> bool:
    """Note the Deployment's size on a ReplicaSet; True where that changed something."""
    wanted = replicas(deployment)
    return _annotate(rs, {DESIRED: str(wanted), MAXIMUM: str(wanted + max_surge(deployment))})


def _annotate(rs: Obj, wanted: dict[str, str]) -> bool:
    known = annotations_of(rs)
    if all(known.get(key) == value for key, value in wanted.items()):
        return False
    rs["metadata"]["annotations"] = {**known, **wanted}
    return True


def set_new_annotations(deployment: Obj, rs: Obj, revision: int, exists: bool) -> bool:
    """Annotations of the ReplicaSet that becomes the new one (SetNewReplicaSetAnnotations)."""
    wanted = copied_annotations(deployment)
    old = annotations_of(rs).get(REVISION, "")
    if revision > revision_of(rs):
        wanted[REVISION] = str(revision)
        if old:
            history = [entry for entry in annotations_of(rs).get(REVISION_HISTORY, "").split(",") if entry]
            history.append(old)
            while len(",".join(history)) > _HISTORY_LENGTH:
                history.pop(0)
            wanted[REVISION_HISTORY] = ",".join(history)
    changed = _annotate(rs, wanted)
    if not exists:
        changed = set_size_annotations(rs, deployment) or changed
    return changed


def new_size(deployment: Obj, sets: list[Obj], new: Obj) -> int:
    """How many replicas the new ReplicaSet may have now (NewRSNewReplicas)."""
    wanted, has = replicas(deployment), replicas(new)
    if not is_rolling(deployment):
        return wanted
    room = wanted + max_surge(deployment) - total(sets)
    return has if room <= 0 else has + min(room, wanted - has)


def is_saturated(deployment: Obj, rs: Obj | None) -> bool:
    if rs is None:
        return False
    wanted = replicas(deployment)
    available = (rs.get("status") or {}).get("availableReplicas", 0)
    return annotations_of(rs).get(DESIRED) == str(wanted) and replicas(rs) == wanted and available == wanted
