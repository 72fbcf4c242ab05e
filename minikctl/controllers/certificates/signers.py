"""What the built-in signers ask of a request before they sign it.

Counterparts: `pkg/controller/certificates/signer` and the helpers of `pkg/apis/certificates`, with their words.
"""

from __future__ import annotations

from collections.abc import Sequence

from minikctl.controllers.certificates.der import Request

_CLIENT = frozenset({"client auth", "digital signature", "key encipherment"})
_SERVER = frozenset({"digital signature", "key encipherment", "server auth"})
# Keys other than RSA encipher nothing.
_OPTIONAL = frozenset({"key encipherment"})
_NOT_ALLOWED = (
    ("dns", "DNS subjectAltNames are not allowed"),
    ("email", "Email subjectAltNames are not allowed"),
    ("ip", "IP subjectAltNames are not allowed"),
    ("uri", "URI subjectAltNames are not allowed"),
)


def problem_of(signer: str, request: Request, usages: Sequence[str]) -> str:
    """Why a signer refuses; "" where it does not."""
    if signer == "kubernetes.io/kube-apiserver-client":
        return _client_usages_problem(usages)
    if signer == "kubernetes.io/kube-apiserver-client-kubelet":
        return kubelet_client_problem(request, set(usages))
    if signer == "kubernetes.io/kubelet-serving":
        return _kubelet_serving_problem(request, set(usages))
    return ""


def _client_usages_problem(usages: Sequence[str]) -> str:
    for usage in usages:
        if usage not in _CLIENT:
            return f"invalid usage for client certificate: {usage}"
    return "" if "client auth" in usages else "missing required usage for client certificate: client auth"


def kubelet_client_problem(request: Request, usages: set[str]) -> str:
    """What keeps a request from being one for a kubelet's client certificate."""
    found = _organization_problem(request) or _name_problem(request, ("dns", "email", "ip", "uri"))
    return found or _common_name_problem(request) or _usages_problem(usages, _CLIENT)


def _kubelet_serving_problem(request: Request, usages: set[str]) -> str:
    if problem := _organization_problem(request):
        return problem
    if not request.alternative_names() & {"dns", "ip"}:
        return "DNS or IP subjectAltName is required"
    problem = _name_problem(request, ("email", "uri")) or _usages_problem(usages, _SERVER)
    return problem or _common_name_problem(request)


def _organization_problem(request: Request) -> str:
    return "" if request.organizations == ["system:nodes"] else "subject organization is not system:nodes"


def _common_name_problem(request: Request) -> str:
    fits = request.common_name.startswith("system:node:")
    return "" if fits else "subject common name does not begin with system:node: "


def _name_problem(request: Request, kinds: Sequence[str]) -> str:
    asked = request.alternative_names()
    return next((text for kind, text in _NOT_ALLOWED if kind in kinds and kind in asked), "")


def _usages_problem(usages: set[str], wanted: frozenset[str]) -> str:
    if usages in (wanted, wanted - _OPTIONAL):
        return ""
    return f"usages did not match [{' '.join(sorted(wanted))}]"
