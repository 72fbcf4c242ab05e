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


def claims_of(cluster: Cluster, **spec: Any) -> Obj:
    found = authentication.token_claims(cluster.server, token(cluster, **spec)["status"]["token"])
    assert found is not None
    return found


def test_a_pods_usual_token_lives_for_a_year_and_says_when_to_warn(cluster: Cluster) -> None:
    cluster.client().create("pods", POD, "demo")
    made = claims_of(cluster, expirationSeconds=3607, **bound())
    assert made["exp"] - made["iat"] == 365 * 24 * 3600
    assert made["kubernetes.io"]["warnafter"] - made["iat"] == 3607
    for other in (
        {"expirationSeconds": 3607},
        {"audiences": ["me"], **bound()},
        {"expirationSeconds": 3608, **bound()},
    ):
        spec: Obj = {"expirationSeconds": 3607, **other}
        plain = claims_of(cluster, **spec)
        assert plain["exp"] - plain["iat"] == spec["expirationSeconds"]
        assert "warnafter" not in plain["kubernetes.io"]


def test_the_answer_is_named_after_the_account(cluster: Cluster) -> None:
    account = cluster.client().get("serviceaccounts", "default", "demo")
    made = token(cluster, expirationSeconds=900)
    uid = account["metadata"]["uid"]
    assert {key: made["metadata"][key] for key in ("name", "namespace", "uid")} == {
        "name": "default",
        "namespace": "demo",
        "uid": uid,
    }
    assert list(made["spec"]) == ["audiences", "expirationSeconds", "boundObjectRef"]
    [entry] = made["metadata"]["managedFields"]
    assert (entry["subresource"], entry["fieldsV1"]) == ("token", {"f:spec": {"f:expirationSeconds": {}}})
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {"uid": "x"}, "spec": {}}
    with pytest.raises(StatusError) as caught:
        cluster.client().create("serviceaccounts", body, "demo", "token", "default")
    assert caught.value.message == (
        'Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "default": the UID in the token request'
        f" (x) does not match the UID of the service account ({uid})"
    )
