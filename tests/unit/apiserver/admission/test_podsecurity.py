"""Pod Security: every check at its level and versions, labels, and warnings."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apiserver.admission.podsecurity.checks import violations
from minikctl.apiserver.admission.podsecurity.levels import LATEST, PREFIX, LevelVersion, policy_of

RESTRICTED = {
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def pod(container: dict[str, Any] | None = None, context: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    one: dict[str, Any] = {"name": "c", "securityContext": {**CONTAINER, **(container or {})}}
    return {"metadata": {}, "spec": {"securityContext": {**RESTRICTED, **(context or {})}, "containers": [one], **spec}}


def texts(level: str, subject: dict[str, Any], version: int = LATEST) -> list[str]:
    return [violation.text for violation in violations(LevelVersion(level, version), subject)]


def test_a_careful_pod_passes_everything() -> None:
    assert texts("restricted", pod()) == texts("baseline", pod()) == []


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (pod(hostNetwork=True, hostIPC=True), "host namespaces (hostNetwork=true, hostIPC=true)"),
        (pod({"privileged": True}), 'privileged (container "c" must not set securityContext.privileged=true)'),
        (
            pod({"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN", "NET_ADMIN"]}}),
            'non-default capabilities (container "c" must not include "NET_ADMIN", "SYS_ADMIN" in'
            " securityContext.capabilities.add)",
        ),
        (
            pod(volumes=[{"name": "v", "hostPath": {}}, {"name": "w", "hostPath": {}}]),
            'hostPath volumes (volumes "v", "w")',
        ),
        (
            pod({"procMount": "Unmasked"}),
            'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
        ),
        (
            pod({"seLinuxOptions": {"type": "bad_t", "user": "u"}}, {"seLinuxOptions": {"role": "r"}}),
            'seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: type "bad_t";'
            " user may not be set; role may not be set)",
        ),
        (pod(context={"sysctls": [{"name": "kernel.msgmax"}]}), "forbidden sysctls (kernel.msgmax)"),
        (
            pod(context={"seccompProfile": {"type": "Unconfined"}}),
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        (
            pod(context={"windowsOptions": {"hostProcess": True}}),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
        (
            pod({"appArmorProfile": {"type": "Unconfined"}}),
            'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")',
        ),
    ],
)
def test_baseline(subject: dict[str, Any], expected: str) -> None:
    assert texts("baseline", subject) == [expected]


def test_host_ports_and_probe_hosts() -> None:
    subject = pod()
    subject["spec"]["containers"][0]["ports"] = [{"hostPort": 81}, {"hostPort": 80}]
    subject["spec"]["containers"][0]["livenessProbe"] = {"httpGet": {"host": "h"}}
    assert texts("baseline", subject) == [
        'hostPort (container "c" uses hostPorts 80, 81)',
        'probe or lifecycle host (container "c" uses probe or lifecycle host "h")',
    ]
    assert len(texts("baseline", subject, 33)) == 1


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (pod({"allowPrivilegeEscalation": None}), "allowPrivilegeEscalation != false"),
        (pod({"capabilities": {"drop": ["KILL"]}}), "unrestricted capabilities"),
        (pod({"runAsNonRoot": False}), "runAsNonRoot != true"),
        (pod({"runAsUser": 0}), "runAsUser=0"),
        (pod(volumes=[{"name": "n", "nfs": {}}]), "restricted volume types"),
        (pod(context={"seccompProfile": None}), "seccompProfile"),
    ],
)
def test_restricted_adds(subject: dict[str, Any], expected: str) -> None:
    assert [v.reason for v in violations(LevelVersion("restricted"), subject)] == [expected]
    assert texts("baseline", subject) == []


def test_old_versions_know_fewer_checks() -> None:
    silent = {"metadata": {}, "spec": {"containers": [{"name": "c"}]}}
    reasons = [v.reason for v in violations(LevelVersion("restricted", 0), silent)]
    assert reasons == ["runAsNonRoot != true"]
    assert "seccompProfile" in [v.reason for v in violations(LevelVersion("restricted", 19), silent)]


def test_labels_make_a_policy() -> None:
    prefix = "pod-security.kubernetes.io/"
    policy, problems = policy_of({prefix + "enforce": "baseline", prefix + "enforce-version": "v1.30"})
    assert (str(policy.enforce), str(policy.warn), problems) == ("baseline:v1.30", "baseline:v1.30", [])
    policy, problems = policy_of({prefix + "enforce": "hard", prefix + "warn-version": "v2"})
    assert policy.enforce.level == "restricted"
    assert [problem.field for problem in problems] == [
        f"metadata.labels[{prefix}enforce]",
        f"metadata.labels[{prefix}warn-version]",
    ]


def test_enforcement_in_a_cluster(api: Any) -> None:
    api.create(api.pod("old"))
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    api.client.patch("namespaces", "demo", labels, "application/merge-patch+json")
    assert api.warnings == [
        'existing pods in namespace "demo" violate the new PodSecurity enforce level "restricted:latest"',
        "old: allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile",
    ]
    assert 'pods "p" is forbidden: violates PodSecurity "restricted:latest": ' in api.refusal(api.create, api.pod())
    # the same pod may still be labelled
    api.client.patch("pods", "old", {"metadata": {"labels": {"a": "b"}}}, "application/merge-patch+json", "demo")


def test_a_user_namespace_excuses_no_proc_mount_from_restricted() -> None:
    mounted = {**pod({"procMount": "Unmasked"})}
    mounted["spec"]["hostUsers"] = False
    text = 'container "c" must not set securityContext.procMount to "Unmasked"'
    assert [v.detail for v in violations(LevelVersion("baseline"), mounted) if v.reason == "procMount"] == []
    for version in (34, 35, LATEST):
        found = violations(LevelVersion("restricted", version), mounted)
        assert [v.detail for v in found if v.reason == "procMount"] == [text]


def test_image_volumes_are_no_restricted_type() -> None:
    mounted = pod(volumes=[{"name": "v", "image": {"reference": "alpine"}}])
    assert "restricted volume types" not in [v.reason for v in violations(LevelVersion("restricted"), mounted)]


def test_unreadable_levels_are_restricted_where_enforced_and_privileged_elsewhere() -> None:
    policy, problems = policy_of({f"{PREFIX}{mode}": "strict" for mode in ("enforce", "audit", "warn")})
    assert [part.level for part in policy] == ["restricted", "privileged", "privileged"]
    assert len(problems) == 3
