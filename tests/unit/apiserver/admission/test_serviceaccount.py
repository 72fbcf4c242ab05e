"""ServiceAccount: accounts that hold their pods to the secrets they list, mirror pods, and names in refusals."""

from __future__ import annotations

from typing import Any

import pytest

MOUNTED = "is not allowed because service account strict does not reference that secret"


@pytest.fixture
def strict(api: Any) -> Any:
    notes = {"kubernetes.io/enforce-mountable-secrets": "true"}
    secrets = {"secrets": [{"name": "known"}], "imagePullSecrets": [{"name": "pull"}]}
    meta = {"name": "strict", "annotations": notes}
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta, **secrets})
    return api


def container(name: str = "c", **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": "x", **fields}


def env(secret: str) -> list[dict[str, Any]]:
    return [{"name": "A", "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}}]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "other"}}]},
            f'volume with secret.secretName="other" {MOUNTED}',
        ),
        (
            {"initContainers": [container("i", env=env("other"))]},
            f'init container i with envVar A referencing secret.secretName="other" {MOUNTED}',
        ),
        (
            {"containers": [container(envFrom=[{"secretRef": {"name": "other"}}])]},
            f'container c with envFrom referencing secret.secretName="other" {MOUNTED}',
        ),
        (
            {"imagePullSecrets": [{"name": "known"}]},
            'imagePullSecrets[0].name="known" is not allowed because service account strict does not reference that '
            "imagePullSecret",
        ),
    ],
)
def test_secrets_that_a_strict_account_does_not_list(strict: Any, spec: dict[str, Any], why: str) -> None:
    pod = strict.pod(**{"serviceAccountName": "strict", **spec})
    assert strict.refusal(strict.create, pod) == f'pods "p" is forbidden: {why}'
    del pod["spec"]["serviceAccountName"]
    strict.create(pod)


def test_what_it_lists_may_be_used(strict: Any) -> None:
    listed = strict.pod(containers=[container(env=env("known"))], serviceAccountName="strict")
    assert strict.create(listed)["spec"]["imagePullSecrets"] == [{"name": "pull"}]


def test_ephemeral_containers_are_held_to_it_too(strict: Any) -> None:
    pod = strict.create(strict.pod(serviceAccountName="strict"))
    pod["spec"]["ephemeralContainers"] = [container("e", env=env("other"))]
    refused = strict.refusal(strict.client.update, "pods", pod, "ephemeralcontainers")
    assert refused.endswith(f'ephemeral container e with envVar A referencing secret.secretName="other" {MOUNTED}')


def test_an_account_that_is_not_there(api: Any) -> None:
    pod = api.pod(serviceAccountName="none")
    pod["metadata"] = {"generateName": "web-"}
    assert api.refusal(api.create, pod) == (
        'pods "web-" is forbidden: error looking up service account demo/none: serviceaccount "none" not found'
    )


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"serviceAccountName": "default"}, "a mirror pod may not reference service accounts"),
        ({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}, "a mirror pod may not reference secrets"),
        (
            {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]},
            "a mirror pod may not use service account token volume projections",
        ),
    ],
)
def test_mirror_pods_refer_to_nothing(api: Any, spec: dict[str, Any], why: str) -> None:
    pod = api.pod(nodeName="node-1", **spec)
    pod["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    assert api.refusal(api.create, pod) == f'pods "p" is forbidden: {why}'
