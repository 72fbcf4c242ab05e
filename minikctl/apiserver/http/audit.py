"""The audit log: one audit.k8s.io/v1 Event a line for each stage of a request that the policy wants.

Counterpart of apiserver's `audit` package, its filter (`endpoints/filters/audit.go`) and its log backend.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from minikctl.apimachinery.clock import rfc3339_micro
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.wireform import ordered
from minikctl.apiserver.admission.webhooks.mutating import PATCHES
from minikctl.apiserver.authentication import user_info
from minikctl.apiserver.authorization import Attributes
from minikctl.apiserver.http import auditpolicy
from minikctl.apiserver.http.answers import CODEC

if TYPE_CHECKING:
    from minikctl.apiserver.http.auditpolicy import Policy, Verdict
    from minikctl.apiserver.http.exchange import Exchange
    from minikctl.apiserver.server import Server

RECEIVED, STARTED, COMPLETE = "RequestReceived", "ResponseStarted", "ResponseComplete"
_LONGEST_AGENT = 1024
_OF_OBJECT = ("name", "namespace", "uid", "resourceVersion")


class Trail:
    """What is known of one request that is logged."""

    __slots__ = ("_body", "_seen", "notes", "verdict")

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.notes: dict[str, str] = {}  # annotations of who carried the request out
        self._body: Any = None
        self._seen: Obj = {}

    def asked(self, verb: str, body: Any) -> None:
        """The body has been read: what was asked for."""
        if self.verdict.reaches("Request"):
            self._body = deep_copy(body)
        if isinstance(body, dict) and verb in ("create", "update"):
            metadata = body.get("metadata")
            self._seen = metadata if isinstance(metadata, dict) else {}
            self._seen = {key: self._seen[key] for key in _OF_OBJECT if isinstance(self._seen.get(key), str)}

    def annotations(self) -> dict[str, str]:
        """What those who carried the request out have noted; what webhooks' patches hold from level Request on."""
        if self.verdict.reaches("Request"):
            return self.notes
        return {key: value for key, value in self.notes.items() if not key.startswith(PATCHES)}

    def reference(self, exchange: Exchange) -> Obj:
        """The ObjectReference: what the path names, and what the object says of itself."""
        info = exchange.info
        assert info is not None
        seen = self._seen
        reference = {
            "resource": info.plural,
            "namespace": info.namespace or seen.get("namespace", ""),
            "name": info.name or seen.get("name", ""),
            "uid": seen.get("uid", ""),
            "apiGroup": info.group,
            "apiVersion": info.version,
            "resourceVersion": seen.get("resourceVersion", ""),
            "subresource": info.subresource,
        }
        return {key: value for key, value in reference.items() if value}

    def objects(self, exchange: Exchange) -> Obj:
        """requestObject and responseObject, as far as the level has them."""
        found = {}
        if self._body is not None:
            found["requestObject"] = self._shown(self._body)
        if self.verdict.reaches("RequestResponse"):
            answered = exchange.error.status() if exchange.error is not None else exchange.answered
            if isinstance(answered, dict):
                found["responseObject"] = self._shown(answered)
        return found

    def _shown(self, obj: Any) -> Any:
        if self.verdict.plain and isinstance(obj, dict):
            obj = _without_managed_fields(obj)
        return ordered(obj)


