"""The kinds of metrics.k8s.io, and whether they are served; what they answer is in `metricsapi`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from minikctl.apimachinery.resources import Resource

if TYPE_CHECKING:
    from minikctl.store.sqlite import SQLiteStore

GROUP = "metrics.k8s.io"
ROWS = (
    Resource(GROUP, "v1beta1", "NodeMetrics", "nodes", namespaced=False, verbs=("get", "list")),
    Resource(GROUP, "v1beta1", "PodMetrics", "pods", verbs=("get", "list")),
)


def served(store: SQLiteStore) -> bool:
    """Whether a cluster has a metrics server."""
    return bool(json.loads(store.meta("settings") or "{}").get("profile") != "bare")
