"""Why a pod goes to which node: every node's refusal or scores, as the scheduler would find them now.

`explain` runs one scheduling cycle without doing anything about it. A pod that has a node already
is looked at as if it were not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.scheduler.diagnosis import fit_error
from minikctl.scheduler.equivalence import Results
from minikctl.scheduler.framework import PluginError
from minikctl.scheduler.plugins import profiles_of
from minikctl.scheduler.plugins.schedulinggates import gated
from minikctl.scheduler.podinfo import PodInfo, Shapes
from minikctl.scheduler.preemption import Preemption, fits_beside, rivals_on
from minikctl.scheduler.profile import DEFAULT_SCHEDULER, Profile
from minikctl.scheduler.storage import SnapshotStorage
from minikctl.scheduler.unschedulable import NO_NODES

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env
    from minikctl.scheduler.snapshot import Cluster, NodeInfo

API_VERSION = "minikctl.dev/v1"
KIND = "SchedulingExplanation"


def explain(env: Env, pod: Obj) -> Obj:
    """A SchedulingExplanation of a pod, stored or not.

    status: `scheduler`, `node` it is on, `choice` it would get, `message` where there is none,
    `preemption` that would help, `nodes` with refusals (plugin, reasons) or scores (raw, normalized, weight).
    """
    meta = pod["metadata"]
    scheduler = pod["spec"].get("schedulerName") or DEFAULT_SCHEDULER
    status: Obj = {"scheduler": scheduler}
    found: Obj = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": meta.get("name", ""), "namespace": meta.get("namespace", "")},
        "status": status,
    }
    if node := pod["spec"].get("nodeName"):
        status["node"] = node
    profile = profiles_of(env.client, env.settings.get("scheduler")).get(scheduler)
    if profile is None:
        status["message"] = f'no scheduler has a profile named "{scheduler}"'
        return found
    if profile.gates and gated(pod):
        status["gates"] = [gate["name"] for gate in pod["spec"]["schedulingGates"]]
    status.update(_Cycle(env, profile, pod).status())
    return found


class _Cycle:
    """One scheduling cycle of one pod, on a snapshot of its own."""

    _results: Results

    def __init__(self, env: Env, profile: Profile, pod: Obj) -> None:
        self._env = env
        self._profile = profile
        shapes = Shapes()
        self._cluster = self._load(shapes, pod)
        self._pod = shapes.info(_unplaced(pod))

    def _load(self, shapes: Shapes, pod: Obj) -> Cluster:
        cluster = SnapshotStorage(self._env.client, self._env.state, shapes).load(())
        meta = pod["metadata"]
        if node := pod["spec"].get("nodeName"):
            cluster.displace(node, f"{meta['namespace']}/{meta['name']}")
        for waiting in self._env.client.items("pods", node=""):
            if nominated := waiting.get("status", {}).get("nominatedNodeName"):
                cluster.nominate(shapes.info(waiting), nominated)
        return cluster

    def status(self) -> Obj:
        """The outcome: a choice, or a message and perhaps a preemption; and all nodes."""
        cluster = self._cluster
        if not cluster.nodes:
            return {"message": NO_NODES, "nodes": []}
        try:
            results = self._results = Results(self._pod.shape, cluster, self._profile)
        except PluginError as error:
            return {"message": str(error), "nodes": []}
        if results.refusal is not None:
            message = fit_error(len(cluster.nodes), {}, results.refusal, "")
            return {"message": message, "refusedBy": results.refused_by, "nodes": []}
        choice = self._choice()
        if choice is not None:
            return {"choice": choice.name, "nodes": self._nodes(choice)}
        outcome: Obj = {"message": fit_error(len(cluster.nodes), self._reasons(), None, "")}
        if "DefaultPreemption" in self._profile.post_filters:
            outcome["preemption"] = self._preemption()
        return {**outcome, "nodes": self._nodes(None)}

    def _choice(self) -> NodeInfo | None:
        """The node the pod would get: the one it is nominated for, else the best of all."""
        named = self._cluster.nodes.get(self._cluster.nomination(self._pod.key))
        if named is not None and self._results.failure_of(named.name) is None and not self._crowded(named):
            return named
        return self._results.choose(skip=self._crowded if self._cluster.nominated else None).node

    def _crowded(self, node: NodeInfo) -> bool:
        rivals = rivals_on(self._cluster, self._pod, node)
        return bool(rivals) and not fits_beside(self._results, node, rivals)

    def _reasons(self) -> Any:
        return self._results.reasons()

    def _preemption(self) -> Obj:
        preemption = Preemption(self._env.client, self._cluster, self._results, self._pod, self._profile.preemption)
        why = preemption.ineligible(self._cluster.nomination(self._pod.key))
        if why:
            return {"message": why}
        candidate, reasons = preemption.run()
        if candidate is None:
            return {"message": fit_error(len(self._cluster.nodes), reasons, None, "")}
        return {"node": candidate.node.name, "victims": [_reference(victim) for victim in candidate.victims]}

    def _nodes(self, choice: NodeInfo | None) -> list[Obj]:
        refusals = {node.name: (plugin, failure) for node, plugin, failure in self._results.refusals()}
        scores = self._results.scores()
        found: list[Obj] = []
        for name, node in self._cluster.nodes.items():
            if name in refusals:
                plugin, failure = refusals[name]
                found.append(
                    {
                        "name": name,
                        "verdict": "Filtered",
                        "plugin": plugin,
                        "reasons": list(failure.reasons),
                        "preemptionMayHelp": not failure.unresolvable,
                    }
                )
                continue
            verdict = "Chosen" if node is choice else "Nominated" if self._crowded(node) else "Feasible"
            listed = [
                {
                    "plugin": score.plugin,
                    "raw": score.raw,
                    "normalized": score.normalized,
                    "weight": score.weight,
                    "score": score.normalized * score.weight,
                }
                for score in scores[name]
            ]
            total = sum(score.normalized * score.weight for score in scores[name])
            found.append({"name": name, "verdict": verdict, "score": total, "scores": listed})
        return found


def _unplaced(pod: Obj) -> Obj:
    """The pod as it was before it had a node."""
    twin: Obj = deep_copy(pod)
    twin["spec"].pop("nodeName", None)
    return twin


def _reference(pod: PodInfo) -> Obj:
    return {"namespace": pod.shape.namespace, "name": pod.name, "priority": pod.shape.priority}
