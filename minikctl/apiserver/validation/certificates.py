"""Validation of CertificateSigningRequests."""

from __future__ import annotations

import re
from collections.abc import Callable

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, quote
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.signatures import request_problem
from minikctl.apiserver.validation import Checks, UpdateCheck
from minikctl.apiserver.validation.core.contents import decode
from minikctl.apiserver.validation.names import is_dns1123_label, is_dns1123_subdomain

_USAGES = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
]
_DECISIONS = ("Approved", "Denied", "Failed")
_MIN_SECONDS = 600
_LEGACY = "kubernetes.io/legacy-unknown"


def _pem_blocks(text: str) -> list[tuple[str, str]]:
    """Type and body (headers included) of every PEM block."""
    return re.findall(r"-----BEGIN ([^\n-]+)-----[ \t\r]*\n(.*?)\n?-----END \1-----", text, re.DOTALL)


def _der(body: str) -> bytes:
    return decode("".join(body.split())).encode("latin-1")


def _der_problem(der: bytes) -> str:
    """Whether there is an outer SEQUENCE of the right size."""
    if len(der) < 2 or der[0] != 0x30:
        return "asn1: structure error: tags don't match"
    size = der[1] if der[1] < 0x80 else int.from_bytes(der[2 : 2 + (der[1] & 0x7F)], "big") + (der[1] & 0x7F)
    return "asn1: syntax error: data truncated" if size + 2 > len(der) else ""


def _request_problem(request: str) -> str:
    blocks = _pem_blocks(decode(request))
    if not blocks or blocks[0][0] != "CERTIFICATE REQUEST":
        return "PEM block type must be CERTIFICATE REQUEST"
    der = _der(blocks[0][1])
    return _der_problem(der) or request_problem(der)


def _certificate_problem(certificate: str) -> str:
    """What is wrong with the PEM blocks a signer has answered; empty for nothing."""
    blocks = _pem_blocks(decode(certificate))
    for kind, body in blocks:
        if kind != "CERTIFICATE":
            return f"only CERTIFICATE PEM blocks are allowed, found {quote(kind)}"
        if ":" in body:
            return "no PEM block headers are permitted"
        if _der_problem(_der(body)):
            return "x509: malformed certificate"
    return "" if blocks else "must contain at least one CERTIFICATE PEM block"


def validate_signer_name(name: str, path: str) -> list[FieldError]:
    """`domain/path`: a DNS name of two segments or more, and a path of dot-separated ones."""
    if not name:
        return [field.required(path)]
    if name.count("/") != 1:
        text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [field.invalid(path, name, text)]
    domain, tail = name.split("/")
    errors: list[FieldError] = []
    if len(domain) > 253:
        errors.append(field.too_long(path, 253))
    labels = domain.split(".")
    errors += _first_bad_label(labels, is_dns1123_label, domain, path)
    if len(labels) < 2:
        errors.append(field.invalid(path, domain, "should be a domain with at least two segments separated by dots"))
    errors += _first_bad_label(tail.split("."), is_dns1123_subdomain, tail, path)
    if len(name) > 571:
        errors.append(field.too_long(path, 571))
    return errors


def _first_bad_label(labels: list[str], check: Callable[[str], list[str]], value: str, path: str) -> list[FieldError]:
    """Only the first label that is wrong is told: others would read the same."""
    for label in labels:
        if problems := check(label):
            return [field.invalid(path, value, f"validating label {quote(label)}: {text}") for text in problems]
    return []


def _create(obj: Obj) -> list[FieldError]:
    return _request(obj, {}) + _conditions(obj, {}) + _certificate(obj, {})


