"""Event recorder: writes Events about objects, as client-go's `tools/record` and `tools/events`.

Every component has one. Repeated events raise a count, many similar ones are combined, and a
source that floods an object is silenced. The memory of this is the stored Events of the object;
what is kept here is a cache of them, and objects born after the recorder need no look-up at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.clock import parse_time, rfc3339, rfc3339_micro
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import STRATEGIC_PATCH, Obj

if TYPE_CHECKING:
    from minikctl.apimachinery.clock import Clock
    from minikctl.apimachinery.rand import Rand
    from minikctl.client.client import Client

COMBINED = "(combined from similar events): "

_CACHED_OBJECTS = 4096
_SIMILAR_EVENTS = 10
_SIMILAR_WINDOW = 600.0
_SPAM_BURST = 25.0
_SPAM_REFILL = 1.0 / 300.0
_SERIES_WINDOW = 360.0


class _History:
    """What one recorder has said about one object."""

    __slots__ = ("last_ns", "refilled", "seen", "series", "similar", "tokens")

    def __init__(self, now: float) -> None:
        # (field path, type, reason, message), or (type, reason) for combined ones -> [name, count, first time]
        self.seen: dict[tuple[str, ...], list[Any]] = {}
        # (type, reason) -> [messages, last time]
        self.similar: dict[tuple[str, str], list[Any]] = {}
        # key of an events.k8s.io event -> [name, count, last observed]
        self.series: dict[tuple[str, ...], list[Any]] = {}
        self.tokens = _SPAM_BURST
        self.refilled = now
        self.last_ns = 0

    def combine(self, type_: str, reason: str, message: str, now: float) -> bool:
        """Note a message; True where too many similar ones came lately (EventAggregator)."""
        record = self.similar.get((type_, reason))
        if record is None or now - record[1] > _SIMILAR_WINDOW:
            self.similar[type_, reason] = [{message: None}, now]
            return False
        messages = record[0]
        messages[message] = None
        record[1] = now
        if len(messages) < _SIMILAR_EVENTS:
            return False
        del messages[next(iter(messages))]
        return True

    def allow(self, now: float, times: int = 1) -> bool:
        """Take so many tokens of the spam filter's bucket, as far as it goes; False where it is empty."""
        if now > self.refilled:
            self.tokens = min(_SPAM_BURST, self.tokens + (now - self.refilled) * _SPAM_REFILL)
            self.refilled = now
        if self.tokens < 1.0:
            return False
        self.tokens = max(0.0, self.tokens - times)
        return True


