"""Projected volume sources that carry certificates: trust bundles and pod certificates.

Rare, therefore imported only when a pod has one. Counterpart: validateProjectionSources in
`pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import Struct
from minikctl.apiserver.validation.names import is_dns1123_label, is_dns1123_subdomain
from minikctl.apiserver.validation.pod.checks import Errors, local_path, problems
from minikctl.apiserver.validation.pod.volumes import take_path
from minikctl.apiserver.validation.selectors import selector_struct, validate_label_selector

_KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_HOUR = 3600
_MAX_SECONDS = 91 * 24 * _HOUR
_MAX_SECONDS_KUBERNETES = 24 * _HOUR
_SIGNER_LIMIT = 571
_SIGNER_FORM = "must be a fully qualified domain and path of the form 'example.com/signer-name'"


def _check_signer(name: str, path: str, errors: Errors) -> None:
    """A signer's name: a domain with a dot, a slash, a path of subdomain form."""
    if not name:
        errors.append(field.required(path))
        return
    segments = name.split("/")
    if len(segments) != 2:
        errors.append(field.invalid(path, name, _SIGNER_FORM))
        return
    domain, signer = segments
    problems_found = is_dns1123_subdomain(domain)
    for text in problems_found:
        errors.append(field.invalid(path, domain, f"validating label {field.quote(domain)}: {text}"))
    if "." not in domain:
        errors.append(field.invalid(path, domain, "should be a domain with at least two segments separated by dots"))
    if not signer:
        errors.append(field.required(path, "path must have at least one character"))
    for text in is_dns1123_subdomain(signer):
        errors.append(field.invalid(path, signer, f"validating label {field.quote(signer)}: {text}"))
    if len(name) > _SIGNER_LIMIT:
        errors.append(field.too_long(path, _SIGNER_LIMIT))


def _check_bundle(bundle: dict[str, Any], taken: set[str], path: str, volume: str, errors: Errors) -> None:
    name, signer = bundle.get("name"), bundle.get("signerName")
    if name is not None and signer is not None:
        shown = Struct(
            Name=name,
            SignerName=signer,
            LabelSelector=selector_struct(bundle.get("labelSelector")),
            Optional=bundle.get("optional"),
            Path=bundle.get("path", ""),
        )
        errors.append(field.invalid(path, shown, "only one of name and signerName may be used"))
    elif name is not None:
        _check_bundle_name(name, path, errors)
        if bundle.get("labelSelector") is not None:
            text = "labelSelector must be unset if name is specified"
            shown_selector = selector_struct(bundle["labelSelector"])
            errors.append(field.invalid(f"{path}.labelSelector", shown_selector, text))
    elif signer is not None:
        if not signer:
            errors.append(field.required(f"{path}.signerName", "must be a valid signer name"))
        _check_signer(signer, f"{path}.signerName", errors)
        errors += validate_label_selector(bundle.get("labelSelector"), f"{path}.labelSelector")
    else:
        errors.append(field.required(path, "either name or signerName must be specified"))
    target = bundle.get("path", "")
    if not target:
        errors.append(field.required(f"{path}.path"))
    local_path(target, f"{path}.path", errors)
    take_path(target, None, taken, volume, errors)


def _check_bundle_name(name: str, path: str, errors: Errors) -> None:
    if not name:
        errors.append(field.required(f"{path}.name", "must be a valid object name"))
    rest = name.rpartition(":")[2]
    for text in is_dns1123_subdomain(rest):
        errors.append(field.invalid(f"{path}.name", name, f"not a valid clustertrustbundlename: {text}"))


def _check_certificate(certificate: dict[str, Any], taken: set[str], path: str, volume: str, errors: Errors) -> None:
    signer = certificate.get("signerName", "")
    _check_signer(signer, f"{path}.signerName", errors)
    for key in certificate.get("userAnnotations") or ():
        domain, slash, name = key.partition("/")
        if not slash:
            errors.append(field.invalid(f"{path}.userAnnotations", key, "must be a domain-prefixed key"))
            continue
        problems(is_dns1123_subdomain, domain, f"{path}.userAnnotations", errors)
        problems(is_dns1123_label, name.lower(), f"{path}.userAnnotations", errors)
    key_type = certificate.get("keyType", "")
    if key_type not in _KEY_TYPES:
        errors.append(field.not_supported(f"{path}.keyType", key_type, _KEY_TYPES))
    seconds = certificate.get("maxExpirationSeconds")
    if seconds is not None:
        _check_expiration(seconds, signer, f"{path}.maxExpirationSeconds", errors)
    found = 0
    for key in ("credentialBundlePath", "keyPath", "certificateChainPath"):
        target = certificate.get(key)
        if target:
            found += 1
            local_path(target, f"{path}.{key}", errors)
            take_path(target, None, taken, volume, errors)
    if not found:
        text = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"
        errors.append(field.required(path, text))


def _check_expiration(seconds: int, signer: str, path: str, errors: Errors) -> None:
    if seconds < _HOUR:
        errors.append(field.invalid(path, seconds, f"if provided, maxExpirationSeconds must be >= {_HOUR}"))
    domain = signer.partition("/")[0]
    ours = domain == "kubernetes.io" or domain.endswith(".kubernetes.io")
    highest = _MAX_SECONDS_KUBERNETES if ours else _MAX_SECONDS
    if seconds > highest:
        errors.append(field.invalid(path, seconds, f"if provided, maxExpirationSeconds must be <= {highest}"))


CHECKS = {"clusterTrustBundle": _check_bundle, "podCertificate": _check_certificate}
