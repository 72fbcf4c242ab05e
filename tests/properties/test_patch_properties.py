"""Patches and server-side apply on Deployments: what is made and applied gives what was meant."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.managedfields import record_update, server_side_apply
from minikctl.apimachinery.openapi import schema_for
from minikctl.apimachinery.patch import (
    diff_merge,
    json_patch,
    merge_patch,
    strategic_merge,
    three_way_merge,
    three_way_strategic,
    two_way_strategic,
)

SCHEMA = schema_for("apps/v1", "Deployment")
NOW = "2026-01-02T03:04:05Z"

Obj = dict[str, Any]


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Obj]:
    return st.fixed_dictionaries({}, optional=fields)


def named(key: str, names: list[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Obj]]:
    item = st.fixed_dictionaries({key: st.sampled_from(names)}, optional=fields)
    return st.lists(item, max_size=3, unique_by=lambda entry: str(entry[key]))


words = st.sampled_from(["1", "2", "x"])
labels = st.dictionaries(st.sampled_from(["a", "b", "c"]), words, max_size=3)
containers = named(
    "name",
    ["web", "side", "log"],
    image=words,
    args=st.lists(words, max_size=2),
    env=named("name", ["A", "B", "C"], value=words),
    ports=named("containerPort", [80, 81]),
)
volumes = st.lists(
    st.one_of(
        st.fixed_dictionaries({"name": st.just("v"), "emptyDir": optional(medium=words)}),
        st.fixed_dictionaries({"name": st.just("v"), "hostPath": st.fixed_dictionaries({"path": words})}),
    ),
    max_size=1,
)
strategies = st.one_of(
    st.just({"type": "Recreate"}),
    st.fixed_dictionaries({"type": st.just("RollingUpdate"), "rollingUpdate": optional(maxSurge=st.integers(0, 2))}),
)
specs = optional(
    replicas=st.integers(0, 3),
    paused=st.booleans(),
    selector=optional(matchLabels=labels),
    strategy=strategies,
    template=st.fixed_dictionaries({"spec": optional(containers=containers, volumes=volumes, nodeSelector=labels)}),
)
metadata = optional(
    labels=labels,
    annotations=labels,
    finalizers=st.lists(st.sampled_from(["a/x", "b/y", "c/z"]), max_size=3, unique=True),
)


def deployment(meta: Obj, spec: Obj) -> Obj:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", **meta}, "spec": spec}


deployments = st.builds(deployment, metadata, specs)
values = st.recursive(
    st.one_of(st.integers(0, 2), st.booleans(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(words, inner, max_size=2)),
    max_leaves=6,
)
documents = st.dictionaries(words, values, max_size=3)


def same_but_for_empty(value: Any) -> Any:
    """The value without what a merge cannot tell from absence: empty maps and lists."""
    if isinstance(value, dict):
        found = {key: same_but_for_empty(inner) for key, inner in value.items()}
        return {key: inner for key, inner in found.items() if inner not in ({}, [], None)}
    if isinstance(value, list):
        return [same_but_for_empty(item) for item in value]
    return value


@given(documents, documents)
def test_merge_patches(a: Obj, b: Obj) -> None:
    assert merge_patch(a, diff_merge(a, b)) == b
    assert diff_merge(a, a) == {}
    assert json_patch({"d": a}, [{"op": "replace", "path": "/d", "value": b}, {"op": "test", "path": "/d", "value": b}])


@given(documents, documents, documents)
def test_three_way_merge_patches_bring_the_manifest(original: Obj, modified: Obj, current: Obj) -> None:
    result = merge_patch(current, three_way_merge(original, modified, current))
    assert contains(result, same_but_for_empty(modified))
    assert three_way_merge(modified, modified, result) == {}


def contains(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and contains(whole[key], part[key]) for key in part)
    return bool(same_but_for_empty(whole) == part)


@given(deployments, deployments)
def test_strategic_patches(a: Obj, b: Obj) -> None:
    before = deep_copy(a)
    result = strategic_merge(a, two_way_strategic(a, b, SCHEMA), SCHEMA)
    for obj in (result, b):
        obj["metadata"].get("finalizers", []).sort()  # upstream misses reorderings into the sorted order
    assert same_but_for_empty(result) == same_but_for_empty(b)
    assert a == before


@given(deployments, deployments, deployments)
def test_three_way_strategic_patches_bring_the_manifest(original: Obj, modified: Obj, current: Obj) -> None:
    patch = three_way_strategic(original, modified, current, SCHEMA)
    result = strategic_merge(current, patch, SCHEMA)
    left = two_way_strategic(result, modified, SCHEMA)
    assert additions(left, result) == {}


def additions(patch: Any, current: Any) -> Any:
    """What of a patch is more than deletions and orders."""
    if isinstance(patch, dict):
        found = {}
        for key, value in patch.items():
            if key.startswith("$") or value is None:
                continue
            more = additions(value, current)
            if more not in ({}, []):
                found[key] = more
        return {} if set(found) <= {"name", "containerPort"} else found
    if isinstance(patch, list):
        kept = [item for item in patch if not (isinstance(item, dict) and item.get("$patch") == "delete")]
        return [more for more in (additions(item, current) for item in kept) if more != {}]
    return patch


@given(deployments, deployments)
def test_a_three_way_patch_is_made_once(modified: Obj, current: Obj) -> None:
    result = strategic_merge(current, three_way_strategic({}, modified, current, SCHEMA), SCHEMA)
    again = three_way_strategic(modified, modified, result, SCHEMA)
    assert additions(again, result) == {}


def applied(live: Obj | None, config: Obj, manager: str, force: bool = True) -> Obj:
    result = server_side_apply(live, config, manager, "apps/v1", "", force, NOW, SCHEMA)
    result["metadata"]["uid"] = "1"
    return result


@given(deployments)
def test_applying_twice_is_applying_once(config: Obj) -> None:
    config = {"metadata": {}, **same_but_for_empty(config)}  # the server would not store empty lists
    once = applied(None, config, "m")
    assert applied(once, config, "m") == once
    assert {k: v for k, v in once["metadata"].items() if k not in ("uid", "managedFields")} == config["metadata"]


@given(deployments, deployments)
def test_one_applier_gets_what_it_asks_for(first: Obj, second: Obj) -> None:
    live = applied(applied(None, first, "m"), second, "m", force=False)
    assert same_but_for_empty(strip(live)) == same_but_for_empty(strip(second)) or reordered(live, second)


def strip(obj: Obj) -> Obj:
    meta = {k: v for k, v in obj["metadata"].items() if k not in ("uid", "managedFields")}
    return {**obj, "metadata": meta}


def reordered(left: Obj, right: Obj) -> bool:
    return bool(canonical(same_but_for_empty(strip(left))) == canonical(same_but_for_empty(strip(right))))


def canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: canonical(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((canonical(item) for item in value), key=repr)
    return value


@given(deployments, deployments, deployments)
def test_nobody_owns_what_is_not_there(first: Obj, second: Obj, third: Obj) -> None:
    live = applied(applied(None, first, "m"), second, "n")
    new = {**deep_copy(third), "metadata": {**deep_copy(third["metadata"]), "uid": "1"}}
    record_update(live, new, "u", "apps/v1", "", NOW, SCHEMA)
    for entry in new["metadata"].get("managedFields", []):
        assert entry["fieldsV1"]
        owns_only_present(entry["fieldsV1"].get("f:spec", {}), new["spec"])


def owns_only_present(fields: Obj, value: Any) -> None:
    for key, node in fields.items():
        if key.startswith("f:"):
            if key[2:] in ("template", "spec", "strategy") and key[2:] not in value:
                continue  # a Go struct is always there
            assert isinstance(value, dict) and key[2:] in value
            owns_only_present(node, value[key[2:]])
