"""Defaults of Job and CronJob. Counterpart: kubernetes `pkg/apis/batch/v1/defaults.go`."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.defaults.pod import default_template, drop_empty

_BACKOFF_LIMIT = 6
_NO_BACKOFF_LIMIT = 2**31 - 1
_OMITTED: frozenset[str] = frozenset()


def default_job(obj: dict[str, Any], version: str = "v1") -> None:
    """A Job; its labels default to those of its pods."""
    spec = obj.setdefault("spec", {})
    _job_spec(spec)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = spec["parallelism"] = 1
    spec.setdefault("parallelism", 1)
    if spec.get("backoffLimit") is None:
        spec["backoffLimit"] = _BACKOFF_LIMIT if spec.get("backoffLimitPerIndex") is None else _NO_BACKOFF_LIMIT
    labels = spec["template"]["metadata"].get("labels")
    meta = obj.setdefault("metadata", {})
    if labels and not meta.get("labels"):
        meta["labels"] = dict(labels)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    if spec.get("podReplacementPolicy") is None:
        spec["podReplacementPolicy"] = "Failed" if spec.get("podFailurePolicy") is not None else "TerminatingOrFailed"
    spec.setdefault("manualSelector", False)


def default_cron_job(obj: dict[str, Any], version: str = "v1") -> None:
    """A CronJob; the job template gets only what pod specs get."""
    spec = obj.setdefault("spec", {})
    drop_empty(spec, _OMITTED)
    if not spec.get("concurrencyPolicy"):
        spec["concurrencyPolicy"] = "Allow"
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template = spec.setdefault("jobTemplate", {})
    if template.get("metadata") is None:
        template["metadata"] = {}
    _job_spec(template.setdefault("spec", {}))


def _job_spec(spec: dict[str, Any]) -> None:
    drop_empty(spec, _OMITTED)
    template = spec.get("template")
    if template is None:
        template = spec["template"] = {}
    default_template(template)
    policy = spec.get("podFailurePolicy")
    if policy:
        for rule in policy.get("rules") or ():
            for pattern in rule.get("onPodConditions") or ():
                if not pattern.get("status"):
                    pattern["status"] = "True"


DEFAULTS = {"jobs.batch": default_job, "cronjobs.batch": default_cron_job}
