"""How webhooks are reached, by URL or Service: admission webhooks and CRD conversion share these rules.

Counterpart: apiserver's `pkg/util/webhook/validation.go`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.names import is_dns1035_label, is_dns1123_subdomain, is_valid_port_num

_FORM = "; desired format: https://host[/path]"
_REVIEW_VERSIONS = ("v1", "v1beta1")


def validate_client_config(config: dict[str, Any], path: str) -> list[FieldError]:
    """Exactly one of url and service, and that one well-formed."""
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return [field.required(path, "exactly one of url or service is required")]
    if url is not None:
        return _url(url, f"{path}.url")
    return _service(service or {}, f"{path}.service")


def validate_bundle(bundle: str, path: str) -> list[FieldError]:
    """Whether a caBundle (base64) holds a certificate."""
    from binascii import Error, a2b_base64

    from minikctl.apimachinery.x509 import certificate

    try:
        pem = a2b_base64(bundle)
    except Error:
        pem = b""
    if certificate(pem) is not None:
        return []
    why = "no valid certificate authority data seen" if b"-----BEGIN " in pem else "unable to parse bytes as PEM block"
    return [field.invalid(path, bundle, f"unable to load root certificates: {why}")]


def _url(url: str, path: str) -> list[FieldError]:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
    except ValueError as error:
        return [field.required(path, f"url must be a valid URL: {error}{_FORM}")]
    errors: list[FieldError] = []
    if parts.scheme != "https":
        errors.append(field.invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}"))
    user, at, host = parts.netloc.rpartition("@")
    if not host:
        errors.append(field.invalid(path, "", f"host must be specified{_FORM}"))
    if at:
        errors.append(field.invalid(path, user, "user information is not permitted in the URL"))
    if parts.fragment:
        errors.append(field.invalid(path, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        errors.append(field.invalid(path, parts.query, "query parameters are not permitted in the URL"))
    return errors


def _service(service: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    # Upstream's callers hand over the two the wrong way round, so each is missed under the other's path.
    for key, told in (("namespace", "name"), ("name", "namespace")):
        if not service.get(key):
            errors.append(field.required(f"{path}.{told}"))
    port = service.get("port", 443)
    problems = is_valid_port_num(port or 0)
    if problems:
        errors.append(field.invalid(f"{path}.port", port, "port is not valid: " + ",".join(problems)))
    url_path = service.get("path")
    return errors + _path(url_path, f"{path}.path") if url_path and url_path != "/" else errors


def _path(value: str, path: str) -> list[FieldError]:
    if value == "//":
        return [field.invalid(path, value, "segment[0] may not be empty")]
    errors: list[FieldError] = []
    if not value.startswith("/"):
        errors.append(field.invalid(path, value, "must start with a '/'"))
    steps = value[1:-1] if value.endswith("/") else value[1:]
    for index, step in enumerate(steps.split("/")):
        if not step:
            errors.append(field.invalid(path, value, f"segment[{index}] may not be empty"))
        errors += [field.invalid(path, value, f"segment[{index}]: {text}") for text in is_dns1123_subdomain(step)]
    return errors


def validate_review_versions(versions: list[str], path: str, missing: str = "") -> list[FieldError]:
    """The review versions a webhook understands; one of them must be known here."""
    if not versions:
        return [field.required(path, missing)]
    errors: list[FieldError] = []
    for index, version in enumerate(versions):
        if version in versions[:index]:
            errors.append(field.invalid(f"{path}[{index}]", version, "duplicate version"))
            continue
        errors += [field.invalid(f"{path}[{index}]", version, text) for text in is_dns1035_label(version)]
    if not any(version in _REVIEW_VERSIONS for version in versions):
        errors.append(field.invalid(path, versions, f"must include at least one of {', '.join(_REVIEW_VERSIONS)}"))
    return errors
