"""Rules of Jobs and CronJobs."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from minikctl.apiserver import validation
from minikctl.apiserver.defaults import apply
from minikctl.apiserver.validation.batch.policies import IndexesError, parse_indexes

LABELS = {
    "batch.kubernetes.io/controller-uid": "u",
    "batch.kubernetes.io/job-name": "j",
    "controller-uid": "u",
    "job-name": "j",
}


def make_job(**spec: Any) -> dict[str, Any]:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "c:1"}]}
    template = {"metadata": {"labels": dict(LABELS)}, "spec": pod}
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}
    meta = {"name": "j", "namespace": "demo", "uid": "u", "resourceVersion": "1", "generation": 1}
    job = {"metadata": meta, "spec": {"selector": selector, "template": template, **spec}}
    apply("jobs.batch", "v1", job)
    return job


def problems(**spec: Any) -> list[str]:
    found = validation.create("jobs.batch", make_job(**spec))
    return [str(error).removeprefix("spec.") for error in found]


def change(old: dict[str, Any], **spec: Any) -> list[str]:
    new = copy.deepcopy(old)
    new["spec"].update(spec)
    return [str(error) for error in validation.update("jobs.batch", new, old)]


def test_a_plain_job_is_valid() -> None:
    assert problems() == []


def test_labels_are_generated() -> None:
    job = make_job()
    job["spec"]["template"]["metadata"]["labels"]["job-name"] = "other"
    found = [str(error) for error in validation.create("jobs.batch", job)]
    assert len(found) == 1
    assert found[0].startswith("spec.template.metadata.labels[job-name]: Invalid value: {")
    assert found[0].endswith("}: must be 'j'")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"completionMode": "Indexed", "parallelism": 2},
            ["completions: Required value: when completion mode is Indexed"],
        ),
        (
            {"backoffLimitPerIndex": 1},
            ["backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"],
        ),
        (
            {"completionMode": "Indexed", "completions": 3, "maxFailedIndexes": 5, "backoffLimitPerIndex": 1},
            ["maxFailedIndexes: Invalid value: 5: must be less than or equal to completions"],
        ),
        (
            {"managedBy": "me"},
            ['managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
        ),
        (
            {"ttlSecondsAfterFinished": -1},
            ["ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            {"successPolicy": {"rules": [{"succeededCount": 1}]}},
            [
                'successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}:'
                " requires indexed completion mode"
            ],
        ),
        (
            {"podReplacementPolicy": "Never"},
            ['podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"'],
        ),
    ],
)
def test_refused_specs(spec: dict[str, Any], expected: list[str]) -> None:
    assert problems(**spec) == expected


def test_failure_policy() -> None:
    rules = [
        {"action": "", "onExitCodes": {"operator": "In", "values": [2, 0], "containerName": "other"}},
        {"action": "FailIndex"},
        {"action": "Ignore", "onPodConditions": [{"type": "X", "status": "Maybe"}]},
    ]
    path = "podFailurePolicy.rules"
    assert problems(podFailurePolicy={"rules": rules}) == [
        f'{path}[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
        f'{path}[0].onExitCodes.containerName: Invalid value: "other": must be one of the container or initContainer'
        " names in the pod template",
        f"{path}[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
        f"{path}[0].onExitCodes.values: Invalid value: [2,0]: must be ordered",
        f'{path}[1].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
        f"{path}[1]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
        f'{path}[2].onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True",'
        ' "Unknown"',
    ]


def test_success_policy() -> None:
    rules = [{"succeededIndexes": "0,2-9", "succeededCount": 4}, {}]
    assert problems(completionMode="Indexed", completions=4, successPolicy={"rules": rules}) == [
        'successPolicy.rules[0].succeededIndexes: Invalid value: "0,2-9": error parsing succeededIndexes: too large'
        ' index: "9"',
        "successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 0"
        " (the number of indexes in the specified succeededIndexes field)",
        "successPolicy.rules[1]: Required value: at least one of succeededCount or succeededIndexes must be specified",
    ]


def test_index_sets() -> None:
    assert parse_indexes("0,2-4", 5) == [(0, 0), (2, 4)]
    for text in ("1,0", "3-2", "x", "1-2-3", ""):
        if text:
            with pytest.raises(IndexesError):
                parse_indexes(text, 9)
        else:
            assert parse_indexes(text, 9) == []


def test_indexed_jobs_name_their_pods() -> None:
    job = make_job(completionMode="Indexed", completions=10)
    job["metadata"]["name"] = name = "a" * 62
    for key in ("job-name", "batch.kubernetes.io/job-name"):
        job["spec"]["template"]["metadata"]["labels"][key] = name
    found = [str(error) for error in validation.create("jobs.batch", job)]
    assert found == [
        f'metadata.name: Invalid value: "{name}": will not able to create pod with invalid DNS label: {name}-9'
    ]


def test_what_changes_in_a_job() -> None:
    old = make_job()
    assert change(old, parallelism=5, suspend=True, backoffLimit=1) == []
    assert change(old, completions=5) == ["spec.completions: Invalid value: 5: field is immutable"]
    template = copy.deepcopy(old["spec"]["template"])
    template["spec"]["containers"][0]["image"] = "c:2"
    found = change(old, template=template)
    assert len(found) == 1
    assert found[0].startswith('spec.template: Invalid value: {"labels":{"batch.kubernetes.io/controller-uid":"u"')
    assert '"Spec":{"Volumes":null,"InitContainers":null,"Containers":[{"Name":"c","Image":"c:2"' in found[0]
    assert found[0].endswith(": field is immutable")


AT_REST = {"conditions": [{"type": "Suspended", "status": "True"}], "startTime": "2024-01-01T00:00:00Z"}


def changed_template(old: dict[str, Any], meta: dict[str, Any] | None = None, **spec: Any) -> list[str]:
    """Whose template is refused: the fields that are told to be immutable."""
    template = copy.deepcopy(old["spec"]["template"])
    template["spec"].update(spec)
    template["metadata"].update(meta or {})
    return [text.partition(":")[0] for text in change(old, template=template) if text.endswith("field is immutable")]


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        ({}, []),
        (AT_REST, []),
        ({"startTime": "2024-01-01T00:00:00Z"}, ["spec.template"]),
        ({**AT_REST, "active": 1}, ["spec.template"]),
    ],
)
def test_suspended_jobs_may_be_redirected(status: dict[str, Any], refused: list[str]) -> None:
    old = {**make_job(suspend=True), "status": status}
    gates, affinity = [{"name": "example.com/gate"}], {"nodeAffinity": {}}
    redirected = {"nodeSelector": {"a": "b"}, "schedulingGates": gates, "affinity": affinity}
    assert changed_template(old, {"annotations": {"x": "y"}}, **redirected) == refused


@pytest.mark.parametrize(
    ("status", "refused"), [({}, []), (AT_REST, []), ({**AT_REST, "active": 1}, ["spec.template"])]
)
def test_jobs_at_rest_may_get_other_resources(status: dict[str, Any], refused: list[str]) -> None:
    old = {**make_job(suspend=True), "status": status}
    container = old["spec"]["template"]["spec"]["containers"][0]
    larger = [{**container, "resources": {"requests": {"cpu": "2"}}}]
    assert changed_template(old, containers=larger) == refused
    claiming = [{**container, "resources": {"claims": [{"name": "gpu"}]}}]
    claims = [{"name": "gpu", "resourceClaimName": "gpu"}]
    assert changed_template(old, containers=claiming, resourceClaims=claims) == (refused or ["spec.template.spec"])
    with_claims = copy.deepcopy(old)
    with_claims["spec"]["template"]["spec"]["resourceClaims"] = claims
    assert changed_template(with_claims, containers=claiming) == refused
    assert changed_template(old, containers=[*larger, container]) == (refused or ["spec.template.spec"])
    other = [{**container, "image": "c:2"}]
    assert changed_template(old, containers=other) == (refused or ["spec.template.spec"])


def test_jobs_that_run_are_not_changed() -> None:
    old = {**make_job(suspend=False), "status": AT_REST}
    assert changed_template(old, nodeSelector={"a": "b"}) == ["spec.template"]


def test_indexed_jobs_may_be_scaled() -> None:
    old = make_job(completionMode="Indexed", completions=3, parallelism=3)
    assert change(old, completions=4, parallelism=4) == []
    assert change(old, completions=4) == [
        "spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism"
    ]


def test_job_statuses_do_not_contradict_themselves() -> None:
    old = make_job()
    start = "2024-01-01T00:00:00Z"

    def problems_of(status: dict[str, Any], before: dict[str, Any] | None = None) -> list[str]:
        previous = {**old, "status": before or {"startTime": start}}
        return [str(error) for error in validation.status_update("jobs.batch", {**old, "status": status}, previous)]

    done = [{"type": kind, "status": "True"} for kind in ("SuccessCriteriaMet", "Complete")]
    good = {"startTime": start, "completionTime": start, "conditions": done, "succeeded": 1}
    assert problems_of(good) == []
    assert problems_of({**good, "active": 1}) == [
        "status.active: Invalid value: 1: active>0 is invalid for finished job"
    ]
    assert problems_of({"startTime": start, "conditions": done[1:]}) == [
        "status.completionTime: Required value: completionTime is required for Complete jobs",
        "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true"
        " condition",
    ]
    assert "status.conditions: Invalid value: cannot disable the terminal Complete=True condition" in problems_of(
        {"startTime": start}, good
    )
    assert problems_of({"startTime": start, "failed": 1}, {"startTime": start, "failed": 2}) == [
        "status.failed: Invalid value: 1: cannot decrease the failed counter"
    ]


def make_cron_job(name: str = "c", **spec: Any) -> dict[str, Any]:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "c:1"}]}
    spec = {"schedule": "@hourly", "jobTemplate": {"spec": {"template": {"spec": pod}}}, **spec}
    meta = {"name": name, "namespace": "demo", "resourceVersion": "1", "generation": 1}
    obj = {"metadata": meta, "spec": spec}
    apply("cronjobs.batch", "v1", obj)
    return obj


def cron_problems(**spec: Any) -> list[str]:
    return [str(error) for error in validation.create("cronjobs.batch", make_cron_job(**spec))]


def test_cron_jobs() -> None:
    assert cron_problems() == []
    assert cron_problems(schedule="") == ["spec.schedule: Required value"]
    assert cron_problems(schedule="CRON_TZ=UTC @daily") == [
        'spec.schedule: Invalid value: "CRON_TZ=UTC @daily": cannot use TZ or CRON_TZ in schedule, use timeZone field'
        " instead"
    ]
    assert cron_problems(timeZone="Local") == [
        'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in'
        " https://www.iana.org/time-zones"
    ]
    assert cron_problems(timeZone="a b") == ['spec.timeZone: Invalid value: "a b": unknown time zone a b']
    assert cron_problems(name="n" * 53)[0].endswith("must be no more than 52 characters")
    job = {"spec": {**make_cron_job()["spec"]["jobTemplate"]["spec"], "manualSelector": True, "selector": {}}}
    assert cron_problems(jobTemplate=job) == [
        "spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated",
        'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
    ]


def test_remarks() -> None:
    old = make_cron_job(schedule="TZ=UTC @daily")
    assert validation.warnings("cronjobs.batch", old, old) == [
        "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see"
        " https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
    ]
    assert validation.warnings("jobs.batch", make_job()) == []


def test_updates_of_jobs_are_judged_as_new_jobs_too() -> None:
    old = make_job()
    template = copy.deepcopy(old["spec"]["template"])
    del template["metadata"]["labels"]["job-name"]
    found = change(old, template=template, parallelism=-1)
    parallelism = "spec.parallelism: Invalid value: -1: must be greater than or equal to 0"
    assert found[:3] == [
        "spec.template.metadata.labels[job-name]: Required value: must be 'j'",
        parallelism,
        parallelism,
    ]
    assert [text.partition(":")[0] for text in found[3:]] == ["spec.template"]


def status_problems(new: dict[str, Any], old: dict[str, Any], **spec: Any) -> list[str]:
    job = make_job(**spec)
    return [
        str(error) for error in validation.status_update("jobs.batch", {**job, "status": new}, {**job, "status": old})
    ]


EARLY, LATE = "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"


def test_a_start_is_kept_until_the_job_is_resumed() -> None:
    text = "field is immutable for unsuspended job once set"
    told = [f'status.startTime: Invalid value: "{LATE}": {text}']
    assert status_problems({"startTime": LATE}, {"startTime": EARLY}) == told
    assert status_problems({}, {"startTime": EARLY}) == [f"status.startTime: Invalid value: null: {text}"]
    assert status_problems({}, {"startTime": EARLY}, suspend=True) == []
    stopped, going = ([{"type": "Suspended", "status": value}] for value in ("True", "False"))
    before = {"startTime": EARLY, "conditions": stopped}
    assert status_problems({"startTime": LATE, "conditions": going}, before) == []
    assert status_problems({"startTime": LATE, "conditions": stopped}, before) == told


def test_a_suspended_job_without_completions_ends_without_a_start() -> None:
    done = [{"type": kind, "status": "True"} for kind in ("SuccessCriteriaMet", "Complete")]
    ended = {"completionTime": EARLY, "conditions": done}
    assert status_problems(ended, {}, completions=0, suspend=True) == []
    assert status_problems(ended, {}, completions=0) == [
        "status.startTime: Required value: startTime is required for finished job"
    ]


def test_uncounted_pods_of_a_finished_job_are_shown() -> None:
    done = [{"type": kind, "status": "True"} for kind in ("SuccessCriteriaMet", "Complete")]
    ended = {"startTime": EARLY, "completionTime": EARLY, "conditions": done}
    assert status_problems({**ended, "uncountedTerminatedPods": {"failed": ["a"]}}, ended) == [
        'status.uncountedTerminatedPods: Invalid value: {"Succeeded":null,"Failed":["a"]}: must be empty for finished'
        " job"
    ]


def test_indexes_of_a_status_are_read_one_by_one() -> None:
    indexed = {"completionMode": "Indexed", "completions": 5, "parallelism": 2, "backoffLimitPerIndex": 1}
    assert status_problems({"completedIndexes": "x,2-4", "failedIndexes": "0,3"}, {}, **indexed) == [
        'status.completedIndexes: Invalid value: "x,2-4": error parsing completedIndexes: cannot convert string to'
        ' integer for index: "x"',
        'status.failedIndexes: Invalid value: "0,3": failedIndexes and completedIndexes overlap at index: 3',
    ]
    longest = status_problems({"completedIndexes": "9" * 5000}, {}, **indexed)
    assert longest[0].endswith('cannot convert string to integer for index: "' + "9" * 5000 + '"')
    assert status_problems({"succeeded": 1}, {"succeeded": 3}, **indexed) == [
        "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter"
    ]
    assert status_problems({"succeeded": 1}, {"succeeded": 3}, **{**indexed, "parallelism": 5}) == []
