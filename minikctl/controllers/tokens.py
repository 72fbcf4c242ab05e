"""Token Secrets of service accounts (upstream's `pkg/controller/serviceaccount`)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_TYPE = "kubernetes.io/service-account-token"
_NAME = "kubernetes.io/service-account.name"
_UID = "kubernetes.io/service-account.uid"
_YEARS = 10 * 365 * 86400


class TokensController(Controller):
    """Fills Secrets of the token type, and deletes those of accounts that are gone.

    Keys: "secret:namespace/name" and "account:namespace/name".
    """

    def sync(self, key: str) -> float | None:
        what, _, rest = key.partition(":")
        namespace, name = split_key(rest)
        if what == "secret":
            secret = self.client.peek("secrets", name, namespace)
            if secret is not None and secret.get("type") == _TYPE:
                self._fill(secret)
            return None
        account = self.client.peek("serviceaccounts", name, namespace)
        for secret in self.client.items("secrets", namespace):
            notes = secret["metadata"].get("annotations") or {}
            if secret.get("type") != _TYPE or notes.get(_NAME) != name:
                continue
            if account is None or notes.get(_UID) not in (None, "", account["metadata"]["uid"]):
                self._delete(secret)
            else:
                self._fill(secret)
        return None

    def _fill(self, secret: Obj) -> None:
        meta = secret["metadata"]
        notes = meta.get("annotations") or {}
        account = self.client.peek("serviceaccounts", notes.get(_NAME, ""), meta["namespace"])
        if account is None or notes.get(_UID) not in (None, "", account["metadata"]["uid"]):
            self._delete(secret)
            return
        data = secret.get("data") or {}
        if all(data.get(field) for field in ("token", "ca.crt", "namespace")) and notes.get(_UID):
            return
        from minikctl.controllers.certificates.authority import CERTIFICATE

        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": [], "expirationSeconds": _YEARS},
        }
        answer = self.client.create(
            "serviceaccounts", request, meta["namespace"], subresource="token", name=account["metadata"]["name"]
        )
        fresh = {"token": answer["status"]["token"], "ca.crt": CERTIFICATE, "namespace": meta["namespace"]}
        secret["data"] = {**{field: base64.b64encode(text.encode()).decode() for field, text in fresh.items()}, **data}
        meta["annotations"] = {**notes, _UID: account["metadata"]["uid"]}
        self.client.update("secrets", secret)

    def _delete(self, secret: Obj) -> None:
        meta = secret["metadata"]
        try:
            self.client.delete("secrets", meta["name"], meta["namespace"], preconditions={"uid": meta["uid"]})
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise
