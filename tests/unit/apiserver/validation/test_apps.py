"""Rules of the workload kinds around pod templates."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from minikctl.apiserver import validation
from minikctl.apiserver.defaults import apply

KINDS = ("deployments.apps", "replicasets.apps", "daemonsets.apps", "statefulsets.apps", "replicationcontrollers")


def workload(key: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": "x"}
    selector = labels if key == "replicationcontrollers" else {"matchLabels": labels}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "c:1"}]}}
    meta = {"name": "w", "namespace": "demo", "uid": "u", "resourceVersion": "1", "generation": 1}
    obj = {"metadata": meta, "spec": {"selector": selector, "template": template, **spec}}
    apply(key, "v1", obj)
    return obj


def problems(key: str, **spec: Any) -> list[str]:
    return [str(error) for error in validation.create(key, workload(key, **spec))]


def change(key: str, **spec: Any) -> list[str]:
    old = workload(key)
    new = copy.deepcopy(old)
    new["spec"].update(spec)
    return [str(error) for error in validation.update(key, new, old)]


@pytest.mark.parametrize("key", KINDS)
def test_plain_workloads_are_valid(key: str) -> None:
    assert problems(key) == []
    assert change(key) == []


@pytest.mark.parametrize("key", KINDS)
def test_pods_must_be_restarted(key: str) -> None:
    template = workload(key)["spec"]["template"]
    template["spec"]["restartPolicy"] = "OnFailure"
    text = 'spec.template.spec.restartPolicy: Unsupported value: "OnFailure": supported values: "Always"'
    assert problems(key, template=template) == [text]


@pytest.mark.parametrize("key", KINDS)
def test_templates_are_validated(key: str) -> None:
    template = workload(key)["spec"]["template"]
    template["spec"]["containers"][0]["volumeMounts"] = [{"name": "gone", "mountPath": "/x"}]
    text = 'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "gone"'
    assert problems(key, template=template) == [text]


def test_selectors() -> None:
    assert problems("deployments.apps", selector={})[0] == (
        "spec.selector: Invalid value: {}: empty selector is invalid for deployment"
    )
    found = problems("replicasets.apps", selector={"matchExpressions": [{"key": "a", "operator": "Near"}]})
    assert found == [
        'spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"Near"}]}: invalid label selector',
    ]
    assert problems("replicationcontrollers", selector={"app": "y"}) == [
        'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`'
    ]


@pytest.mark.parametrize("key", ["deployments.apps", "replicasets.apps", "daemonsets.apps"])
def test_selectors_do_not_change(key: str) -> None:
    found = change(key, selector={"matchLabels": {"app": "x", "more": "y"}})
    assert found[-1] == ('spec.selector: Invalid value: {"matchLabels":{"app":"x","more":"y"}}: field is immutable')


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ({"type": "Recreate", "rollingUpdate": {}}, ".rollingUpdate: Forbidden: may not be specified when strategy"),
        ({"rollingUpdate": {"maxSurge": -1}}, ".rollingUpdate.maxSurge: Invalid value: -1: must be greater than"),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}, "may not be 0 when `maxSurge` is 0"),
        (
            {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "1"}},
            '.maxUnavailable: Invalid value: "1": a valid percent',
        ),
        ({"rollingUpdate": {"maxUnavailable": "9" * 5000 + "%"}}, "must not be greater than 100%"),
        ({"rollingUpdate": {"maxUnavailable": "101%"}}, 'Invalid value: "101%": must not be greater than 100%'),
        ({"type": "Fancy"}, ': Unsupported value: {"Type":"Fancy","RollingUpdate":null}: supported values: "Recreate"'),
    ],
)
def test_deployment_strategy(strategy: dict[str, Any], message: str) -> None:
    found = problems("deployments.apps", strategy=strategy)
    assert len(found) == 1
    assert message in found[0]


def test_deployment_deadlines() -> None:
    assert problems("deployments.apps", minReadySeconds=700) == [
        "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"
    ]


def test_daemon_set_strategy() -> None:
    both = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
    assert problems("daemonsets.apps", updateStrategy=both) == [
        "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"
    ]
    none = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}
    assert problems("daemonsets.apps", updateStrategy=none) == [
        "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"
    ]


def test_stateful_set() -> None:
    strategy = {"type": "OnDelete", "rollingUpdate": {"partition": 1}}
    assert problems("statefulsets.apps", updateStrategy=strategy, minReadySeconds=-1) == [
        'spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":1,"MaxUnavailable":null}:'
        " only allowed for updateStrategy 'RollingUpdate'",
        "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
    ]


def test_what_is_wrong_with_a_stateful_set_comes_in_the_order_of_its_rules() -> None:
    template = workload("statefulsets.apps")["spec"]["template"]
    template["spec"].update(hostname="No_Name", subdomain="No_Name", restartPolicy="Never")
    template["spec"]["volumes"] = [{"name": "data", "emptyDir": {}}, {"name": "x", "emptyDir": {}}, {"name": "x"}]
    claim = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    found = problems(
        "statefulsets.apps", template=template, volumeClaimTemplates=[claim], replicas=-1, serviceName="a.b"
    )
    assert [text.partition(":")[0] for text in found] == [
        *("spec.volumeClaimTemplates[0].spec.accessModes", "spec.replicas", "spec.serviceName"),
        *("spec.template.spec.volumes[2].name", "spec.template.spec.restartPolicy"),
    ]


def test_stateful_sets_mount_their_claims() -> None:
    template = workload("statefulsets.apps")["spec"]["template"]
    template["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/x"}]
    claim_spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"metadata": {"name": "data"}, "spec": claim_spec}
    assert problems("statefulsets.apps", template=template, volumeClaimTemplates=[claim]) == []


def test_little_of_a_stateful_set_changes() -> None:
    assert change("statefulsets.apps", replicas=3, revisionHistoryLimit=2, minReadySeconds=1) == []
    assert change("statefulsets.apps", serviceName="other") == [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template',"
        " 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are"
        " forbidden"
    ]


def test_statuses() -> None:
    old = workload("deployments.apps")
    new = {**old, "status": {"replicas": 1, "readyReplicas": 2, "availableReplicas": 3}}
    assert [str(error) for error in validation.status_update("deployments.apps", new, old)] == [
        "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas",
    ]


def test_revisions_do_not_change() -> None:
    meta = {"name": "r", "namespace": "demo", "resourceVersion": "1"}
    old = {"metadata": meta, "revision": 1, "data": {"a": 1}}
    assert validation.create("controllerrevisions.apps", old) == []
    new = {**old, "data": {"a": 2}}
    assert [str(error) for error in validation.update("controllerrevisions.apps", new, old)] == [
        'data: Invalid value: {"a":2}: field is immutable'
    ]
    assert [str(error) for error in validation.create("controllerrevisions.apps", {"metadata": meta})] == [
        "data: Required value: data is mandatory"
    ]


def test_remarks() -> None:
    obj = workload("deployments.apps")
    obj["metadata"]["name"] = "a.b"
    obj["spec"]["template"]["spec"]["nodeSelector"] = {"beta.kubernetes.io/arch": "arm64"}
    text = 'spec.template.spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "kubernetes.io/arch"'
    assert validation.warnings("deployments.apps", obj) == [
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label"
        " is recommended: [must not contain dots]",
        f"{text} instead",
    ]
    assert validation.warnings("deployments.apps", obj, obj) == []
    changed = {**obj, "metadata": {**obj["metadata"], "generation": 2}}
    assert validation.warnings("deployments.apps", changed, obj) == [f"{text} instead"]


def test_claims_of_stateful_sets_are_remarked_on() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1500m"}}}}
    obj = {"metadata": {"name": "s"}, "spec": {"volumeClaimTemplates": [claim]}}
    remark = 'resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer'
    assert validation.warnings("statefulsets.apps", obj) == [f"spec.volumeClaimTemplates[0].{remark}"]
    assert validation.warnings("statefulsets.apps", obj, obj) == [f"spec.volumeClaimTemplates[0].Spec.{remark}"]


def test_templates_are_remarked_on_when_they_change() -> None:
    spec = {"containers": [], "terminationGracePeriodSeconds": -1}
    old = {"metadata": {"name": "t", "generation": 1}, "template": {"spec": spec}}
    new = {**old, "metadata": {"name": "t", "generation": 2}}
    assert validation.warnings("podtemplates", old) == validation.warnings("podtemplates", new, old)
    assert validation.warnings("podtemplates", old)[0].startswith("template.spec.terminationGracePeriodSeconds: ")
    assert validation.warnings("podtemplates", old, old) == []


@pytest.mark.parametrize("key", KINDS)
def test_updates_of_some_kinds_are_judged_as_new_objects_too(key: str) -> None:
    text = "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"
    times = 1 if key in ("deployments.apps", "statefulsets.apps") else 2
    assert change(key, minReadySeconds=-1) == [text] * times
