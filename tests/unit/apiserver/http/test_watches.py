"""Watches: from which revision, in which form, and what they are told."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from minikctl.cluster import Cluster

COLLECTION = "/api/v1/namespaces/demo/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def configmap(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}}


def create(name: str, **labels: str) -> tuple[Any, ...]:
    return ("POST", COLLECTION, configmap(name, **labels))


def replace(name: str, **labels: str) -> tuple[Any, ...]:
    return ("PUT", f"{COLLECTION}/{name}", configmap(name, **labels))


def told(reply: Any) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in reply.events]


def revision(client: Any) -> int:
    return int(client.ask("GET", COLLECTION).json["metadata"]["resourceVersion"])


def test_a_watch_without_revision_begins_with_what_is_there(client: Any) -> None:
    client.ask(*create("a"))
    reply = client.watch(f"{COLLECTION}?watch=true", create("b"), ("DELETE", f"{COLLECTION}/a"))
    assert told(reply) == [("ADDED", "a"), ("ADDED", "kube-root-ca.crt"), ("ADDED", "b"), ("DELETED", "a")]


def test_a_watch_from_a_revision_goes_on_after_it(client: Any) -> None:
    client.ask(*create("a"))
    since = revision(client)
    client.ask(*create("b"))
    reply = client.watch(f"{COLLECTION}?watch=1&resourceVersion={since}", create("c"))
    assert told(reply) == [("ADDED", "b"), ("ADDED", "c")]
    revisions = [int(event["object"]["metadata"]["resourceVersion"]) for event in reply.events]
    assert since < revisions[0] < revisions[1]


def test_an_object_that_leaves_the_selection_is_deleted_as_it_last_was(client: Any) -> None:
    since = revision(client)
    target = f"{COLLECTION}?watch=1&resourceVersion={since}&labelSelector=x%3Dy"
    reply = client.watch(target, create("a"), replace("a", x="y"), replace("a", x="z"), replace("a"))
    assert told(reply) == [("ADDED", "a"), ("DELETED", "a")]
    added, deleted = (event["object"]["metadata"] for event in reply.events)
    assert deleted["labels"] == {"x": "y"}
    assert int(deleted["resourceVersion"]) == int(added["resourceVersion"]) + 1


def test_only_a_tables_first_event_describes_the_columns(client: Any) -> None:
    target = f"{COLLECTION}?watch=1&resourceVersion={revision(client)}"
    tables = [event["object"] for event in client.watch(target, create("a"), create("b"), accept=TABLE).events]
    assert [table["kind"] for table in tables] == ["Table", "Table"]
    assert (bool(tables[0]["columnDefinitions"]), tables[1]["columnDefinitions"]) == (True, None)
    assert [table["rows"][0]["cells"][0] for table in tables] == ["a", "b"]


def test_metadata_alone_is_watched(client: Any) -> None:
    target = f"{COLLECTION}?watch=1&resourceVersion={revision(client)}"
    form = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    found = client.watch(target, create("a"), accept=form).events[0]["object"]
    assert (found["kind"], sorted(found)) == ("PartialObjectMetadata", ["apiVersion", "kind", "metadata"])


def test_initial_events_end_with_a_bookmark(client: Any) -> None:
    options = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = client.watch(f"{COLLECTION}?watch=1&{options}", create("a")).events
    assert [event["type"] for event in events] == ["ADDED", "BOOKMARK", "ADDED"]
    mark = events[1]["object"]
    assert (mark["kind"], mark["metadata"]["annotations"]) == ("ConfigMap", {"k8s.io/initial-events-end": "true"})


def test_options_that_do_not_go_together(client: Any) -> None:
    refused = client.ask("GET", f"{COLLECTION}?watch=1&sendInitialEvents=true")
    assert refused.code == 422
    why = "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    assert refused.json["message"] == f'ListOptions.meta.k8s.io "" is invalid: {why}'
    match = client.ask("GET", f"{COLLECTION}?resourceVersionMatch=Exact")
    assert "resourceVersionMatch is forbidden unless resourceVersion is provided" in match.json["message"]


def test_a_compacted_revision_is_an_error_event(client: Any, cluster: Cluster) -> None:
    client.ask(*create("a"))
    with cluster.store.transaction():
        cluster.store.compact(0)
    reply = client.watch(f"{COLLECTION}?watch=1&resourceVersion=3")
    assert (reply.code, [event["type"] for event in reply.events]) == (200, ["ERROR"])
    status = reply.events[0]["object"]
    assert (status["code"], status["reason"]) == (410, "Expired")
    assert status["message"] == f"too old resource version: 3 ({cluster.store.revision()})"


def test_lists_of_an_exact_revision(client: Any) -> None:
    client.ask(*create("a"))
    since = revision(client)
    client.ask("DELETE", f"{COLLECTION}/a")
    listed = client.ask("GET", f"{COLLECTION}?resourceVersion={since}&resourceVersionMatch=Exact").json
    assert [item["metadata"]["name"] for item in listed["items"]] == ["a", "kube-root-ca.crt"]
    assert listed["metadata"]["resourceVersion"] == str(since)


def test_a_revision_that_has_not_been_reached(client: Any) -> None:
    newest = revision(client)
    refused = client.ask("GET", f"{COLLECTION}?resourceVersion={newest + 5}")
    assert (refused.code, refused.json["reason"]) == (504, "Timeout")
    assert refused.json["message"] == f"Too large resource version: {newest + 5}, current: {newest}"
    assert client.ask("GET", f"{COLLECTION}?resourceVersion=x").code == 500
    assert client.ask("GET", f"{COLLECTION}?watch=1&resourceVersion=x").code == 422


def test_one_object_is_watched_by_its_path_and_by_field(client: Any) -> None:
    since = revision(client)
    by_path = "/api/v1/watch/namespaces/demo/configmaps/a?"
    reply = client.watch(f"{by_path}resourceVersion={since}", create("a"), create("b"))
    assert told(reply) == [("ADDED", "a")]
    for target in (by_path, f"{COLLECTION}?fieldSelector=metadata.name%3Da&watch=1&"):
        assert told(client.watch(f"{target}resourceVersion={since}")) == [("ADDED", "a")]


def test_a_watch_from_any_revision_has_everything_since_once(client: Any) -> None:
    draw, names = random.Random(3), [f"n{number}" for number in range(5)]
    start, there = revision(client), set()
    history: list[tuple[int, str, str]] = []
    for _ in range(40):
        name = draw.choice(names)
        action = draw.choice(("put", "delete")) if name in there else "create"
        if action == "delete":
            client.ask("DELETE", f"{COLLECTION}/{name}")
        else:
            method, path, body = create(name) if action == "create" else replace(name, x=str(draw.random()))
            client.ask(method, path, body)
        there.symmetric_difference_update({name} if action in ("create", "delete") else ())
        type_ = {"create": "ADDED", "put": "MODIFIED", "delete": "DELETED"}[action]
        history.append((revision(client), type_, name))
    for since in {start, *(entry[0] for entry in history)}:
        events = client.watch(f"{COLLECTION}?watch=1&resourceVersion={since}").events
        seen = [
            (int(event["object"]["metadata"]["resourceVersion"]), event["type"], event["object"]["metadata"]["name"])
            for event in events
        ]
        assert seen == [entry for entry in history if entry[0] > since]


def test_changes_of_other_processes_are_seen_once(client: Any, cluster: Cluster) -> None:
    other = Cluster.open(cluster.store.path)
    since = revision(client)
    other.client().create("configmaps", configmap("before"), "demo")

    async def scenario() -> list[tuple[str, str]]:
        # The hub has not looked yet when the watch begins, and looks after it.
        watching = client.start_watch(f"{COLLECTION}?watch=1&resourceVersion={since}")
        await watching.quiet()
        other.client().create("configmaps", configmap("after"), "demo")
        client.app.hub.poll()
        return told(await watching.end())

    assert asyncio.run(scenario()) == [("ADDED", "before"), ("ADDED", "after")]
    other.close()
