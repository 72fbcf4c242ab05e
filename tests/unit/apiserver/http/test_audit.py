"""What the audit log keeps of a request, as its policy says."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from minikctl.apimachinery.request import UserInfo
from minikctl.apiserver.http import auditpolicy
from minikctl.apiserver.http.app import Application
from minikctl.apiserver.http.audit import AuditLog
from minikctl.apiserver.http.requestinfo import parse
from minikctl.cluster import Cluster

PODS = "/api/v1/namespaces/demo/pods"
MAPS = "/api/v1/namespaces/demo/configmaps"
POLICY = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy"}

Events = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def logging(cluster: Cluster, make_app: Callable[..., Application], client: Any) -> Callable[..., Events]:
    """Has the client's requests logged by a policy of these rules; the events since the last look."""

    def start(*rules: dict[str, Any], **policy: Any) -> Events:
        log = io.BytesIO()
        made = auditpolicy.Policy({**POLICY, "rules": list(rules), **policy}) if rules else None
        client.app = make_app(cluster, audit_log=AuditLog(cluster.server, log, made))

        def events() -> list[dict[str, Any]]:
            found = [json.loads(line) for line in log.getvalue().splitlines()]
            log.seek(0)
            log.truncate()
            return found

        return events

    return start


def test_an_event_for_every_stage(client: Any, logging: Callable[..., Events]) -> None:
    log = logging()
    client.ask("GET", f"{PODS}/none?pretty=1", user_agent="test/1", x_forwarded_for="10.0.0.1, 10.0.0.2")
    client.watch(f"{PODS}?watch=1")
    client.ask("GET", "/api/v1/nodes", user=None)
    events = log()
    stages = [event["stage"] for event in events]
    assert stages == [*["RequestReceived", "ResponseComplete"], "RequestReceived", "ResponseStarted",
                      "ResponseComplete", "RequestReceived", "ResponseComplete"]  # fmt: skip
    got = events[1]
    assert got["requestURI"] == f"{PODS}/none?pretty=1"
    reference = {"resource": "pods", "namespace": "demo", "name": "none", "apiVersion": "v1"}
    assert (got["verb"], got["userAgent"], got["objectRef"]) == ("get", "test/1", reference)
    assert got["sourceIPs"] == ["10.0.0.1", "10.0.0.2"]
    assert got["responseStatus"] == {
        "metadata": {}, "status": "Failure", "message": 'pods "none" not found', "reason": "NotFound",
        "details": {"name": "none", "kind": "pods"}, "code": 404,
    }  # fmt: skip
    assert got["auditID"] == events[0]["auditID"] != events[2]["auditID"]
    assert list(got) == [
        "kind", "apiVersion", "level", "auditID", "stage", "requestURI", "verb", "user", "sourceIPs", "userAgent",
        "objectRef", "responseStatus", "requestReceivedTimestamp", "stageTimestamp", "annotations",
    ]  # fmt: skip
    assert events[-1]["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert "annotations" not in events[0]


def test_who_is_not_who_he_says_is_logged_once(client: Any, logging: Callable[..., Events]) -> None:
    log = logging()
    client.ask("GET", PODS, user=None, authorization="Bearer none")
    (event,) = log()
    assert (event["stage"], event["user"], event["responseStatus"]["code"]) == ("ResponseStarted", {}, 401)
    assert event["responseStatus"]["message"] == "Unauthorized"


def test_a_log_shows_that_it_takes_its_time(client: Any, logging: Callable[..., Events]) -> None:
    log = logging()
    client.ask("GET", f"{PODS}/none/log")
    assert [event["stage"] for event in log()] == ["RequestReceived", "ResponseStarted", "ResponseComplete"]


def test_why_it_was_allowed_and_as_whom(client: Any, logging: Callable[..., Events]) -> None:
    log = logging()
    binding = {
        "metadata": {"name": "view"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "User", "name": "fern", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    client.ask("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/demo/rolebindings", binding)
    log()
    client.ask("GET", PODS, impersonate_user="fern", audit_id="mine")
    received, complete = log()
    assert received["auditID"] == complete["auditID"] == "mine"
    assert "impersonatedUser" not in received
    assert complete["impersonatedUser"]["username"] == "fern"
    reason = 'RBAC: allowed by RoleBinding "view/demo" of ClusterRole "view" to User "fern"'
    assert complete["annotations"] == {
        "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": reason
    }  # fmt: skip


def test_levels_say_how_much_is_kept(client: Any, logging: Callable[..., Events]) -> None:
    log = logging(
        {"level": "None", "resources": [{"group": "", "resources": ["secrets"]}]},
        {"level": "Request", "resources": [{"group": "", "resources": ["configmaps"], "resourceNames": ["c"]}]},
        {"level": "RequestResponse", "verbs": ["create", "patch"], "omitManagedFields": False},
        {"level": "RequestResponse", "verbs": ["list", "delete"]},
        {"level": "Metadata"},
        omitStages=["RequestReceived"],
        omitManagedFields=True,
    )
    client.ask("GET", "/api/v1/namespaces/demo/secrets")
    assert log() == []
    created = client.ask("POST", MAPS, {"metadata": {"name": "c"}, "data": {"a": "b"}}).json
    (event,) = log()
    assert event["requestObject"] == {"metadata": {"name": "c"}, "data": {"a": "b"}}
    assert event["responseObject"] == created
    assert event["objectRef"]["name"] == "c"
    client.ask("PUT", f"{MAPS}/c", created)
    (event,) = log()
    assert event["level"] == "Request"
    assert event["objectRef"]["resourceVersion"] == created["metadata"]["resourceVersion"]
    assert event["objectRef"]["uid"] == created["metadata"]["uid"]
    assert "managedFields" not in event["requestObject"]["metadata"]
    assert "responseObject" not in event
    client.ask("GET", f"{MAPS}?labelSelector=x")
    (event,) = log()
    assert event["responseObject"]["kind"] == "ConfigMapList"
    assert not any("managedFields" in item["metadata"] for item in event["responseObject"]["items"])
    client.ask("DELETE", f"{MAPS}/kube-root-ca.crt", {"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]})
    (event,) = log()
    assert event["requestObject"] == {"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]}
    assert event["responseStatus"]["status"] == "Success"
    assert event["responseObject"]["kind"] == "Status"
    merge = "application/merge-patch+json"
    client.ask("PATCH", f"{MAPS}/kube-root-ca.crt", {"data": {"x": "y"}}, content_type=merge)
    (event,) = log()
    assert event["requestObject"] == {"data": {"x": "y"}}
    assert "managedFields" in event["responseObject"]["metadata"]


def test_what_admission_has_to_say(client: Any, logging: Callable[..., Events]) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/audit": "restricted"}
    merge = "application/merge-patch+json"
    client.ask("PATCH", "/api/v1/namespaces/demo", {"metadata": {"labels": labels}}, content_type=merge)
    log = logging({"level": "Metadata", "resources": [{"group": "", "resources": ["pods", "endpoints"]}]})
    client.ask("POST", PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}]}})
    notes = log()[-1]["annotations"]
    assert notes["pod-security.kubernetes.io/enforce-policy"] == "baseline:latest"
    said = notes["pod-security.kubernetes.io/audit-violations"]
    assert said.startswith('would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false')
    client.ask("GET", "/api/v1/namespaces/demo/endpoints")
    assert log()[-1]["annotations"]["k8s.io/deprecated"] == "true"


def test_what_policies_have_to_say(client: Any, logging: Callable[..., Events]) -> None:
    pytest.importorskip("cel")
    root = "/apis/admissionregistration.k8s.io/v1"
    match = {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["*"]}]}
    spec = {
        "matchConstraints": match,
        "validations": [{"expression": "true"}, {"expression": "false", "message": "no"}],
        "auditAnnotations": [
            {"key": "name", "valueExpression": "'it is ' + object.metadata.name"},
            {"key": "none", "valueExpression": "null"},
        ],
    }
    client.ask("POST", f"{root}/validatingadmissionpolicies", {"metadata": {"name": "p"}, "spec": spec})
    bound = {"policyName": "p", "validationActions": ["Audit"]}
    client.ask("POST", f"{root}/validatingadmissionpolicybindings", {"metadata": {"name": "b"}, "spec": bound})
    log = logging({"level": "Metadata", "resources": [{"group": "", "resources": ["configmaps"]}]})
    assert client.ask("POST", MAPS, {"metadata": {"name": "c"}}).code == 201
    notes = log()[-1]["annotations"]
    assert notes["p/name"] == "it is c"
    assert "p/none" not in notes
    failure = '[{"message":"no","policy":"p","binding":"b","expressionIndex":1,"validationActions":["Audit"]}]'
    assert notes["validation.policy.admission.k8s.io/validation_failure"] == failure


