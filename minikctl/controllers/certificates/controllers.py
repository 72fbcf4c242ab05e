"""Approving, signing and cleaning CertificateSigningRequests (upstream's `pkg/controller/certificates`)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from minikctl.apimachinery import x509
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.errors import StatusError
from minikctl.controllers.certificates import authority, der
from minikctl.controllers.certificates.signers import kubelet_client_problem, problem_of
from minikctl.controllers.controller import Controller, earliest, seconds_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

RESOURCE = "certificatesigningrequests.certificates.k8s.io"

_YEAR = 365 * 86400.0
_BACKDATED = 300.0
_SHORT = 8 * 3600.0
_LEAST_SECONDS = 600
_KUBELET = "kubernetes.io/kube-apiserver-client-kubelet"
_USAGES = {
    "digital signature": 0,
    "signing": 0,
    "content commitment": 1,
    "key encipherment": 2,
    "data encipherment": 3,
    "key agreement": 4,
    "cert sign": 5,
    "crl sign": 6,
    "encipher only": 7,
}
_EXTENDED_USAGES = {
    "any": "2.5.29.37.0",
    "server auth": "1.3.6.1.5.5.7.3.1",
    "client auth": "1.3.6.1.5.5.7.3.2",
    "code signing": "1.3.6.1.5.5.7.3.3",
    "email protection": "1.3.6.1.5.5.7.3.4",
    "timestamping": "1.3.6.1.5.5.7.3.8",
    "ocsp signing": "1.3.6.1.5.5.7.3.9",
}
_SIGNERS = (
    "kubernetes.io/kube-apiserver-client",
    _KUBELET,
    "kubernetes.io/kubelet-serving",
    "kubernetes.io/legacy-unknown",
)


def _condition(request: Obj, *types: str) -> Obj | None:
    for entry in (request.get("status") or {}).get("conditions") or ():
        if entry["type"] in types:
            found: Obj = entry
            return found
    return None


def _parsed(request: Obj) -> der.Request:
    return der.Request(base64.b64decode(request["spec"]["request"]).decode())


class CSRApprovingController(Controller):
    """Approves kubelet client certificates for those who may ask for them."""

    def sync(self, key: str) -> float | None:
        request = self.client.peek(RESOURCE, key)
        if request is None or request["spec"]["signerName"] != _KUBELET or _condition(request, "Approved", "Denied"):
            return None
        try:
            parsed = _parsed(request)
        except (ValueError, IndexError):
            return None
        if kubelet_client_problem(parsed, set(request["spec"].get("usages") or ())):
            return None
        own = (
            [("selfnodeclient", "self kubelet client")] if parsed.common_name == request["spec"].get("username") else []
        )
        ways = [*own, ("nodeclient", "kubelet client")]
        which = next((what for subresource, what in ways if self._may(request, subresource)), "")
        if not which:
            return None
        stamp = self.stamp()
        request.setdefault("status", {}).setdefault("conditions", []).append(
            {
                "type": "Approved",
                "status": "True",
                "reason": "AutoApproved",
                "message": f"Auto approving {which} certificate after SubjectAccessReview.",
                "lastUpdateTime": stamp,
                "lastTransitionTime": stamp,
            }
        )
        self.client.update(RESOURCE, request, subresource="approval")
        return None

    def _may(self, request: Obj, subresource: str) -> bool:
        spec = request["spec"]
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {
                "user": spec.get("username"),
                "uid": spec.get("uid"),
                "groups": spec.get("groups"),
                "resourceAttributes": {
                    "group": "certificates.k8s.io",
                    "resource": "certificatesigningrequests",
                    "verb": "create",
                    "subresource": subresource,
                    "version": "*",
                },
            },
        }
        review["spec"] = {name: value for name, value in review["spec"].items() if value}  # type: ignore[attr-defined]
        answer = self.client.create("subjectaccessreviews.authorization.k8s.io", review)
        return bool((answer.get("status") or {}).get("allowed"))


class CSRSigningController(Controller):
    """Signs what was approved for one of the built-in signers."""

    def sync(self, key: str) -> float | None:
        request = self.client.peek(RESOURCE, key)
        if request is None or not _condition(request, "Approved") or _condition(request, "Denied", "Failed"):
            return None
        signer = request["spec"]["signerName"]
        status = request.setdefault("status", {})
        if signer not in _SIGNERS or status.get("certificate"):
            return None
        try:
            parsed = _parsed(request)
        except (ValueError, IndexError):
            return None
        problem = problem_of(signer, parsed, list(request["spec"].get("usages") or ()))
        if problem:
            stamp = self.stamp()
            status.setdefault("conditions", []).append(
                {
                    "type": "Failed",
                    "status": "True",
                    "reason": "SignerValidationFailure",
                    "message": problem,
                    "lastUpdateTime": stamp,
                    "lastTransitionTime": stamp,
                }
            )
        else:
            status["certificate"] = base64.b64encode(self._sign(request).encode()).decode()
        self.client.update(RESOURCE, request, subresource="status")
        return None

    def _sign(self, request: Obj) -> str:
        parsed, now = _parsed(request), self.clock.now()
        asked = request["spec"].get("expirationSeconds")
        seconds = _YEAR if asked is None else float(min(_YEAR, max(_LEAST_SECONDS, asked)))
        usages = request["spec"].get("usages") or []
        # The end of a short-lived certificate is not dated back.
        start = now - _BACKDATED
        end = now + seconds if seconds < _SHORT else start + seconds
        no_authority = der.extension("2.5.29.19", der.sequence(), critical=True)
        extensions = [entry for entry in (_key_usage(usages), _extended_usage(usages), no_authority) if entry]
        alternative_names = der.oid("2.5.29.17")
        extensions += [entry for entry in parsed.extensions if alternative_names in entry]
        signing = authority.of(self.env.settings)
        return der.certificate(
            serial=int(self.rand.hex(32), 16),
            issuer=der.subject_of(signing.certificate),
            valid=(start, end),
            request=parsed,
            extensions=extensions,
            key=(signing.modulus, signing.private_exponent),
        )


def _key_usage(usages: list[str]) -> bytes:
    numbers = [_USAGES[usage] for usage in usages if usage in _USAGES]
    if not numbers:
        return b""
    value = sum(1 << (7 - number) for number in set(numbers))
    unused = 7 - max(numbers)
    return der.extension("2.5.29.15", der.bits(bytes((value,)), unused), True)


def _extended_usage(usages: list[str]) -> bytes:
    identifiers = [_EXTENDED_USAGES[usage] for usage in usages if usage in _EXTENDED_USAGES]
    if not identifiers:
        return b""
    return der.extension("2.5.29.37", der.sequence(*(der.oid(identifier) for identifier in identifiers)))


class CSRCleaner(Controller):
    """Deletes requests some time after they were answered, or were not."""

    _ANSWERED = 3600.0
    _PENDING = 24 * 3600.0

    def sync(self, key: str) -> float | None:
        request = self.client.peek(RESOURCE, key)
        if request is None:
            return None
        due = self._due(request)
        if due is None or due > self.clock.now():
            return due
        try:
            self.client.delete(RESOURCE, key)
        except StatusError as error:
            if error.reason != "NotFound":
                raise
        return None

    def _due(self, request: Obj) -> float | None:
        """When a request has been there for long enough; None while an approved one waits for its signer."""
        status = request.get("status") or {}
        if not status.get("conditions"):
            return seconds_of(request["metadata"].get("creationTimestamp")) + self._PENDING
        times = [
            seconds_of(entry.get("lastUpdateTime")) + self._ANSWERED
            for entry in status["conditions"]
            if entry["type"] in ("Denied", "Failed") or (entry["type"] == "Approved" and status.get("certificate"))
        ]
        return earliest(*times, _end_of(status.get("certificate") or ""))


def _end_of(encoded: str) -> float | None:
    """When an issued certificate expires; None where that cannot be read."""
    issued = x509.certificate(base64.b64decode(encoded))
    if issued is None:
        return None
    text = issued.not_after
    try:
        return parse_time(f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:14]}Z")
    except ValueError:
        return None
