"""Requests over HTTP: objects in, objects and Status errors out."""

from __future__ import annotations

import json
from typing import Any

import pytest

COLLECTION = "/api/v1/namespaces/demo/configmaps"


def configmap(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_an_object_is_created_read_changed_and_deleted(client: Any) -> None:
    created = client.ask("POST", COLLECTION, configmap("a", k="1"))
    assert (created.code, created.json["data"]) == (201, {"k": "1"})
    assert client.ask("GET", f"{COLLECTION}/a").json["metadata"]["uid"] == created.json["metadata"]["uid"]
    patched = client.ask("PATCH", f"{COLLECTION}/a", {"data": {"k": "2"}}, content_type="application/merge-patch+json")
    assert patched.json["data"] == {"k": "2"}
    replaced = client.ask("PUT", f"{COLLECTION}/a", configmap("a", k="3"))
    assert (replaced.code, replaced.json["data"]) == (200, {"k": "3"})
    gone = client.ask("DELETE", f"{COLLECTION}/a")
    assert (gone.code, gone.json["kind"], gone.json["status"]) == (200, "Status", "Success")
    missing = client.ask("GET", f"{COLLECTION}/a")
    assert (missing.code, missing.json["reason"]) == (404, "NotFound")
    assert missing.json["message"] == 'configmaps "a" not found'


def test_a_list_says_the_kind_once(client: Any) -> None:
    client.ask("POST", COLLECTION, configmap("a"))
    listed = client.ask("GET", COLLECTION).json
    assert listed["kind"] == "ConfigMapList"
    assert [sorted(item) for item in listed["items"] if item["metadata"]["name"] == "a"] == [["metadata"]]


def test_tables_and_bare_metadata_are_negotiated(client: Any) -> None:
    client.ask("POST", COLLECTION, configmap("a", k="1"))
    table = client.ask("GET", COLLECTION, accept="application/json;as=Table;v=v1;g=meta.k8s.io,application/json").json
    assert table["kind"] == "Table"
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    form = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    partial = client.ask("GET", f"{COLLECTION}/a", accept=form).json
    assert (partial["kind"], "data" in partial) == ("PartialObjectMetadata", False)
    refused = client.ask("GET", COLLECTION, accept="text/html")
    assert (refused.code, refused.json["reason"]) == (406, "NotAcceptable")


def test_nobody_may_do_anything_without_being_allowed_to(client: Any) -> None:
    refused = client.ask("GET", COLLECTION, user=None)
    assert (refused.code, refused.json["reason"]) == (403, "Forbidden")
    assert 'User "system:anonymous" cannot list resource "configmaps"' in refused.json["message"]
    assert client.ask("GET", COLLECTION, user=None, authorization="Bearer no").code == 401


def test_paths_that_nobody_serves(client: Any) -> None:
    for path in ("/apis/none/v1/pods", "/x"):
        found = client.ask("GET", path)
        assert (found.code, found.body) == (404, b"404 page not found\n"), path
    for path in ("/api/v1/nothing", "/apis/apps/v1/deployments/a/b"):
        found = client.ask("GET", path)
        assert (found.code, found.json["message"]) == (404, "the server could not find the requested resource"), path
    assert client.ask("POST", f"{COLLECTION}/a", configmap("a")).code == 405


def test_an_unknown_field_is_a_warning_header(client: Any) -> None:
    created = client.ask("POST", COLLECTION, {**configmap("a"), "dat": {}})
    assert created.all("warning") == ['299 - "unknown field \\"dat\\""']
    strict = client.ask("POST", f"{COLLECTION}?fieldValidation=Strict", {**configmap("b"), "dat": {}})
    assert (strict.code, strict.json["reason"]) == (400, "BadRequest")


def test_repeated_keys_are_reported_as_field_validation_says(client: Any) -> None:
    body = b'{"metadata":{"name":"c","labels":{"a":"1","a":"2"}},"data":{"x":"1"},"data":{"y":"2"},"none":1}'
    said = ['duplicate field "data"', 'duplicate field "metadata.labels.a"', 'unknown field "none"']
    made = client.ask("POST", f"{COLLECTION}?dryRun=All", body)
    assert made.all("warning") == [f"299 - {json.dumps(text)}" for text in said]
    assert (made.json["data"], made.json["metadata"]["labels"]) == ({"y": "2"}, {"a": "2"})
    assert client.ask("POST", f"{COLLECTION}?dryRun=All&fieldValidation=Ignore", body).all("warning") == []
    refused = client.ask("POST", f"{COLLECTION}?fieldValidation=Strict", body)
    assert refused.code == 400
    assert refused.json["message"].endswith("strict decoding error: " + ", ".join(said))
    client.ask("POST", COLLECTION, {"metadata": {"name": "c"}})
    merge = "application/merge-patch+json"
    changed = client.ask("PATCH", f"{COLLECTION}/c", b'{"data":{"x":"1","x":"2"}}', content_type=merge)
    assert (changed.all("warning"), changed.json["data"]) == (['299 - "duplicate field \\"data.x\\""'], {"x": "2"})
    strict = f"{COLLECTION}/c?fieldValidation=Strict"
    refused = client.ask("PATCH", strict, b'{"data":{"x":"1","x":"2"}}', content_type=merge)
    assert refused.code == 422
    assert refused.json["message"].endswith('strict decoding error: duplicate field "data.x"')


def test_a_body_that_is_too_large(client: Any) -> None:
    refused = client.ask("POST", COLLECTION, b" " * (3 * 1024 * 1024 + 1))
    assert refused.code == 413
    assert refused.json["message"] == "Request entity too large: limit is 3145728"


def test_objects_are_written_as_go_writes_them(client: Any) -> None:
    client.ask("POST", COLLECTION, configmap("a", k="<&>"))
    body = client.ask("GET", f"{COLLECTION}/a").body.decode()
    assert body.startswith('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"demo","uid":')
    assert body.endswith('"data":{"k":"\\u003c\\u0026\\u003e"}}\n')
    yaml = client.ask("GET", f"{COLLECTION}/a", accept="application/yaml")
    assert yaml.header("content-type") == "application/yaml"
    assert yaml.body.decode().startswith("apiVersion: v1\ndata:\n  k: <&>\nkind: ConfigMap\n")


def test_a_body_that_cannot_be_read(client: Any) -> None:
    refused = client.ask("POST", COLLECTION, b'{"a":}')
    assert refused.json["message"] == (
        "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: "
        "invalid character '}' looking for beginning of value ({\"a\":})"
    )
    assert refused.code == 400
    protobuf = client.ask("POST", COLLECTION, b"abc", content_type="application/vnd.kubernetes.protobuf")
    assert protobuf.json["message"].endswith("expected prefix [107 56 115 0] (616263)")
    assert client.ask("POST", COLLECTION, b"x", content_type="text/plain").code == 415


def test_yaml_and_server_side_apply(client: Any) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"
    target = f"{COLLECTION}/a?fieldManager=m&force=true"
    applied = client.ask("PATCH", target, text, content_type="application/apply-patch+yaml")
    assert (applied.code, applied.json["metadata"]["managedFields"][0]["operation"]) == (201, "Apply")
    assert client.ask("PATCH", target, text, content_type="application/apply-patch+yaml").code == 200
    created = client.ask("POST", COLLECTION, text.replace(b"name: a", b"name: b"), content_type="application/yaml")
    assert (created.code, created.json["data"]) == (201, {"k": "v"})


def test_a_delete_takes_its_options_from_query_or_body(client: Any) -> None:
    pods = "/api/v1/namespaces/demo/pods"
    client.ask("POST", pods, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}]}})
    wrong = client.ask("DELETE", f"{pods}/p", {"preconditions": {"uid": "other"}})
    assert (wrong.code, wrong.json["reason"]) == (409, "Conflict")
    dry = client.ask("DELETE", f"{pods}/p?dryRun=All&gracePeriodSeconds=0")
    assert (dry.code, client.ask("GET", f"{pods}/p").code) == (200, 200)
    assert client.ask("DELETE", f"{pods}/p", {"gracePeriodSeconds": 0}).code == 200
    assert client.ask("GET", f"{pods}/p").code == 404
    client.ask("POST", COLLECTION, configmap("a"))
    client.ask("POST", COLLECTION, configmap("b"))
    deleted = client.ask("DELETE", f"{COLLECTION}?fieldSelector=metadata.name%3Da")
    assert (deleted.code, deleted.json["kind"]) == (200, "ConfigMapList")
    assert (client.ask("GET", f"{COLLECTION}/a").code, client.ask("GET", f"{COLLECTION}/b").code) == (404, 200)


