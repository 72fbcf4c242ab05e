"""Sums of a pod's resources, its class of service, and image names."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.images import default_pull_policy, parse
from minikctl.apimachinery.podresources import pod_limits, pod_requests
from minikctl.apimachinery.qos import compute_qos, qos_class


def container(cpu: str = "", memory: str = "", limits: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    requests = {name: text for name, text in (("cpu", cpu), ("memory", memory)) if text}
    return {"name": "c", "resources": {"requests": requests, "limits": limits or {}}, **more}


def pod(*containers: dict[str, Any], init: list[dict[str, Any]] | None = None, **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(containers), "initContainers": init or [], **spec}}


def test_containers_add_up() -> None:
    assert pod_requests(pod(container("100m", "1Gi"), container("1", "512Mi"))) == {
        "cpu": 1100,
        "memory": 1536 * 2**20,
    }


def test_init_containers_run_alone_and_sidecars_beside() -> None:
    sidecar = container("200m", restartPolicy="Always")
    assert pod_requests(pod(container("100m"), init=[container("500m")])) == {"cpu": 500}
    assert pod_requests(pod(container("100m"), init=[sidecar, container("500m")])) == {"cpu": 700}
    assert pod_requests(pod(container("900m"), init=[sidecar, container("500m")])) == {"cpu": 1100}
    assert pod_requests(pod(container("100m"), init=[container("500m"), sidecar])) == {"cpu": 500}


def test_overhead_and_pod_level_amounts() -> None:
    assert pod_requests(pod(container("100m"), overhead={"cpu": "50m", "memory": "1Ki"})) == {
        "cpu": 150,
        "memory": 1024,
    }
    assert pod_requests(pod(container("100m"), overhead={"cpu": "50m"}), overhead=False) == {"cpu": 100}
    assert pod_requests(pod(container("100m"), resources={"requests": {"cpu": "2"}})) == {"cpu": 2000}
    assert pod_limits(pod(container(limits={"cpu": "1"}), overhead={"cpu": "50m", "memory": "1Ki"})) == {"cpu": 1050}


def test_a_resize_in_progress_counts_the_maximum() -> None:
    resizing = pod(container("100m"))
    resizing["status"] = {
        "containerStatuses": [
            {"name": "c", "resources": {"requests": {"cpu": "300m"}}, "allocatedResources": {"cpu": "200m"}}
        ]
    }
    assert pod_requests(resizing) == {"cpu": 100}
    assert pod_requests(resizing, use_status=True) == {"cpu": 300}
    resizing["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "9"
    resizing["status"]["conditions"] = [{"type": "PodResizePending", "reason": "Infeasible"}]
    assert pod_requests(resizing, use_status=True) == {"cpu": 300}


FULL = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ([container()], "BestEffort"),
        ([container("0")], "BestEffort"),
        ([container("1", "1Gi", FULL)], "Guaranteed"),
        ([container("1000m", "1024Mi", FULL)], "Guaranteed"),
        ([container("1", "1Gi", FULL), container()], "Burstable"),
        ([container("500m", "1Gi", FULL)], "Burstable"),
        ([container("1", limits={"cpu": "1"})], "Burstable"),
    ],
)
def test_class_of_service(containers: list[dict[str, Any]], expected: str) -> None:
    assert compute_qos(pod(*containers)) == expected


def test_pod_level_amounts_decide_the_class() -> None:
    assert compute_qos(pod(container(), resources={"requests": FULL, "limits": FULL})) == "Guaranteed"
    assert qos_class({**pod(container()), "status": {"qosClass": "Guaranteed"}}) == "Guaranteed"


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nginx", ("docker.io/library/nginx", "latest", "")),
        ("shop/a:1", ("docker.io/shop/a", "1", "")),
        ("localhost/a", ("localhost/a", "latest", "")),
        ("registry.example:5000/a/b:v1.2", ("registry.example:5000/a/b", "v1.2", "")),
        ("index.docker.io/a", ("docker.io/library/a", "latest", "")),
        ("a@sha256:" + "0" * 64, ("docker.io/library/a", "", "sha256:" + "0" * 64)),
        ("a:latest@sha256:" + "0" * 64, ("docker.io/library/a", "latest", "sha256:" + "0" * 64)),
        ("Upper/case", ("Upper/case", "latest", "")),
        ("a/Upper", None),
        ("f" * 64, None),
        ("", None),
        (" ", None),
        ("a:b:c", None),
        ("a//b", None),
    ],
)
def test_image_names(image: str, expected: tuple[str, str, str] | None) -> None:
    assert parse(image) == expected
    always = expected is not None and expected[1] == "latest"
    assert default_pull_policy(image) == ("Always" if always else "IfNotPresent")
