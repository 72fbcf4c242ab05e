"""The daemonset controller's sync: a pod on each fitting node, updates, revisions, status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.meta import deep_copy
from minikctl.client.component import split_key
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller, compact, earliest, key_of, seconds_of
from minikctl.controllers.daemonset import placement, update
from minikctl.controllers.ownership import ORPHANS, Claim, controller_ref, selector_of
from minikctl.controllers.revisions import History

if TYPE_CHECKING:
    from minikctl.apimachinery.errors import StatusError
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.selectors import Selector
    from minikctl.client.component import Env

_RESOURCE = "daemonsets.apps"
_SELECTS_ALL = "This daemon set is selecting all pods. A non-empty selector is required."
_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 900.0


class DaemonSetController(Controller):
    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.claim = Claim(self.client, _RESOURCE, "apps/v1", "DaemonSet")

    def sync(self, key: str) -> float | None:
        if key.startswith(ORPHANS):
            self.claim.adopt_orphans(key[len(ORPHANS) :])
            return None
        if key == "nodes:":
            return earliest(*(self.sync(key_of(set_)) for set_ in self.client.items(_RESOURCE)))
        namespace, name = split_key(key)
        set_ = self.client.peek(_RESOURCE, name, namespace)
        if set_ is None or "deletionTimestamp" in set_["metadata"]:
            return None
        selector = selector_of(set_)
        if not selector.requirements:
            self.recorder.event(set_, "Warning", "SelectingAll", _SELECTS_ALL)
            return None
        old = set_.get("status") or {}
        history = History(self.client, set_, "apps/v1", "DaemonSet", placement.HASH_LABEL)
        revisions = history.load(selector, adopt="observedGeneration" not in old)
        revision, collisions = history.current(revisions, old.get("collisionCount", 0))
        hash_ = revision["metadata"]["labels"][placement.HASH_LABEL]
        members = self.claim.owned(set_, selector)
        due, failure = self._arrange(set_, members, hash_)
        self._forget_history(history, selector, revision, members)
        due = earliest(due, self._write_status(set_, hash_, collisions))
        if failure is not None:
            raise failure
        return due

    def _arrange(self, set_: Obj, members: list[Obj], hash_: str) -> tuple[float | None, StatusError | None]:
        """Create and delete pods so that each fitting node has one, then go on with an update."""
        nodes = self.client.items("nodes")
        by_node = _group(members)
        spec = set_["spec"]["template"]["spec"]
        tolerated = placement.tolerations(spec)
        create: list[str] = []
        delete: list[Obj] = []
        desired = 0
        due: float | None = None
        for node in nodes:
            name = node["metadata"]["name"]
            start, stay = placement.belongs(spec, tolerated, node)
            desired += start
            here = by_node.get(name)
            if start and not here:
                create.append(name)
            elif stay and here:
                surplus, retry = self._surplus(set_, here, name, hash_)
                delete += surplus
                due = earliest(due, retry)
            elif here:
                delete += [pod for pod in here if "deletionTimestamp" not in pod["metadata"]]
            if start and not here:
                by_node.setdefault(name, [])
        names = {node["metadata"]["name"] for node in nodes}
        for name in by_node:
            if name not in names:
                delete += [pod for pod in by_node[name] if not pod["spec"].get("nodeName")]
        failure = self._apply(set_, create, delete, hash_)
        strategy = (set_["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
        if failure is None and not create and not delete and strategy == "RollingUpdate":
            extra, outdated = update.plan(set_, by_node, desired, hash_, self.clock.now())
            failure = self._apply(set_, extra, outdated, hash_)
        return due, failure

    def _apply(self, set_: Obj, create: list[str], delete: list[Obj], hash_: str) -> StatusError | None:
        failure: StatusError | None = None
        if create:
            reference = controller_ref("apps/v1", "DaemonSet", set_)
            model = pods.from_template(placement.template_for(set_, hash_), set_, reference)

            def one(index: int) -> Obj:
                pod = deep_copy(model)
                placement.pin(pod, create[index])
                return pods.create(self, set_, pod)

            _, failure = pods.create_many(one, len(create))
        for pod in delete:
            pods.delete(self, set_, pod)
        return failure

    def _surplus(self, set_: Obj, here: list[Obj], node: str, hash_: str) -> tuple[list[Obj], float | None]:
        """Pods of one node that must go: finished ones, and more than one (two while surging)."""
        gone, running = [], []
        due: float | None = None
        for pod in here:
            meta = pod["metadata"]
            if "deletionTimestamp" in meta:
                continue
            if not pods.is_finished(pod):
                running.append(pod)
                continue
            what = f"{meta['namespace']}/{meta['name']} on node {node}"
            if pods.phase(pod) == "Succeeded":
                message = f"Found succeeded daemon pod {what}, will try to delete it"
                self.recorder.event(set_, "Normal", "SucceededDaemonPod", message)
                gone.append(pod)
            elif (at := self._retry_at(set_, node)) > self.clock.now():
                due = earliest(due, at)
            else:
                message = f"Found failed daemon pod {what}, will try to kill it"
                self.recorder.event(set_, "Warning", "FailedDaemonPod", message)
                gone.append(pod)
                self._back_off(set_, node)
        running.sort(key=_seniority)
        if not update.allows_surge(set_):
            return gone + running[1:], due
        return gone + self._surge_surplus(set_, running, hash_), due

    def _surge_surplus(self, set_: Obj, running: list[Obj], hash_: str) -> list[Obj]:
        if len(running) <= 1:
            return []
        new = [pod for pod in running if placement.is_updated(pod, set_, hash_)]
        old = [pod for pod in running if pod not in new]
        gone = new[1:] + old[1:]
        if new and old:
            min_ready = set_["spec"].get("minReadySeconds", 0)
            if not pods.is_ready(old[0]) or pods.is_available(new[0], min_ready, self.clock.now()):
                gone.append(old[0])
        return gone

    def _retry_at(self, set_: Obj, node: str) -> float:
        entry = self.env.state.get(f"{set_['metadata']['uid']}/{node}")
        return float(entry[0]) if entry else 0.0

    def _back_off(self, set_: Obj, node: str) -> None:
        """Wait longer with each failure on a node; twice the longest wait without one forgets it."""
        key, now = f"{set_['metadata']['uid']}/{node}", self.clock.now()
        entry = self.env.state.get(key)
        fresh = entry is None or now - entry[0] > 2 * _LONGEST_BACKOFF
        delay = _FIRST_BACKOFF if fresh else min(_LONGEST_BACKOFF, entry[1] * 2)
        self.env.state.put(key, [now + delay, delay])

    def _forget_history(self, history: History, selector: Selector, revision: Obj, members: list[Obj]) -> None:
        live = {str((pod["metadata"].get("labels") or {}).get(placement.HASH_LABEL)) for pod in members}
        history.truncate(selector, live | {revision["metadata"]["name"]})

    def _write_status(self, set_: Obj, hash_: str, collisions: int) -> float | None:
        meta, spec, now = set_["metadata"], set_["spec"], self.clock.now()
        mine = self.client.items("pods", meta["namespace"], owner=meta["uid"])
        by_node = _group(mine)
        tolerated = placement.tolerations(spec["template"]["spec"])
        count = dict.fromkeys(("desired", "current", "misscheduled", "ready", "available", "updated"), 0)
        due: float | None = None
        for node in self.client.items("nodes"):
            here = by_node.get(node["metadata"]["name"])
            if not placement.belongs(spec["template"]["spec"], tolerated, node)[0]:
                count["misscheduled"] += bool(here)
                continue
            count["desired"] += 1
            if not here:
                continue
            count["current"] += 1
            pod = min(here, key=_seniority)
            at = pods.available_at(pod, spec.get("minReadySeconds", 0))
            count["ready"] += at is not None
            count["available"] += at is not None and at <= now
            count["updated"] += placement.is_updated(pod, set_, hash_)
            if at is not None and at > now:
                due = earliest(due, at)
        status = {
            "currentNumberScheduled": count["current"],
            "numberMisscheduled": count["misscheduled"],
            "desiredNumberScheduled": count["desired"],
            "numberReady": count["ready"],
            "observedGeneration": meta.get("generation", 0),
            "updatedNumberScheduled": count["updated"],
            "numberAvailable": count["available"],
            "numberUnavailable": count["desired"] - count["available"],
            "collisionCount": collisions,
            "conditions": (set_.get("status") or {}).get("conditions"),
        }
        keep = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
        self.put_status(_RESOURCE, set_, compact(status, keep))
        return due


def _group(members: list[Obj]) -> update.ByNode:
    """Pods by the node they are on or meant for; those finished and going do not count."""
    by_node: update.ByNode = {}
    for pod in members:
        if pods.is_finished(pod) and "deletionTimestamp" in pod["metadata"]:
            continue
        by_node.setdefault(placement.node_of(pod), []).append(pod)
    return by_node


def _seniority(pod: Obj) -> tuple[bool, float, str]:
    """Placed ones first, then the oldest."""
    meta = pod["metadata"]
    return not pod["spec"].get("nodeName"), seconds_of(meta.get("creationTimestamp")), meta["name"]
