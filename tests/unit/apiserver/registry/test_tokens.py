"""Tokens of service accounts: what they are bound to, and why a review finds them bad."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apiserver import authentication
from minikctl.cluster import Cluster

Obj = dict[str, Any]
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "namespace": "demo"},
    "spec": {"nodeName": "node-1", "containers": [{"name": "c", "image": "x"}]},
}


def token(cluster: Cluster, account: str = "default", name: str = "", **spec: Any) -> Obj:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    if name:
        body["metadata"] = {"name": name}
    return cluster.client().create("serviceaccounts", body, "demo", "token", account)


def review(cluster: Cluster, text: str, *audiences: str) -> Obj:
    spec: Obj = {"token": text, **({"audiences": list(audiences)} if audiences else {})}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
    status: Obj = cluster.client().create("tokenreviews.authentication.k8s.io", body)["status"]
    return status


def refusal(cluster: Cluster, *args: Any, **spec: Any) -> str:
    with pytest.raises(StatusError) as caught:
        token(cluster, *args, **spec)
    return caught.value.message


def bound(kind: str = "Pod", name: str = "p", **more: str) -> Obj:
    return {"boundObjectRef": {"apiVersion": "v1", "kind": kind, "name": name, **more}}


def test_a_pods_token_tells_its_node(cluster: Cluster) -> None:
    pod = cluster.client().create("pods", POD, "demo")
    made = token(cluster, **bound())["status"]["token"]
    claims = authentication.token_claims(cluster.server, made)
    assert claims is not None
    about = claims["kubernetes.io"]
    assert list(about) == ["namespace", "node", "pod", "serviceaccount"]
    assert about["pod"] == {"name": "p", "uid": pod["metadata"]["uid"]}
    extra = review(cluster, made)["user"]["extra"]
    assert extra["authentication.kubernetes.io/node-name"] == ["node-1"]


def test_what_a_token_cannot_be_bound_to(cluster: Cluster) -> None:
    cluster.client().create("pods", POD, "demo")
    other = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "other"}}
    cluster.client().create("serviceaccounts", other, "demo")
    assert refusal(cluster, "other", **bound()) == (
        'cannot bind token for serviceaccount "other" to pod running with different serviceaccount name.'
    )
    assert refusal(cluster, **bound("ConfigMap")) == "cannot bind token to object of type /v1, Kind=ConfigMap"
    assert refusal(cluster, **bound(name="q")) == 'pods "q" not found'
    assert refusal(cluster, **bound(uid="x")).startswith('Operation cannot be fulfilled on Pod "p": the UID in')
    assert 'metadata.name: Invalid value: "x": must match the service account name' in refusal(cluster, "default", "x")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"metadata": "x"}, "json: cannot unmarshal string into Go struct field TokenRequest.metadata"),
        ({"spec": {"expirationSeconds": "600"}}, "json: cannot unmarshal string into Go struct field TokenRequestSpec"),
        ({"kind": "TokenReview"}, "converting (v1.TokenReview) to (authentication.TokenRequest): unknown conversion"),
    ],
)
def test_a_request_is_decoded(cluster: Cluster, wrong: Obj, told: str) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}, **wrong}
    with pytest.raises(StatusError) as caught:
        cluster.client().request(
            "create", "serviceaccounts", namespace="demo", name="default", subresource="token", body=body
        )
    assert caught.value.reason == "BadRequest"
    assert told in caught.value.message


def test_a_review_says_why_a_token_is_bad(cluster: Cluster) -> None:
    cluster.client().create("pods", POD, "demo")
    assert review(cluster, "a.b.c") == {"user": {}, "error": "invalid bearer token"}
    good = token(cluster)["status"]["token"]
    given = f'token audiences ["{authentication.ISSUER}"]'
    why = f'{given} is invalid for the target audiences ["me"]'
    assert review(cluster, good, "me")["error"] == f"[invalid bearer token, {why}]"
    tied = token(cluster, **bound())["status"]["token"]
    cluster.client().delete("pods", "p", "demo", gracePeriodSeconds=0)
    assert review(cluster, tied)["error"] == "[invalid bearer token, service account token has been invalidated]"
    cluster.advance(3601)
    assert review(cluster, good)["error"] == "[invalid bearer token, service account token has expired]"
