"""Label keys of new pods become selector expressions."""

from __future__ import annotations

from minikctl.apiserver.registry.kinds.podlabels import merge_label_keys


def test_label_keys_are_written_out() -> None:
    term = {"labelSelector": {}, "matchLabelKeys": ["app", "none"], "mismatchLabelKeys": ["team"], "topologyKey": "z"}
    constraint = {"labelSelector": {"matchLabels": {"a": "b"}}, "matchLabelKeys": ["app"]}
    pod = {
        "metadata": {"labels": {"app": "x", "team": "y"}},
        "spec": {
            "topologySpreadConstraints": [constraint, {"matchLabelKeys": ["app"]}],
            "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
        },
    }
    merge_label_keys(pod)
    assert constraint["labelSelector"]["matchExpressions"] == [{"key": "app", "operator": "In", "values": ["x"]}]
    assert term["labelSelector"] == {
        "matchExpressions": [
            {"key": "app", "operator": "In", "values": ["x"]},
            {"key": "team", "operator": "NotIn", "values": ["y"]},
        ]
    }
    assert "labelSelector" not in pod["spec"]["topologySpreadConstraints"][1]
