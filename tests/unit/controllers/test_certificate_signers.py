"""What the built-in signers ask of a request."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from minikctl.controllers.certificates.der import Request
from minikctl.controllers.certificates.signers import problem_of

PEM = """
-----BEGIN CERTIFICATE REQUEST-----
MIIBEDCBuAIBADAwMRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxFzAVBgNVBAMMDnN5
c3RlbTpub2RlOm4xMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhVhzH4+varmu
3uVNJlhIVDFEkrdugxN02dNDYQIfB5Bez5F2GANNdOCQOC5t2ba5nSg4T/z6CN2X
FACl90maP6AmMCQGCSqGSIb3DQEJDjEXMBUwEwYDVR0RBAwwCoICbjGHBAoAAAEw
CgYIKoZIzj0EAwIDRwAwRAIgWQlonJQGpXlJPNfnwwbe14Ik2O+lbrZKUlFnk6nu
wBMCIHEA6eQyBwQ5sH2jXjT0OTKR7+i1B3zf5zLTprgWtSkF
-----END CERTIFICATE REQUEST-----
"""
CLIENT, KUBELET = "kubernetes.io/kube-apiserver-client", "kubernetes.io/kube-apiserver-client-kubelet"
SERVING = "kubernetes.io/kubelet-serving"
CLIENT_USAGES = ["digital signature", "key encipherment", "client auth"]
SERVER_USAGES = ["digital signature", "server auth"]


def request(names: Sequence[str] = (), organization: str = "system:nodes", name: str = "system:node:n1") -> Any:
    return SimpleNamespace(organizations=[organization], common_name=name, alternative_names=lambda: set(names))


@pytest.mark.parametrize(
    ("signer", "asked", "usages", "problem"),
    [
        (CLIENT, request(), ["server auth"], "invalid usage for client certificate: server auth"),
        (CLIENT, request(), ["digital signature"], "missing required usage for client certificate: client auth"),
        (CLIENT, request(["dns"], "x", "y"), CLIENT_USAGES, ""),
        (KUBELET, request(), CLIENT_USAGES, ""),
        (KUBELET, request(), ["client auth", "digital signature"], ""),
        (KUBELET, request(organization="x"), CLIENT_USAGES, "subject organization is not system:nodes"),
        (KUBELET, request(["uri", "ip"]), CLIENT_USAGES, "IP subjectAltNames are not allowed"),
        (KUBELET, request(name="n1"), [], "subject common name does not begin with system:node: "),
        (KUBELET, request(), ["any"], "usages did not match [client auth digital signature key encipherment]"),
        (SERVING, request(), SERVER_USAGES, "DNS or IP subjectAltName is required"),
        (SERVING, request(["dns", "email"]), SERVER_USAGES, "Email subjectAltNames are not allowed"),
        (SERVING, request(["ip"]), ["any"], "usages did not match [digital signature key encipherment server auth]"),
        ("kubernetes.io/legacy-unknown", request(organization="x"), ["any"], ""),
    ],
)
def test_problems(signer: str, asked: Any, usages: list[str], problem: str) -> None:
    assert problem_of(signer, asked, usages) == problem


def test_a_real_request_is_read() -> None:
    asked = Request(PEM)
    assert asked.alternative_names() == {"dns", "ip"}
    assert problem_of(SERVING, asked, SERVER_USAGES) == ""
