"""Paths that are no resource: discovery, OpenAPI, health, metrics."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import UserInfo

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "stars.sky.example.com"},
    "spec": {
        "group": "sky.example.com",
        "names": {"kind": "Star", "plural": "stars"},
        "scope": "Namespaced",
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}


def test_discovery_comes_aggregated_where_that_is_asked_for(client: Any) -> None:
    plain = client.ask("GET", "/apis")
    assert (plain.json["kind"], plain.header("content-type")) == ("APIGroupList", "application/json")
    aggregated = client.ask("GET", "/apis", accept=f"{AGGREGATED},application/json")
    assert (aggregated.json["kind"], aggregated.header("content-type")) == ("APIGroupDiscoveryList", AGGREGATED)
    one = client.ask("GET", "/apis/apps/v1", accept=AGGREGATED + ",application/json")
    assert one.json["kind"] == "APIResourceList"


def test_an_unchanged_document_is_not_sent_again(client: Any) -> None:
    first = client.ask("GET", "/apis", accept=AGGREGATED)
    again = client.ask("GET", "/apis", accept=AGGREGATED, if_none_match=first.header("etag"))
    assert (again.code, again.body) == (304, b"")
    client.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD)
    changed = client.ask("GET", "/apis", accept=AGGREGATED, if_none_match=first.header("etag"))
    assert (changed.code, "sky.example.com" in changed.body.decode()) == (200, True)


def test_openapi_links_name_the_hash_of_their_document(client: Any) -> None:
    link = client.ask("GET", "/openapi/v3").json["paths"]["apis/apps/v1"]["serverRelativeURL"]
    found = client.ask("GET", link)
    assert found.header("cache-control") == "public, immutable"
    assert found.header("etag").strip('"') == link.partition("hash=")[2]
    assert "io.k8s.api.apps.v1.Deployment" in found.json["components"]["schemas"]
    moved = client.ask("GET", "/openapi/v3/apis/apps/v1?hash=OLD")
    assert (moved.code, moved.header("location")) == (301, link)


def test_a_custom_kinds_hash_changes_with_its_definition(client: Any) -> None:
    def link() -> str:
        paths = client.ask("GET", "/openapi/v3").json["paths"]
        return str(paths["apis/sky.example.com/v1"]["serverRelativeURL"])

    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    client.ask("POST", definitions, CRD)
    before = link()
    patch = {"spec": {"names": {"shortNames": ["st"]}}}
    patched = client.ask(
        "PATCH", f"{definitions}/stars.sky.example.com", patch, content_type="application/merge-patch+json"
    )
    assert (patched.code, link() != before) == (200, True)


def test_swagger_refers_to_its_own_definitions(client: Any) -> None:
    found = client.ask("GET", "/openapi/v2").json
    definitions = found["definitions"]
    spec = definitions["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"]
    assert spec["$ref"].removeprefix("#/definitions/") in definitions
    assert "/apis/apps/v1/namespaces/{namespace}/deployments/{name}" in found["paths"]
    asked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    binary = client.ask("GET", "/openapi/v2", accept=asked)
    assert binary.header("content-type") == asked.replace("@", ".")
    assert binary.body.startswith(b"\x0a\x032.0\x12")
    assert b"/apis/apps/v1/namespaces/{namespace}/deployments/{name}" in binary.body


def test_health_checks_one_by_one_and_together(client: Any) -> None:
    live = client.ask("GET", "/livez", user=None)
    assert (live.body, live.header("x-content-type-options")) == (b"ok", "nosniff")
    verbose = client.ask("GET", "/readyz?verbose&exclude=etcd").body.decode()
    assert verbose.splitlines()[-2:] == ["[+]shutdown ok", "readyz check passed"]
    assert "[+]etcd excluded: ok" in verbose
    assert (client.ask("GET", "/healthz/etcd").code, client.ask("GET", "/healthz/none").code) == (200, 404)
    text = client.ask("GET", "/healthz?verbose&exclude=x&exclude=y").body.decode()
    assert 'warn: some health checks cannot be excluded: no matches for "x","y"\n' in text
    ready = {"etcd-readiness", "informer-sync", "shutdown"}
    assert {name for name in ready if client.ask("GET", f"/readyz/{name}").body == b"ok"} == ready
    assert {name for name in ready if client.ask("GET", f"/livez/{name}").code == 404} == ready


def test_a_check_fails_while_what_it_looks_at_is_not_there(client: Any) -> None:
    check = "poststarthook/rbac/bootstrap-roles"
    assert client.ask("GET", f"/livez/{check}").body == b"ok"
    client.ask("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin")
    failed = client.ask("GET", f"/livez/{check}")
    assert (failed.code, failed.body) == (500, b"internal server error: not finished\n")
    failed = client.ask("GET", "/livez")
    lines = failed.body.decode().splitlines()
    assert (failed.code, lines[-1]) == (500, "livez check failed")
    assert [line for line in lines if line.startswith("[-]")] == [f"[-]{check} failed: reason withheld"]
    assert client.ask("GET", f"/livez?exclude={check}").body == b"ok"


def test_whoever_is_about_to_end_is_not_ready(client: Any) -> None:
    client.app.server.stopping = True
    assert client.ask("GET", "/readyz").body.decode().splitlines()[-2:] == [
        "[-]shutdown failed: reason withheld",
        "readyz check failed",
    ]
    assert client.ask("GET", "/livez").code == 200


def test_metrics_count_requests(client: Any) -> None:
    for _ in range(3):
        client.ask("GET", "/api/v1/namespaces/demo/pods/none")
    text = client.ask("GET", "/metrics").body.decode()
    labels = 'group="",resource="pods",scope="resource",subresource="",verb="GET",version="v1"'
    assert f'apiserver_request_total{{code="404",component="apiserver",dry_run="",{labels}}} 3\n' in text
    assert f'apiserver_request_duration_seconds_count{{component="apiserver",dry_run="",{labels}}} 3\n' in text
    assert 'minikctl_reconcile_depth{kind="changes"} 0\n' in text
    assert client.ask("GET", "/metrics", user=None).code == 403


def test_answers_name_their_flow_schema_and_priority_level(client: Any) -> None:
    flows = "/apis/flowcontrol.apiserver.k8s.io/v1"

    def uid(kind: str, name: str) -> str:
        return str(client.ask("GET", f"{flows}/{kind}/{name}").json["metadata"]["uid"])

    def told(**how: Any) -> tuple[str, str]:
        reply = client.ask("GET", "/api/v1/namespaces/demo/pods", **how)
        return reply.header("x-kubernetes-pf-flowschema-uid"), reply.header("x-kubernetes-pf-prioritylevel-uid")

    assert told() == (uid("flowschemas", "exempt"), uid("prioritylevelconfigurations", "exempt"))
    account = UserInfo("system:serviceaccount:demo:x", ("system:serviceaccounts", "system:authenticated"))
    expected = (uid("flowschemas", "service-accounts"), uid("prioritylevelconfigurations", "workload-low"))
    assert told(user=account) == expected
    probes = client.ask("GET", "/livez", user=None).header("x-kubernetes-pf-flowschema-uid")
    assert probes == uid("flowschemas", "probes")