class AuditLog:
    """Writes Events to a file; each is written out before the request goes on."""

    def __init__(self, server: Server, file: IO[bytes], policy: Policy | None = None) -> None:
        self._server = server
        self._file = file
        self._policy = policy or auditpolicy.everything()

    def begin(self, exchange: Exchange) -> None:
        """A request has come; who asks is known. One that is to be logged gets its Trail."""
        assert exchange.info is not None
        verdict = self._policy.verdict(exchange.info, exchange.user)
        if verdict.level != "None":
            exchange.trail = Trail(verdict)
            self.stage(RECEIVED, exchange)

    def unauthorized(self, exchange: Exchange) -> None:
        """A request has come from somebody who is not who he says."""
        assert exchange.info is not None
        verdict = self._policy.verdict(exchange.info, None)
        if verdict.level != "None":
            exchange.trail = Trail(verdict)
            self.stage(STARTED, exchange)
            exchange.trail = None

    def stage(self, stage: str, exchange: Exchange) -> None:
        """Note that a request has come to a stage."""
        trail = exchange.trail
        if trail is None or stage in trail.verdict.omitted:
            return
        event = _event(stage, exchange, trail)
        at = exchange.received if stage == RECEIVED else self._server.clock.now()
        event["requestReceivedTimestamp"] = rfc3339_micro(exchange.received)
        event["stageTimestamp"] = rfc3339_micro(at)
        annotations = {**self._authorization(exchange), **trail.annotations()} if stage != RECEIVED else {}
        if annotations:
            event["annotations"] = dict(sorted(annotations.items()))
        self._file.write(CODEC.dumps(event))
        self._file.flush()

    def _authorization(self, exchange: Exchange) -> dict[str, str]:
        """What authorization decided, and why; nothing where it was not asked."""
        request = exchange.request
        if request is None or exchange.user is None or request.impersonate is not None:
            return {}
        decision = self._server.authorizer.decide(Attributes.of(request, request.verb))
        # What allowed a request may be gone by its own doing.
        refused = not decision.allowed and exchange.error is not None and exchange.error.reason == "Forbidden"
        verdict = "forbid" if refused else "allow"
        return {"authorization.k8s.io/decision": verdict, "authorization.k8s.io/reason": decision.reason}


def _event(stage: str, exchange: Exchange, trail: Trail) -> Obj:
    """An Event without its times and annotations, in upstream's order."""
    scope, info, request = exchange.scope, exchange.info, exchange.request
    query = scope["query_string"].decode("latin-1")
    event: Obj = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": trail.verdict.level,
        "auditID": exchange.audit_id,
        "stage": stage,
        "requestURI": scope.get("raw_path", scope["path"].encode()).decode("latin-1") + (f"?{query}" if query else ""),
        "verb": info.verb if info else scope.get("method", "GET").lower(),
        "user": user_info(exchange.user) if exchange.user is not None else {},
    }
    if request is not None and exchange.impersonates and request.impersonate is None:
        event["impersonatedUser"] = user_info(request.user)
    event["sourceIPs"] = _sources(exchange)
    agent = exchange.header(b"user-agent")
    if agent:
        event["userAgent"] = agent if len(agent) <= _LONGEST_AGENT else agent[:_LONGEST_AGENT] + "...TRUNCATED"
    if info is not None and info.plural:
        event["objectRef"] = trail.reference(exchange)
    if stage != RECEIVED:
        event["responseStatus"] = _status(exchange)
        event.update(trail.objects(exchange))
    return event


def _sources(exchange: Exchange) -> list[str]:
    """Where a request comes from: what proxies say of that, then who is connected."""
    forwarded = [part.strip() for part in exchange.header(b"x-forwarded-for").split(",") if part.strip()]
    real = exchange.header(b"x-real-ip").strip()
    client = exchange.scope.get("client")
    found = forwarded + ([real] if real and real not in forwarded else [])
    if client and client[0] != (found[-1] if found else None):
        found.append(client[0])
    return found


def _status(exchange: Exchange) -> Obj:
    """The outcome: its code alone, or what a Status object says."""
    if exchange.error is not None:
        status = exchange.error.status()
    elif isinstance(exchange.answered, dict) and exchange.answered.get("kind") == "Status":
        status = {key: value for key, value in exchange.answered.items() if key != "metadata"}
    else:
        status = {}
    said = {key: status[key] for key in ("status", "message", "reason", "details") if status.get(key)}
    return {"metadata": {}, **said, "code": exchange.code or status.get("code", 200)}


def _without_managed_fields(obj: Obj) -> Obj:
    """An object, or a list or Table of them, without managedFields; the original is left alone."""
    shown = dict(obj)
    if isinstance(shown.get("metadata"), dict):
        shown["metadata"] = {key: value for key, value in shown["metadata"].items() if key != "managedFields"}
    for name in ("items", "rows"):
        if isinstance(shown.get(name), list):
            shown[name] = [_without_managed_fields(item) if isinstance(item, dict) else item for item in shown[name]]
    if isinstance(shown.get("object"), dict):
        shown["object"] = _without_managed_fields(shown["object"])
    return shown
