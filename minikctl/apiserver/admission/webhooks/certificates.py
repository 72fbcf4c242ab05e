"""What is wrong with a webhook's certificate, in the words of Go's crypto/x509.

Python says less of it, so the webhook is connected to once more, without what has failed.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import x509
from minikctl.apimachinery.clock import rfc3339

if TYPE_CHECKING:
    from minikctl.apiserver.admission.webhooks.transport import Call

# OpenSSL's codes: not yet valid, expired, and a name or an address that is not the certificate's.
_TIMES, _NAMES = (9, 10), (62, 64)
_UNKNOWN = "certificate signed by unknown authority"


def problem(code: int, call: Call) -> str:
    """Why a certificate was not accepted; `code` is OpenSSL's."""
    try:
        if code in _TIMES:
            return _out_of_time(call)
        if code in _NAMES:
            return _misnamed(call)
    except (OSError, ValueError):
        pass  # it is gone by now, or shows what only OpenSSL can read
    return _UNKNOWN


def _out_of_time(call: Call) -> str:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    found = x509.certificate_of(_peer(call, context, binary=True) or b"")
    text = "certificate has expired or is not yet valid"
    if found is None:
        return text
    now, first, last = datetime.now(timezone.utc).timestamp(), _time(found.not_before), _time(found.not_after)
    relation, limit = ("before", first) if now < first else ("after", last)
    return f"{text}: current time {rfc3339(now)} is {relation} {rfc3339(limit)}"


def _misnamed(call: Call) -> str:
    context = call.context()
    context.check_hostname = False
    certificate: dict[str, Any] = _peer(call, context, binary=False) or {}
    wanted = call.target.name
    names = [(kind, value) for kind, value in certificate.get("subjectAltName") or ()]
    subject = {key: value for part in certificate.get("subject") or () for key, value in part}
    if not names and subject.get("commonName") == wanted:
        return "certificate relies on legacy Common Name field, use SANs instead"
    if _is_address(wanted):
        known = [value for kind, value in names if kind == "IP Address"]
        if not known:
            return f"cannot validate certificate for {wanted} because it doesn't contain any IP SANs"
    else:
        known = [value for kind, value in names if kind == "DNS"]
    if not known:
        return f"certificate is not valid for any names, but wanted to match {wanted}"
    return f"certificate is valid for {', '.join(known)}, not {wanted}"


def _peer(call: Call, context: ssl.SSLContext, binary: bool) -> Any:
    """The certificate that a webhook shows, as DER or as Python reads it."""
    target = call.target
    with (
        socket.create_connection((target.host, target.port), timeout=call.seconds) as plain,
        context.wrap_socket(plain, server_hostname=target.name) as connection,
    ):
        return connection.getpeercert(binary)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _time(text: str) -> float:
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
