"""The authority of a served cluster, and the certificates it signs: made on first use, kept in the cluster file.

The file is readable by its owner only. Counterpart of kubeadm's `certs` phase.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from minikctl.store.sqlite import SQLiteStore

_STATE = "serving"
_YEARS = 10
_NAMES = (
    "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost",
)  # fmt: skip
_ADDRESSES = ("127.0.0.1", "::1", "10.96.0.1")
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: validity is judged by the cluster's clock


class Pair(NamedTuple):
    """A certificate and its key, PEM."""

    certificate: str
    key: str


class Certificates(NamedTuple):
    """What a served cluster has: its authority, the server's pair, and the administrator's."""

    authority: Pair
    serving: Pair
    admin: Pair


def of_cluster(store: SQLiteStore, address: str) -> Certificates:
    """The certificates of a cluster, made where missing; a serving one that also names `address`."""
    state = store.state(_STATE)
    known = {name: state.get(name) for name in ("authority", "admin")}
    if not all(known.values()):
        with store.transaction():
            known = {name: state.get(name) for name in ("authority", "admin")}
            if not all(known.values()):
                authority = _new_authority()
                admin = _sign(authority, "kubernetes-admin", ("system:masters",), client=True)
                known = {"authority": list(authority), "admin": list(admin)}
                for name, pair in known.items():
                    state.put(name, pair)
    authority = Pair(*known["authority"])
    return Certificates(authority, _serving(store, authority, address), Pair(*known["admin"]))


def _serving(store: SQLiteStore, authority: Pair, address: str) -> Pair:
    name = f"serving:{address}"
    state = store.state(_STATE)
    found = state.get(name)
    if found is None:
        with store.transaction():
            found = list(_sign(authority, "kube-apiserver", (), client=False, address=address))
            state.put(name, found)
    return Pair(*found)


def _new_authority() -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
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
    return _pair(builder.sign(key, hashes.SHA256()), key)


def _sign(
    authority: Pair, common_name: str, organizations: tuple[str, ...], *, client: bool, address: str = ""
) -> Pair:
    """A new key with a certificate of the authority's for it."""
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    issuer_key = serialization.load_pem_private_key(authority.key.encode(), None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
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
    names.extend(x509.IPAddress(ipaddress.ip_address(each)) for each in dict.fromkeys(addresses))
    return names


def _validity(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    # Generous on both sides: clients check by the wall's clock, the server by the cluster's.
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    start, end = now - datetime.timedelta(days=366 * _YEARS), now + datetime.timedelta(days=365 * _YEARS)
    return builder.not_valid_before(start).not_valid_after(end).serial_number(x509.random_serial_number())


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(certificate.public_bytes(pem).decode(), private.decode())


def server_context(certificates: Certificates) -> ssl.SSLContext:
    """TLS of the server's side: 1.2 and later; a client certificate is asked for, not demanded."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    pair = certificates.serving
    # The ssl module reads keys from files only; this one is gone again before anybody is served.
    descriptor, path = tempfile.mkstemp(prefix="minikctl-")
    try:
        with open(descriptor, "w") as file:
            file.write(pair.key + pair.certificate)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
    context.load_verify_locations(cadata=certificates.authority.certificate)
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context
