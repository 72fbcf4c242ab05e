"""Updates of pods: the pod itself, its subresources, its status; and remarks about pods."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from minikctl.apiserver import validation
from minikctl.apiserver.defaults import apply
from minikctl.apiserver.validation.pod import validate_binding, validate_ephemeral_containers, validate_resize

FIXED = (
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing"
    " tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
AMOUNTS = {"cpu": "200m", "memory": "128Mi"}


def make_pod(**spec: Any) -> dict[str, Any]:
    spec.setdefault("containers", [{"name": "app", "image": "a:1"}])
    meta = {"name": "p", "namespace": "demo", "uid": "u", "resourceVersion": "1"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": {"qosClass": "BestEffort"}}
    apply("pods", "v1", pod)
    return pod


def updated(old: dict[str, Any], **spec: Any) -> list[str]:
    new = copy.deepcopy(old)
    new["spec"].update(spec)
    return [str(error) for error in validation.update("pods", new, old)]


def test_images_deadlines_and_more_tolerations_may_change() -> None:
    old = make_pod()
    containers = [{**old["spec"]["containers"][0], "image": "a:2"}]
    spec = {"containers": containers, "activeDeadlineSeconds": 5, "tolerations": [{"operator": "Exists"}]}
    assert updated(old, **spec) == []


def test_anything_else_may_not() -> None:
    found = updated(make_pod(), restartPolicy="Never")
    assert len(found) == 1
    first, *difference = found[0].splitlines()
    assert first == FIXED
    assert difference[4:6] == ['- "RestartPolicy": "Always",', '+ "RestartPolicy": "Never",']


def test_containers_are_not_added() -> None:
    old = make_pod()
    more = [*old["spec"]["containers"], {**old["spec"]["containers"][0], "name": "b"}]
    assert updated(old, containers=more) == ["spec.containers: Forbidden: pod updates may not add or remove containers"]


def test_deadlines_only_shrink() -> None:
    old = make_pod(activeDeadlineSeconds=10)
    text = "spec.activeDeadlineSeconds: Invalid value"
    assert updated(old, activeDeadlineSeconds=20) == [f"{text}: 20: must be less than or equal to previous value"]
    assert updated(old, activeDeadlineSeconds=None)[0] == (
        f"{text}: null: must not update from a positive integer to nil value"
    )


def test_tolerations_are_kept() -> None:
    old = make_pod(tolerations=[{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}])
    longer = [{**old["spec"]["tolerations"][0], "tolerationSeconds": 50}]
    assert updated(old, tolerations=longer) == []
    assert updated(old, tolerations=[]) == [
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    ]


def test_gated_pods_may_narrow_where_they_run() -> None:
    old = make_pod(schedulingGates=[{"name": "a.b/c"}], nodeSelector={"x": "1"})
    assert updated(old, nodeSelector={"x": "1", "y": "2"}) == []
    assert updated(old, schedulingGates=[]) == []
    assert updated(old, nodeSelector={"y": "2"}) == [
        'spec.nodeSelector: Invalid value: {"y":"2"}: only additions to spec.nodeSelector are allowed (no mutations or'
        " deletions)"
    ]
    assert updated(old, schedulingGates=[{"name": "a.b/c"}, {"name": "a.b/d"}]) == [
        "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a.b/d'"
    ]
    term = {"matchExpressions": [{"key": "k", "operator": "Exists"}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    assert updated(old, affinity={"nodeAffinity": required}) == []
    assert updated(make_pod(nodeSelector={"x": "1"}), nodeSelector={"x": "1", "y": "2"})[0].startswith(FIXED)


def test_ephemeral_containers_are_only_added() -> None:
    old = make_pod()
    debug = {"name": "debug", "image": "d:1"}
    new = copy.deepcopy(old)
    new["spec"]["ephemeralContainers"] = [debug]
    apply("pods", "v1", new)
    assert validate_ephemeral_containers(new, old) == []
    assert [str(error) for error in validate_ephemeral_containers(old, new)] == [
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be removed\n'
    ]
    changed = copy.deepcopy(new)
    changed["spec"]["ephemeralContainers"][0]["image"] = "d:2"
    found = str(validate_ephemeral_containers(changed, new)[0])
    assert found.startswith(
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be changed\n'
    )


def resized(old: dict[str, Any], **resources: Any) -> list[str]:
    new = copy.deepcopy(old)
    new["spec"]["containers"][0]["resources"] = resources
    return [str(error) for error in validate_resize(new, old)]


@pytest.fixture
def sized() -> dict[str, Any]:
    pod = make_pod(
        containers=[{"name": "app", "image": "a:1", "resources": {"requests": AMOUNTS, "limits": {"cpu": "1"}}}]
    )
    pod["status"]["qosClass"] = "Burstable"
    return pod


def test_resize_changes_cpu_and_memory(sized: dict[str, Any]) -> None:
    limits = {"cpu": "1"}
    assert resized(sized, requests={"cpu": "300m", "memory": "1Gi"}, limits=limits) == []
    assert resized(sized, requests={**AMOUNTS, "ephemeral-storage": "1Gi"}, limits=limits) == [
        "spec: Forbidden: only cpu and memory resources are mutable"
    ]
    assert resized(sized, requests={"cpu": "1"}, limits=limits) == [
        "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"
    ]
    assert resized(sized, requests={**AMOUNTS, "cpu": "2"}, limits=limits) == [
        'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'
    ]


def test_resize_keeps_the_class_of_service(sized: dict[str, Any]) -> None:
    assert resized(sized, requests=AMOUNTS, limits=AMOUNTS) == [
        'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing'
    ]


def status_problems(old_status: dict[str, Any], new_status: dict[str, Any], **spec: Any) -> list[str]:
    old = make_pod(**spec)
    old["status"] = {"qosClass": "BestEffort", **old_status}
    new = {**old, "status": {"qosClass": "BestEffort", **new_status}}
    return [str(error) for error in validation.status_update("pods", new, old)]


def test_finished_containers_stay_finished() -> None:
    done = {"containerStatuses": [{"name": "app", "state": {"terminated": {"exitCode": 1}}}]}
    again = {"containerStatuses": [{"name": "app", "state": {"running": {}}}]}
    assert status_problems(done, again) == []
    assert status_problems(done, again, restartPolicy="OnFailure") == []
    assert status_problems(done, again, restartPolicy="Never") == [
        "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"
    ]


def test_status_fields() -> None:
    assert status_problems({}, {"qosClass": "Burstable"}) == [
        'status.qosClass: Invalid value: "Burstable": field is immutable'
    ]
    found = status_problems({}, {"conditions": [{"type": "no good", "status": "True"}]})
    assert found[0].startswith('status.conditions[0].Type: Invalid value: "no good": name part must consist')
    found = status_problems({}, {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]})
    assert found == [
        'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.2"}]: may specify no more than one IP for each'
        " IP family"
    ]
    found = status_problems({}, {"nominatedNodeName": "n"}, nodeName="m")
    assert found == ["status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node"]


def test_bindings() -> None:
    assert validate_binding({"target": {"kind": "Node", "name": "n"}}) == []
    assert [str(error) for error in validate_binding({"target": {"kind": "Pod"}})] == [
        'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"',
        "target.name: Required value",
    ]


def remarks(**spec: Any) -> list[str]:
    return validation.warnings("pods", make_pod(**spec))


def test_a_plain_pod_is_not_remarked_on() -> None:
    assert remarks() == []


def test_remarks() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"name": "B"}, {"name": "B", "value": "$(B)x"}]
    ports = [{"containerPort": 80}, {"containerPort": 80}]
    container = {
        "name": "app",
        "image": "a:1",
        "env": env,
        "ports": ports,
        "resources": {"limits": {"memory": "1500m"}},
    }
    assert remarks(containers=[container], nodeSelector={"beta.kubernetes.io/os": "linux"}) == [
        'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
        'spec.containers[0].resources.requests[memory]: fractional byte value "1500m" is invalid, must be an integer',
        'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
        "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
    ]


def test_remarks_about_names_are_made_once() -> None:
    pod = make_pod()
    pod["metadata"]["name"] = "web.v1"
    assert validation.warnings("pods", pod) == [
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is"
        " recommended: [must not contain dots]"
    ]
    assert validation.warnings("pods", pod, pod) == []
