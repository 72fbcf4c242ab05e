"""The authority of a served cluster, and the certificates it signs: made on first use, kept in the cluster file.

The file is readable by its owner only. Counterpart of kubeadm's `certs` phase.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from minikctl.store.sqlite import SQLiteStore

_STATE = "serving"
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
    state = store.state(_STATE)
    known = {name: state.get(name) for name in ("authority", "admin")}
    if not all(known.values()):
        with store.transaction():
            known = {name: state.get(name) for name in ("authority", "admin")}
            if not all(known.values()):
                from minikctl.serving import authority as signing

                authority = signing.new()
                admin = signing.sign(authority, "kubernetes-admin", ("system:masters",), client=True)
                known = {"authority": list(authority), "admin": list(admin)}
                for name, pair in known.items():
                    state.put(name, pair)
    authority = Pair(*known["authority"])
    return Certificates(authority, _serving(store, authority, address), Pair(*known["admin"]))


def _serving(store: SQLiteStore, authority: Pair, address: str) -> Pair:
    name = f"serving:{address}"
    state = store.state(_STATE)
    found = state.get(name)
    if found is None:
        from minikctl.serving import authority as signing

        with store.transaction():
            found = list(signing.sign(authority, "kube-apiserver", (), client=False, address=address))
            state.put(name, found)
    return Pair(*found)


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
