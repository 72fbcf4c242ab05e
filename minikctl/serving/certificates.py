"""The authority of a served cluster, and the certificates it signs: made on first use, kept in the cluster file.

The file is readable by its owner only. Counterpart of kubeadm's `certs` phase.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from minikctl.store.sqlite import SQLiteStore
    from minikctl.store.state import State

_STATE = "serving"
_AUTHORITY = "authority"  # among the cluster's own values, where the signing controller finds it too


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
