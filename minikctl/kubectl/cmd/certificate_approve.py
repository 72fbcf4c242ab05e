"""kubectl certificate approve.

Upstream counterpart: NewCmdCertificateApprove in kubectl's `pkg/cmd/certificates`.
"""

from __future__ import annotations

from minikctl.kubectl.cmd.certificate import CertificateOptions, flags
from minikctl.kubectl.command import Command


class ApproveOptions(CertificateOptions):
    """Which requests to approve."""

    operation = "approved"
    condition = "Approved"
    opposite = "Denied"
    reason = "KubectlApprove"
    message = "This CSR was approved by kubectl certificate approve."


COMMAND = Command(
    "certificate approve (-f FILENAME | NAME)",
    ApproveOptions,
    flags("approved"),
    long="""
Approve a certificate signing request (CSR), so that a certificate is issued to the requestor.

 SECURITY NOTICE: a certificate may give its owner access to the cluster, or another identity. Look at what is requested
before approving it.
""",
    example="""
        # Approve CSR 'csr-sqgzp'
        kubectl certificate approve csr-sqgzp
        """,
)
