"""TTL after finished: Jobs go some time after they ended (upstream's `pkg/controller/ttlafterfinished`)."""

from __future__ import annotations

from minikctl.apimachinery.errors import StatusError
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller, seconds_of


class TTLAfterFinishedController(Controller):
    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key)
        job = self.client.peek("jobs.batch", name, namespace)
        if job is None or "deletionTimestamp" in job["metadata"]:
            return None
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        ended = [
            seconds_of(entry["lastTransitionTime"])
            for entry in (job.get("status") or {}).get("conditions") or ()
            if entry["type"] in ("Complete", "Failed") and entry["status"] == "True"
        ]
        if ttl is None or not ended:
            return None
        due = ended[0] + float(ttl)
        if due > self.clock.now():
            return due
        try:
            self.client.delete(
                "jobs.batch",
                name,
                namespace,
                propagationPolicy="Foreground",
                preconditions={"uid": job["metadata"]["uid"]},
            )
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise
        return None
