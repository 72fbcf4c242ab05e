"""CertificateApproval, CertificateSigning and CertificateSubjectRestriction: who may do what for which signer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apiserver.admission.refusal import forbidden
from minikctl.apiserver.authorization import Attributes

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

_CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
_MASTERS = "system:masters"


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """The checks of the path that is written: creation, /approval or /status."""
    assert obj is not None
    subresource = ctx.request.subresource
    if not subresource:
        if ctx.operation == "CREATE":
            _check_subject(obj, ctx)
        return
    assert old is not None
    signer = old["spec"].get("signerName", "")
    if subresource == "approval":
        if not _may(ctx, "approve", signer):
            raise forbidden(obj, ctx, f'user not permitted to approve requests with signerName "{signer}"')
    elif _signs(obj, old) and not _may(ctx, "sign", signer):
        raise forbidden(obj, ctx, f'user not permitted to sign requests with signerName "{signer}"')


def _signs(new: Obj, old: Obj) -> bool:
    """Whether a status write issues a certificate or changes conditions."""
    before, after = old.get("status") or {}, new.get("status") or {}
    return any(before.get(part) != after.get(part) for part in ("certificate", "conditions"))


def _may(ctx: Context, verb: str, signer: str) -> bool:
    """Whether the user may approve or sign for a signer, or for all of its domain."""
    domain = signer.partition("/")[0]
    for name in (signer, f"{domain}/*"):
        question = Attributes(ctx.user, verb, "certificates.k8s.io", "signers", name=name)
        if ctx.server.authorizer.decide(question).allowed:
            return True
    return False


def _check_subject(request: Obj, ctx: Context) -> None:
    if request["spec"].get("signerName") != _CLIENT_SIGNER:
        return
    from minikctl.apimachinery import x509

    subject = x509.request_subject(request["spec"].get("request", ""))
    if subject is not None and _MASTERS in subject.organizations:
        raise forbidden(request, ctx, f"use of {_CLIENT_SIGNER} signer with {_MASTERS} group is not allowed")
