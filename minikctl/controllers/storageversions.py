"""Storage versions: forgetting API servers that are gone, and rewriting what is stored in an old version.

Both are off by default (see `apimachinery.switches`). Counterparts: `pkg/controller/storageversiongc` and
`pkg/controller/storageversionmigrator`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import storageversions, switches
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import is_true
from minikctl.controllers.controller import Controller

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource

MIGRATIONS = "storageversionmigrations.storagemigration.k8s.io"

_MANAGER = "storage-version-migrator-controller"
_NO_NAMESPACE = "fake-svm-namespace"  # where a list costs nothing
_UNCOLLECTED = ("events", "events.events.k8s.io")
_DISCOVERY_SECONDS = 60.0
_RETRIED = ("ServerTimeout", "TooManyRequests", "ServiceUnavailable", "InternalError", "Timeout")


class StorageVersionGarbageCollector(Controller):
    """Keys: "lease:NAME" of an identity Lease that is gone, or the name of a StorageVersion."""

    def sync(self, key: str) -> float | None:
        if not switches.enabled(self.env.settings, "StorageVersionAPI"):
            return None
        what, _, name = key.rpartition(":")
        if not what:
            found = self.client.peek(storageversions.RESOURCE, name)
            if found is not None:
                self._keep(found, [entry for entry in _servers(found) if self._is_there(entry["apiServerID"])])
        elif self.client.peek(storageversions.LEASES, name, storageversions.LEASE_NAMESPACE) is None:
            for found in self.client.items(storageversions.RESOURCE):
                self._keep(found, [entry for entry in _servers(found) if entry["apiServerID"] != name])
        return None

    def _is_there(self, server: str) -> bool:
        lease = self.client.peek(storageversions.LEASES, server, storageversions.LEASE_NAMESPACE, shared=True)
        return storageversions.is_identity(lease)

    def _keep(self, found: Obj, servers: list[Obj]) -> None:
        """Leave only these servers in a StorageVersion; without any it goes."""
        if len(servers) == len(_servers(found)):
            return
        meta = found["metadata"]
        if not servers:
            self.client.delete(storageversions.RESOURCE, meta["name"])
            return
        status = {**found["status"], "storageVersions": servers}
        storageversions.note_common_version(status, meta.get("generation", 0), self.stamp())
        self.put_status(storageversions.RESOURCE, found, status)


def _servers(found: Obj) -> list[Obj]:
    return list((found.get("status") or {}).get("storageVersions") or ())


class StorageVersionMigrator(Controller):
    """Keys are StorageVersionMigrations. First one notes up to which revision to rewrite, then it rewrites."""

    def sync(self, key: str) -> float | None:
        if not switches.enabled(self.env.settings, "StorageVersionMigrator"):
            return None
        migration = self.client.peek(MIGRATIONS, key)
        if migration is None or is_true(migration, "Succeeded") or is_true(migration, "Failed"):
            return None
        asked = migration["spec"]["resource"]
        group = asked.get("group", "")
        row = self.client.resource_set().lookup(f"{asked['resource']}.{group}" if group else asked["resource"])
        if row is None:
            self._note(migration, "Failed", "resource does not exist in discovery")
            return None
        status = migration.get("status") or {}
        if not status.get("resourceVersion"):
            namespace = _NO_NAMESPACE if row.namespaced else ""
            newest = self.client.list(row, namespace, limit=1)["metadata"]["resourceVersion"]
            self.put_status(MIGRATIONS, migration, {**status, "resourceVersion": newest})
            return None
        if row.key in _UNCOLLECTED:
            given_up = parse_time(migration["metadata"]["creationTimestamp"]) + _DISCOVERY_SECONDS
            if self.clock.now() < given_up:
                return given_up
            # Formatted by upstream, of an error that is nil.
            self._fail(migration, "resource does not exist in GC: %!w(<nil>)")
            return None
        self._note(migration, "Running", "")
        if self._rewrite(migration, row, int(status["resourceVersion"])):
            self._note(migration, "Succeeded", "")
        return None

    def _rewrite(self, migration: Obj, row: Resource, newest: int) -> bool:
        """Apply nothing to each object, so that it is stored anew; False where that failed."""
        for found in self.client.items(row.key, shared=True):
            meta = found["metadata"]
            if int(meta["resourceVersion"]) > newest:
                continue
            identity = {field: meta[field] for field in ("name", "uid", "resourceVersion")}
            patch = {"apiVersion": row.api_version, "kind": row.kind, "metadata": identity}
            try:
                self.client.apply(row, patch, _MANAGER, namespace=meta.get("namespace", ""))
            except StatusError as error:
                if error.reason == "Conflict":
                    continue  # changed or deleted meanwhile: nothing is left to do
                if error.reason in _RETRIED:
                    raise
                self._fail(migration, error.message)
                return False
        return True

    def _fail(self, migration: Obj, why: str) -> None:
        self._note(migration, "Failed", f"migration encountered unhandled error: {why}")

    def _note(self, migration: Obj, type_: str, message: str) -> None:
        """Add a condition; what was running is not any more once it is over (setStatusConditions)."""
        status = dict(migration.get("status") or {})
        conditions = [dict(entry) for entry in status.get("conditions") or ()]
        if any(entry["type"] == type_ and entry["status"] == "True" for entry in conditions):
            return
        if type_ != "Running":
            for entry in conditions:
                if entry["type"] == "Running":
                    entry["status"] = "False"
        word = "InProgress" if type_ == "Running" else type_
        conditions.append(
            {
                "type": type_,
                "status": "True",
                "lastTransitionTime": self.stamp(),
                "reason": f"StorageVersionMigration{word}",
                "message": message,
            }
        )
        self.put_status(MIGRATIONS, migration, {**status, "conditions": conditions})
