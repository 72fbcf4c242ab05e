"""What a failed pod means (podFailurePolicy), when enough succeeded (successPolicy), how long to wait (back-off)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery.gonumbers import parse_int
from minikctl.controllers import pods
from minikctl.controllers.controller import seconds_of
from minikctl.controllers.job import indexes

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"

_FIRST_BACKOFF = 10.0
_LONGEST_BACKOFF = 600.0


def only_replaces_failed(job: Obj) -> bool:
    return bool(job["spec"].get("podReplacementPolicy") == "Failed")


def has_failed(pod: Obj, job: Obj) -> bool:
    """Failed, or on its way out where such pods are replaced at once."""
    if pods.phase(pod) == "Failed":
        return True
    if only_replaces_failed(job):
        return False
    return "deletionTimestamp" in pod["metadata"] and pods.phase(pod) != "Succeeded"


def judge(job: Obj, pod: Obj) -> tuple[str, str]:
    """(action, message) of the first rule of the podFailurePolicy that the failed pod matches, else ("", "")."""
    policy = job["spec"].get("podFailurePolicy") or {}
    meta = pod["metadata"]
    for number, rule in enumerate(policy.get("rules") or ()):
        action = rule["action"]
        if action == "FailIndex" and job["spec"].get("backoffLimitPerIndex") is None:
            continue
        suffix = f"matching {action} rule at index {number}"
        if exit_codes := rule.get("onExitCodes"):
            hit = _exit_code(pod, exit_codes)
            if hit:
                where = f"Container {hit[0]} for pod {meta['namespace']}/{meta['name']}"
                return action, f"{where} failed with exit code {hit[1]} {suffix}"
        elif (conditions := rule.get("onPodConditions")) and (type_ := _condition(pod, conditions)):
            return action, f"Pod {meta['namespace']}/{meta['name']} has condition {type_} {suffix}"
    return "", ""


def _exit_code(pod: Obj, wanted: Obj) -> tuple[str, int] | None:
    status = pod.get("status") or {}
    for entry in [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]:
        ended = (entry.get("state") or {}).get("terminated")
        if not ended or wanted.get("containerName") not in (None, entry["name"]):
            continue
        code = ended.get("exitCode", 0)
        if code and (code in wanted["values"]) == (wanted["operator"] == "In"):
            return entry["name"], code
    return None


def _condition(pod: Obj, patterns: list[Obj]) -> str:
    for entry in (pod.get("status") or {}).get("conditions") or ():
        for pattern in patterns:
            if entry["type"] == pattern["type"] and entry["status"] == pattern.get("status", "True"):
                return str(entry["type"])
    return ""


def success_message(job: Obj, succeeded: indexes.Indexes) -> str:
    """Which successPolicy rule is met; "" for none."""
    policy = job["spec"].get("successPolicy") or {}
    for number, rule in enumerate(policy.get("rules") or ()):
        count = rule.get("succeededCount")
        if "succeededIndexes" in rule:
            required = indexes.Indexes.parse(rule["succeededIndexes"], job["spec"]["completions"])
            met = required.overlap(succeeded) >= (len(required) if count is None else count)
        else:
            met = count is not None and len(succeeded) >= count
        if met:
            return f"Matched rules at index {number}"
    return ""


def finish_time(pod: Obj, now: float) -> float:
    """When the last container ended; else when the pod turned unready, was deleted or (not to be seen) now."""
    times = []
    for entry in (pod.get("status") or {}).get("containerStatuses") or ():
        ended = (entry.get("state") or {}).get("terminated") or {}
        times.append(seconds_of(ended.get("finishedAt")))
    if times and all(times):
        return max(times)
    for entry in (pod.get("status") or {}).get("conditions") or ():
        if entry["type"] == "Ready" and entry["status"] == "False" and entry.get("lastTransitionTime"):
            return seconds_of(entry["lastTransitionTime"])
    if "deletionTimestamp" in pod["metadata"]:
        grace = pod["metadata"].get("deletionGracePeriodSeconds", 0)
        return seconds_of(pod["metadata"]["deletionTimestamp"]) - float(grace)
    return now


def retry_at(failures: int, last: float) -> float:
    """The time before which no pod replaces the last failed one."""
    if not failures:
        return 0.0
    return last + min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** min(failures - 1, 16))


class Backoff(NamedTuple):
    """Failures of a Job as a whole since its last success (upstream's backoffRecord)."""

    failures: int = 0
    last: float = 0.0

    def after(self, succeeded: list[Obj], failed: list[Obj], now: float) -> Backoff:
        """With the pods counted anew; a success forgets what failed before it."""
        times = [finish_time(pod, now) for pod in failed]
        if not succeeded:
            return Backoff(self.failures + len(times), max([self.last, *times]))
        success = max(finish_time(pod, now) for pod in succeeded)
        times = [at for at in times if at > success]
        return Backoff(len(times), max(times, default=0.0))

    def retry_at(self) -> float:
        return retry_at(self.failures, self.last)


def failure_counts(pod: Obj) -> tuple[int, int]:
    """(failures, ignored failures) of the index before this pod."""
    notes = pod["metadata"].get("annotations") or {}
    return parse_int(notes.get(FAILURES, "")) or 0, parse_int(notes.get(IGNORED_FAILURES, "")) or 0


def index_has_failed(job: Obj, pod: Obj) -> bool:
    """Whether this failed pod is the last one its index may have."""
    action, _ = judge(job, pod)
    if action == "FailIndex":
        return True
    if action == "Ignore":
        return False
    return failure_counts(pod)[0] >= int(job["spec"]["backoffLimitPerIndex"])


def next_failure_counts(job: Obj, pod: Obj | None) -> dict[str, str]:
    """The annotations of the pod that follows a failed one of the same index."""
    if pod is None:
        return {FAILURES: "0"}
    failures, ignored = failure_counts(pod)
    if judge(job, pod)[0] == "Ignore":
        ignored += 1
    else:
        failures += 1
    notes = {FAILURES: str(failures)}
    return {**notes, IGNORED_FAILURES: str(ignored)} if ignored else notes
