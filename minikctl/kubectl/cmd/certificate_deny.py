"""kubectl certificate deny.

Upstream counterpart: NewCmdCertificateDeny in kubectl's `pkg/cmd/certificates`.
"""

from __future__ import annotations

from minikctl.kubectl.cmd.certificate import CertificateOptions, flags
from minikctl.kubectl.command import Command


class DenyOptions(CertificateOptions):
    """Which requests to deny."""

    operation = "denied"
    condition = "Denied"
    opposite = "Approved"
    reason = "KubectlDeny"
    message = "This CSR was denied by kubectl certificate deny."


COMMAND = Command(
    "certificate deny (-f FILENAME | NAME)",
    DenyOptions,
    flags("denied"),
    long="Deny a certificate signing request (CSR), so that no certificate is issued to the requestor.",
    example="""
        # Deny CSR 'csr-sqgzp'
        kubectl certificate deny csr-sqgzp
        """,
)
