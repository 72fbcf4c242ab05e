"""CertificateSigningRequests: what is refused, and who may change which part of the status."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from validationlab import changed, made, refused, status_changed

from minikctl.apiserver import validation

KEY = "certificatesigningrequests.certificates.k8s.io"
VERSION = "certificates.k8s.io/v1"
# A request for shop.example/till, signed with a key on P-256.
BODY = (
    "MIHmMIGOAgEAMCwxGjAYBgNVBAMMEXRpbGwuc2hvcC5leGFtcGxlMQ4wDAYDVQQK"
    "DAV0aWxsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABODLF5+232G5C/0ToaoC"
    "KBQIpwCG2kJLC/DzMAkv6mhxGpcI/bvos4rXAL4cPlVTy5AMG4P2O9iUTAiVE3pn"
    "KEWgADAKBggqhkjOPQQDAgNHADBEAiACxVRl8vFm0+4sqHzILhm5DW/dbzoydbMI"
    "B6CMWpXTmQIgOhQ4Vns6DH93Xqc4SzckUApM/uuixeZrwOr4Garz288="
)


def pem(kind: str, body: str = "MAA=") -> str:
    text = f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"
    return base64.b64encode(text.encode()).decode()


def request(**status: Any) -> dict[str, Any]:
    spec = {"request": pem("CERTIFICATE REQUEST", BODY), "usages": ["client auth"], "signerName": "example.com/x"}
    return made(KEY, VERSION, spec=spec, status=status)


def condition(kind: str, status: str = "True") -> dict[str, str]:
    return {"type": kind, "status": status}


def test_new_requests() -> None:
    spec = {"request": "bm90IGEgcmVxdWVzdA==", "usages": ["client auth"], "signerName": "odd"}
    assert refused(KEY, VERSION, spec=spec) == [
        'spec.request: Invalid value: "bm90IGEgcmVxdWVzdA==": PEM block type must be CERTIFICATE REQUEST',
        'spec.signerName: Invalid value: "odd": must be a fully qualified domain and path of the form'
        " 'example.com/signer-name'",
    ]
    spec = {"request": pem("CERTIFICATE REQUEST", BODY), "usages": ["flying", "any", "any"], "signerName": "A_/b"}
    told = [line.split(": ")[:3] for line in refused(KEY, VERSION, spec=spec)]
    assert [line[:2] for line in told] == [
        ["spec.usages[0]", "Unsupported value"],
        ["spec.usages[2]", "Duplicate value"],
        ["spec.signerName", "Invalid value"],
        ["spec.signerName", "Invalid value"],
    ]


def test_requests_are_signed_with_their_own_key() -> None:
    other = base64.b64encode(base64.b64decode(BODY).replace(b"till", b"toll")).decode()
    for body, wrong in (
        (other, "x509: ECDSA verification failure"),
        ("MAA=", "asn1: structure error: tags don't match"),
        ("MAk=", "asn1: syntax error: data truncated"),
    ):
        spec = {"request": pem("CERTIFICATE REQUEST", body), "usages": ["client auth"], "signerName": "example.com/x"}
        assert [line.rpartition('": ')[2] for line in refused(KEY, VERSION, spec=spec)] == [wrong]


@pytest.mark.parametrize(
    ("certificate", "told"),
    [
        ("eA==", "must contain at least one CERTIFICATE PEM block"),
        (pem("RSA PRIVATE KEY"), 'only CERTIFICATE PEM blocks are allowed, found "RSA PRIVATE KEY"'),
        (pem("CERTIFICATE", "Name: x\n\nMAA="), "no PEM block headers are permitted"),
        (pem("CERTIFICATE", "eA=="), "x509: malformed certificate"),
    ],
)
def test_what_a_signer_may_not_answer(certificate: str, told: str) -> None:
    path = "status.certificate: Invalid value: "
    assert status_changed(KEY, request(), certificate=certificate) == [f'{path}"<certificate data>": {told}']


def test_a_certificate_is_given_once_and_through_status() -> None:
    first, second = pem("CERTIFICATE"), pem("CERTIFICATE", "MAAA")
    assert status_changed(KEY, request(), certificate=first) == []
    assert status_changed(KEY, request(certificate=first), certificate=second) == [
        "status.certificate: Forbidden: updates may not modify existing certificate content"
    ]
    assert changed(KEY, request(), status={"certificate": first}) == [
        "status.certificate: Forbidden: updates may not set certificate content"
    ]


def test_decisions_are_made_through_approval() -> None:
    old = request()
    assert status_changed(KEY, old, conditions=[condition("Approved")]) == [
        'status.conditions: Forbidden: updates may not add a condition of type "Approved"'
    ]
    new = {**old, "status": {"conditions": [condition("Approved")]}}
    assert validation.update(KEY, new, old, "approval") == []
    both = {**old, "status": {"conditions": [condition("Approved"), condition("Denied", "False")]}}
    assert [str(error) for error in validation.update(KEY, both, new, "approval")] == [
        'status.conditions[1].status: Unsupported value: "False": supported values: "True"',
        'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    ]
    assert [str(error) for error in validation.update(KEY, old, new, "approval")] == [
        'status.conditions: Forbidden: updates may not remove a condition of type "Approved"'
    ]
