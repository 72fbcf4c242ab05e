"""Does a certificate belong to a private key? For `create secret tls`.

Reads just enough DER to compare public keys (RSA and elliptic curves; Ed25519 keys are taken on
trust). Upstream counterpart: Go's `tls.X509KeyPair`, whose errors these are.
"""

from __future__ import annotations

import base64
import binascii

from minikctl.kubectl.errors import KubectlError

_SEQUENCE, _INTEGER, _BIT_STRING, _OCTET_STRING = 0x30, 0x02, 0x03, 0x04


def check(cert_pem: bytes, key_pem: bytes) -> None:
    """Raise KubectlError where the two do not form a pair."""
    cert = _block(cert_pem, ("CERTIFICATE",), "certificate")
    key = _block(key_pem, ("PRIVATE KEY",), "key")
    try:
        public = _certificate_key(cert)
    except (IndexError, ValueError):
        raise KubectlError("x509: malformed certificate") from None
    try:
        private = _private_key(key)
    except (IndexError, ValueError):
        raise KubectlError("tls: failed to parse private key") from None
    if private is not None and private != public:
        raise KubectlError("tls: private key does not match public key")


def _block(pem: bytes, kinds: tuple[str, ...], what: str) -> bytes:
    found = []
    kind, body = "", b""
    for line in pem.splitlines():
        line = line.strip()
        if line.startswith(b"-----BEGIN ") and line.endswith(b"-----"):
            kind, body = line[11:-5].decode("ascii", "replace"), b""
        elif line.startswith(b"-----END "):
            found.append((kind, body))
            kind = ""
        elif kind and b":" not in line:
            body += line
    if not found:
        raise KubectlError(f"tls: failed to find any PEM data in {what} input")
    for kind, body in found:
        if any(kind.endswith(wanted) for wanted in kinds):
            try:
                return base64.b64decode(body, validate=True)
            except binascii.Error:
                raise KubectlError(f"tls: failed to find any PEM data in {what} input") from None
    names = " ".join(f'"{kind}"' for kind, _ in found)
    article = "a certificate" if what == "certificate" else 'a PEM block with type ending in "PRIVATE KEY"'
    raise KubectlError(
        f"tls: failed to find {article} in {what} input after skipping PEM blocks of the following types: [{names}]"
    )


def _item(data: bytes, at: int) -> tuple[int, bytes, int]:
    """(tag, content, end) of the DER value at an offset."""
    tag, length, at = data[at], data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[at : at + size], "big")
        at += size
    if at + length > len(data):
        raise ValueError("short")
    return tag, data[at : at + length], at + length


def _items(data: bytes) -> list[tuple[int, bytes]]:
    items, at = [], 0
    while at < len(data):
        tag, content, at = _item(data, at)
        items.append((tag, content))
    return items


def _certificate_key(der: bytes) -> bytes:
    """The public key bits of a certificate's SubjectPublicKeyInfo."""
    to_be_signed = _items(_item(_item(der, 0)[1], 0)[1])
    fields = [content for tag, content in to_be_signed if tag == _SEQUENCE]
    info = fields[4]  # after signature, issuer, validity, subject
    tag, bits = _items(info)[1]
    if tag != _BIT_STRING:
        raise ValueError("no key")
    return bits[1:]


def signed_parts(der: bytes) -> tuple[bytes, bytes]:
    """The part of a certificate that is signed, as it stands, and the signature."""
    outer = _item(der, 0)[1]
    _, _, end = _item(outer, 0)
    return outer[:end], _items(outer)[2][1][1:]


def _private_key(der: bytes) -> bytes | None:
    """The public key bits that belong to a private key; None where they are not in it."""
    items = _items(_item(der, 0)[1])
    if len(items) > 2 and items[1][0] == _SEQUENCE and items[2][0] == _OCTET_STRING:
        return _private_key(items[2][1]) if items[2][1][:1] == bytes([_SEQUENCE]) else None
    if len(items) >= 9 and all(tag == _INTEGER for tag, _ in items[:9]):
        body = b"".join(_der(_INTEGER, content) for _, content in items[1:3])
        return _der(_SEQUENCE, body)
    for tag, content in items:
        if tag == 0xA1:  # [1] publicKey of an ECPrivateKey
            return _item(content, 0)[1][1:]
    return None


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
