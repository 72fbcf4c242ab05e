"""get --subresource, and what commands say of a dry run."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def web(shell: Any) -> Any:
    shell.ok("create", "deployment", "web", "--image=nginx", "--replicas=2")
    return shell


def test_subresources_have_columns_of_their_own(web: Any) -> None:
    scale = web.ok("get", "deployment", "web", "--subresource=scale").splitlines()
    assert [line.split()[:3] for line in scale] == [["NAME", "DESIRED", "AVAILABLE"], ["web", "2", "2"]]
    status = web.ok("get", "deployment", "web", "--subresource=status").splitlines()
    assert [line.split()[:2] for line in status] == [["NAME", "READY"], ["web", "2/2"]]


def test_a_subresource_is_asked_of_named_objects(web: Any) -> None:
    answer = web.run("get", "deployments", "--subresource=scale")
    assert answer.err == "error: subresource cannot be used when bulk resources are specified\n"


def test_patch_and_taint_do_not_mention_a_dry_run(web: Any) -> None:
    for mode in ("client", "server"):
        dry = f"--dry-run={mode}"
        assert web.ok("patch", "deploy", "web", "-p", '{"spec":{"replicas":3}}', dry) == "deployment.apps/web patched\n"
        assert web.ok("taint", "node", "node-1", "a=b:NoSchedule", dry) == "node/node-1 tainted\n"
    assert web.ok("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "2"


def test_apply_warns_of_a_missing_annotation_in_a_dry_run_too(web: Any) -> None:
    web.ok("create", "configmap", "a")
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    answer = web.run("apply", "-f", "-", "--dry-run=client", stdin=text)
    assert answer.out == "configmap/a configured (dry run)\n"
    assert answer.err.startswith("Warning: resource configmaps/a is missing the kubectl.kubernetes.io/last-applied-")


def test_methods_that_a_subresource_does_not_have(kubectl: Any) -> None:
    kubectl("run", "p", "--image=nginx")
    refused = "Error from server (MethodNotAllowed): the server does not allow this method on the requested resource\n"
    assert kubectl("get", "pod", "p", "--subresource=eviction").err == refused
    assert kubectl("delete", "--raw", "/api/v1/namespaces/default/pods/p/log").err == refused
