"""Namespace deletion: empty it, pods first, say what remains, then finalize (upstream's `pkg/controller/namespace`)."""

from __future__ import annotations

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import set_condition
from minikctl.apimachinery.request import Obj
from minikctl.controllers.controller import Controller

_FINE = (
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    ("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"),
    (
        "NamespaceFinalizersRemaining",
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    ),
)


class NamespaceController(Controller):
    def sync(self, key: str) -> float | None:
        namespace = self.client.peek("namespaces", key)
        if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
            return None
        finalizers = (namespace.get("spec") or {}).get("finalizers") or []
        if "kubernetes" not in finalizers:
            return None
        remaining = self._empty(key)
        if remaining:
            self._explain(namespace, remaining)
            return None
        namespace["spec"]["finalizers"] = [name for name in finalizers if name != "kubernetes"]
        self.client.update("namespaces", namespace, subresource="finalize")
        return None

    def _empty(self, namespace: str) -> dict[str, list[Obj]]:
        """Delete what is there; what is left, by "plural.group"."""
        rows = [row for row in self.client.resource_set().preferred() if row.namespaced and "delete" in row.verbs]
        pods = [row for row in rows if row.key == "pods"]
        remaining = self._delete_all([row.key for row in pods], namespace)
        if remaining:
            return remaining
        keys = dict.fromkeys(row.key for row in rows if row.key != "pods")
        return self._delete_all(sorted(keys), namespace)

    def _delete_all(self, keys: list[str], namespace: str) -> dict[str, list[Obj]]:
        remaining = {}
        for key in keys:
            found = self.client.items(key, namespace)
            for obj in found:
                if "deletionTimestamp" not in obj["metadata"]:
                    self._delete(key, obj)
            if found and (left := self.client.items(key, namespace)):
                remaining[key if "." in key else key + "."] = left
        return remaining

    def _delete(self, key: str, obj: Obj) -> None:
        try:
            self.client.delete(
                key, obj["metadata"]["name"], obj["metadata"]["namespace"], propagationPolicy="Background"
            )
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    def _explain(self, namespace: Obj, remaining: dict[str, list[Obj]]) -> None:
        status = dict(namespace.get("status") or {})
        for type_, reason, message in _FINE:
            value = "False"
            if type_ == "NamespaceContentRemaining":
                counts = [f"{key} has {len(left)} resource instances" for key, left in sorted(remaining.items())]
                value, reason = "True", "SomeResourcesRemain"
                message = "Some resources are remaining: " + ", ".join(counts)
            elif type_ == "NamespaceFinalizersRemaining" and (held := _finalizers(remaining)):
                value, reason = "True", "SomeFinalizersRemain"
                message = "Some content in the namespace has finalizers remaining: " + ", ".join(held)
            entry = {"type": type_, "status": value, "reason": reason, "message": message}
            set_condition(status, entry, self.stamp())
        self.put_status("namespaces", namespace, status)


def _finalizers(remaining: dict[str, list[Obj]]) -> list[str]:
    counts: dict[str, int] = {}
    for left in remaining.values():
        for obj in left:
            for finalizer in obj["metadata"].get("finalizers") or ():
                counts[finalizer] = counts.get(finalizer, 0) + 1
    return [f"{finalizer} in {count} resource instances" for finalizer, count in sorted(counts.items())]
