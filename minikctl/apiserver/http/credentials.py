"""Who asks: a client certificate, a bearer token, or nobody; and whom the Impersonate headers name.

Counterparts: apiserver's `authentication/request` (x509, bearertoken, websocket, anonymous), its token file and the
bootstrap token authenticator, and the impersonation filter's reading of headers.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from minikctl.apimachinery import errors, x509
from minikctl.apimachinery.field import quote
from minikctl.apimachinery.request import UserInfo
from minikctl.apiserver import authentication
from minikctl.apiserver.validation import names

if TYPE_CHECKING:
    from minikctl.apiserver.server import Server

Headers = Iterable[tuple[bytes, bytes]]

ANONYMOUS = UserInfo("system:anonymous", ("system:unauthenticated",))
_EXTRA = b"impersonate-extra-"
_CREDENTIAL = "authentication.kubernetes.io/credential-id"
_IN_PROTOCOL = "base64url.bearer.authorization.k8s.io."
_BOOTSTRAP_GROUP = "system:bootstrappers"


class ClientCertificate(NamedTuple):
    """What a client has shown: its user, from when to when it is good, and whether the authority stands for it.

    The times are as ASN.1 writes them (YYYYMMDDHHMMSSZ).
    """

    user: UserInfo
    not_before: str
    not_after: str
    trusted: bool = True


_UNREADABLE = ClientCertificate(ANONYMOUS, "", "", False)


def client_certificate(der: bytes, trusted: bool) -> ClientCertificate | None:
    """What a certificate says; None where it names nobody, which is as good as none."""
    import hashlib

    found = x509.certificate_of(der)
    if found is None:
        return _UNREADABLE
    subject = found.subject
    if trusted and not subject.common_name:
        return None
    extra = {_CREDENTIAL: [f"X509SHA256={hashlib.sha256(der).hexdigest()}"]}
    user = UserInfo(subject.common_name, (*subject.organizations, authentication.AUTHENTICATED), extra=extra)
    return ClientCertificate(user, found.not_before, found.not_after, trusted)


class Authenticator:
    """Tells the users of one server's requests apart. `tokens` are those of a static token file."""

    def __init__(self, server: Server, tokens: Mapping[str, UserInfo] | None = None, anonymous: bool = True) -> None:
        self._server = server
        self._tokens = dict(tokens or {})
        self._anonymous = anonymous
        server.known_token = self._known_token
        self._checked: dict[ClientCertificate, int] = {}  # the certificate of the last request, and when it was good

    def user(self, authorization: str, certificate: ClientCertificate | None) -> UserInfo:
        """Whose request it is; Unauthorized where credentials are given and none is good."""
        if certificate is not None and self._good(certificate):
            return certificate.user
        kind, _, token = authorization.strip().partition(" ")
        if kind.lower() == "bearer" and token.strip():
            return self._token_user(token.strip())
        if certificate is not None or not self._anonymous:
            raise errors.unauthorized()
        return ANONYMOUS

    def _good(self, certificate: ClientCertificate) -> bool:
        """Whether a certificate is the authority's and good now, by the cluster's clock."""
        second = int(self._server.clock.now())
        if self._checked.get(certificate) != second:
            today = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(second))
            if not (certificate.trusted and certificate.not_before <= today <= certificate.not_after):
                return False
            self._checked = {certificate: second}
        return True

    def _known_token(self, token: str) -> UserInfo | None:
        """The user of a static or a bootstrap token; None where it is neither."""
        found = self._tokens.get(token)
        if found is not None or token.count(".") != 1:
            return found
        try:
            return self._bootstrap_user(token)
        except errors.StatusError:
            return None

    def _token_user(self, token: str) -> UserInfo:
        found = self._known_token(token)
        if found is not None:
            return found
        return authentication.authenticate_token(self._server, token)[0]

    def _bootstrap_user(self, token: str) -> UserInfo:
        """ID.SECRET as a Secret bootstrap-token-ID in kube-system allows it."""
        import base64
        import hmac

        name, _, secret = token.partition(".")
        found = self._server.reader.get("secrets", "kube-system", f"bootstrap-token-{name}")
        if found is None or found.get("type") != "bootstrap.kubernetes.io/token":
            raise errors.unauthorized()
        data = {
            key: base64.b64decode(value).decode("utf-8", "replace") for key, value in (found.get("data") or {}).items()
        }
        good = hmac.compare_digest(data.get("token-secret", "").encode(), secret.encode())
        if not good or data.get("token-id") != name or data.get("usage-bootstrap-authentication") != "true":
            raise errors.unauthorized()
        expires = data.get("expiration", "")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._server.clock.now()))
        if "deletionTimestamp" in found["metadata"] or (expires and expires <= now):
            raise errors.unauthorized()
        more = [group for group in data.get("auth-extra-groups", "").split(",") if group]
        return UserInfo(f"system:bootstrap:{name}", (_BOOTSTRAP_GROUP, *more, authentication.AUTHENTICATED))