class Recorder:
    """Writes the Events of one component (`host`: the node a kubelet or proxy runs on).

    `born`: when the component began to work, which writes all Events of its source; by default now.
    """

    __slots__ = ("_born", "_cache", "_source", "client", "clock", "component", "host", "rand")

    def __init__(
        self, client: Client, clock: Clock, rand: Rand, component: str, host: str = "", born: float | None = None
    ) -> None:
        self.client = client
        self.clock = clock
        self.rand = rand
        self.component = component
        self.host = host
        self._source = {"component": component, "host": host} if host else {"component": component}
        self._cache: dict[str, _History] = {}
        self._born = rfc3339(clock.present() if born is None else born)

    def event(
        self, obj: Mapping[str, Any], type_: str, reason: str, message: str, field_path: str = "", times: int = 1
    ) -> None:
        """Record a core/v1 Event about `obj` (an object, or an ObjectReference for things that are none).

        `times`: how often it has happened since it was recorded last.
        """
        now = self.clock.now()
        reference = _reference(obj, field_path)
        history = self._history(obj, reference, now)
        key: tuple[str, ...] = (field_path, type_, reason, message)
        if history.combine(type_, reason, message, now):
            key = (type_, reason)
            message = COMBINED + message
        known = history.seen.get(key)
        if known is not None:
            known[1] += times
            if history.allow(now, times):
                self._repeat(reference, type_, reason, message, now, history, known)
            return
        history.seen[key] = known = ["", times, now]
        if history.allow(now):
            self._create(self._core_event(reference, type_, reason, message, known, now), history, now, known)

    def event_v1(
        self,
        obj: Mapping[str, Any],
        related: Mapping[str, Any] | None,
        type_: str,
        reason: str,
        action: str,
        message: str,
    ) -> None:
        """Record an events.k8s.io Event: micro times, series instead of counts, no source."""
        now = self.clock.now()
        reference = _reference(obj, "")
        history = self._history(obj, reference, now)
        other = _reference(related, "") if related else None
        key = (type_, reason, action, reference.get("resourceVersion", ""), other["uid"] if other else "")
        known = history.series.get(key)
        if known is not None and now - known[2] <= _SERIES_WINDOW:
            known[1] += 1
            known[2] = now
            series = {"series": {"count": known[1], "lastObservedTime": rfc3339_micro(now)}}
            if self._patch(known[0], _event_namespace(reference), series):
                return
        history.series[key] = known = ["", 1, now]
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {},
            "involvedObject": reference,
            "reason": reason,
            "message": message,
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": type_,
            "eventTime": rfc3339_micro(now),
            "action": action,
            "reportingComponent": self.component,
            "reportingInstance": f"{self.component}-{self.host}" if self.host else self.component,
        }
        if other:
            event["related"] = other
        self._create(event, history, now, known)

    def forget(self) -> None:
        """Drop the cache: other processes may have written since."""
        self._cache.clear()
        self._born = rfc3339(self.clock.present())

    def _core_event(self, reference: Obj, type_: str, reason: str, message: str, known: list[Any], now: float) -> Obj:
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {},
            "involvedObject": reference,
            "reason": reason,
            "message": message,
            "source": self._source,
            "firstTimestamp": rfc3339(known[2]),
            "lastTimestamp": rfc3339(now),
            "count": known[1],
            "type": type_,
            "eventTime": None,
            "reportingComponent": self.component,
            "reportingInstance": self.host,
        }

    def _repeat(
        self, reference: Obj, type_: str, reason: str, message: str, now: float, history: _History, known: list[Any]
    ) -> None:
        patch = {"count": known[1], "lastTimestamp": rfc3339(now), "message": message}
        if not known[0] or not self._patch(known[0], _event_namespace(reference), patch):
            self._create(self._core_event(reference, type_, reason, message, known, now), history, now, known)

    def _patch(self, name: str, namespace: str, patch: Obj) -> bool:
        """Patch a stored Event; False where it is gone."""
        try:
            self.client.patch("events", name, patch, STRATEGIC_PATCH, namespace)
        except StatusError as error:
            return error.reason != "NotFound"
        return True

    def _create(self, event: Obj, history: _History, now: float, known: list[Any]) -> None:
        """Create under a name that tells the time; while time stands still, the next free one."""
        reference = event["involvedObject"]
        namespace = _event_namespace(reference)
        while True:
            stamp = max(int(now * 1e9), history.last_ns + 1)
            history.last_ns = stamp
            name = f"{reference['name']}.{stamp:016x}"
            event["metadata"] = {"name": name, "namespace": namespace}
            try:
                self.client.create("events", event, namespace, trusted=True)
            except StatusError as error:
                if error.reason == "AlreadyExists":
                    continue
                return  # as upstream: an event that cannot be written is dropped
            known[0] = name
            return

    def _history(self, obj: Mapping[str, Any], reference: Obj, now: float) -> _History:
        uid = reference.get("uid") or f"{reference['kind']}/{reference.get('namespace', '')}/{reference['name']}"
        history = self._cache.get(uid)
        if history is not None:
            return history
        if len(self._cache) >= _CACHED_OBJECTS:
            self.forget()
        self._cache[uid] = history = _History(now)
        if not self._is_new(obj):
            for event in self.client.items("events", _event_namespace(reference), owner=reference.get("uid", "")):
                if event.get("reportingComponent") == self.component:
                    _remember(history, event)
            _drain(history, now)
        return history

    def _is_new(self, obj: Mapping[str, Any]) -> bool:
        """Whether the object was created after this cache began, so that no Event of it can be stored."""
        created = obj.get("metadata", {}).get("creationTimestamp")
        return bool(created) and created > self._born


def _reference(obj: Mapping[str, Any], field_path: str) -> Obj:
    """The ObjectReference of an object, in the order upstream serialises it; references pass."""
    meta = obj.get("metadata")
    if meta is None:
        reference = dict(obj)
    else:
        reference = {"kind": obj["kind"]}
        if namespace := meta.get("namespace"):
            reference["namespace"] = namespace
        reference["name"] = meta["name"]
        reference["uid"] = meta.get("uid", "")
        reference["apiVersion"] = obj["apiVersion"]
        if version := meta.get("resourceVersion"):
            reference["resourceVersion"] = version
    if field_path:
        reference["fieldPath"] = field_path
    return reference


def _event_namespace(reference: Obj) -> str:
    return reference.get("namespace") or "default"


def _remember(history: _History, event: Obj) -> None:
    """Add a stored Event to the history."""
    reference = event.get("involvedObject", {})
    name = event["metadata"]["name"]
    type_, reason, message = event.get("type", ""), event.get("reason", ""), event.get("message", "")
    if event.get("eventTime"):
        series = event.get("series") or {}
        last = parse_time(series.get("lastObservedTime") or event["eventTime"])
        version, other = reference.get("resourceVersion", ""), event.get("related", {}).get("uid", "")
        history.series[type_, reason, event.get("action", ""), version, other] = [name, series.get("count", 1), last]
        return
    first, last = parse_time(event["firstTimestamp"]), parse_time(event["lastTimestamp"])
    known = [name, event.get("count", 1), first]
    similar = history.similar.setdefault((type_, reason), [{}, 0.0])
    similar[1] = max(similar[1], last)
    if message.startswith(COMBINED):
        history.seen[type_, reason] = known
    else:
        history.seen[reference.get("fieldPath", ""), type_, reason, message] = known
        similar[0][message] = None


def _drain(history: _History, now: float) -> None:
    """Rebuild the spam filter's bucket: everything said so far, spread over the time since the first."""
    if not history.seen:
        return
    first = min(known[2] for known in history.seen.values())
    said = sum(known[1] for known in history.seen.values())
    history.tokens = max(0.0, min(_SPAM_BURST, _SPAM_BURST - said + (now - first) * _SPAM_REFILL))
    history.refilled = now
