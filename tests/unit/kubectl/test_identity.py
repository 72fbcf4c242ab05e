"""Users of the kubeconfig: names, tokens, certificates, impersonation."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minikctl.apimachinery import keypair
from minikctl.controllers.certificates.authority import CERTIFICATE, MODULUS
from minikctl.kubectl import identity
from minikctl.kubectl.errors import KubectlError

Kubectl = Callable[..., Any]

WHO = ("auth", "whoami", "-o", "jsonpath={.status.userInfo.username} {.status.userInfo.groups}")


def test_the_first_user_is_the_administrator(kubectl: Kubectl) -> None:
    assert kubectl(*WHO).out == 'kubernetes-admin ["system:masters","system:authenticated"]'


def test_tokens_are_the_service_accounts(kubectl: Kubectl) -> None:
    token = kubectl("create", "token", "default").out
    assert not token.endswith("\n")  # a newline is for terminals
    assert kubectl("create", "token", "default", "--template={{.kind}}").out.count(".") == 2  # the token alone
    assert list(json.loads(kubectl("create", "token", "default", "-o", "json").out))[:2] == ["kind", "apiVersion"]
    assert kubectl(f"--token={token}", *WHO).out.startswith("system:serviceaccount:default:default ")
    assert kubectl(f"--token={token}", "get", "secrets").err.startswith("Error from server (Forbidden): secrets is")
    refused = kubectl("--token=made.up.token", "get", "secrets")
    assert (refused.status, refused.err) == (1, "error: You must be logged in to the server (Unauthorized)\n")


def test_certificates_must_be_the_clusters(kubectl: Kubectl, tmp_path: Path) -> None:
    assert identity._signed(keypair.pem_blocks(CERTIFICATE.encode())[0][1], MODULUS)
    altered = bytearray(keypair.pem_blocks(CERTIFICATE.encode())[0][1])
    altered[200] ^= 1
    assert not identity._signed(bytes(altered), MODULUS)


def test_other_users_have_their_name(kubectl: Kubectl) -> None:
    kubectl("get", "ns")
    kubectl("config", "set-credentials", "ann", "--username=ann")
    assert kubectl("--user=ann", *WHO).out == 'ann ["system:authenticated"]'
    kubectl("config", "set", "users.ann.act-as", "bob")
    assert "cannot impersonate" in kubectl("--user=ann", "get", "ns").err
    kubectl("config", "set-credentials", "nobody")
    assert "system:anonymous" in kubectl("--user=nobody", "get", "secrets").err


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"exec": {"command": "x"}}, "exec credentials are not supported by minikctl"),
        ({"auth-provider": {"name": "x"}}, "auth-provider credentials are not supported by minikctl"),
        ({"client-certificate": "/none"}, "open /none: no such file or directory"),
        ({"client-certificate-data": base64.b64encode(b"x").decode()}, "failed to find any PEM data in certificate"),
    ],
)
def test_what_cannot_be_honoured_is_refused(entry: dict[str, Any], words: str, cluster: Any) -> None:
    with pytest.raises(KubectlError, match=words):
        identity.user_of(entry, cluster)
