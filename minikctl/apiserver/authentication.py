"""Who asks: bearer tokens of service accounts.

Service account tokens are JWTs signed with a secret of the cluster's; they name the account and,
where bound, a pod, node or secret, and die with them. Counterpart: `pkg/serviceaccount`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.field import quote
from minikctl.apimachinery.request import Obj, UserInfo

if TYPE_CHECKING:
    from minikctl.apiserver.server import Server

ISSUER = "https://kubernetes.default.svc.cluster.local"
AUTHENTICATED = "system:authenticated"
_PREFIX = "system:serviceaccount:"


def service_account_user(
    namespace: str, name: str, uid: str = "", extra: dict[str, list[str]] | None = None
) -> UserInfo:
    """The user a service account's token stands for."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return UserInfo(f"{_PREFIX}{namespace}:{name}", groups, uid, extra)


# Service account tokens


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _secret(server: Server) -> bytes:
    """The cluster's signing secret, made on first use and kept in the cluster file."""
    state = server.storage.state("authentication")
    found = state.get("signing-key")
    if found is None:
        found = server.rand.hex(64)
        with server.storage.store.transaction():
            state.put("signing-key", found)
    return bytes.fromhex(str(found))


def _signature(server: Server, payload: str) -> str:
    return _encoded(hmac.new(_secret(server), payload.encode(), hashlib.sha256).digest())


def issue(server: Server, claims: Obj) -> str:
    """A signed token with these claims."""
    key_id = hashlib.sha256(_secret(server)).hexdigest()[:43]
    header = _encoded(json.dumps({"alg": "HS256", "kid": key_id}, separators=(",", ":")).encode())
    payload = f"{header}.{_encoded(json.dumps(claims, separators=(',', ':')).encode())}"
    return f"{payload}.{_signature(server, payload)}"


class BadTokenError(Exception):
    """A token of this cluster's that is not good (any more); the message says why."""


def token_claims(server: Server, token: str) -> Obj | None:
    """The claims of a token that this cluster has signed; BadTokenError where it has expired."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        if not hmac.compare_digest(_signature(server, f"{parts[0]}.{parts[1]}"), parts[2]):
            return None
        claims: Obj = json.loads(_decoded(parts[1]))
    except (ValueError, TypeError):
        return None
    now = server.clock.now()
    if now >= float(claims.get("exp", 0)):
        raise BadTokenError("service account token has expired")
    if now < float(claims.get("nbf", 0)):
        raise BadTokenError("service account token is not valid yet")
    return claims


def authenticate_token(server: Server, token: str, audiences: list[str] | None = None) -> tuple[UserInfo, list[str]]:
    """The user of a bearer token and the audiences it is good for; Unauthorized where it is not valid."""
    try:
        return examine_token(server, token, audiences)
    except BadTokenError:
        raise errors.unauthorized() from None


def examine_token(server: Server, token: str, audiences: list[str] | None = None) -> tuple[UserInfo, list[str]]:
    """The same, with a BadTokenError that says why; its message is empty for what is no token of this cluster."""
    claims = token_claims(server, token)
    if claims is None:
        raise BadTokenError("")
    wanted, given = audiences or [ISSUER], list(claims.get("aud") or ())
    good = [audience for audience in given if audience in wanted]
    if not good:
        shown = ["[" + " ".join(quote(audience) for audience in listed) + "]" for listed in (given, wanted)]
        raise BadTokenError(f"token audiences {shown[0]} is invalid for the target audiences {shown[1]}")
    about: Obj = claims.get("kubernetes.io") or {}
    account: Obj = about.get("serviceaccount") or {}
    namespace, name = str(about.get("namespace", "")), str(account.get("name", ""))
    _check_account(server, namespace, account)
    extra: dict[str, list[str]] = {"authentication.kubernetes.io/credential-id": [f"JTI={claims.get('jti', '')}"]}
    for kind, resource in (("pod", "pods"), ("secret", "secrets"), ("node", "nodes")):
        bound: Obj = about.get(kind) or {}
        if not bound:
            continue
        # A node that is told beside a pod is only told: the token lives as long as the pod.
        if kind != "node" or "pod" not in about:
            live = server.reader.get(resource, "" if kind == "node" else namespace, str(bound["name"]))
            if live is None or live["metadata"]["uid"] != bound.get("uid"):
                raise BadTokenError("service account token has been invalidated")
        if kind != "secret":
            extra[f"authentication.kubernetes.io/{kind}-name"] = [bound["name"]]
            if bound.get("uid"):
                extra[f"authentication.kubernetes.io/{kind}-uid"] = [bound["uid"]]
    return service_account_user(namespace, name, str(account["uid"]), extra), good


def _check_account(server: Server, namespace: str, account: Obj) -> None:
    """Refuse a token whose service account is gone, or another one of its name."""
    name = str(account.get("name", ""))
    found = server.reader.get("serviceaccounts", namespace, name) if name else None
    if found is None:
        raise BadTokenError(f"serviceaccounts {quote(name)} not found")
    if found["metadata"]["uid"] != account.get("uid"):
        uids = f"({found['metadata']['uid']}) does not match claim ({account.get('uid', '')})"
        raise BadTokenError(f"service account UID {uids}")


def user_info(user: UserInfo) -> dict[str, Any]:
    """authentication/v1 UserInfo."""
    info: dict[str, Any] = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": user.extra}
    return {key: value for key, value in info.items() if value}