def test_a_list_comes_in_pages_of_one_revision(client: Any) -> None:
    for name in "abc":
        client.ask("POST", COLLECTION, configmap(name))
    first = client.ask("GET", f"{COLLECTION}?limit=2").json
    client.ask("DELETE", f"{COLLECTION}/c")
    assert (len(first["items"]), first["metadata"]["remainingItemCount"]) == (2, 2)
    second = client.ask("GET", f"{COLLECTION}?limit=2&continue={first['metadata']['continue']}").json
    assert [item["metadata"]["name"] for item in second["items"]] == ["c", "kube-root-ca.crt"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_subresources_have_bodies_and_answers_of_their_own(client: Any) -> None:
    client.ask(
        "POST",
        "/api/v1/namespaces/demo/pods",
        {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}]}},
    )
    pod = "/api/v1/namespaces/demo/pods/p"
    status = client.ask("GET", f"{pod}/status").json
    assert status["status"]["phase"] == "Running"
    debug = {"spec": {"ephemeralContainers": [{"name": "d", "image": "x"}]}}
    patched = client.ask(
        "PATCH", f"{pod}/ephemeralcontainers", debug, content_type="application/strategic-merge-patch+json"
    )
    assert (patched.code, patched.json["spec"]["ephemeralContainers"][0]["name"]) == (200, "d")
    refused = client.ask("GET", f"{pod}/exec?command=ls&stdout=1")
    assert (refused.code, refused.json["message"]) == (400, "Upgrade request required")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    assert client.ask("POST", f"{pod}/eviction", eviction).code == 201


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("POST", f"{COLLECTION}?dryRun=No"), 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value'),
        (("POST", f"{COLLECTION}?fieldValidation=Some"), 'supported values: "", "Ignore", "Strict", "Warn"'),
        (("PUT", f"{COLLECTION}/a?fieldManager={'m' * 129}"), "fieldManager: Too long: may not be more than 128 bytes"),
        (("PATCH", f"{COLLECTION}/a?force=true"), "force: Forbidden: may not be specified for non-apply patch"),
        (
            ("DELETE", f"{COLLECTION}/a?propagationPolicy=Some"),
            'supported values: "Foreground", "Background", "Orphan", "nil"',
        ),
        (
            ("DELETE", f"{COLLECTION}/a?propagationPolicy=Orphan&orphanDependents=true"),
            'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
        ),
    ],
)
def test_options_of_writes(client: Any, asked: tuple[str, str], message: str) -> None:
    patch = "application/merge-patch+json" if asked[0] == "PATCH" else "application/json"
    body = None if asked[0] == "DELETE" else configmap("a")
    refused = client.ask(*asked, body, content_type=patch)
    assert (refused.code, refused.json["reason"]) == (422, "Invalid")
    assert message in refused.json["message"]


