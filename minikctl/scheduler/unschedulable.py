"""What becomes of a pod that fits nowhere: PostFilter, its condition, its event.

Counterpart of kube-scheduler's `handleSchedulingFailure` and of `RunPostFilterPlugins`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import STRATEGIC_PATCH, Obj
from minikctl.client.component import Env, split_key
from minikctl.client.recorder import Recorder
from minikctl.scheduler.diagnosis import fit_error
from minikctl.scheduler.plugins.dynamicresources import NOTHING_TO_FREE
from minikctl.scheduler.preemption import Candidate, Preemption
from minikctl.scheduler.profile import DEFAULT_SCHEDULER

if TYPE_CHECKING:
    from minikctl.scheduler.equivalence import Results
    from minikctl.scheduler.podinfo import PodInfo
    from minikctl.scheduler.profile import Profile
    from minikctl.scheduler.queue import Queue
    from minikctl.scheduler.snapshot import Cluster

NO_NODES = "no nodes available to schedule pods"
STATE_MISSING = "not found"  # what DynamicResources finds of its state where PreFilter did not get to it


class Unschedulable:
    """Tells a pod, and whoever watches it, why it was not scheduled; makes room where it may."""

    def __init__(self, env: Env, queue: Queue) -> None:
        self._env = env
        self._client = env.client
        self._queue = queue
        self._recorders: dict[str, Recorder] = {DEFAULT_SCHEDULER: env.recorder}

    def recorder(self, scheduler: str) -> Recorder:
        """The event recorder of a profile, which speaks under the profile's name."""
        found = self._recorders.get(scheduler)
        if found is None:
            env = self._env
            found = self._recorders[scheduler] = Recorder(env.client, env.clock, env.rand, scheduler)
        return found

    def handle(self, cluster: Cluster, results: Results, pod: PodInfo, profile: Profile) -> None:
        """Report that no node is feasible for the pod, having tried to make room."""
        namespace, name = split_key(pod.key)
        live = self._client.find("pods", name, namespace)
        if live is None or live["metadata"].get("uid") != pod.uid or live["spec"].get("nodeName"):
            self._queue.remove(pod.key)
            return
        nominated = live.get("status", {}).get("nominatedNodeName", "")
        candidate, post_filter = self._post_filter(cluster, results, pod, nominated, profile)
        reasons = {} if results.refusal is not None else results.reasons()
        message = fit_error(len(cluster.nodes), reasons, results.refusal, post_filter) if cluster.nodes else NO_NODES
        if candidate is not None:
            self._preempt(cluster, pod, candidate)
            nominated = candidate.node.name
        elif nominated and not post_filter.endswith(("nominated node.", "preemptionPolicy=Never.")):
            nominated = ""
        cluster.nominate(pod, nominated)
        if self._report(live, message, nominated) or candidate is not None:
            recorder = self.recorder(pod.shape.scheduler)
            recorder.event_v1(live, None, "Warning", "FailedScheduling", "Scheduling", message)

    def report_error(self, pod: PodInfo, message: str) -> None:
        """Report that scheduling itself failed."""
        namespace, name = split_key(pod.key)
        live = self._client.find("pods", name, namespace)
        if live is not None and self._report(live, message, "", "SchedulerError"):
            recorder = self.recorder(pod.shape.scheduler)
            recorder.event_v1(live, None, "Warning", "FailedScheduling", "Scheduling", message)

    def _post_filter(
        self, cluster: Cluster, results: Results, pod: PodInfo, nominated: str, profile: Profile
    ) -> tuple[Candidate | None, str]:
        """Try to make room; the candidate, or what the PostFilter plugins say."""
        said = []
        for name in profile.post_filters:
            if name == "DynamicResources":
                if results.refusal is not None and results.refused_by != name:
                    return None, STATE_MISSING
                devices = profile.dynamic_resources
                said.append(devices.deallocate(results.state_of(name), pod) if devices is not None else NOTHING_TO_FREE)
                continue
            preemption = Preemption(self._client, cluster, results, pod, profile.preemption)
            text = preemption.ineligible(nominated)
            if not text:
                candidate, why = preemption.run()
                if candidate is not None:
                    return candidate, ""
                text = fit_error(len(cluster.nodes), why, None, "")
            said.append(f"preemption: {text}")
        return None, ", ".join(said)

    def _preempt(self, cluster: Cluster, pod: PodInfo, candidate: Candidate) -> None:
        now = rfc3339(self._env.clock.now())
        for victim in candidate.victims:
            namespace, name = split_key(victim.key)
            condition = {
                "type": "DisruptionTarget",
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": now,
                "observedGeneration": victim.generation,
                "reason": "PreemptionByScheduler",
                "message": f"{pod.shape.scheduler}: preempting to accommodate a higher priority pod",
            }
            try:
                live = self._client.patch(
                    "pods", name, {"status": {"conditions": [condition]}}, STRATEGIC_PATCH, namespace, "status"
                )
                self._client.delete("pods", name, namespace, preconditions={"uid": live["metadata"]["uid"]})
            except StatusError as error:
                if error.reason == "NotFound":
                    continue
                raise
            message = f"Preempted by pod {pod.uid} on node {candidate.node.name}"
            self.recorder(pod.shape.scheduler).event_v1(
                live, pod.reference(), "Normal", "Preempted", "Preempting", message
            )
        self._clear_lower_nominations(cluster, pod, candidate.node.name)

    def _clear_lower_nominations(self, cluster: Cluster, pod: PodInfo, node: str) -> None:
        for other in list(cluster.nominated.get(node, {}).values()):
            if other.shape.priority < pod.shape.priority:
                cluster.nominate(other, "")
                namespace, name = split_key(other.key)
                patch = {"status": {"nominatedNodeName": None}}
                self._client.patch("pods", name, patch, STRATEGIC_PATCH, namespace, "status")

    def _report(self, live: Obj, message: str, nominated: str, reason: str = "Unschedulable") -> bool:
        """Write the PodScheduled condition and nominatedNodeName, where they differ; whether there is news."""
        meta, status = live["metadata"], live.get("status", {})
        known: Obj = next((c for c in status.get("conditions") or () if c["type"] == "PodScheduled"), {})
        same_status = known.get("status") == "False"
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": known["lastTransitionTime"] if same_status else rfc3339(self._env.clock.now()),
            "observedGeneration": meta.get("generation", 0),
            "reason": reason,
            "message": message,
        }
        patch: Obj = {}
        if condition != known:
            patch["conditions"] = [condition]
        if nominated != status.get("nominatedNodeName", ""):
            patch["nominatedNodeName"] = nominated or None
        if patch:
            self._client.patch("pods", meta["name"], {"status": patch}, STRATEGIC_PATCH, meta["namespace"], "status")
        return known.get("message") != message
