"""Certificate requests: whether they are signed with the key that they are for."""

from __future__ import annotations

import pytest

pytest.importorskip("cryptography", reason="signs for the test")

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from minikctl.apimachinery.signatures import request_problem

EDWARDS, CHORD = "x509: Ed25519 verification failure", "x509: ECDSA verification failure"


def signed(key: object, hashed: hashes.HashAlgorithm | None) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "amelia")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashed)  # type: ignore[arg-type]
    return made.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("key", "hashed", "wrong"),
    [
        (rsa.generate_private_key(65537, 2048), hashes.SHA256(), "crypto/rsa: verification error"),
        (rsa.generate_private_key(65537, 2048), hashes.SHA512(), "crypto/rsa: verification error"),
        (ec.generate_private_key(ec.SECP256R1()), hashes.SHA256(), CHORD),
        (ec.generate_private_key(ec.SECP384R1()), hashes.SHA512(), CHORD),
        (ec.generate_private_key(ec.SECP521R1()), hashes.SHA384(), CHORD),
        (ed25519.Ed25519PrivateKey.generate(), None, EDWARDS),
    ],
)
def test_signatures_are_checked(key: object, hashed: hashes.HashAlgorithm | None, wrong: str) -> None:
    der = signed(key, hashed)
    assert request_problem(der) == ""
    assert request_problem(der.replace(b"amelia", b"bertha")) == wrong
    assert request_problem(der + b"\0\0") == "asn1: syntax error: trailing data"


def test_keys_and_signatures_are_of_one_kind() -> None:
    ours, theirs = (
        signed(ec.generate_private_key(curve), hashes.SHA256()) for curve in (ec.SECP256R1(), ec.SECP192R1())
    )
    assert request_problem(theirs) == "x509: unsupported elliptic curve"
    other = ours.replace(bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040399"))
    assert request_problem(other) == "x509: cannot verify signature: algorithm unimplemented"
    assert request_problem(b"0\0") == "asn1: structure error: tags don't match"
