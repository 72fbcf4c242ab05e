"""What controllers share: their environment, status writes, conditions, int-or-percent.

The counterpart of upstream's `pkg/controller/controller_utils.go`, cut to what is not about pods
or owners (see `pods` and `ownership`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.clock import parse_time, rfc3339
from minikctl.apimachinery.request import STRATEGIC_PATCH

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env


class Controller:
    """A base for controllers. Subclasses implement `sync(key)`; the manager's table has their watches."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.client = env.client
        self.clock = env.clock
        self.rand = env.rand
        self.recorder = env.recorder

    def sync(self, key: str) -> float | None:
        """Bring one key to its desired state; the time to sync it again, or None."""
        raise NotImplementedError

    def put_status(self, resource: str, obj: Obj, status: Obj) -> bool:
        """Write `status` where it differs from what `obj` has; the object then holds the new one."""
        if (obj.get("status") or {}) == status:
            return False
        obj["status"] = status
        stored = self.client.update(resource, obj, subresource="status")
        obj["metadata"] = stored["metadata"]
        return True

    def patch_pod_status(self, pod: Obj, fields: Obj) -> None:
        """Change some of a pod's status, for those who may patch it but not update it."""
        meta = pod["metadata"]
        patch = {"metadata": {"uid": meta["uid"]}, "status": fields}
        self.client.patch("pods", meta["name"], patch, STRATEGIC_PATCH, meta["namespace"], subresource="status")

    def stamp(self) -> str:
        """The cluster time as metav1.Time."""
        return rfc3339(self.clock.now())


def compact(fields: Obj, keep: Iterable[str] = ()) -> Obj:
    """Fields as Go's omitempty leaves them: zero numbers, empty lists and None gone unless kept."""
    return {name: value for name, value in fields.items() if value or name in keep}


def earliest(*times: float | None) -> float | None:
    """The first of several due times."""
    return min((time for time in times if time is not None), default=None)


def seconds_of(text: str | None) -> float:
    """Epoch seconds of a metav1.Time; 0 where there is none."""
    return parse_time(text) if text else 0.0


def scaled(value: Any, total: int, round_up: bool) -> int:
    """GetScaledValueFromIntOrPercent."""
    if isinstance(value, str):
        part = int(value.rstrip("%")) * total
        return -(-part // 100) if round_up else part // 100
    return int(value or 0)


def key_of(obj: Obj) -> str:
    meta = obj["metadata"]
    namespace = meta.get("namespace")
    return f"{namespace}/{meta['name']}" if namespace else str(meta["name"])
