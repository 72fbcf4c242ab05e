"""What every namespace gets: the default service account and the ConfigMap with the cluster's root certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.controllers.controller import Controller

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

ROOT_CA = "kube-root-ca.crt"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the"
    " internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes"
    " clusters."
)


class PerNamespace(Controller):
    """Keeps one object in each active namespace. Keys are namespace names."""

    resource = ""
    name = ""

    def sync(self, key: str) -> float | None:
        namespace = self.client.peek("namespaces", key)
        if namespace is None or (namespace.get("status") or {}).get("phase") == "Terminating":
            return None
        found = self.client.peek(self.resource, self.name, key)
        if found is None:
            self._create(key)
        elif not self.is_right(found):
            self.client.update(self.resource, {**found, **self.content()})
        return None

    def _create(self, namespace: str) -> None:
        obj = {"metadata": {"name": self.name, "namespace": namespace}, **self.content()}
        obj["metadata"] = {**obj["metadata"], **self.metadata()}
        try:
            self.client.create(self.resource, obj, namespace)
        except StatusError as error:
            if error.reason not in ("AlreadyExists", "Forbidden", "NotFound"):
                raise

    def metadata(self) -> Obj:
        return {}

    def content(self) -> Obj:
        raise NotImplementedError

    def is_right(self, found: Obj) -> bool:
        return True


class ServiceAccountsController(PerNamespace):
    resource = "serviceaccounts"
    name = "default"

    def content(self) -> Obj:
        return {"apiVersion": "v1", "kind": "ServiceAccount"}


class RootCAPublisher(PerNamespace):
    resource = "configmaps"
    name = ROOT_CA

    def metadata(self) -> Obj:
        return {"annotations": {"kubernetes.io/description": _DESCRIPTION}}

    def content(self) -> Obj:
        from minikctl.controllers.certificates.authority import CERTIFICATE

        return {"apiVersion": "v1", "kind": "ConfigMap", "data": {"ca.crt": CERTIFICATE}}

    def is_right(self, found: Obj) -> bool:
        return bool(found.get("data") == self.content()["data"])
