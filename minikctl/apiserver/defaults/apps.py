"""Defaults of the workload kinds around pod templates: apps/v1, ReplicationController, PodTemplate.

Counterparts: kubernetes `pkg/apis/apps/v1/defaults.go` and `pkg/apis/core/v1/defaults.go`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.defaults.pod import default_template, drop_empty
from minikctl.apiserver.defaults.volumes import default_claim_template

_OMITTED = frozenset(("minReadySeconds", "paused", "volumeClaimTemplates"))
_HISTORY = 10
_PROGRESS_SECONDS = 600


def _spec(obj: dict[str, Any]) -> dict[str, Any]:
    """The spec with its template defaulted and what Go omits dropped."""
    spec: dict[str, Any] = obj.setdefault("spec", {})
    drop_empty(spec, _OMITTED)
    template = spec.get("template")
    if template is None:
        template = spec["template"] = {}
    default_template(template)
    return spec


def _rolling(strategy: dict[str, Any], unavailable: Any, surge: Any) -> None:
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.get("rollingUpdate")
        if rolling is None:
            rolling = strategy["rollingUpdate"] = {}
        if rolling.get("maxUnavailable") is None:
            rolling["maxUnavailable"] = unavailable
        if rolling.get("maxSurge") is None:
            rolling["maxSurge"] = surge


def default_deployment(obj: dict[str, Any], version: str = "v1") -> None:
    spec = _spec(obj)
    spec.setdefault("replicas", 1)
    _rolling(spec.setdefault("strategy", {}), "25%", "25%")
    spec.setdefault("revisionHistoryLimit", _HISTORY)
    spec.setdefault("progressDeadlineSeconds", _PROGRESS_SECONDS)


def default_daemon_set(obj: dict[str, Any], version: str = "v1") -> None:
    spec = _spec(obj)
    _rolling(spec.setdefault("updateStrategy", {}), 1, 0)
    spec.setdefault("revisionHistoryLimit", _HISTORY)


def default_replica_set(obj: dict[str, Any], version: str = "v1") -> None:
    _spec(obj).setdefault("replicas", 1)


def default_stateful_set(obj: dict[str, Any], version: str = "v1") -> None:
    spec = _spec(obj)
    spec.setdefault("serviceName", "")
    if not spec.get("podManagementPolicy"):
        spec["podManagementPolicy"] = "OrderedReady"
    _stateful_strategy(spec)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    for key in ("whenDeleted", "whenScaled"):
        if not retention.get(key):
            retention[key] = "Retain"
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", _HISTORY)
    for claim in spec.get("volumeClaimTemplates") or ():
        claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"
        default_claim_template(claim)
        status = claim.setdefault("status", {})
        if not status.get("phase"):
            status["phase"] = "Pending"


def _stateful_strategy(spec: dict[str, Any]) -> None:
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        if strategy.get("rollingUpdate") is None:
            strategy["rollingUpdate"] = {}
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "RollingUpdate" and rolling is not None and rolling.get("partition") is None:
        rolling["partition"] = 0


def default_replication_controller(obj: dict[str, Any], version: str = "v1") -> None:
    spec = obj.setdefault("spec", {})
    drop_empty(spec, _OMITTED)
    spec.setdefault("replicas", 1)
    template = spec.get("template")
    if template is None:
        return
    default_template(template)
    labels = template["metadata"].get("labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        meta = obj.setdefault("metadata", {})
        if not meta.get("labels"):
            meta["labels"] = dict(labels)


def default_pod_template(obj: dict[str, Any], version: str = "v1") -> None:
    default_template(obj.setdefault("template", {}))


DEFAULTS = {
    "deployments.apps": default_deployment,
    "daemonsets.apps": default_daemon_set,
    "replicasets.apps": default_replica_set,
    "statefulsets.apps": default_stateful_set,
    "replicationcontrollers": default_replication_controller,
    "podtemplates": default_pod_template,
}
