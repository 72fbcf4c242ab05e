"""Validation of CertificateSigningRequests."""

from __future__ import annotations

import re

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, quote
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.core.contents import decode
from minikctl.apiserver.validation.metadata import validate_immutable
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


def _pem(text: str, kind: str) -> str:
    """The base64 body of the text's first PEM block, if it is of this kind."""
    found = re.search(r"-----BEGIN ([^\n-]+)-----\n(.*?)\n?-----END \1-----", text, re.DOTALL)
    return found.group(2) if found and found.group(1) == kind else ""


def _request_problem(request: str) -> str:
    body = _pem(decode(request), "CERTIFICATE REQUEST")
    if not body:
        return "PEM block type must be CERTIFICATE REQUEST"
    # A full look would need an ASN.1 parser; an outer SEQUENCE of the right size is what is asked here.
    der = decode("".join(body.split())).encode("latin-1")
    if len(der) < 2 or der[0] != 0x30:
        return "asn1: structure error: tags don't match"
    size = der[1] if der[1] < 0x80 else int.from_bytes(der[2 : 2 + (der[1] & 0x7F)], "big") + (der[1] & 0x7F)
    return "asn1: syntax error: data truncated" if size + 2 > len(der) else ""


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
    for label in labels:
        for text in is_dns1123_label(label):
            errors.append(field.invalid(path, domain, f"validating label {quote(label)}: {text}"))
    if len(labels) < 2:
        errors.append(field.invalid(path, domain, "should be a domain with at least two segments separated by dots"))
    for label in tail.split("."):
        for text in is_dns1123_subdomain(label):
            errors.append(field.invalid(path, tail, f"validating label {quote(label)}: {text}"))
    if len(name) > 571:
        errors.append(field.too_long(path, 571))
    return errors


def _create(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    request = spec.get("request") or ""
    problem = _request_problem(request)
    errors = [field.invalid("spec.request", request, problem)] if problem else []
    usages = spec.get("usages") or []
    if not usages:
        errors.append(field.required("spec.usages"))
    for index, usage in enumerate(usages):
        if usage not in _USAGES:
            errors.append(field.not_supported(f"spec.usages[{index}]", usage, _USAGES))
    for index, usage in enumerate(usages):
        if usage in usages[:index]:
            errors.append(field.duplicate(f"spec.usages[{index}]", usage))
    signer = spec.get("signerName") or ""
    if signer == "kubernetes.io/legacy-unknown":
        text = "the legacy signerName is not allowed via this API version"
        errors.append(field.invalid("spec.signerName", signer, text))
    else:
        errors += validate_signer_name(signer, "spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _MIN_SECONDS:
        text = "may not specify a duration less than 600 seconds (10 minutes)"
        errors.append(field.invalid("spec.expirationSeconds", seconds, text))
    return errors + _conditions(obj) + _certificate(obj)


def _conditions(obj: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    decided = ""
    seen: set[str] = set()
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        path = f"status.conditions[{index}]"
        kind, status = condition.get("type") or "", condition.get("status") or ""
        if not kind:
            errors.append(field.required(f"{path}.type"))
        if not status:
            errors.append(field.required(f"{path}.status"))
        elif kind in _DECISIONS and status != "True":
            errors.append(field.not_supported(f"{path}.status", status, ["True"]))
        elif status not in ("True", "False", "Unknown"):
            errors.append(field.not_supported(f"{path}.status", status, ["True", "False", "Unknown"]))
        if kind in ("Approved", "Denied"):
            if decided and decided != kind:
                text = "Approved and Denied conditions are mutually exclusive"
                errors.append(field.invalid(f"{path}.type", kind, text))
            decided = kind
        if kind and kind in seen:
            errors.append(field.duplicate(f"{path}.type", kind))
        seen.add(kind)
    return errors


def _certificate(obj: Obj) -> list[FieldError]:
    certificate = (obj.get("status") or {}).get("certificate") or ""
    if not certificate:
        return []
    body = _pem(decode(certificate), "CERTIFICATE")
    if body:
        return []
    text = "must contain one or more PEM blocks"
    return [field.invalid("status.certificate", "<certificate data>", text)]


def _update(new: Obj, old: Obj) -> list[FieldError]:
    return _condition_changes(new, old) + _conditions(new)


def _condition_changes(new: Obj, old: Obj) -> list[FieldError]:
    kept = {item.get("type") for item in (new.get("status") or {}).get("conditions") or ()}
    errors: list[FieldError] = []
    for item in (old.get("status") or {}).get("conditions") or ():
        kind = item.get("type")
        if kind in _DECISIONS and kind not in kept:
            text = f"updates may not remove a condition of type {quote(kind)}"
            errors.append(field.forbidden("status.conditions", text))
    return errors


def _status(new: Obj, old: Obj) -> list[FieldError]:
    errors = _condition_changes(new, old) + _conditions(new)
    before = (old.get("status") or {}).get("certificate")
    if before:
        path = "status.certificate"
        errors += validate_immutable((new.get("status") or {}).get("certificate"), before, path)
        return errors
    return errors + _certificate(new)


VALIDATE: dict[str, Checks] = {"certificatesigningrequests.certificates.k8s.io": (_create, _update, _status)}
