"""Pairs of certificates and keys, and what is wrong with those that are none."""

from __future__ import annotations

import base64

import pytest

from minikctl.apimachinery import keypair
from minikctl.apimachinery.der import encoded


def der(tag: int, content: bytes) -> bytes:
    return encoded(tag, content)


def sequence(*parts: bytes) -> bytes:
    return der(0x30, b"".join(parts))


def pem(kind: str, content: bytes) -> bytes:
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(content).decode()}-----END {kind}-----\n".encode()


NUMBER, NOTHING = der(2, b"\x05"), sequence()
RSA = sequence(der(2, b"\x11"), der(2, b"\x03"))
EC = b"\x04" + b"p" * 64
ED = b"e" * 32


def certificate(public: bytes) -> bytes:
    info = sequence(NOTHING, der(3, b"\x00" + public))
    return pem("CERTIFICATE", sequence(sequence(NUMBER, NOTHING, NOTHING, NOTHING, NOTHING, info)))


RSA_KEY = pem("RSA PRIVATE KEY", sequence(NUMBER, der(2, b"\x11"), der(2, b"\x03"), *[NUMBER] * 6))
OTHER_RSA_KEY = pem("RSA PRIVATE KEY", sequence(NUMBER, der(2, b"\x12"), der(2, b"\x03"), *[NUMBER] * 6))
EC_KEY = pem("EC PRIVATE KEY", sequence(NUMBER, der(4, b"k"), der(0xA1, der(3, b"\x00" + EC))))
ED_KEY = pem("PRIVATE KEY", sequence(NUMBER, NOTHING, der(4, der(4, b"k" * 32))))


@pytest.mark.parametrize(
    ("cert", "key", "problem"),
    [
        (certificate(RSA), RSA_KEY, ""),
        (b"# web\n" + certificate(EC) + b"the end", certificate(RSA) + EC_KEY, ""),
        (certificate(ED), ED_KEY, ""),
        (certificate(RSA), OTHER_RSA_KEY, "tls: private key does not match public key"),
        (certificate(RSA), EC_KEY, "tls: private key type does not match public key type"),
        (certificate(RSA), ED_KEY, "tls: private key type does not match public key type"),
        (b"x", b"", "tls: failed to find any PEM data in certificate input"),
        (certificate(RSA).replace(b"\nM", b"\n!M"), b"", "tls: failed to find any PEM data in certificate input"),
        (certificate(RSA), b"", "tls: failed to find any PEM data in key input"),
        (
            RSA_KEY,
            certificate(RSA),
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may"
            " have been switched",
        ),
        (
            certificate(RSA),
            certificate(RSA),
            "tls: found a certificate rather than a key in the PEM for the private key",
        ),
        (
            pem("A", b"a") + pem("B", b"b"),
            b"",
            'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the'
            " following types: [A B]",
        ),
        (
            certificate(RSA),
            pem("A", b"a"),
            'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of'
            " the following types: [A]",
        ),
        (pem("CERTIFICATE", b"junk"), RSA_KEY, "x509: malformed certificate"),
        (certificate(RSA), pem("PRIVATE KEY", b"junk"), "tls: failed to parse private key"),
    ],
)
def test_pairs(cert: bytes, key: bytes, problem: str) -> None:
    assert keypair.problem(cert, key) == problem


def test_blocks_may_have_headers() -> None:
    block = b"-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\nYWJj\n-----END A-----\n"
    assert keypair.pem_blocks(block) == [("A", b"abc")]