ANN = UserInfo("ann", ("dev",))


@pytest.mark.parametrize(
    ("rule", "hits"),
    [
        ({"users": ["ann"]}, {"pods", "log", "scale", "healthz"}),
        ({"users": ["bob"]}, set()),
        ({"userGroups": ["ops", "dev"], "verbs": ["get"]}, {"log", "scale", "healthz"}),
        ({"namespaces": ["demo"]}, {"pods", "log"}),
        ({"nonResourceURLs": ["/health*"]}, {"healthz"}),
        ({"nonResourceURLs": ["/livez"]}, set()),
        ({"resources": [{"group": ""}]}, {"pods", "log"}),
        ({"resources": [{"group": "", "resources": ["pods"]}]}, {"pods"}),
        ({"resources": [{"group": "", "resources": ["pods/*"]}]}, {"pods", "log"}),
        ({"resources": [{"group": "apps", "resources": ["*/scale"]}]}, {"scale"}),
        ({"resources": [{"group": "", "resources": ["*"], "resourceNames": ["p"]}]}, {"log"}),
    ],
)
def test_which_requests_a_rule_matches(rule: dict[str, Any], hits: set[str]) -> None:
    paths = {
        "pods": PODS,
        "log": f"{PODS}/p/log",
        "scale": "/apis/apps/v1/namespaces/x/deployments/d/scale",
        "healthz": "/healthz",
    }
    policy = auditpolicy.Policy({**POLICY, "rules": [{"level": "Metadata", **rule}]})
    assert {name for name, path in paths.items() if policy.verdict(parse("GET", path), ANN).level != "None"} == hits


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("apiVersion: v1\nkind: Policy\nrules: []", "unknown group version field /v1, Kind=Policy in policy"),
        ("- a", "failed decoding: couldn't get version/kind; not an object"),
        ("a: [", "failed decoding: while parsing"),
        ("{apiVersion: audit.k8s.io/v1, kind: Policy}", "loaded illegal policy with 0 rules"),
        (
            "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Some}]}",
            'rules[0].level: Unsupported value: "Some": supported values: "None", "Metadata", "Request", '
            '"RequestResponse"',
        ),
        (
            "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{nonResourceURLs: [x, '/*/a'], omitStages: [a]}]}",
            '[rules[0].level: Required value, rules[0].nonResourceURLs[0]: Invalid value: "x": non-resource URL rules '
            "must begin with a '/' character, rules[0].nonResourceURLs[1]: Invalid value: \"/*/a\": non-resource URL "
            "wildcards '*' must be the final character of the rule, rules[0].omitStages[0]: Invalid value: \"a\": "
            "allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic]",
        ),
    ],
)
def test_policies_that_cannot_be_used(text: str, problem: str) -> None:
    with pytest.raises(auditpolicy.PolicyError) as caught:
        auditpolicy.load(text)
    assert str(caught.value).startswith(problem)