def of_websocket(scope: MutableMapping[str, Any]) -> str:
    """The bearer token that a browser hides among the subprotocols it offers, as an Authorization; "" without one.

    It is taken from them. Unauthorized where it cannot be read, or where nothing is left to agree on.
    """
    import base64

    offered = scope.get("subprotocols") or []
    found = [name[len(_IN_PROTOCOL) :] for name in offered if name.startswith(_IN_PROTOCOL)]
    if not found:
        return ""
    rest = [name for name in offered if not name.startswith(_IN_PROTOCOL)]
    try:
        token = base64.urlsafe_b64decode(found[0] + "=" * (-len(found[0]) % 4)).decode()
    except ValueError:
        raise errors.unauthorized() from None
    if len(found) > 1 or not rest:
        raise errors.unauthorized()
    scope["subprotocols"] = rest
    return f"Bearer {token}"


def token_file(text: str) -> dict[str, UserInfo]:
    """A static token file: lines of TOKEN,USER,UID[,"GROUP,GROUP"]. ValueError where one is none."""
    import csv

    tokens: dict[str, UserInfo] = {}
    for number, row in enumerate(csv.reader(text.splitlines()), 1):
        if not row or row[0].startswith("#"):
            continue
        if len(row) < 3:
            raise ValueError(f"line {number}: a token, a user name and a user uid are required")
        token, name, uid = (cell.strip() for cell in row[:3])
        if not token or not name:
            raise ValueError(f"line {number}: a token, a user name and a user uid are required")
        groups = [group.strip() for group in row[3].split(",") if group.strip()] if len(row) > 3 else []
        tokens[token] = UserInfo(name, (*groups, authentication.AUTHENTICATED), uid)
    return tokens


def _as_go_prints(groups: list[str], extra: dict[str, list[str]], uid: str) -> str:
    """A user without a name as Go shows the struct."""
    shown = names.quoted_list(groups) if groups else "[]string(nil)"
    pairs = ", ".join([f"{quote(key)}:{names.quoted_list(extra[key])}" for key in sorted(extra)])
    more = f"map[string][]string{{{pairs}}}" if extra else "map[string][]string(nil)"
    return f'&user.DefaultInfo{{Name:"", UID:{quote(uid)}, Groups:{shown}, Extra:{more}}}'


def impersonated(headers: Headers) -> UserInfo | None:
    """Whom the Impersonate-* headers name; None without them, BadRequest where a user is missing."""
    name, uid = "", ""
    groups: list[str] = []
    extra: dict[str, list[str]] = {}
    for header, raw in headers:
        if not header.startswith(b"impersonate-"):
            continue
        value = raw.decode("latin-1")
        if header == b"impersonate-user":
            name = value
        elif header == b"impersonate-uid":
            uid = value
        elif header == b"impersonate-group":
            groups.append(value)
        elif header.startswith(_EXTRA):
            extra.setdefault(unquote(header[len(_EXTRA) :].decode("latin-1")), []).append(value)
    if not name:
        if groups or uid or extra:
            nobody = _as_go_prints(groups, extra, uid)
            raise errors.bad_request(f"requested {nobody} without impersonating a user name")
        return None
    return UserInfo(name, groups, uid, extra)
