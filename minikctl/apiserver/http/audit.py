"""The audit log: one audit.k8s.io/v1 Event a line for each stage of a request, at level Metadata.

Counterpart of apiserver's `audit` package and its log backend.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from minikctl.apimachinery.clock import rfc3339_micro
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.authentication import user_info
from minikctl.apiserver.authorization import Attributes
from minikctl.apiserver.http.answers import CODEC

if TYPE_CHECKING:
    from minikctl.apiserver.http.exchange import Exchange
    from minikctl.apiserver.server import Server

RECEIVED, STARTED, COMPLETE = "RequestReceived", "ResponseStarted", "ResponseComplete"
_LEVEL = "Metadata"


class AuditLog:
    """Writes Events to a file; each is written out before the request goes on."""

    def __init__(self, server: Server, file: IO[bytes]) -> None:
        self._server = server
        self._file = file

    def stage(self, stage: str, exchange: Exchange) -> None:
        """Note that a request has come to a stage."""
        event = _event(stage, exchange)
        if stage != RECEIVED:
            event["responseStatus"] = _status(exchange)
        event["requestReceivedTimestamp"] = rfc3339_micro(exchange.received)
        event["stageTimestamp"] = rfc3339_micro(self._server.clock.now())
        if stage != RECEIVED:
            event["annotations"] = self._annotations(exchange)
        self._file.write(CODEC.dumps(event))
        self._file.flush()

    def _annotations(self, exchange: Exchange) -> dict[str, str]:
        """What authorization decided, and why."""
        request = exchange.request
        if request is None:
            return {}
        if exchange.error is not None and exchange.error.reason == "Forbidden":
            return {"authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": ""}
        reason = ""
        if "system:masters" not in request.user.groups:
            reason = self._server.authorizer.decide(Attributes.of(request, request.verb)).reason
        return {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": reason}


def _event(stage: str, exchange: Exchange) -> Obj:
    """The parts of an Event that every stage has, in upstream's order."""
    scope, info, request = exchange.scope, exchange.info, exchange.request
    query = scope["query_string"].decode("latin-1")
    event: Obj = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": _LEVEL,
        "auditID": exchange.audit_id,
        "stage": stage,
        "requestURI": scope["path"] + (f"?{query}" if query else ""),
        "verb": info.verb if info else scope.get("method", "GET").lower(),
        "user": user_info(exchange.user) if exchange.user is not None else {},
    }
    if request is not None and exchange.user is not None and exchange.impersonates:
        event["impersonatedUser"] = user_info(request.user)
    client = scope.get("client")
    event["sourceIPs"] = [client[0]] if client else []
    agent = exchange.header(b"user-agent")
    if agent:
        event["userAgent"] = agent
    if info is not None and info.plural:
        event["objectRef"] = _reference(exchange)
    return event


def _reference(exchange: Exchange) -> Obj:
    info = exchange.info
    assert info is not None
    reference: dict[str, Any] = {
        "resource": info.plural,
        "namespace": info.namespace,
        "name": info.name,
        "apiGroup": info.group,
        "apiVersion": info.version,
        "subresource": info.subresource,
    }
    return {key: value for key, value in reference.items() if value}


def _status(exchange: Exchange) -> Obj:
    """The outcome: its code alone, or what the Status object of a refusal says."""
    error = exchange.error
    if error is None:
        return {"metadata": {}, "code": exchange.code}
    status = error.status()
    del status["kind"], status["apiVersion"]
    return {**status, "code": exchange.code}
