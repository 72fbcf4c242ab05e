"""Signing: a new authority, and certificates of one for new keys. Imported only where something is to be signed."""

from __future__ import annotations

import datetime
import ipaddress
import socket

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from minikctl.serving.certificates import Pair

_YEARS = 10
_BITS = 2048
_NAMES = (
    "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost",
)  # fmt: skip
_EVERYWHERE = ("0.0.0.0", "::")
_ADDRESSES = ("127.0.0.1", "::1", "10.96.0.1")


def new() -> dict[str, str]:
    """A new authority: certificate and key as PEM, and modulus and private exponent (hexadecimal) of the key."""
    key = rsa.generate_private_key(65537, _BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    usage = x509.KeyUsage(True, False, True, False, False, True, False, False, False)
    builder = (
        _validity(x509.CertificateBuilder())
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    made = _pair(builder.sign(key, hashes.SHA256()), key)
    numbers = key.private_numbers()
    modulus, exponent = f"{numbers.public_numbers.n:x}", f"{numbers.d:x}"
    return {"certificate": made.certificate, "key": made.key, "modulus": modulus, "exponent": exponent}


def sign(authority: Pair, common_name: str, organizations: tuple[str, ...], *, client: bool, address: str = "") -> Pair:
    """A new key with a certificate of the authority's for it: a client's, or a server's at an address."""
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    issuer_key = serialization.load_pem_private_key(authority.key.encode(), None)
    assert isinstance(issuer_key, rsa.RSAPrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name) for name in organizations]
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    builder = (
        _validity(x509.CertificateBuilder())
        .subject_name(x509.Name(attributes))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not client:
        builder = builder.add_extension(x509.SubjectAlternativeName(_subjects(address)), critical=False)
    return _pair(builder.sign(issuer_key, hashes.SHA256()), key)


def _subjects(address: str) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in _NAMES]
    addresses = list(_ADDRESSES)
    try:
        ipaddress.ip_address(address)
        addresses.append(address)
    except ValueError:
        if address not in _NAMES:
            names.append(x509.DNSName(address))
    if address in _EVERYWHERE:
        names.append(x509.DNSName(socket.gethostname()))
        addresses += _own_addresses()
    names.extend(x509.IPAddress(ipaddress.ip_address(each)) for each in dict.fromkeys(addresses))
    return names


def _own_addresses() -> list[str]:
    """The addresses this machine's name stands for."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return []
    return [str(entry[4][0]).partition("%")[0] for entry in found]


def _validity(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    # Generous on both sides: clients check by the wall's clock, the server by the cluster's.
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    start, end = now - datetime.timedelta(days=366 * _YEARS), now + datetime.timedelta(days=365 * _YEARS)
    return builder.not_valid_before(start).not_valid_after(end).serial_number(x509.random_serial_number())


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> Pair:
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(certificate.public_bytes(pem).decode(), private.decode())
