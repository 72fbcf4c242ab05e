"""Reads a PKCS#10 certificate request: its subject and alternative names.

Used by the describer of CertificateSigningRequests. Upstream counterpart: kubectl's
`util/certificate` over Go's crypto/x509.
"""

from __future__ import annotations

from binascii import Error, a2b_base64
from collections.abc import Iterator
from typing import NamedTuple

# X.520 attribute type -> what the description calls it
_SUBJECT = {
    b"\x55\x04\x03": "Common Name",
    b"\x55\x04\x05": "Serial Number",
    b"\x55\x04\x06": "Country",
    b"\x55\x04\x07": "Locality",
    b"\x55\x04\x08": "Province",
    b"\x55\x04\x09": "StreetAddress",
    b"\x55\x04\x0a": "Organization",
    b"\x55\x04\x0b": "Organizational Unit",
    b"\x55\x04\x11": "PostalCode",
}
_EXTENSION_REQUEST = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"
_ALTERNATIVE_NAMES = b"\x55\x1d\x11"
_NAME_KINDS = {0x81: "Email Addresses", 0x82: "DNS Names", 0x86: "URIs", 0x87: "IP Addresses"}
_SEQUENCE, _SET, _OBJECT_ID, _OCTETS, _ATTRIBUTES, _BMP_STRING = 0x30, 0x31, 0x06, 0x04, 0xA0, 0x1E
_BEGIN, _END = "-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----"


class RequestError(ValueError):
    """Not a certificate request."""


class CertificateRequest(NamedTuple):
    """What a request asks to be certified; values by their label."""

    subject: dict[str, list[str]]
    names: dict[str, list[str]]


def parse(pem: str) -> CertificateRequest:
    """The request in a PEM block; RequestError where there is none."""
    _, begin, rest = pem.partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    if not begin or not end:
        raise RequestError("PEM block type must be CERTIFICATE REQUEST")
    try:
        der = a2b_base64(body)
    except Error:
        raise RequestError("PEM block type must be CERTIFICATE REQUEST") from None
    info = _first(_first(der, _SEQUENCE), _SEQUENCE)
    parts = list(_elements(info))
    if len(parts) < 3:
        raise RequestError("asn1: structure error: sequence truncated")
    attributes = next((value for tag, value in parts if tag == _ATTRIBUTES), b"")
    return CertificateRequest(_subject(parts[1][1]), _alternative_names(attributes))


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element in a row."""
    at = 0
    while at < len(der):
        if at + 2 > len(der):
            raise RequestError("asn1: syntax error: truncated tag or length")
        tag, size = der[at], der[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(der[at : at + count], "big")
            at += count
        if at + size > len(der):
            raise RequestError("asn1: syntax error: data truncated")
        yield tag, der[at : at + size]
        at += size


def _first(der: bytes, tag: int) -> bytes:
    for found, value in _elements(der):
        if found == tag:
            return value
        break
    raise RequestError("asn1: structure error: tags don't match")


def _subject(name: bytes) -> dict[str, list[str]]:
    subject: dict[str, list[str]] = {}
    for _, relative in _elements(name):
        for _, pair in _elements(relative):
            (_, kind), (tag, value) = list(_elements(pair))[:2]
            label = _SUBJECT.get(kind)
            if label is not None:
                subject.setdefault(label, []).append(_string(tag, value))
    return subject


def _string(tag: int, value: bytes) -> str:
    return value.decode("utf-16-be" if tag == _BMP_STRING else "utf-8", errors="replace")


def _alternative_names(attributes: bytes) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for _, attribute in _elements(attributes):
        if _first(attribute, _OBJECT_ID) != _EXTENSION_REQUEST:
            continue
        values = next((value for tag, value in _elements(attribute) if tag == _SET), b"")
        for _, extension in _elements(_first(values, _SEQUENCE)):
            if _first(extension, _OBJECT_ID) != _ALTERNATIVE_NAMES:
                continue
            octets = next((value for tag, value in _elements(extension) if tag == _OCTETS), b"")
            for tag, value in _elements(_first(octets, _SEQUENCE)):
                kind = _NAME_KINDS.get(tag)
                if kind is not None:
                    names.setdefault(kind, []).append(_address(value) if tag == 0x87 else _string(tag, value))
    return names


def _address(value: bytes) -> str:
    from ipaddress import ip_address

    return str(ip_address(value))
