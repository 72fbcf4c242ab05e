"""Names in certificates and certificate requests: just enough DER (X.690, RFC 5280, RFC 2986) to read them."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from minikctl.apimachinery.der import elements

_SEQUENCE, _SET, _VERSION = 0x30, 0x31, 0xA0
_COMMON_NAME = bytes.fromhex("550403")
_ORGANIZATION = bytes.fromhex("55040a")
_WIDE = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "latin-1"}


class Subject(NamedTuple):
    """Whom a certificate is about."""

    common_name: str
    organizations: tuple[str, ...]


class Certificate(NamedTuple):
    """A certificate's subject and the time it is good for, as ASN.1 writes times (YYYYMMDDHHMMSSZ)."""

    subject: Subject
    not_before: str
    not_after: str


def request_subject(encoded: str) -> Subject | None:
    """The subject of a PKCS#10 request (base64 of PEM, as in a CertificateSigningRequest); None if unreadable."""
    try:
        der = pem_block(base64.b64decode(encoded))
        info = next(elements(next(elements(der))[1]))[1]
        parts = list(elements(info))
        return _subject(parts[1][1])
    except (ValueError, IndexError, StopIteration, binascii.Error):
        return None


def certificate(pem: bytes) -> Certificate | None:
    """The first certificate of a PEM file; None if there is none that can be read."""
    try:
        return certificate_of(pem_block(pem))
    except (ValueError, StopIteration, binascii.Error):
        return None


def certificate_of(der: bytes) -> Certificate | None:
    """A certificate from its DER; None if it cannot be read."""
    try:
        body = next(elements(next(elements(der))[1]))[1]
        parts = [item for item in elements(body) if item[0] != _VERSION]
        # serial number, signature algorithm, issuer, validity, subject
        times = [_time(*item) for item in elements(parts[3][1])]
        return Certificate(_subject(parts[4][1]), times[0], times[1])
    except (ValueError, IndexError, StopIteration):
        return None


def pem_block(pem: bytes) -> bytes:
    """The DER of the first PEM block; ValueError where there is none."""
    lines = pem.decode("ascii").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("-----BEGIN "))
    end = next(i for i, line in enumerate(lines) if i > start and line.startswith("-----END "))
    body = [line for line in lines[start + 1 : end] if ":" not in line]
    return base64.b64decode("".join(body), validate=True)


def _subject(name: bytes) -> Subject:
    common_name = ""
    organizations = []
    for _, relative in elements(name):
        for _, pair in elements(relative):
            (_, kind), (tag, value) = list(elements(pair))[:2]
            text = value.decode(_WIDE.get(tag, "utf-8"))
            if kind == _COMMON_NAME:
                common_name = text
            elif kind == _ORGANIZATION:
                organizations.append(text)
    return Subject(common_name, tuple(organizations))


def _time(tag: int, value: bytes) -> str:
    """UTCTime and GeneralizedTime alike, with four digits for the year."""
    text = value.decode("ascii")
    if tag == 0x17:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    return text
