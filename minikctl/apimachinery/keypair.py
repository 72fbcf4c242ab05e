"""Does a certificate belong to a private key? For TLS Secrets and the credentials of kubeconfigs.

Reads just enough DER to compare public keys (RSA and elliptic curves; Ed25519 keys are taken on
trust). Upstream counterpart: Go's `tls.X509KeyPair`, whose errors these are.
"""

from __future__ import annotations

import base64
import binascii
import re

from minikctl.apimachinery.der import element_at, elements, encoded

_SEQUENCE, _INTEGER, _BIT_STRING, _OCTET_STRING = 0x30, 0x02, 0x03, 0x04
_BLOCK = re.compile(rb"^-----BEGIN ([^\n]+?)-----[ \t\r]*\n(.*?)^-----END \1-----[ \t\r]*$", re.MULTILINE | re.DOTALL)
_HEADERS = re.compile(rb"(?:[^\n:]+:[^\n]*\n)+\r?\n")


def problem(certificate: bytes, key: bytes) -> str:
    """Why the two PEM files do not form a pair; empty if they do."""
    certificates, keys = pem_blocks(certificate), pem_blocks(key)
    if why := _missing(certificates, keys):
        return why
    try:
        public = _certificate_key(next(der for kind, der in certificates if kind == "CERTIFICATE"))
    except (IndexError, ValueError):
        return "x509: malformed certificate"
    try:
        private = _private_key(next(der for kind, der in keys if _is_key(kind)))
    except (IndexError, ValueError):
        return "tls: failed to parse private key"
    if private is None or private == public:
        return ""
    if _algorithm(private) != _algorithm(public):
        return "tls: private key type does not match public key type"
    return "tls: private key does not match public key" if private else ""


def _algorithm(bits: bytes) -> str:
    """What sort of public key it is; none are given where a private key of Ed25519 stands for itself."""
    if len(bits) in (0, 32):
        return "Ed25519"
    return "RSA" if bits[0] == _SEQUENCE else "EC"


def _missing(certificates: list[tuple[str, bytes]], keys: list[tuple[str, bytes]]) -> str:
    """What is not there at all: a certificate in the one, a key in the other."""
    kinds = [kind for kind, _ in certificates]
    if not kinds:
        return "tls: failed to find any PEM data in certificate input"
    if "CERTIFICATE" not in kinds:
        if len(kinds) == 1 and kinds[0].endswith("PRIVATE KEY"):
            return (
                "tls: failed to find certificate PEM data in certificate input, but did find a private key;"
                " PEM inputs may have been switched"
            )
        return (
            'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the'
            f" following types: [{' '.join(kinds)}]"
        )
    kinds = [kind for kind, _ in keys]
    if not kinds:
        return "tls: failed to find any PEM data in key input"
    if any(map(_is_key, kinds)):
        return ""
    if kinds == ["CERTIFICATE"]:
        return "tls: found a certificate rather than a key in the PEM for the private key"
    return (
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the'
        f" following types: [{' '.join(kinds)}]"
    )


def _is_key(kind: str) -> bool:
    return kind == "PRIVATE KEY" or kind.endswith(" PRIVATE KEY")


def pem_blocks(pem: bytes) -> list[tuple[str, bytes]]:
    """The blocks of a PEM file, (type, bytes); what is not well-formed is passed over."""
    found = []
    for kind, body in _BLOCK.findall(pem):
        try:
            text = b"".join(_HEADERS.sub(b"", body, count=1).split())
            found.append((kind.decode("utf-8", "replace"), base64.b64decode(text, validate=True)))
        except binascii.Error:
            continue
    return found


def _certificate_key(der: bytes) -> bytes:
    """The public key bits of a certificate's SubjectPublicKeyInfo."""
    to_be_signed = list(elements(element_at(element_at(der, 0)[1], 0)[1]))
    fields = [content for tag, content in to_be_signed if tag == _SEQUENCE]
    info = fields[4]  # after signature, issuer, validity, subject
    tag, bits = list(elements(info))[1]
    if tag != _BIT_STRING:
        raise ValueError("no key")
    return bits[1:]


def signed_parts(der: bytes) -> tuple[bytes, bytes]:
    """The part of a certificate that is signed, as it stands, and the signature."""
    outer = element_at(der, 0)[1]
    _, _, end = element_at(outer, 0)
    return outer[:end], list(elements(outer))[2][1][1:]


def _private_key(der: bytes) -> bytes | None:
    """The public key bits that belong to a private key; None where they are not in it, empty for Ed25519."""
    items = list(elements(element_at(der, 0)[1]))
    if len(items) > 2 and items[1][0] == _SEQUENCE and items[2][0] == _OCTET_STRING:
        return _private_key(items[2][1]) if items[2][1][:1] == bytes([_SEQUENCE]) else b""
    if len(items) >= 9 and all(tag == _INTEGER for tag, _ in items[:9]):
        body = b"".join(encoded(_INTEGER, content) for _, content in items[1:3])
        return encoded(_SEQUENCE, body)
    for tag, content in items:
        if tag == 0xA1:  # [1] publicKey of an ECPrivateKey
            return element_at(content, 0)[1][1:]
    return None
