"""Who asks: the kubeconfig's user entry and the --as flags as user infos.

A `username` is taken as it stands (`kubernetes-admin` is the administrator); tokens and client
certificates must be the cluster's own. What cannot be honoured is refused, never ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj, UserInfo
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import Values

if TYPE_CHECKING:
    from minikctl.cluster import Cluster

ADMIN = UserInfo("kubernetes-admin", ("system:masters", "system:authenticated"))
_ANONYMOUS = UserInfo("system:anonymous", ("system:unauthenticated",))
_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
_EXPONENT = 65537


def user_of(entry: Obj, cluster: Cluster) -> UserInfo:
    """The user a kubeconfig's user entry stands for; without credentials system:anonymous."""
    for plugin in ("exec", "auth-provider"):
        if entry.get(plugin):
            raise KubectlError(f"{plugin} credentials are not supported by minikctl")
    token = entry.get("token") or _content(entry, "tokenFile").decode("utf-8", "replace").strip()
    if token:
        from minikctl.apiserver.authentication import authenticate_token

        return authenticate_token(cluster.server, token)[0]
    certificate = _content(entry, "client-certificate")
    if certificate:
        from minikctl.apimachinery import keypair

        if problem := keypair.problem(certificate, _content(entry, "client-key")):
            raise KubectlError(problem)
        return _certificate_user(certificate, cluster)
    name = entry.get("username")
    if name == ADMIN.name:
        return ADMIN
    return UserInfo(name, ("system:authenticated",)) if name else _ANONYMOUS


def _content(entry: Obj, field: str) -> bytes:
    """The bytes behind FIELD-data or the file that FIELD names; b"" without either."""
    data = entry.get(f"{field}-data")
    if data:
        import base64

        return base64.b64decode(data)
    path = entry.get(field)
    if not path:
        return b""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise KubectlError(f"open {path}: {(error.strerror or '').lower()}") from None


def _certificate_user(pem: bytes, cluster: Cluster) -> UserInfo:
    """The subject of a certificate that the cluster's authority has signed and that is valid now."""
    import time

    from minikctl.apimachinery import x509
    from minikctl.controllers.certificates import authority

    found = x509.certificate(pem)
    # One from before the cluster was first served, and so had an authority of its own, is as good.
    known = {authority.of(cluster.settings()).modulus, authority.MODULUS}
    if found is None or not any(_signed(x509.pem_block(pem), modulus) for modulus in known):
        raise errors.unauthorized()
    today = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(cluster.present()))
    if not found.not_before <= today <= found.not_after:
        raise errors.unauthorized()
    subject = found.subject
    return UserInfo(subject.common_name, (*subject.organizations, "system:authenticated"))


def _signed(der: bytes, modulus: int) -> bool:
    """Whether an authority with this modulus has signed a certificate (PKCS #1 v1.5 with SHA-256)."""
    import hashlib

    from minikctl.apimachinery.keypair import signed_parts

    body, signature = signed_parts(der)
    size = (modulus.bit_length() + 7) // 8
    opened = pow(int.from_bytes(signature, "big"), _EXPONENT, modulus).to_bytes(size, "big")
    digest = _SHA256_PREFIX + hashlib.sha256(body).digest()
    return opened == b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest


def impersonated(flags: Values, entry: Obj, user: str) -> UserInfo | None:
    """Whom --as, --as-group, --as-uid and --as-user-extra (or the entry of `user`) name; None without them."""
    name = flags.get("as", "") or entry.get("as", "")
    groups = flags.get("as-group") or entry.get("as-groups") or []
    uid = flags.get("as-uid", "") or entry.get("as-uid", "")
    extra: dict[str, list[str]] = {key: list(values) for key, values in (entry.get("as-user-extra") or {}).items()}
    for pair in flags.get("as-user-extra", []):
        key, equals, value = pair.partition("=")
        if equals:
            extra.setdefault(key, []).append(value)
    if not name:
        if groups or uid or extra:
            raise KubectlError(f"requesting uid, groups or user-extra for {user} without impersonating a user")
        return None
    return UserInfo(name, groups, uid, extra)
