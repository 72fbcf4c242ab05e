"""Long lists: in turns with others' requests, page by page, compressed."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from typing import Any

import pytest

from minikctl.cluster import Cluster

MAPS = "/api/v1/namespaces/demo/configmaps"
MANY = 150


@pytest.fixture
def many(cluster: Cluster) -> list[str]:
    """The names of many ConfigMaps beside the one that every namespace has."""
    names = [f"c-{number:03}" for number in range(MANY)]
    with cluster.store.transaction():
        for name in names:
            body = {"metadata": {"name": name, "labels": {"odd": str(int(name[-1]) % 2)}}, "data": {"x": name * 300}}
            cluster.client().create("configmaps", body, "demo")
    cluster.settle()
    return [*names, "kube-root-ca.crt"]


def names_of(listed: Any) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


def test_a_list_in_pieces_is_one_document(client: Any, many: list[str]) -> None:
    answer = client.ask("GET", MAPS)
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.body.startswith(b'{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"')
    assert answer.body.endswith(b"}]}\n")
    assert names_of(answer.json) == many
    assert not any("kind" in item for item in answer.json["items"])
    partial = client.ask("GET", MAPS, accept="application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").json
    assert (partial["kind"], partial["items"][0]["kind"]) == ("PartialObjectMetadataList", "PartialObjectMetadata")
    assert names_of(partial) == many
    assert client.ask("GET", f"{MAPS}?labelSelector=none").json["items"] == []
    odd = [name for name in many if name[-1] in "13579"]
    assert names_of(client.ask("GET", f"{MAPS}?labelSelector=odd%3D1").json) == odd


def test_others_are_served_while_a_list_is_made(client: Any, many: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from minikctl.apiserver.http import turns

    monkeypatch.setattr(turns, "_SECONDS", 0.0)
    done: list[str] = []

    async def ask(name: str, target: str) -> None:
        answer = await client._ask("GET", target, None, client.app.admin, "application/json", {})
        assert answer.code == 200
        done.append(name)

    async def both() -> None:
        await asyncio.gather(ask("list", MAPS), ask("one", f"{MAPS}/c-001"))

    from minikctl.cluster import ADMIN

    client.app.admin = ADMIN
    asyncio.run(both())
    assert done == ["one", "list"]


def test_what_is_written_meanwhile_is_not_in_the_list(client: Any, cluster: Cluster, many: list[str]) -> None:
    from minikctl.apimachinery.request import Request
    from minikctl.cluster import ADMIN

    request = Request("list", ADMIN, cluster.server.lookup("configmaps"), "demo")
    ctx_listing = cluster.server.listing(request)
    assert ctx_listing is not None
    listing = ctx_listing[1]
    first = listing.some(10)
    cluster.client().delete("configmaps", many[20], "demo")
    rest = listing.some(listing.left)
    assert [item["metadata"]["name"] for item in first + rest] == many
    assert int(listing.metadata()["resourceVersion"]) < cluster.store.revision()


def test_pages_go_on_where_they_ended(client: Any, many: list[str]) -> None:
    found, token, pages = [], "", 0
    while True:
        page = client.ask("GET", f"{MAPS}?limit=40&continue={token}").json
        found += names_of(page)
        pages += 1
        token = page["metadata"].get("continue", "")
        assert page["metadata"].get("remainingItemCount", 0) == len(many) - len(found)
        if not token:
            break
    assert (found, pages) == (many, 4)
    page = client.ask("GET", f"{MAPS}?limit=40&labelSelector=odd%3D1").json
    assert "remainingItemCount" not in page["metadata"]
    assert len(page["items"]) == 40


def test_a_page_that_is_too_late_says_how_to_go_on(client: Any, cluster: Cluster, many: list[str]) -> None:
    token = client.ask("GET", f"{MAPS}?limit=40").json["metadata"]["continue"]
    for name in (many[50], many[60], many[70]):
        cluster.client().delete("configmaps", name, "demo")
    cluster.settle()
    cluster.store.compact(1)
    refused = client.ask("GET", f"{MAPS}?limit=40&continue={token}")
    assert (refused.code, refused.json["reason"]) == (410, "Expired")
    assert "or use the continue token in this response to retrieve the remainder" in refused.json["message"]
    token = refused.json["metadata"]["continue"]
    left = client.ask("GET", f"{MAPS}?continue={token}").json
    assert names_of(left) == [*many[40:50], *many[51:60], *many[61:70], *many[71:]]
    assert left["metadata"]["resourceVersion"] == str(cluster.store.revision())


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ({"v": "v9", "rv": 1, "start": "x"}, "server does not recognize this encoded version"),
        ({"v": "meta.k8s.io/v1", "rv": 0, "start": "x"}, "incorrect encoded start resourceVersion"),
        ({"v": "meta.k8s.io/v1", "rv": 1, "start": ""}, "encoded start key empty (version meta.k8s.io/v1)"),
    ],
)
def test_tokens_that_are_none(client: Any, token: Any, why: str) -> None:
    text = base64.urlsafe_b64encode(json.dumps(token).encode()).decode().rstrip("=")
    refused = client.ask("GET", f"{MAPS}?continue={text}")
    assert (refused.code, refused.json["reason"]) == (400, "BadRequest")
    assert refused.json["message"].startswith(f"invalid continue token: continue key is not valid: {why}")


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("a*b", "illegal base64 data at input byte 1"),
        ("abcde", "illegal base64 data at input byte 4"),
        ("abc", "invalid character 'i' looking for beginning of value"),
    ],
)
def test_tokens_that_cannot_be_read(client: Any, token: str, why: str) -> None:
    refused = client.ask("GET", f"{MAPS}?continue={token}")
    assert refused.json["message"] == f"invalid continue token: continue key is not valid: {why}"


def test_long_answers_are_compressed_for_who_takes_that(client: Any, many: list[str]) -> None:
    plain = client.ask("GET", MAPS)
    packed = client.ask("GET", MAPS, accept_encoding="br, gzip")
    assert (packed.header("content-encoding"), packed.header("vary")) == ("gzip", "Accept-Encoding")
    assert packed.header("content-length") == str(len(packed.body))
    assert gzip.decompress(packed.body) == plain.body
    assert client.ask("GET", MAPS, accept_encoding="deflate").header("content-encoding") == ""
    assert client.ask("GET", f"{MAPS}/c-001", accept_encoding="gzip").header("content-encoding") == ""
    for _ in range(2):
        document = client.ask("GET", "/openapi/v2", accept_encoding="gzip")
        assert json.loads(gzip.decompress(document.body))["swagger"] == "2.0"


def test_a_watch_begins_with_everything_then_goes_on(client: Any, many: list[str]) -> None:
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = client.watch(f"{MAPS}?{query}", ("DELETE", f"{MAPS}/c-149")).events
    assert [event["object"]["metadata"]["name"] for event in events[: len(many)]] == many
    assert events[len(many)]["type"] == "BOOKMARK"
    assert [event["type"] for event in events[len(many) + 1 :]] == ["DELETED"]
