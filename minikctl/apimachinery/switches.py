"""What a cluster serves and runs beyond v1.36's defaults: kube-apiserver's --runtime-config and --feature-gates.

Both are settings of a cluster, given when it is made. Here is what can be switched on, and how the flags are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STORAGE_VERSIONS = "internal.apiserver.k8s.io/v1alpha1"
MIGRATIONS = "storagemigration.k8s.io/v1beta1"

# The API versions that are off by default and can be switched on.
API_VERSIONS = (
    "certificates.k8s.io/v1beta1",
    "coordination.k8s.io/v1beta1",
    STORAGE_VERSIONS,
    MIGRATIONS,
)
# The gates that can be switched, with their defaults.
GATES = {"MaxUnavailableStatefulSet": False, "StorageVersionAPI": False, "StorageVersionMigrator": False}

_STAGES = {"api/all": "", "api/beta": "beta", "api/alpha": "alpha"}


def api_versions(text: str) -> list[str]:
    """The API versions that a --runtime-config switches on. ValueError where it cannot be read or followed."""
    chosen: dict[str, bool] = {}
    pairs = _pairs(text)
    for name, on in pairs.items():
        if name in _STAGES:
            chosen.update({version: on for version in API_VERSIONS if _STAGES[name] in version.rpartition("/")[2]})
    for name, on in pairs.items():
        if name in _STAGES:
            continue
        if name not in API_VERSIONS:
            raise ValueError(f"{name} cannot be switched: only {', '.join((*_STAGES, *API_VERSIONS))} can")
        chosen[name] = on
    return [version for version in API_VERSIONS if chosen.get(version)]


def feature_gates(text: str) -> dict[str, bool]:
    """The gates that a --feature-gates sets. ValueError where it cannot be read or followed."""
    gates = _pairs(text)
    for name in gates:
        if name not in GATES:
            raise ValueError(f"unrecognized feature gate: {name} (those that can be switched: {', '.join(GATES)})")
    return gates


def served(settings: Mapping[str, Any]) -> frozenset[str]:
    """The API versions that a cluster with these settings serves besides the usual ones."""
    return frozenset(settings.get("runtime-config") or ())


def enabled(settings: Mapping[str, Any], gate: str) -> bool:
    """Whether a gate is open in a cluster with these settings."""
    return bool((settings.get("feature-gates") or {}).get(gate, GATES[gate]))


def _pairs(text: str) -> dict[str, bool]:
    """The pairs of "a=true,b=false"; "a" alone is "a=true"."""
    found = {}
    for part in text.split(","):
        name, given, word = part.strip().partition("=")
        if name:
            found[name.strip()] = _truth(word.strip()) if given else True
    return found


def _truth(word: str) -> bool:
    """strconv.ParseBool."""
    if word in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if word in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(f"invalid value {word!r}: it must be true or false")