def test_what_a_table_may_include(client: Any) -> None:
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    refused = client.ask("GET", f"{COLLECTION}?includeObject=All", accept=table)
    why = "includeObject: Invalid value: \"All\": must be 'Metadata', 'Object', 'None', or empty"
    assert (refused.code, refused.json["message"]) == (400, f"Unable to convert to Table as requested: {why}")
    whole = client.ask("GET", f"{COLLECTION}?includeObject=Object", accept=table).json["rows"][0]["object"]
    assert (whole["kind"], "data" in whole) == ("ConfigMap", True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "[]",
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse "
            "error: json: cannot unmarshal array into Go value of type struct { APIVersion string "
            '"json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)',
        ),
        (
            '{"kind":5}',
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse "
            'error: json: cannot unmarshal number into Go struct field .kind of type string ({"kind":5})',
        ),
        (
            '{"kind":"Deployment","apiVersion":"apps/v1"}',
            'Deployment in version "v1" cannot be handled as a ConfigMap: converting (v1.Deployment) to '
            "(core.ConfigMap): unknown conversion",
        ),
        (
            '{"kind":"ConfigMap","apiVersion":"v2"}',
            'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for '
            'version "v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
        ),
    ],
)
def test_bodies_of_no_or_another_kind(client: Any, body: str, message: str) -> None:
    refused = client.ask("POST", COLLECTION, body.encode())
    assert (refused.code, refused.json["message"]) == (400, message)


@pytest.mark.parametrize(
    "asked",
    [
        ("GET", f"{COLLECTION}?limit=x", {}),
        ("GET", COLLECTION, {"accept": "text/html"}),
        ("GET", f"{COLLECTION}?resourceVersionMatch=Exact", {}),
        ("POST", COLLECTION, {"content_type": "text/html"}),
        ("POST", f"{COLLECTION}?fieldValidation=x", {}),
        ("DELETE", f"{COLLECTION}/c?propagationPolicy=x", {}),
    ],
)
def test_who_may_not_ask_is_told_that_first(client: Any, asked: tuple[str, str, Any]) -> None:
    method, target, more = asked
    assert client.ask(method, target, b"nonsense", user=None, **more).code == 403
    assert client.ask(method, target, b"nonsense", **more).code in (400, 406, 415, 422)


