"""Paths that are no resource: discovery, OpenAPI, health, metrics."""

from __future__ import annotations

import asyncio
from typing import Any

from minikctl.apimachinery.request import UserInfo
from minikctl.cluster import ADMIN

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


def measured(client: Any) -> dict[str, float]:
    """The samples of /metrics; every one has a type."""
    samples, types = {}, set()
    for line in client.ask("GET", "/metrics").body.decode().splitlines():
        if line.startswith("# TYPE "):
            types.add(line.split(" ")[2])
        elif not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            samples[name] = float(value)
            bare = name.partition("{")[0]
            assert bare in types or bare.rpartition("_")[0] in types
    return samples


def test_metrics_count_requests(client: Any) -> None:
    for _ in range(3):
        client.ask("GET", "/api/v1/namespaces/demo/pods/none")
    client.ask("POST", "/api/v1/namespaces/demo/configmaps?dryRun=All", {"metadata": {"name": "c"}})
    apply = "application/apply-patch+yaml"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    client.ask("PATCH", "/api/v1/namespaces/demo/configmaps/c?fieldManager=m", body, content_type=apply)
    client.ask("GET", "/api/v1/endpoints")
    client.ask("GET", "/api/v1/nodes", user=None, authorization="Bearer none")
    found = measured(client)
    labels = 'group="",resource="pods",scope="resource",subresource="",verb="GET",version="v1"'
    common = f'component="apiserver",dry_run="",{labels}'
    assert found[f'apiserver_request_total{{code="404",{common}}}'] == 3
    assert found[f"apiserver_request_duration_seconds_count{{{common}}}"] == 3
    assert found[f'apiserver_request_duration_seconds_bucket{{{common},le="60"}}'] == 3
    assert found[f'apiserver_response_sizes_bucket{{component="apiserver",{labels},le="1000"}}'] == 3
    maps = 'group="",resource="configmaps",scope="{}",subresource="",verb="{}",version="v1"'
    dry = f'code="201",component="apiserver",dry_run="All",{maps.format("namespace", "POST")}'
    assert found[f"apiserver_request_total{{{dry}}}"] == 1
    applied = f'code="201",component="apiserver",dry_run="",{maps.format("resource", "APPLY")}'
    assert found[f"apiserver_request_total{{{applied}}}"] == 1
    deprecated = 'group="",removed_release="",resource="endpoints",subresource="",version="v1"'
    assert found[f"apiserver_requested_deprecated_apis{{{deprecated}}}"] == 1
    assert sum(name.startswith("apiserver_requested_deprecated_apis") for name in found) == 1
    assert found['authentication_attempts{result="failure"}'] == 1
    assert found['authentication_attempts{result="success"}'] == found['authenticated_user_requests{username="other"}']
    assert found['apiserver_current_inflight_requests{request_kind="mutating"}'] == 1
    assert measured(client)['apiserver_current_inflight_requests{request_kind="mutating"}'] == 0


def test_metrics_tell_of_the_present(client: Any) -> None:
    found = measured(client)
    assert found['minikctl_reconcile_depth{kind="changes"}'] == 0
    assert found['apiserver_storage_objects{resource="nodes"}'] == 3
    assert found['apiserver_resource_objects{group="rbac.authorization.k8s.io",resource="clusterroles"}'] > 50
    assert found["process_resident_memory_bytes"] < found["process_virtual_memory_bytes"]
    assert 0 < found["process_open_fds"] < found["process_max_fds"]
    assert any(name.startswith("kubernetes_build_info{") and 'minor="36"' in name for name in found)
    target = "/api/v1/namespaces/demo/configmaps"
    client.watch(f"{target}?watch=1&resourceVersion=1", ("POST", target, {"metadata": {"name": "c"}}))
    assert measured(client)['apiserver_watch_events_total{group="",kind="ConfigMap",version="v1"}'] == 1
    assert client.ask("GET", "/metrics", user=None).code == 403


def test_metrics_count_open_watches(client: Any) -> None:
    seen = {}

    async def scenario() -> None:
        watching = client.start_watch("/apis/apps/v1/namespaces/demo/deployments?watch=1")
        await watching.quiet()
        answer = await client._ask("GET", "/metrics", None, ADMIN, "", {})
        seen["text"] = answer.body.decode()
        await watching.end()

    asyncio.run(scenario())
    labels = 'group="apps",resource="deployments",scope="namespace",subresource="",verb="WATCH",version="v1"'
    assert f'apiserver_longrunning_requests{{component="apiserver",{labels}}} 1\n' in seen["text"]


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
