"""The authority of a served cluster, and the certificates it signs: made on first use, kept in the cluster file.

The file is readable by its owner only. Counterpart of kubeadm's `certs` phase.
"""

from __future__ import annotations

import json
import os
import ssl
import tempfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from minikctl.store.sqlite import SQLiteStore
    from minikctl.store.state import State

_STATE = "serving"
_AUTHORITY = "authority"  # among the cluster's own values, where the signing controller finds it too
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: validity is judged by the cluster's clock


class Pair(NamedTuple):
    """A certificate and its key, PEM."""

    certificate: str
    key: str


class Certificates(NamedTuple):
    """What a served cluster has: its authority, the server's pair, and the administrator's."""

    authority: Pair
    serving: Pair
    admin: Pair


def of_cluster(store: SQLiteStore, address: str) -> Certificates:
    """The certificates of a cluster, made where missing; a serving one that also names `address`."""
    state, wanted = store.state(_STATE), f"serving:{address}"
    if not (store.meta(_AUTHORITY) and state.get("admin") and state.get(wanted)):
        with store.transaction():
            _make_missing(store, state, wanted, address)
    own = json.loads(store.meta(_AUTHORITY) or "")
    return Certificates(Pair(own["certificate"], own["key"]), Pair(*state.get(wanted)), Pair(*state.get("admin")))


def _make_missing(store: SQLiteStore, state: State, wanted: str, address: str) -> None:
    from minikctl.serving import authority

    known = store.meta(_AUTHORITY)
    if known is None:
        known = json.dumps(authority.new())
        store.set_meta(_AUTHORITY, known)
    own = json.loads(known)
    signing = Pair(own["certificate"], own["key"])
    if state.get("admin") is None:
        state.put("admin", authority.sign(signing, "kubernetes-admin", ("system:masters",), client=True))
    if state.get(wanted) is None:
        state.put(wanted, authority.sign(signing, "kube-apiserver", (), client=False, address=address))


def server_context(certificates: Certificates) -> ssl.SSLContext:
    """TLS of the server's side: 1.2 and later; a client certificate is asked for, not demanded."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    pair = certificates.serving
    # The ssl module reads keys from files only; this one is gone again before anybody is served.
    descriptor, path = tempfile.mkstemp(prefix="minikctl-")
    try:
        with open(descriptor, "w") as file:
            file.write(pair.key + pair.certificate)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
    context.load_verify_locations(cadata=certificates.authority.certificate)
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context
