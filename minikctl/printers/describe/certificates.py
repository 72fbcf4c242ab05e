"""CertificateSigningRequests.

Upstream counterpart: CertificateSigningRequestDescriber.
"""

from __future__ import annotations

from binascii import a2b_base64
from typing import Any

from minikctl.apimachinery.duration import human
from minikctl.printers.describe.certificaterequest import parse
from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.writer import Writer, date, flat

Obj = dict[str, Any]

_SUBJECT_LISTS = (
    "Organization",
    "Organizational Unit",
    "Country",
    "Locality",
    "Province",
    "StreetAddress",
    "PostalCode",
)
_NAME_LISTS = ("DNS Names", "Email Addresses", "URIs", "IP Addresses")


def describe(csr: Obj, lookup: Lookup, now: float) -> str:
    """A CertificateSigningRequest: who asks for what, and whether it was granted. ValueError for a broken request."""
    metadata, spec, status = csr["metadata"], csr["spec"], csr.get("status") or {}
    try:
        request = parse(a2b_base64(spec.get("request") or "").decode(errors="replace"))
    except ValueError as error:
        raise ValueError(f"Error parsing CSR: {error}") from None
    out = Writer()
    out.field("Name", metadata["name"])
    out.field("Labels", flat(metadata.get("labels")))
    out.field("Annotations", flat(metadata.get("annotations")))
    out.field("CreationTimestamp", date(metadata.get("creationTimestamp")))
    out.field("Requesting User", spec.get("username", ""))
    if spec.get("signerName"):
        out.field("Signer", spec["signerName"])
    if spec.get("expirationSeconds") is not None:
        out.field("Requested Duration", human(spec["expirationSeconds"]))
    out.field("Status", _status(status))
    out.line("Subject:")
    for label in ("Common Name", "Serial Number"):
        out.line(f"\t{label}:\t{request.subject.get(label, [''])[-1]}")
    for label in _SUBJECT_LISTS:
        _values(out, label, request.subject.get(label))
    if request.names:
        out.line("Subject Alternative Names:")
        for label in _NAME_LISTS:
            _values(out, label, request.names.get(label))
    return finish(out, csr, lookup, now)


def _values(out: Writer, label: str, values: list[str] | None) -> None:
    if values:
        separator = "\n\t\t"
        out.line(f"\t{label}:\t{separator.join(values)}")


def _status(status: Obj) -> str:
    types = {condition.get("type") for condition in status.get("conditions") or ()}
    text = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    if "Failed" in types:
        text += ",Failed"
    return f"{text},Issued" if status.get("certificate") else text
