"""Whether a certificate request (PKCS #10) is signed with the key that it is for, and Go's words when it is not.

Counterpart: `crypto/x509`'s CheckSignature, for RSA (PKCS #1 v1.5), ECDSA on NIST's curves, and Ed25519. RSA-PSS is
believed.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

from minikctl.apimachinery.der import elements

_SEQUENCE, _INTEGER, _BITS, _OID = 0x30, 0x02, 0x03, 0x06
_MALFORMED = "asn1: structure error: tags don't match"
_UNKNOWN = "x509: cannot verify signature: algorithm unimplemented"

_RSA_KEY, _EC_KEY, _ED25519 = (bytes.fromhex(code) for code in ("2a864886f70d010101", "2a8648ce3d0201", "2b6570"))
_KEY_NAMES = {_RSA_KEY: "*rsa.PublicKey", _EC_KEY: "*ecdsa.PublicKey", _ED25519: "ed25519.PublicKey"}
_KIND_NAMES = {_RSA_KEY: "RSA", _EC_KEY: "ECDSA", _ED25519: "Ed25519"}
_PSS = bytes.fromhex("2a864886f70d01010a")
_MD5 = bytes.fromhex("2a864886f70d010104")
# The key and the hash of each way to sign.
_ALGORITHMS = {
    bytes.fromhex("2a864886f70d010105"): (_RSA_KEY, "sha1"),
    bytes.fromhex("2a864886f70d01010b"): (_RSA_KEY, "sha256"),
    bytes.fromhex("2a864886f70d01010c"): (_RSA_KEY, "sha384"),
    bytes.fromhex("2a864886f70d01010d"): (_RSA_KEY, "sha512"),
    bytes.fromhex("2a8648ce3d0401"): (_EC_KEY, "sha1"),
    bytes.fromhex("2a8648ce3d040302"): (_EC_KEY, "sha256"),
    bytes.fromhex("2a8648ce3d040303"): (_EC_KEY, "sha384"),
    bytes.fromhex("2a8648ce3d040304"): (_EC_KEY, "sha512"),
    _ED25519: (_ED25519, "sha512"),
}
# What stands before a hash in a signature of RSA (RFC 8017).
_DIGEST_INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}

_Point = tuple[int, int]


class _Curve(NamedTuple):
    """A curve y² = x³ - 3x + b over a prime field, its order, and its generator (FIPS 186)."""

    prime: int
    order: int
    generator: _Point


_CURVES = {
    bytes.fromhex("2a8648ce3d030107"): _Curve(
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        (
            0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
            0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        ),
    ),
    bytes.fromhex("2b81040022"): _Curve(
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        (
            0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
            0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
        ),
    ),
    bytes.fromhex("2b81040023"): _Curve(
        2**521 - 1,
        2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
        (
            int(
                "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de33"
                "48b3c1856a429bf97e7e31c2e5bd66",
                16,
            ),
            int(
                "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad07613"
                "53c7086a272c24088be94769fd16650",
                16,
            ),
        ),
    ),
}


@lru_cache(maxsize=256)
def request_problem(der: bytes) -> str:
    """What is wrong with a request or its signature; empty for nothing."""
    try:
        (_, body), *rest = elements(der)
        (_, info), (_, algorithm), (_, signature) = elements(body)
        key = next(content for tag, content in list(elements(info))[2:] if tag == _SEQUENCE)
        (_, key_algorithm), (_, key_bits) = elements(key)
        kinds = [content for tag, content in elements(key_algorithm) if tag == _OID]
        signed = body[: len(body) - len(_after_info(body))]
        method = next(elements(algorithm))[1]
        if rest:
            return "asn1: syntax error: trailing data"
        return _problem(signed, method, signature[1:], kinds, key_bits[1:])
    except (ValueError, IndexError, StopIteration):
        return _MALFORMED


def _after_info(body: bytes) -> bytes:
    """What follows the first element."""
    size = body[1]
    if size < 0x80:
        return body[2 + size :]
    count = size & 0x7F
    return body[2 + count + int.from_bytes(body[2 : 2 + count], "big") :]


def _problem(signed: bytes, method: bytes, signature: bytes, kinds: list[bytes], key: bytes) -> str:
    if method == _MD5:
        return "x509: cannot verify signature: insecure algorithm MD5-RSA"
    if method == _PSS:
        return ""
    if method not in _ALGORITHMS or kinds[0] not in _KEY_NAMES:
        return _UNKNOWN
    wanted, hashed = _ALGORITHMS[method]
    if wanted != kinds[0]:
        kept = f"but have public key of type {_KEY_NAMES[kinds[0]]}"
        return f"x509: signature algorithm specifies an {_KIND_NAMES[wanted]} public key, {kept}"
    if wanted == _RSA_KEY:
        return "" if _rsa(signed, hashed, signature, key) else "crypto/rsa: verification error"
    if wanted == _ED25519:
        return "" if _ed25519(signed, signature, key) else "x509: Ed25519 verification failure"
    curve = _CURVES.get(kinds[1])
    if curve is None:
        return "x509: unsupported elliptic curve"
    digest = hashlib.new(hashed, signed).digest()
    return "" if _ecdsa(curve, digest, signature, key) else "x509: ECDSA verification failure"


def _rsa(signed: bytes, hashed: str, signature: bytes, key: bytes) -> bool:
    modulus, exponent = (int.from_bytes(part, "big") for _, part in elements(next(elements(key))[1]))
    size = (modulus.bit_length() + 7) // 8
    told = _DIGEST_INFO[hashed] + hashlib.new(hashed, signed).digest()
    expected = b"\x00\x01" + b"\xff" * (size - len(told) - 3) + b"\x00" + told
    return len(signature) == size and pow(int.from_bytes(signature, "big"), exponent, modulus) == int.from_bytes(
        expected, "big"
    )


# ECDSA


def _ecdsa(curve: _Curve, digest: bytes, signature: bytes, key: bytes) -> bool:
    prime, order, generator = curve
    size = (prime.bit_length() + 7) // 8
    if len(key) != 2 * size + 1 or key[0] != 4:
        return False
    public = int.from_bytes(key[1 : size + 1], "big"), int.from_bytes(key[size + 1 :], "big")
    one, other = (int.from_bytes(part, "big") for _, part in elements(next(elements(signature))[1]))
    if not (0 < one < order and 0 < other < order):
        return False
    number = int.from_bytes(digest, "big") >> max(len(digest) * 8 - order.bit_length(), 0)
    inverse = pow(other, -1, order)
    first = _times(prime, number * inverse % order, generator)
    found = _sum(prime, first, _times(prime, one * inverse % order, public))
    return found is not None and found[0] % order == one


def _times(prime: int, factor: int, point: _Point) -> _Point | None:
    found: _Point | None = None
    for bit in bin(factor)[2:]:
        found = _sum(prime, found, found)
        if bit == "1":
            found = _sum(prime, found, point)
    return found


def _sum(prime: int, one: _Point | None, other: _Point | None) -> _Point | None:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % prime == 0:
        return None
    if one == other:
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, prime)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, prime)
    x = (slope * slope - one[0] - other[0]) % prime
    return x, (slope * (one[0] - x) - one[1]) % prime


# Ed25519 (RFC 8032), on the twisted Edwards curve -x² + y² = 1 + dx²y²

_FIELD = 2**255 - 19
_ED_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _FIELD) % _FIELD


def _ed25519(signed: bytes, signature: bytes, key: bytes) -> bool:
    public, start = _decompressed(key), _decompressed(signature[:32])
    factor = int.from_bytes(signature[32:], "little")
    base = _decompressed(bytes([0x58, *[0x66] * 31]))
    if len(signature) != 64 or public is None or start is None or base is None or factor >= _ED_ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + signed).digest(), "little") % _ED_ORDER
    return _ed_times(factor, base) == _ed_sum(start, _ed_times(challenge, public))


def _decompressed(data: bytes) -> _Point | None:
    """The point that 32 bytes stand for: its y, and whether its x is odd."""
    y = int.from_bytes(data, "little")
    odd, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _FIELD) % _FIELD
    x = pow(square, (_FIELD + 3) // 8, _FIELD)
    if x * x % _FIELD != square:
        x = x * pow(2, (_FIELD - 1) // 4, _FIELD) % _FIELD
    if len(data) != 32 or y >= _FIELD or x * x % _FIELD != square:
        return None
    return (x if x & 1 == odd else _FIELD - x), y


def _ed_sum(one: _Point, other: _Point) -> _Point:
    crossed = _D * one[0] * other[0] * one[1] * other[1]
    x = (one[0] * other[1] + other[0] * one[1]) * pow(1 + crossed, -1, _FIELD)
    y = (one[1] * other[1] + one[0] * other[0]) * pow(1 - crossed, -1, _FIELD)
    return x % _FIELD, y % _FIELD


def _ed_times(factor: int, point: _Point) -> _Point:
    found = (0, 1)
    for bit in bin(factor)[2:]:
        found = _ed_sum(found, found)
        if bit == "1":
            found = _ed_sum(found, point)
    return found
