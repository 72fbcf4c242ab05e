"""Every kind's example is valid, and no object of the right shape makes validation fail."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from minikctl.apimachinery import resources
from minikctl.apimachinery.quantity import QuantityError
from minikctl.apiserver import conversion, defaults, validation

EXAMPLES = Path(__file__).parent.parent / "examples"
KEYS = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
STORED = sorted({row.key for row in resources.all_resources() if {"create", "list"} <= set(row.verbs)})

TEXTS = st.sampled_from(
    ["", "a", "Bad_Name!", "a.b", "a/b", "x" * 300, "None", "10.0.0.1", "fe80::1", "*", "50%", "1Gi"]
)
NUMBERS = st.sampled_from([-1, 0, 1, 80, 65536, 2**31])


def prepared(key: str) -> dict[str, Any]:
    """The example as it reaches validation: defaulted, and with what its strategy fills in."""
    obj: dict[str, Any] = yaml.safe_load((EXAMPLES / f"{key}.yaml").read_text())
    if key == "jobs.batch":
        obj["spec"]["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": "1"}}
        obj["spec"]["template"]["metadata"] = {
            "labels": {
                "batch.kubernetes.io/controller-uid": "1",
                "batch.kubernetes.io/job-name": "report",
                "controller-uid": "1",
                "job-name": "report",
            }
        }
    if key == "customresourcedefinitions.apiextensions.k8s.io":
        obj["status"] = {"storedVersions": ["v1"]}
    obj["metadata"]["uid"] = "1"
    apply(key, obj)
    # Events are stored, and checked, in the core group's form.
    return conversion.convert(obj, "v1") if key == "events.events.k8s.io" else obj


def apply(key: str, obj: dict[str, Any]) -> None:
    defaults.apply(key, obj["apiVersion"].rpartition("/")[2], obj)


def test_every_stored_kind_has_an_example_and_checks() -> None:
    assert KEYS == STORED
    assert [key for key in KEYS if validation.checks_of(key) is None] == []


@pytest.mark.parametrize("key", KEYS)
def test_examples_are_valid_and_defaulting_is_stable(key: str) -> None:
    obj = prepared(key)
    assert [str(error) for error in validation.create(key, obj)] == []
    assert validation.warnings(key, obj) == []
    again = copy.deepcopy(obj)
    apply(key, again)
    assert again == obj
    obj["metadata"]["resourceVersion"] = again["metadata"]["resourceVersion"] = "7"
    assert [str(error) for error in validation.update(key, again, obj)] == []


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path and path[0] not in ("apiVersion", "kind") and path != ("metadata",) else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found


def change(data: st.DataObject, obj: dict[str, Any]) -> None:
    """One random change that keeps every value's type."""
    path = data.draw(st.sampled_from(places(obj)))
    holder: Any = obj
    for step in path[:-1]:
        holder = holder[step]
    value = holder[path[-1]]
    if data.draw(st.booleans()) and isinstance(holder, dict):
        del holder[path[-1]]
    elif isinstance(value, bool):
        holder[path[-1]] = not value
    elif isinstance(value, str):
        holder[path[-1]] = data.draw(TEXTS)
    elif isinstance(value, int):
        holder[path[-1]] = data.draw(NUMBERS)
    elif isinstance(value, list):
        holder[path[-1]] = data.draw(st.sampled_from([[], value + copy.deepcopy(value)]))
    elif isinstance(value, dict):
        holder[path[-1]] = {}


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(KEYS), st.data())
def test_random_changes_only_ever_yield_errors(key: str, data: st.DataObject) -> None:
    old = prepared(key)
    old["metadata"]["resourceVersion"] = "7"
    new = copy.deepcopy(old)
    for _ in range(data.draw(st.integers(1, 3))):
        change(data, new)
    try:
        apply(key, new)
    except QuantityError:
        return  # not decodable
    for errors in (
        validation.create(key, new),
        validation.update(key, new, old),
        validation.update(key, old, new),
        validation.status_update(key, new, old),
    ):
        assert all(str(error) for error in errors)
    validation.warnings(key, new, old)