def _request(obj: Obj, old: Obj) -> list[FieldError]:
    """The spec; what is wrong with the stored one's usages and signer is forgiven."""
    spec, old_spec = obj.get("spec") or {}, old.get("spec") or {}
    request = spec.get("request") or ""
    problem = _request_problem(request)
    errors = [field.invalid("spec.request", request, problem)] if problem else []
    usages = spec.get("usages") or []
    if not usages:
        errors.append(field.required("spec.usages"))
    old_usages = old_spec.get("usages") or []
    if set(old_usages) <= set(_USAGES):
        for index, usage in enumerate(usages):
            if usage not in _USAGES:
                errors.append(field.not_supported(f"spec.usages[{index}]", usage, _USAGES))
    if len(set(old_usages)) == len(old_usages):
        for index, usage in enumerate(usages):
            if usage in usages[:index]:
                errors.append(field.duplicate(f"spec.usages[{index}]", usage))
    signer = spec.get("signerName") or ""
    if signer == _LEGACY and old_spec.get("signerName") != _LEGACY:
        text = "the legacy signerName is not allowed via this API version"
        errors.append(field.invalid("spec.signerName", signer, text))
    else:
        errors += validate_signer_name(signer, "spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _MIN_SECONDS:
        text = "may not specify a duration less than 600 seconds (10 minutes)"
        errors.append(field.invalid("spec.expirationSeconds", seconds, text))
    return errors


def _stored_conditions(obj: Obj) -> list[Obj]:
    return (obj.get("status") or {}).get("conditions") or []


def _conditions(obj: Obj, old: Obj) -> list[FieldError]:
    before = [condition.get("type") or "" for condition in _stored_conditions(old)]
    both_before = "Approved" in before and "Denied" in before
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, condition in enumerate(_stored_conditions(obj)):
        path = f"status.conditions[{index}]"
        kind, status = condition.get("type") or "", condition.get("status") or ""
        if not kind and "" not in before:
            errors.append(field.required(f"{path}.type"))
        allowed = ["True"] if kind in _DECISIONS else ["False", "True", "Unknown"]
        if not status:
            errors.append(field.required(f"{path}.status"))
        elif status not in allowed:
            errors.append(field.not_supported(f"{path}.status", status, allowed))
        if not both_before and {"Approved": "Denied", "Denied": "Approved"}.get(kind) in seen:
            text = "Approved and Denied conditions are mutually exclusive"
            errors.append(field.invalid("status.conditions", kind, text))
        if kind in seen and len(set(before)) == len(before):
            errors.append(field.duplicate(f"{path}.type", kind))
        seen.add(kind)
    return errors


def _certificate(obj: Obj, old: Obj) -> list[FieldError]:
    certificate = (obj.get("status") or {}).get("certificate") or ""
    before = (old.get("status") or {}).get("certificate") or ""
    if not certificate or certificate == before or (before and _certificate_problem(before)):
        return []
    problem = _certificate_problem(certificate)
    return [field.invalid("status.certificate", "<certificate data>", problem)] if problem else []


def _changes(new: Obj, old: Obj, deciding: bool = False, signing: bool = False) -> list[FieldError]:
    """An update; decisions change through the approval subresource alone, the certificate through status."""
    errors = _request(new, old) + _conditions(new, old) + _certificate(new, old)
    for kind in _DECISIONS:
        if len(_of_type(new, kind)) < len(_of_type(old, kind)):
            text = f"updates may not remove a condition of type {quote(kind)}"
            errors.append(field.forbidden("status.conditions", text))
    if not deciding:
        for kind in _DECISIONS[:2]:
            now, then = _of_type(new, kind), _of_type(old, kind)
            if len(now) > len(then):
                text = f"updates may not add a condition of type {quote(kind)}"
                errors.append(field.forbidden("status.conditions", text))
    certificate = (new.get("status") or {}).get("certificate") or ""
    before = (old.get("status") or {}).get("certificate") or ""
    if certificate != before:
        if not signing:
            errors.append(field.forbidden("status.certificate", "updates may not set certificate content"))
        elif before:
            text = "updates may not modify existing certificate content"
            errors.append(field.forbidden("status.certificate", text))
    return errors


def _of_type(obj: Obj, kind: str) -> list[Obj]:
    return [condition for condition in _stored_conditions(obj) if condition.get("type") == kind]


def _approval(new: Obj, old: Obj) -> list[FieldError]:
    return _changes(new, old, deciding=True)


def _status(new: Obj, old: Obj) -> list[FieldError]:
    return _changes(new, old, signing=True)


VALIDATE: dict[str, Checks] = {"certificatesigningrequests.certificates.k8s.io": (_create, _changes, _status)}
SUBRESOURCES: dict[str, UpdateCheck] = {"approval": _approval}
