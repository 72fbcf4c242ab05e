"""Bootstrap tokens sign kube-public/cluster-info, and go when they expire (upstream's `pkg/controller/bootstrap`)."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller, seconds_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

TYPE = "bootstrap.kubernetes.io/token"
NAMESPACE, CLUSTER_INFO = "kube-public", "cluster-info"

_TOKENS_IN = "kube-system"
_SIGNATURE = "jws-kubeconfig-"
_PREFIX = "bootstrap-token-"
_ID = re.compile(r"[a-z0-9]{6}")


def _field(secret: Obj, name: str) -> str:
    """A field of a Secret's data as text; "" where it is absent or no text."""
    try:
        return base64.b64decode((secret.get("data") or {}).get(name) or "").decode()
    except ValueError:
        return ""


def expires_at(secret: Obj) -> float | None:
    """When a bootstrap token ends: None for never, 0 where the time cannot be read."""
    text = _field(secret, "expiration")
    if not text:
        return None
    try:
        return seconds_of(text)
    except ValueError:
        return 0.0


def signature(content: str, token_id: str, token_secret: str) -> str:
    """A detached JSON Web Signature of the content (ComputeDetachedSignature): HS256, without the payload."""
    import hmac

    header = _encode(f'{{"alg":"HS256","kid":"{token_id}"}}'.encode())
    signed = f"{header}.{_encode(content.encode())}".encode()
    return f"{header}..{_encode(hmac.digest(token_secret.encode(), signed, 'sha256'))}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class BootstrapSigner(Controller):
    """Keeps a signature of cluster-info's kubeconfig by every token that may sign. One key for all."""

    def sync(self, key: str) -> float | None:
        info = self.client.peek("configmaps", CLUSTER_INFO, NAMESPACE)
        content = ((info or {}).get("data") or {}).get("kubeconfig")
        if info is None or content is None:
            return None
        wanted = {k: v for k, v in info["data"].items() if not k.startswith(_SIGNATURE)}
        for secret in self.client.items("secrets", _TOKENS_IN):
            if secret.get("type") == TYPE and self._may_sign(secret):
                token_id = _field(secret, "token-id")
                wanted[_SIGNATURE + token_id] = signature(content, token_id, _field(secret, "token-secret"))
        if wanted != info["data"]:
            info["data"] = wanted
            self.client.update("configmaps", info)
        return None

    def _may_sign(self, secret: Obj) -> bool:
        """Whether a token is whole, meant for signing and still good (validateSecretForSigning)."""
        token_id, ends = _field(secret, "token-id"), expires_at(secret)
        return (
            _ID.fullmatch(token_id) is not None
            and secret["metadata"]["name"] == _PREFIX + token_id
            and bool(_field(secret, "token-secret"))
            and (ends is None or ends > self.clock.now())
            and _field(secret, "usage-bootstrap-signing") == "true"
        )


class TokenCleaner(Controller):
    """Deletes bootstrap token Secrets when they expire."""

    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key)
        secret = self.client.peek("secrets", name, namespace)
        if secret is None or secret.get("type") != TYPE:
            return None
        ends = expires_at(secret)
        if ends is None or ends > self.clock.now():
            return ends
        try:
            self.client.delete("secrets", name, namespace, preconditions={"uid": secret["metadata"]["uid"]})
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise
        return None
