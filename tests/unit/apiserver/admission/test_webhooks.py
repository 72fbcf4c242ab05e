"""Admission webhooks, called over https for real: a small server in this process answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Request
from minikctl.apimachinery.resources import lookup
from minikctl.cluster import ADMIN

PEM = Path(__file__).parents[1] / "webhook.pem"
BUNDLE = base64.b64encode(PEM.read_bytes().partition(b"-----END PRIVATE KEY-----\n")[2]).decode()
GROUP = "admissionregistration.k8s.io"
RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}
Obj = dict[str, Any]


def install(api: Any, port: int, kind: str = "Validating", client: Obj | None = None, **fields: Any) -> None:
    config = client or {"url": f"https://127.0.0.1:{port}/check", "caBundle": BUNDLE}
    webhook = {
        "name": "hook.example.com",
        "clientConfig": config,
        "rules": [RULE],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 2,
        **fields,
    }
    name = f"{kind.lower()}-{webhook['name']}"
    api.create(
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": f"{kind}WebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [webhook],
        }
    )


def config_map(name: str = "c", **data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def patched(*operations: Obj) -> Callable[[Obj], Obj]:
    text = base64.b64encode(json.dumps(operations).encode()).decode()
    return lambda request: {"allowed": True, "patchType": "JSONPatch", "patch": text}


def test_a_denial_and_its_words(api: Any, hook: Any) -> None:
    install(api, hook.port)
    hook.answer = lambda request: {
        "allowed": False,
        "status": {"message": "not today", "reason": "Forbidden", "code": 403},
    }
    with pytest.raises(StatusError) as caught:
        api.create(config_map(a="b"))
    assert caught.value.message == 'admission webhook "hook.example.com" denied the request: not today'
    assert (caught.value.reason, caught.value.code) == ("Forbidden", 403)
    request = hook.requests[0]
    assert hook.paths == ["/check?timeout=2s"]
    assert (request["operation"], request["namespace"], request["name"]) == ("CREATE", "demo", "c")
    assert request["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert request["object"]["data"] == {"a": "b"}
    assert request["oldObject"] is None
    assert request["userInfo"]["username"] == "kubernetes-admin"


def test_warnings_and_deletes(api: Any, hook: Any) -> None:
    api.create(config_map())
    install(api, hook.port)
    hook.answer = lambda request: {"allowed": request["operation"] != "DELETE", "warnings": ["careful"]}
    refused = api.refusal(api.client.delete, "configmaps", "c", "demo")
    assert refused == 'admission webhook "hook.example.com" denied the request without explanation'
    api.client.patch("configmaps", "c", {"data": {"x": "y"}}, "application/merge-patch+json", "demo")
    assert api.warnings == ["careful", "careful"]
    assert hook.requests[1]["oldObject"]["metadata"]["name"] == "c"


def test_a_patch_changes_the_object(api: Any, hook: Any) -> None:
    install(api, hook.port, "Mutating")
    hook.answer = patched({"op": "add", "path": "/data/added", "value": "yes"})
    made = api.create(config_map(a="b"))
    assert made["data"] == {"a": "b", "added": "yes"}
    assert made == api.client.get("configmaps", "c", "demo")
    assert {"uid", "creationTimestamp", "resourceVersion"} <= made["metadata"].keys()
    assert "uid" not in hook.requests[0]["object"]["metadata"]


def test_webhooks_run_again_after_a_change_if_they_ask_to(api: Any, hook: Any) -> None:
    install(api, hook.port, "Mutating", name="a.example.com", reinvocationPolicy="IfNeeded")
    install(api, hook.port, "Mutating", name="b.example.com")

    def answer(request: Obj) -> Obj:
        if len(hook.requests) == 2:
            return patched({"op": "add", "path": "/data/b", "value": "1"})(request)
        return {"allowed": True}

    hook.answer = answer
    api.create(config_map(a="b"))
    assert [sorted(request["object"]["data"]) for request in hook.requests] == [["a"], ["a"], ["a", "b"]]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            (500, b"broken"),
            'failed to call webhook: an error on the server ("broken") has prevented the request from succeeding',
        ),
        ((404, b""), "failed to call webhook: the server could not find the requested resource"),
        ((200, b"{}"), "received invalid webhook response: webhook response was absent"),
        ((200, b'{"response": {}}'), 'received invalid webhook response: expected response.uid="'),
    ],
)
def test_bad_answers_follow_the_failure_policy(api: Any, hook: Any, raw: tuple[int, bytes], message: str) -> None:
    install(api, hook.port)
    install(api, hook.port, name="lax.example.com", failurePolicy="Ignore")
    hook.raw = raw
    refused = api.refusal(api.create, config_map())
    head = 'Internal error occurred: failed calling webhook "hook.example.com": '
    assert refused.startswith(head + message)
    api.client.delete(f"validatingwebhookconfigurations.{GROUP}", "validating-hook.example.com")
    api.create(config_map())


@pytest.mark.parametrize(
    ("response", "where", "found"),
    [
        ({"allowed": "yes"}, "AdmissionResponse.response.allowed of type bool", "string"),
        ({"status": "no"}, "AdmissionResponse.response.status of type v1.Status", "string"),
        ({"status": {"code": "x"}}, "Status.response.status.code of type int32", "string"),
        ({"status": {"code": 4.5}}, "Status.response.status.code of type int32", "number 4.5"),
        (
            {"status": {"details": {"causes": [None, 1]}}},
            "StatusDetails.response.status.details.causes of type v1.StatusCause",
            "number",
        ),
        ({"warnings": [None, 1]}, "AdmissionResponse.response.warnings of type string", "number"),
        ({"auditAnnotations": {"a": []}}, "AdmissionResponse.response.auditAnnotations of type string", "array"),
    ],
)
def test_answers_of_other_types(api: Any, hook: Any, response: Obj, where: str, found: str) -> None:
    install(api, hook.port)
    hook.answer = lambda request: {"allowed": True, **response}
    why = f"failed to call webhook: json: cannot unmarshal {found} into Go struct field {where}"
    refused = api.refusal(api.create, config_map())
    assert refused == f'Internal error occurred: failed calling webhook "hook.example.com": {why}'


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("!!", "failed to call webhook: illegal base64 data at input byte 0"),
        ("W10=W10", "failed to call webhook: illegal base64 data at input byte 4"),
        ("W10x", "received undecodable patch in webhook response: invalid character '1' after top-level value"),
    ],
)
def test_patches_that_cannot_be_read(api: Any, hook: Any, patch: str, message: str) -> None:
    install(api, hook.port, "Mutating")
    hook.answer = lambda request: {"allowed": True, "patchType": "JSONPatch", "patch": patch}
    refused = api.refusal(api.create, config_map())
    assert refused == f'Internal error occurred: failed calling webhook "hook.example.com": {message}'


def test_nulls_in_an_answer_are_nothing(api: Any, hook: Any) -> None:
    install(api, hook.port)
    hook.answer = lambda request: {"allowed": True, "status": None, "warnings": None, "auditAnnotations": {"a": None}}
    api.create(config_map())


@pytest.mark.parametrize(
    ("kind", "response", "message"),
    [
        ("Mutating", {"patch": "W10="}, "webhook returned response.patch but not response.patchType"),
        ("Mutating", {"patchType": "JSONPatch"}, "webhook returned response.patchType but not response.patch"),
        ("Validating", {"patch": "W10="}, "validating webhook may not return response.patch"),
        ("Validating", {"patchType": "JSONPatch"}, "validating webhook may not return response.patchType"),
    ],
)
def test_patches_come_with_their_type_from_mutating_webhooks(
    api: Any, hook: Any, kind: str, response: Obj, message: str
) -> None:
    install(api, hook.port, kind)
    hook.answer = lambda request: {"allowed": True, **response}
    assert api.refusal(api.create, config_map()).endswith(f"received invalid webhook response: {message}")


def test_an_unknown_patch_type_is_a_failed_call(api: Any, hook: Any) -> None:
    install(api, hook.port, "Mutating")
    patch = base64.b64encode(b'[{"op": "remove", "path": "/data/a"}]').decode()
    hook.answer = lambda request: {"allowed": True, "patchType": "Merge", "patch": patch}
    refused = api.refusal(api.create, config_map(a="b"))
    assert refused.endswith('failed calling webhook "hook.example.com": unsupported patch type "Merge"')


def test_all_validating_webhooks_are_asked_and_the_first_refusal_is_told(api: Any, hook: Any) -> None:
    install(api, hook.port, name="a.example.com")
    install(api, hook.port, name="b.example.com")
    hook.answer = lambda request: {"allowed": False, "warnings": ["careful"]}
    assert 'webhook "a.example.com" denied' in api.refusal(api.create, config_map())
    assert len(hook.requests) == 2


def test_webhooks_are_told_the_options_of_the_request(api: Any, hook: Any) -> None:
    install(api, hook.port)
    api.client.create("configmaps", config_map(), "demo", fieldManager="me", dryRun=["All"])
    kind = {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}
    assert hook.requests[0]["options"] == {**kind, "dryRun": ["All"], "fieldManager": "me"}


def test_tls_is_verified(api: Any, hook: Any) -> None:
    install(api, hook.port, client={"url": f"https://127.0.0.1:{hook.port}/check"})
    refused = api.refusal(api.create, config_map())
    url = f'Post "https://127.0.0.1:{hook.port}/check?timeout=2s"'
    assert refused.endswith(f"{url}: tls: failed to verify certificate: x509: certificate signed by unknown authority")


def service(api: Any, port: int, **spec: Any) -> Obj:
    api.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "hook"},
            "spec": {"ports": [{"port": 443, "targetPort": port}], **spec},
        }
    )
    api.cluster.settle()
    return {"service": {"namespace": "demo", "name": "hook", "path": "/check"}, "caBundle": BUNDLE}


def test_a_service_with_endpoints_of_its_own_is_called(api: Any, hook: Any) -> None:
    client = service(api, hook.port)
    api.create(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "hook-1", "labels": {"kubernetes.io/service-name": "hook"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.1.2.3"]}],
            "ports": [{"port": hook.port}],
        }
    )
    slices = api.cluster.server.storage
    obj = api.client.get("endpointslices.discovery.k8s.io", "hook-1", "demo")
    obj["endpoints"][0]["addresses"] = ["127.0.0.1"]  # validation keeps loopback addresses out
    slices.replace("endpointslices.discovery.k8s.io", obj)
    install(api, hook.port, client=client)
    api.create(config_map())
    assert len(hook.requests) == 1


def test_a_service_of_emulated_pods_cannot_answer(api: Any) -> None:
    api.create({**api.pod(), "metadata": {"name": "p", "labels": {"app": "hook"}}})
    client = service(api, 443, selector={"app": "hook"})
    install(api, 443, client=client)
    refused = api.refusal(api.create, config_map())
    url = 'Post "https://hook.demo.svc:443/check?timeout=2s": dial tcp 10.'
    assert url in refused and refused.endswith(":443: connect: connection refused")
    name = "validating-hook.example.com"
    notes = {"metadata": {"annotations": {"minikctl.dev/emulated-answer": "allow"}}}
    api.client.patch(f"validatingwebhookconfigurations.{GROUP}", name, notes, "application/merge-patch+json")
    api.create(config_map())


def test_the_emulated_ingress_controller_lets_pass(api: Any) -> None:
    image = "registry.k8s.io/ingress-nginx/controller:v1@sha256:" + "0" * 64
    pod = api.pod(containers=[{"name": "controller", "image": image}])
    api.create({**pod, "metadata": {"name": "p", "labels": {"app": "hook"}}})
    install(api, 443, client=service(api, 443, selector={"app": "hook"}))
    api.create(config_map())


def test_a_missing_service_and_one_without_endpoints(api: Any) -> None:
    install(api, 443, client={"service": {"namespace": "demo", "name": "hook"}, "caBundle": BUNDLE})
    assert api.refusal(api.create, config_map()).endswith('service "hook" not found')
    service(api, 443)
    assert api.refusal(api.create, config_map()).endswith('no endpoints available for service "hook"')


def test_match_conditions_choose_requests(api: Any, hook: Any) -> None:
    pytest.importorskip("cel", reason="the engine is an extra")
    install(api, hook.port, matchConditions=[{"name": "big", "expression": "object.data.size() > 1"}])
    api.create(config_map("small", a="b"))
    api.create(config_map("big", a="b", c="d"))
    assert [request["name"] for request in hook.requests] == ["big"]


def test_mutating_webhooks_see_deletes_but_cannot_change_them(api: Any, hook: Any) -> None:
    api.create(config_map())
    install(api, hook.port, "Mutating")
    hook.answer = patched({"op": "add", "path": "/data/added", "value": "yes"})
    refused = api.refusal(api.client.delete, "configmaps", "c", "demo")
    assert refused == (
        'Internal error occurred: admission webhook "hook.example.com" attempted to modify the object, which is not '
        "supported for this operation"
    )
    hook.answer = lambda request: {"allowed": True}
    api.client.delete("configmaps", "c", "demo")
    assert [(one["operation"], one["object"]) for one in hook.requests] == [("DELETE", None)] * 2


def test_mutating_webhooks_see_and_change_a_scale(api: Any, hook: Any) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    api.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["deployments/scale"]}
    install(api, hook.port, "Mutating", rules=[rule])
    hook.answer = patched({"op": "replace", "path": "/spec/replicas", "value": 3})
    scale = api.client.get("deployments.apps", "web", "demo", "scale")
    scale["spec"]["replicas"] = 7
    api.client.update("deployments.apps", scale, "scale")
    assert hook.requests[0]["object"]["kind"] == "Scale"
    assert api.client.get("deployments.apps", "web", "demo")["spec"]["replicas"] == 3


def test_a_request_in_another_version_is_shown_in_the_one_asked_for(api: Any, hook: Any) -> None:
    spec = {"type": "object", "properties": {"a": {"type": "string"}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    versions = [{"name": name, "served": True, "storage": name == "v1", "schema": schema} for name in ("v1", "v1beta1")]
    spec = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": versions,
    }
    meta = {"name": "things.example.com"}
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    api.create({**kind, "metadata": meta, "spec": spec})
    api.cluster.settle()
    rule = {"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["things"]}
    install(api, hook.port, "Mutating", rules=[rule])
    hook.answer = patched(*({"op": "add", "path": f"/spec/{name}", "value": "x"} for name in "ab"))
    old = api.client.resource_set().by_kind("example.com/v1beta1", "Thing")
    thing = {"apiVersion": old.api_version, "kind": "Thing", "spec": {}}
    made = api.client.create(old, {**thing, "metadata": {"name": "t"}}, "demo")
    assert (made["apiVersion"], made["spec"]) == ("example.com/v1beta1", {"a": "x"})
    request = hook.requests[0]
    assert (request["kind"]["version"], request["requestKind"]["version"]) == ("v1", "v1beta1")
    assert request["object"]["apiVersion"] == "example.com/v1"
    exact = [{**rule, "apiVersions": ["v1"]}]
    install(api, hook.port, "Mutating", name="exact.example.com", rules=exact, matchPolicy="Exact")
    api.client.create(old, {**thing, "metadata": {"name": "u"}}, "demo")
    assert len(hook.requests) == 2


def test_a_patch_that_makes_no_object_of_its_kind(api: Any, hook: Any) -> None:
    install(api, hook.port, "Mutating")
    hook.answer = patched({"op": "add", "path": "/immutable", "value": "x"})
    assert api.refusal(api.create, config_map()) == (
        "Internal error occurred: json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool"
    )
    hook.answer = patched({"op": "add", "path": "/bogus", "value": "x"})
    assert "bogus" not in api.create(config_map())


def test_the_audit_log_is_told_what_webhooks_did(api: Any, hook: Any) -> None:
    install(api, hook.port, "Mutating")
    install(api, 1, "Mutating", name="lax.example.com", failurePolicy="Ignore")
    install(api, 1, "Validating", name="another.example.com", rules=[{**RULE, "resources": ["secrets"]}])
    install(api, 1, "Validating", name="lax.example.com", failurePolicy="Ignore")
    hook.answer = patched({"op": "add", "path": "/data/b", "value": "<1>"})
    request = Request("create", ADMIN, lookup("configmaps"), "demo", body=config_map(a="b"))
    request.notes = {}
    api.cluster.server.handle(request)
    lax = '{"configuration":"mutating-lax.example.com","webhook":"lax.example.com","mutated":false}'
    hooked = '{"configuration":"mutating-hook.example.com","webhook":"hook.example.com",'
    patch = '"patch":[{"op":"add","path":"/data/b","value":"\\u003c1\\u003e"}],"patchType":"JSONPatch"}'
    assert request.notes == {
        "mutation.webhook.admission.k8s.io/round_0_index_0": hooked + '"mutated":true}',
        "patch.webhook.admission.k8s.io/round_0_index_0": hooked + patch,
        "mutation.webhook.admission.k8s.io/round_0_index_1": lax,
        "failed-open.mutation.webhook.admission.k8s.io/round_0_index_1": "lax.example.com",
        "failed-open.validating.webhook.admission.k8s.io/round_0_index_0": "lax.example.com",
    }


def test_a_name_that_is_not_the_certificates(api: Any, hook: Any) -> None:
    install(api, hook.port, client={"url": f"https://localhost:{hook.port}/check", "caBundle": BUNDLE})
    refused = api.refusal(api.create, config_map())
    assert refused.endswith("x509: certificate is valid for hook.demo.svc, not localhost")


def test_a_patch_cannot_move_an_object(api: Any, hook: Any) -> None:
    install(api, hook.port, "Mutating")
    hook.answer = patched({"op": "replace", "path": "/metadata/namespace", "value": "default"})
    told = "the namespace of the provided object does not match the namespace sent on the request"
    assert api.refusal(api.create, config_map()) == told
    hook.answer = patched({"op": "remove", "path": "/metadata"})
    assert "metadata.name: Required value: name or generateName is required" in api.refusal(api.create, config_map())
