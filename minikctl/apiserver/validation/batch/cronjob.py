"""Validation of CronJob. Counterpart: kubernetes `pkg/apis/batch/validation`."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import cron, field
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation.batch.job import check_job_spec
from minikctl.apiserver.validation.names import max_length
from minikctl.apiserver.validation.pod.checks import Errors, nonnegative
from minikctl.apiserver.validation.selectors import selector_struct

Spec = dict[str, Any]

# Jobs are named after their CronJob and the minute: eleven characters more, 63 at most.
_NAME_LIMIT = 52
_CONCURRENCY = ("Allow", "Forbid", "Replace")
_ZONE_PART_LIMIT = 14
_ZONE_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_+")


def cron_job_create(obj: Obj) -> Errors:
    errors: Errors = []
    _check_spec(obj.get("spec") or {}, None, errors)
    name = obj["metadata"].get("name", "")
    if len(name) > _NAME_LIMIT:
        errors.append(field.invalid("metadata.name", name, max_length(_NAME_LIMIT)))
    return errors


def cron_job_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    _check_spec(new.get("spec") or {}, old.get("spec") or {}, errors)
    return errors


def _check_spec(spec: Spec, before: Spec | None, errors: Errors) -> None:
    schedule = spec.get("schedule", "")
    if not schedule:
        errors.append(field.required("spec.schedule"))
    else:
        zone_allowed = before is not None and "TZ" in before.get("schedule", "")
        _check_schedule(schedule, zone_allowed, spec.get("timeZone"), errors)
    nonnegative(spec.get("startingDeadlineSeconds"), "spec.startingDeadlineSeconds", errors)
    zone = spec.get("timeZone")
    if zone is not None and (before is None or before.get("timeZone") != zone):
        _check_zone(zone, "spec.timeZone", errors)
    policy = spec.get("concurrencyPolicy", "")
    if not policy:
        errors.append(field.required("spec.concurrencyPolicy"))
    elif policy not in _CONCURRENCY:
        errors.append(field.not_supported("spec.concurrencyPolicy", policy, _CONCURRENCY))
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    check_job_spec(job, "spec.jobTemplate.spec", errors)
    if job.get("selector") is not None:
        shown = selector_struct(job["selector"])
        errors.append(field.invalid("spec.jobTemplate.spec.selector", shown, "`selector` will be auto-generated"))
    if job.get("manualSelector"):
        errors.append(field.not_supported("spec.jobTemplate.spec.manualSelector", True, ("nil", "false")))
    for key in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        nonnegative(spec.get(key), f"spec.{key}", errors)


def _check_schedule(schedule: str, zone_allowed: bool, zone: str | None, errors: Errors) -> None:
    path = "spec.schedule"
    try:
        cron.parse(schedule)
    except cron.CronError as error:
        errors.append(field.invalid(path, schedule, str(error)))
    if "TZ" not in schedule:
        return
    if not zone_allowed:
        text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.append(field.invalid(path, schedule, text))
    elif zone is not None:
        text = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        errors.append(field.invalid(path, schedule, text))


def _check_zone(zone: str, path: str, errors: Errors) -> None:
    if not zone:
        errors.append(field.invalid(path, zone, "timeZone must be nil or non-empty string"))
        return
    for part in zone.split("/"):
        plain = 0 < len(part) <= _ZONE_PART_LIMIT and _ZONE_CHARS.issuperset(part)
        if not plain or part in (".", "..") or part[0] == "-":
            errors.append(field.invalid(path, zone, f"unknown time zone {zone}"))
            return
    if zone.lower() == "local":
        text = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        errors.append(field.invalid(path, zone, text))
        if zone == "Local":
            return
    if not cron.is_zone(zone):
        errors.append(field.invalid(path, zone, f"unknown time zone {zone}"))
