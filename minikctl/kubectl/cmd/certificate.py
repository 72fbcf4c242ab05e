"""What certificate approve and deny share: adding a condition to CertificateSigningRequests.

Upstream counterpart: kubectl's `pkg/cmd/certificates`.
"""

from __future__ import annotations

from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, Flag, quote
from minikctl.kubectl.flagsets import PRINT, filename_flags
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import printer

_KEY = "certificatesigningrequests.certificates.k8s.io"
_CONFLICTS = 10


def flags(state: str) -> tuple[Flag, ...]:
    """The flags of approve and deny."""
    return (
        *PRINT,
        *filename_flags("identifying the resource to update"),
        Flag("force", "", BOOL, False, f"Update the CSR even if it is already {state}."),
    )


class CertificateOptions(Options):
    """Which requests to approve or deny."""

    operation = ""
    condition = ""
    opposite = ""
    reason = ""
    message = ""

    def complete(self, args: list[str]) -> None:
        self.names = args

    def validate(self) -> None:
        if not self.names and not self.flags["filename"] and not self.flags["kustomize"]:
            raise KubectlError("one or more CSRs must be specified as <name> or -f <filename>")

    def run(self) -> None:
        builder = self.factory.builder().files(self.flags)
        if self.names:
            slashed = all("/" in name for name in self.names)
            builder.namespace("")
            builder.types_or_names(self.names if slashed else ["certificatesigningrequests", *self.names])
        if not builder.latest().visit(self._modify):
            self.factory.out("No resources found")

    def _modify(self, info: Info) -> None:
        if info.row.key != _KEY:
            raise KubectlError(
                "can only handle CertificateSigningRequest.certificates.k8s.io objects, got " + info.row.group_kind
            )
        client = self.factory.client
        for attempt in range(_CONFLICTS + 1):
            csr = client.get(_KEY, info.name)
            if self._has_condition(csr) and not self.flags["force"]:
                break
            try:
                client.update(_KEY, csr, subresource="approval")
                break
            except StatusError as error:
                if error.reason != "Conflict" or attempt == _CONFLICTS:
                    raise
        printer(self.flags, self.factory.streams.out, self.operation)(info.obj)

    def _has_condition(self, csr: Obj) -> bool:
        """Whether the request is decided so already; if not, add the condition."""
        status = csr.setdefault("status", {})
        conditions = status.get("conditions") or []
        for each in conditions:
            if each["type"] == self.opposite:
                raise KubectlError(
                    f"certificate signing request {quote(csr['metadata']['name'])} is already {self.opposite}"
                )
        if any(each["type"] == self.condition for each in conditions):
            return True
        status["conditions"] = [
            *conditions,
            {
                "type": self.condition,
                "status": "True",
                "reason": self.reason,
                "message": self.message,
                "lastUpdateTime": rfc3339(self.factory.now()),
            },
        ]
        return False
