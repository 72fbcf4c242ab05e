"""Just enough DER to read a certificate request and to write and sign a certificate (X.509, RSA with SHA-256)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

_SEQUENCE, _SET, _INTEGER, _BITS, _OCTETS, _OID, _NULL, _BOOLEAN = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06, 0x05, 0x01
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_SHA256_WITH_RSA = "1.2.840.113549.1.1.11"
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_ALTERNATIVE_NAMES = "2.5.29.17"
_NAME_KINDS = {0x81: "email", 0x82: "dns", 0x86: "uri", 0x87: "ip"}
_COMMON_NAME, _ORGANIZATION = "2.5.4.3", "2.5.4.10"


class Node:
    """One element: its tag, its content, and its whole encoding."""

    __slots__ = ("content", "raw", "tag")

    def __init__(self, tag: int, content: bytes, raw: bytes) -> None:
        self.tag = tag
        self.content = content
        self.raw = raw

    def children(self) -> list[Node]:
        return list(_elements(self.content))


def _elements(data: bytes) -> Iterator[Node]:
    at = 0
    while at < len(data):
        tag, length, start = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[start : start + size], "big")
            start += size
        if start + length > len(data):
            raise ValueError("truncated")
        yield Node(tag, data[start : start + length], data[at : start + length])
        at = start + length


def element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    return element(_SEQUENCE, b"".join(parts))


def integer(value: int) -> bytes:
    return element(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(text: str) -> bytes:
    numbers = [int(part) for part in text.split(".")]
    content = bytearray((numbers[0] * 40 + numbers[1],))
    for number in numbers[2:]:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        content.extend(reversed(groups))
    return element(_OID, bytes(content))


def extension(identifier: str, value: bytes, critical: bool = False) -> bytes:
    flag = element(_BOOLEAN, b"\xff") if critical else b""
    return sequence(oid(identifier), flag, element(_OCTETS, value))


def bits(content: bytes, unused: int = 0) -> bytes:
    return element(_BITS, bytes((unused,)) + content)


def from_pem(text: str, label: str) -> bytes:
    """The DER inside a PEM block; ValueError where there is none of that label."""
    begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
    if begin not in text or end not in text:
        raise ValueError(f"no {label} block")
    body = text.split(begin, 1)[1].split(end, 1)[0]
    return base64.b64decode("".join(body.split()), validate=True)


def to_pem(der: bytes, label: str) -> str:
    body = base64.b64encode(der).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


class Request:
    """A PKCS #10 request: subject, public key and the extensions asked for, as raw DER."""

    def __init__(self, pem: str) -> None:
        outer = next(_elements(from_pem(pem, "CERTIFICATE REQUEST")))
        info = outer.children()[0].children()
        self.subject = info[1]
        self.public_key = info[2].raw
        self.extensions = self._asked_for(info[3]) if len(info) > 3 else []

    def _asked_for(self, attributes: Node) -> list[bytes]:
        wanted = oid(_EXTENSION_REQUEST)
        for attribute in attributes.children():
            name, values = attribute.children()
            if name.raw == wanted:
                return [entry.raw for entry in values.children()[0].children()]
        return []

    def alternative_names(self) -> set[str]:
        """The kinds of subjectAltNames asked for: "dns", "email", "ip", "uri"."""
        wanted, found = oid(_ALTERNATIVE_NAMES), set()
        for raw in self.extensions:
            parts = next(_elements(raw)).children()
            if parts[0].raw == wanted:
                names = next(_elements(parts[-1].content)).children()
                found |= {_NAME_KINDS[name.tag] for name in names if name.tag in _NAME_KINDS}
        return found

    def names(self, identifier: str) -> list[str]:
        """The values of an attribute of the subject."""
        wanted = oid(identifier)
        found = []
        for part in self.subject.children():
            for pair in part.children():
                name, value = pair.children()
                if name.raw == wanted:
                    found.append(value.content.decode("utf-8", "replace"))
        return found

    @property
    def common_name(self) -> str:
        return next(iter(self.names(_COMMON_NAME)), "")

    @property
    def organizations(self) -> list[str]:
        return self.names(_ORGANIZATION)


def time_element(seconds: float) -> bytes:
    """UTCTime up to 2049, GeneralizedTime after."""
    from datetime import datetime, timezone

    at = datetime.fromtimestamp(int(seconds), timezone.utc)
    if at.year < 2050:
        return element(_UTC_TIME, at.strftime("%y%m%d%H%M%SZ").encode())
    return element(_GENERALIZED_TIME, at.strftime("%Y%m%d%H%M%SZ").encode())


def subject_of(certificate_pem: str) -> bytes:
    """The subject of a certificate, raw."""
    fields = next(_elements(from_pem(certificate_pem, "CERTIFICATE"))).children()[0].children()
    return fields[5].raw


def certificate(
    serial: int,
    issuer: bytes,
    valid: tuple[float, float],
    request: Request,
    extensions: list[bytes],
    key: tuple[int, int],
) -> str:
    """A signed certificate as PEM. `key` is the authority's (modulus, private exponent)."""
    algorithm = sequence(oid(_SHA256_WITH_RSA), element(_NULL, b""))
    body = sequence(
        element(0xA0, integer(2)),
        integer(serial),
        algorithm,
        issuer,
        sequence(time_element(valid[0]), time_element(valid[1])),
        request.subject.raw,
        request.public_key,
        element(0xA3, sequence(*extensions)),
    )
    return to_pem(sequence(body, algorithm, bits(_sign(body, *key))), "CERTIFICATE")


def _sign(message: bytes, modulus: int, exponent: int) -> bytes:
    """PKCS #1 v1.5 with SHA-256."""
    size = (modulus.bit_length() + 7) // 8
    digest = _SHA256 + hashlib.sha256(message).digest()
    padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    return pow(int.from_bytes(padded, "big"), exponent, modulus).to_bytes(size, "big")
