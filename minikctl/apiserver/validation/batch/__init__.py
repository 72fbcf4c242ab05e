"""Validation of Job and CronJob; their warnings.

Counterparts: kubernetes `pkg/apis/batch/validation`, `pkg/api/job/warnings.go` and the strategies in
`pkg/registry/batch`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.apps import name_warnings
from minikctl.apiserver.validation.batch.cronjob import cron_job_create, cron_job_update
from minikctl.apiserver.validation.batch.job import job_create, job_update
from minikctl.apiserver.validation.batch.status import job_status

_MANY_COMPLETIONS = 100_000
_MANY_PODS = 10_000
_UNTRACKED = (
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes"
    " might not be able to track completedIndexes when a big number of indexes fail"
)
_ZONE_IN_SCHEDULE = (
    "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see"
    " https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
)


def _spec_warnings(spec: dict[str, Any], path: str) -> list[str]:
    from minikctl.apiserver.validation.pod.warnings import template_warnings

    found = []
    if (
        spec.get("completionMode") == "Indexed"
        and (spec.get("completions") or 0) > _MANY_COMPLETIONS
        and (spec.get("parallelism") or 0) > _MANY_PODS
    ):
        found.append(f"{path}: {_UNTRACKED}")
    return found + template_warnings(spec.get("template"), f"{path}.template")


def _unchanged(new: Obj, old: Obj | None) -> bool:
    return old is not None and new["metadata"].get("generation") == old["metadata"].get("generation")


def _job_warnings(new: Obj, old: Obj | None) -> list[str]:
    if _unchanged(new, old):
        return []
    return name_warnings(new, old) + _spec_warnings(new.get("spec") or {}, "spec")


def _cron_job_warnings(new: Obj, old: Obj | None) -> list[str]:
    spec, found = new.get("spec") or {}, name_warnings(new, old)
    if not _unchanged(new, old):
        found += _spec_warnings((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec")
    if old is not None and "TZ" in spec.get("schedule", ""):
        found.append(_ZONE_IN_SCHEDULE)
    return found


VALIDATE: dict[str, Checks] = {
    "jobs.batch": (job_create, job_update, job_status),
    "cronjobs.batch": (cron_job_create, cron_job_update, None),
}
WARNINGS: dict[str, WarningsCheck] = {"jobs.batch": _job_warnings, "cronjobs.batch": _cron_job_warnings}
