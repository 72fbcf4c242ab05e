"""How long kubelets may keep ConfigMaps and Secrets: noted on each node, by the cluster's size (`controller/ttl`)."""

from __future__ import annotations

from minikctl.apimachinery.request import MERGE_PATCH, Obj
from minikctl.controllers.controller import Controller

ANNOTATION = "node.alpha.kubernetes.io/ttl"

_STEP = "step"
# (fewest nodes, most nodes, seconds); the ranges overlap so that a size in between keeps what it has.
_STEPS = ((0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, 2**31, 300))


def step_for(count: int, known: int = 0) -> int:
    """The step for so many nodes, coming from another one."""
    while count > _STEPS[known][1]:
        known += 1
    while count < _STEPS[known][0]:
        known -= 1
    return known


def seconds(count: int) -> str:
    """What the nodes of a cluster that starts with so many are annotated with."""
    return str(_STEPS[step_for(count)][2])


class TTLController(Controller):
    """Keys: "count:" (nodes come or go: where that changes the step, all are annotated anew), or a node's name."""

    def sync(self, key: str) -> float | None:
        known = self.env.state.get(_STEP)
        if key != "count:":
            node = self.client.peek("nodes", key, shared=True)
            if node is not None and known is not None:
                self._annotate(node, known)
            return None
        page = self.client.list("nodes", limit=1)
        step = step_for(len(page["items"]) + page["metadata"].get("remainingItemCount", 0), known or 0)
        if step != known:
            self.env.state.put(_STEP, step)
            for node in self.client.items("nodes", shared=True):
                self._annotate(node, step)
        return None

    def _annotate(self, node: Obj, step: int) -> None:
        wanted, meta = str(_STEPS[step][2]), node["metadata"]
        if (meta.get("annotations") or {}).get(ANNOTATION) != wanted:
            self.client.patch("nodes", meta["name"], {"metadata": {"annotations": {ANNOTATION: wanted}}}, MERGE_PATCH)
