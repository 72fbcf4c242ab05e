"""Whatever a file holds where the API has something else, a command ends in an error of kubectl's or in success."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a", "namespace": "default", "labels": {"x": "y"}, "annotations": {"q": "r"}},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {
                "containers": [
                    {"name": "c", "image": "i", "env": [{"name": "A", "value": "b"}], "ports": [{"containerPort": 80}]}
                ]
            },
        },
    },
}
ODD = (3, "x", [], [3], {}, None, True, {"a": [1]}, 1.5, -1, ["a", {"b": 1}], [None], {"name": 3})
LOCAL = ("--local", "-o", "yaml")
COMMANDS = (
    ("create",), ("create", "--dry-run=client"), ("create", "--save-config"), ("create", "--validate=false"),
    ("apply",), ("apply", "--server-side"), ("apply", "--dry-run=server"), ("apply", "set-last-applied"),
    ("apply", "view-last-applied"), ("replace",), ("replace", "--force"), ("delete",), ("get", "-o", "yaml"),
    ("describe",), ("label", "k=v"), ("label", "k=v", *LOCAL), ("annotate", "k=v"), ("annotate", "k=v", *LOCAL),
    ("diff",), ("patch", "-p", "{}", *LOCAL), ("set", "image", "c=z"), ("set", "image", "c=z", *LOCAL),
    ("set", "env", "A=c", *LOCAL), ("set", "env", "--list", "--local"), ("set", "env", "A=c", "--overwrite=false"),
    ("set", "resources", "--limits=cpu=1", *LOCAL), ("set", "serviceaccount", "sa", *LOCAL),
    ("set", "selector", "a=b", *LOCAL), ("set", "subject", "--user=x", *LOCAL), ("scale", "--replicas=2"),
    ("wait", "--for=delete", "--timeout=1s"), ("rollout", "status", "--timeout=1s"), ("rollout", "history"),
    ("rollout", "restart"), ("rollout", "undo"), ("autoscale", "--max=3"), ("expose", "--port=80"),
    ("auth", "reconcile"), ("explain-scheduling",),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value below `value`."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        yield (*path, key)
        yield from places(each, (*path, key))


def with_odd(path: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    """A Deployment with something else in one place."""
    result: dict[str, Any] = json.loads(json.dumps(DEPLOYMENT))
    at: Any = result
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = odd
    return result


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(tuple(places(DEPLOYMENT))), st.sampled_from(ODD), st.sampled_from(COMMANDS))
def test_odd_values_end_in_an_error_of_kubectls(shell: Any, path: Any, odd: Any, command: tuple[str, ...]) -> None:
    answer = shell.run(*command, "-f", "-", stdin=json.dumps(with_odd(path, odd)))
    assert "internal error" not in answer.err, answer
    assert answer.status == 0 or answer.err, answer
    shell.run("delete", "deployment,service,hpa", "--all")