def test_patches_of_unknown_types(client: Any) -> None:
    client.ask("POST", COLLECTION, configmap("c"))
    for content_type in ("application/json", "text/html", ""):
        refused = client.ask("PATCH", f"{COLLECTION}/c", b"{}", content_type=content_type)
        assert refused.json == {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 415, "details": {},
            "message": "415: Unsupported Media Type", "reason": "UnsupportedMediaType",
        }  # fmt: skip
    refused = client.ask("PATCH", f"{COLLECTION}/c", b"{}", user=None, content_type="text/html")
    assert refused.code == 403
    test = [{"op": "test", "path": "/data/a", "value": "b"}]
    failed = client.ask("PATCH", f"{COLLECTION}/c", test, content_type="application/json-patch+json")
    assert (failed.code, failed.json["reason"], failed.json["details"]) == (422, "Invalid", {})


def test_an_apply_needs_a_manager(client: Any) -> None:
    apply = "application/apply-patch+yaml"
    refused = client.ask("PATCH", f"{COLLECTION}/c", configmap("c"), content_type=apply).json
    cause = {"reason": "FieldValueRequired", "message": "Required value: is required for apply patch"}
    assert (refused["code"], refused["reason"]) == (422, "Invalid")
    assert refused["details"]["causes"] == [{**cause, "field": "fieldManager"}]


def test_answers_for_the_eye(client: Any) -> None:
    for name in ("a", "b"):
        client.ask("POST", COLLECTION, configmap(name, key="<value>"))
    curl = {"user_agent": "curl/8.1"}

    def both(target: str, **headers: str) -> tuple[str, Any]:
        shown = client.ask("GET", target, **curl, **headers)
        assert shown.json == client.ask("GET", target, **headers).json
        assert shown.header("content-length") == str(len(shown.body))
        return shown.body.decode(), shown.json

    for target in (f"{COLLECTION}/a", f"{COLLECTION}/none", "/api", "/apis/apps/v1", f"{COLLECTION}?limit=1"):
        text, document = both(target)
        assert text == json.dumps(document, indent=2).replace("<", "\\u003c").replace(">", "\\u003e")
    text, document = both(COLLECTION)
    assert text == json.dumps(document, indent=2).replace("<", "\\u003c").replace(">", "\\u003e")
    text, _ = both(f"{COLLECTION}?labelSelector=none")
    assert text.endswith('  "items": []\n}')
    assert b"\n " not in client.ask("GET", f"{COLLECTION}?pretty=false", **curl).body
    assert b"\n " in client.ask("GET", f"{COLLECTION}?pretty=true").body
    assert client.ask("GET", "/version").body.startswith(b'{\n  "major"')
    assert client.ask("GET", COLLECTION, accept="text/html").body.startswith(b'{\n  "kind": "Status"')
    assert b"\n " not in client.ask("GET", "/openapi/v2", **curl).body[:300]


POD = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}], "schedulerName": "none"}}


def test_subresources_have_their_own_methods(client: Any) -> None:
    pods, accounts = "/api/v1/namespaces/demo/pods", "/api/v1/namespaces/demo/serviceaccounts"
    client.ask("POST", pods, POD)
    for method, target in (
        ("GET", f"{accounts}/default/token"), ("GET", f"{pods}/p/eviction"), ("PUT", f"{pods}/p/binding"),
        ("DELETE", f"{pods}/p/status"), ("POST", f"{pods}/p/resize"), ("GET", "/api/v1/namespaces/demo/finalize"),
        ("PATCH", f"{pods}/p/log"),
    ):  # fmt: skip
        refused = client.ask(method, target, {})
        assert (refused.code, refused.json["reason"]) == (405, "MethodNotAllowed"), target
    assert client.ask("POST", f"{accounts}/default/token", {"spec": {}}).code == 201


def test_a_binding_is_of_a_pod_that_is_there(client: Any) -> None:
    client.ask("POST", "/api/v1/namespaces/demo/pods", POD)
    bindings = "/api/v1/namespaces/demo/bindings"
    binding = {"metadata": {"name": "none"}, "target": {"kind": "Node", "name": "node-1"}}
    refused = client.ask("POST", bindings, binding)
    assert (refused.code, refused.json["message"]) == (404, 'pods "none" not found')
    bound = client.ask("POST", bindings, {**binding, "metadata": {"name": "p"}})
    assert (bound.code, bound.json["status"]) == (201, "Success")
    assert client.ask("GET", "/api/v1/namespaces/demo/pods/p").json["spec"]["nodeName"] == "node-1"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("tailLines=-1", "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ("limitBytes=0", "limitBytes: Invalid value: 0: must be greater than 0"),
        ("sinceSeconds=0", "sinceSeconds: Invalid value: 0: must be greater than 0"),
    ],
)
def test_log_options_out_of_range(client: Any, query: str, message: str) -> None:
    client.ask("POST", "/api/v1/namespaces/demo/pods", POD)
    refused = client.ask("GET", f"/api/v1/namespaces/demo/pods/p/log?{query}")
    assert (refused.code, refused.json["message"]) == (422, f'PodLogOptions "p" is invalid: {message}')
