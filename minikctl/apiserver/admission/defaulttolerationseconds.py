"""DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or unreachable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_SECONDS = 300


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Add the tolerations a pod does not have yet."""
    assert obj is not None
    spec = obj["spec"]
    tolerations = spec.get("tolerations") or []
    missing = [key for key in _TAINTS if not any(_tolerates(toleration, key) for toleration in tolerations)]
    if missing:
        added = [
            {"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": _SECONDS} for key in missing
        ]
        spec["tolerations"] = [*tolerations, *added]


def _tolerates(toleration: Obj, key: str) -> bool:
    return toleration.get("key") in (key, None, "") and toleration.get("effect") in ("NoExecute", None, "")
