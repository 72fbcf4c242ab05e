"""Defaults of pod-level resources (`spec.resources`), taken from the containers' sums.

Only pods that set some of them get the rest; imported only then. Counterparts: defaultHugePagePodLimits
and defaultPodRequests in kubernetes `pkg/apis/core/v1/defaults.go`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.podresources import aggregate_quantities, is_pod_level_resource


def default_pod_level(spec: dict[str, Any]) -> None:
    """Huge page limits from the containers' limits, then requests from their requests or the pod's limits."""
    resources = spec["resources"]
    limits = resources.get("limits") or {}
    requests = resources.get("requests") or {}
    if limits or requests:
        for name, value in aggregate_quantities(spec, "limits").items():
            if name.startswith("hugepages-") and name not in requests and name not in limits:
                limits[name] = str(value)
    if limits:
        resources["limits"] = limits
        for name, value in aggregate_quantities(spec, "requests").items():
            if name in ("cpu", "memory") and name not in requests:
                requests[name] = str(value)
        for name, text in limits.items():
            if is_pod_level_resource(name) and name not in requests:
                requests[name] = text
        if requests:
            resources["requests"] = requests
