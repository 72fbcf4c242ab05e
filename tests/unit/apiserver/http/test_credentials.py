"""Who asks: certificates, tokens, impersonation."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from minikctl.apimachinery.request import UserInfo
from minikctl.apiserver.http.app import Application
from minikctl.apiserver.http.credentials import Authenticator, ClientCertificate, token_file
from minikctl.cluster import Cluster

REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


def who(client: Any, **headers: str) -> Any:
    reply = client.ask("POST", REVIEWS, REVIEW, user=None, **headers)
    return reply.json["status"]["userInfo"] if reply.code == 201 else reply.code


def test_tokens_of_a_file(cluster: Cluster, make_app: Callable[..., Application], client: Any) -> None:
    client.app = make_app(cluster, tokens=token_file('# a comment\nsecret,ann,u1,"dev,ops"\nother,bob,u2\n'))
    groups = ["dev", "ops", "system:authenticated"]
    assert who(client, authorization="Bearer secret") == {"username": "ann", "uid": "u1", "groups": groups}
    assert who(client, authorization="bearer other")["username"] == "bob"
    assert who(client, authorization="Bearer wrong") == 401
    with pytest.raises(ValueError, match="line 1"):
        token_file("secret,ann\n")


def test_tokens_of_service_accounts_die_with_them(client: Any) -> None:
    accounts = "/api/v1/namespaces/demo/serviceaccounts"
    client.ask("POST", accounts, {"metadata": {"name": "robot"}})
    token = client.ask("POST", f"{accounts}/robot/token", {"spec": {}}).json["status"]["token"]
    assert who(client, authorization=f"Bearer {token}")["username"] == "system:serviceaccount:demo:robot"
    client.ask("DELETE", f"{accounts}/robot")
    assert who(client, authorization=f"Bearer {token}") == 401


def test_bootstrap_tokens(client: Any) -> None:
    def encoded(**data: str) -> dict[str, str]:
        return {key.replace("_", "-"): base64.b64encode(value.encode()).decode() for key, value in data.items()}

    data = encoded(
        token_id="abcdef", token_secret="0123456789abcdef", usage_bootstrap_authentication="true",
        auth_extra_groups="system:bootstrappers:kubeadm", expiration="2026-01-02T04:00:00Z",
    )  # fmt: skip
    secret = {
        "metadata": {"name": "bootstrap-token-abcdef"},
        "type": "bootstrap.kubernetes.io/token",
        "data": data,
    }
    client.ask("POST", "/api/v1/namespaces/kube-system/secrets", secret)
    found = who(client, authorization="Bearer abcdef.0123456789abcdef")
    assert found["username"] == "system:bootstrap:abcdef"
    assert found["groups"][:2] == ["system:bootstrappers", "system:bootstrappers:kubeadm"]
    assert who(client, authorization="Bearer abcdef.0123456789abcdee") == 401
    client.app.server.clock.jump(client.app.server.clock.now() + 3600)
    assert who(client, authorization="Bearer abcdef.0123456789abcdef") == 401


def test_a_certificate_is_good_by_the_clusters_clock(cluster: Cluster) -> None:
    from minikctl.apimachinery.errors import StatusError

    authenticator = Authenticator(cluster.server)
    user = UserInfo("ann")
    good = ClientCertificate(user, "20260101000000Z", "20260103000000Z")
    assert authenticator.user("", good) is user
    with pytest.raises(StatusError, match="Unauthorized"):
        authenticator.user("", ClientCertificate(user, "20260103000000Z", "20260104000000Z"))
    with pytest.raises(StatusError, match="Unauthorized"):
        authenticator.user("", good._replace(trusted=False))
    cluster.advance(86_400)
    with pytest.raises(StatusError, match="Unauthorized"):
        authenticator.user("", good)


def test_anonymous_requests_can_be_refused(cluster: Cluster, make_app: Callable[..., Application], client: Any) -> None:
    assert client.ask("GET", "/version", user=None).code == 200
    client.app = make_app(cluster, anonymous=False)
    assert client.ask("GET", "/version", user=None).code == 401


def test_headers_say_whom_to_act_as(client: Any) -> None:
    headers = {"impersonate_user": "fern", "impersonate_group": "interns", "impersonate_extra_a%2fb": "c"}
    info = client.ask("POST", REVIEWS, REVIEW, **headers).json["status"]["userInfo"]
    assert info == {"username": "fern", "groups": ["interns", "system:authenticated"], "extra": {"a/b": ["c"]}}
    assert client.ask("GET", "/api/v1/nodes", impersonate_user="fern").code == 403
    nobody = client.ask("GET", "/api/v1/nodes", impersonate_group="x")
    assert (nobody.code, nobody.json["message"]) == (
        400,
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x"}, Extra:map[string][]string(nil)} without'
        " impersonating a user name",
    )
    refused = client.ask("GET", "/api/v1/nodes", user=None, impersonate_user="fern")
    assert 'User "system:anonymous" cannot impersonate-on:user-info:list resource "nodes"' in refused.json["message"]


def test_nobody_learns_which_paths_there_are(client: Any) -> None:
    assert client.ask("GET", "/apis/none.example.com/v1/things", user=None).code == 403
    assert client.ask("GET", "/apis/none.example.com/v1/things").code == 404


def test_token_reviews_know_every_token(cluster: Cluster, make_app: Callable[..., Application], client: Any) -> None:
    client.app = make_app(cluster, tokens=token_file('secret,ann,u1,"dev"'))

    def review(token: str, *audiences: str) -> Any:
        body = {"spec": {"token": token, "audiences": list(audiences)}}
        return client.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", body).json["status"]

    found = review("secret")
    assert found["authenticated"]
    assert found["user"] == {"username": "ann", "uid": "u1", "groups": ["dev", "system:authenticated"]}
    assert "authenticated" not in review("secret", "elsewhere")
    assert review("none") == {"user": {}, "error": "invalid bearer token"}
