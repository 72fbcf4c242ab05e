"""The daemonset controller's sync: a pod on each fitting node, updates, revisions, status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.meta import deep_copy
from minikctl.client.component import split_key
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller, compact, earliest, key_of
from minikctl.controllers.daemonset import placement, update
from minikctl.controllers.daemonset.fleet import Fleet
from minikctl.controllers.ownership import ORPHANS, Claim, controller_ref, is_controlled_by, selector_of
from minikctl.controllers.revisions import History

if TYPE_CHECKING:
    from minikctl.apimachinery.errors import StatusError
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.selectors import Selector
    from minikctl.client.component import Env
    from minikctl.controllers.daemonset.fleet import Daemon

_RESOURCE = "daemonsets.apps"
_SELECTS_ALL = "This daemon set is selecting all pods. A non-empty selector is required."
_KEPT_SETS = 1000
_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 900.0


class DaemonSetController(Controller):
    """Keeps the fleets of sets it has synced; then only nodes whose pods changed are looked at."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.claim = Claim(self.client, _RESOURCE, "apps/v1", "DaemonSet")
        # key of a set -> (what its fleet was made for, fleet)
        self._known: dict[str, tuple[tuple[object, ...], Fleet]] = {}

    def sync(self, key: str) -> float | None:
        if key.startswith(ORPHANS):
            self.claim.adopt_orphan(*split_key(key[len(ORPHANS) :]))
            return None
        if self.env.touched.pop("nodes:", None) is not None:
            self._known.clear()
        if key == "nodes:":
            return earliest(*(self.sync(key_of(set_)) for set_ in self.client.items(_RESOURCE)))
        namespace, name = split_key(key)
        set_ = self.client.peek(_RESOURCE, name, namespace)
        if set_ is None or "deletionTimestamp" in set_["metadata"]:
            self._known.pop(key, None)
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
        fleet = self._fleet(key, set_, selector, hash_)
        due, failure = self._arrange(set_, fleet, hash_)
        live = {label for label, count in fleet.hashes.items() if count}
        current = revision["metadata"]["name"]
        history.truncate(revisions, live | {current}, current)
        self._write_status(set_, fleet, collisions)
        if failure is not None:
            raise failure
        return earliest(due, fleet.next_available())

    def _fleet(self, key: str, set_: Obj, selector: Selector, hash_: str) -> Fleet:
        """What is known of the set's pods, brought up to date."""
        meta, now = set_["metadata"], self.clock.now()
        touched = self.env.touched.pop(key, ())
        stamp = (meta["uid"], meta.get("generation"), hash_, "observedGeneration" in (set_.get("status") or {}))
        known = self._known.get(key)
        if known is None or known[0] != stamp:
            if len(self._known) >= _KEPT_SETS:
                self._known.clear()
            fleet = Fleet(set_, hash_, self.client.items("nodes"), self.claim.owned(set_, selector), now)
            self._known[key] = (stamp, fleet)
            return fleet
        fleet = known[1]
        for name in touched:
            pod = self.client.peek("pods", name, meta["namespace"])
            if pod is not None and is_controlled_by(pod, meta["uid"]):
                if selector.matches(pod["metadata"].get("labels") or {}):
                    fleet.put(pod)
                    continue
                self.claim.release(pod, meta["uid"])
            fleet.drop(name)
        fleet.pass_time(now)
        return fleet

    def _arrange(self, set_: Obj, fleet: Fleet, hash_: str) -> tuple[float | None, StatusError | None]:
        """Create and delete pods so that each fitting node has one, then go on with an update."""
        create: list[str] = []
        delete: list[Daemon] = []
        due: float | None = None
        for node in sorted(fleet.review):
            start, stay = fleet.fits.get(node, (False, False))
            here = fleet.at(node)
            gone: list[Daemon] = []
            retry: float | None = None
            if start and not here:
                create.append(node)
                continue
            if stay:
                gone, retry = self._surplus(set_, here, node)
                if start and update.allows_surge(set_) and not any(pod.is_running for pod in here):
                    create.append(node)
            elif node in fleet.fits:
                gone = [pod for pod in here if not pod.terminating]
            else:
                gone = [pod for pod in here if not pod.placed]
            delete += gone
            due = earliest(due, retry)
            if not gone and retry is None:
                fleet.review.discard(node)
        failure = self._apply(set_, fleet, create, delete, hash_)
        strategy = (set_["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
        if failure is None and not create and not delete and strategy == "RollingUpdate":
            extra, outdated = update.plan(set_, fleet)
            failure = self._apply(set_, fleet, extra, outdated, hash_)
        return due, failure

    def _apply(
        self, set_: Obj, fleet: Fleet, create: list[str], delete: list[Daemon], hash_: str
    ) -> StatusError | None:
        failure: StatusError | None = None
        namespace = set_["metadata"]["namespace"]
        if create:
            reference = controller_ref("apps/v1", "DaemonSet", set_)
            model = pods.from_template(placement.template_for(set_, hash_), set_, reference)
            nodes = list(create)

            def one(index: int) -> Obj:
                pod = deep_copy(model)
                placement.pin(pod, nodes[index])
                return pods.create(self, set_, pod)

            made, failure = pods.create_many(one, len(nodes))
            for pod in made:
                fleet.put(pod)
        for daemon in delete:
            meta = {"name": daemon.name, "namespace": namespace, "uid": daemon.uid}
            pods.delete(self, set_, {"metadata": meta})
            left = self.client.peek("pods", daemon.name, namespace)
            if left is None:
                fleet.drop(daemon.name)
            else:
                fleet.put(left)
        return failure

    def _surplus(self, set_: Obj, here: list[Daemon], node: str) -> tuple[list[Daemon], float | None]:
        """Pods of one node that must go: finished ones, and more than one (two while surging)."""
        gone, running = [], []
        due: float | None = None
        for pod in here:
            if pod.terminating:
                continue
            if pod.is_running:
                running.append(pod)
                continue
            what = f"{set_['metadata']['namespace']}/{pod.name} on node {node}"
            if pod.phase == "Succeeded":
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
        if not update.allows_surge(set_):
            return gone + running[1:], due
        return gone + self._surge_surplus(running), due

    def _surge_surplus(self, running: list[Daemon]) -> list[Daemon]:
        if len(running) <= 1:
            return []
        new = [pod for pod in running if pod.updated]
        old = [pod for pod in running if not pod.updated]
        gone = new[1:] + old[1:]
        if new and old and (old[0].available_at is None or new[0].is_available(self.clock.now())):
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

    def _write_status(self, set_: Obj, fleet: Fleet, collisions: int) -> None:
        count = fleet.counts()
        status = {
            "currentNumberScheduled": count["current"],
            "numberMisscheduled": count["misscheduled"],
            "desiredNumberScheduled": fleet.desired,
            "numberReady": count["ready"],
            "observedGeneration": set_["metadata"].get("generation", 0),
            "updatedNumberScheduled": count["updated"],
            "numberAvailable": count["available"],
            "numberUnavailable": fleet.desired - count["available"],
            "collisionCount": collisions,
            "conditions": (set_.get("status") or {}).get("conditions"),
        }
        keep = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
        self.put_status(_RESOURCE, set_, compact(status, keep))
