"""TokenRequest: POST serviceaccounts/NAME/token.

Counterpart of `pkg/registry/core/serviceaccount/storage/token.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.request import Obj, Response
from minikctl.apiserver import authentication

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_BOUND = {("Pod", "v1"): "pods", ("Secret", "v1"): "secrets", ("Node", "v1"): "nodes"}
_SHORTEST, _LONGEST, _DEFAULT = 600, 1 << 32, 3600
_KIND = "TokenRequest.authentication.k8s.io"


def create(ctx: Context) -> Response:
    """Issue a token for a service account."""
    namespace, name = ctx.namespace, ctx.request.name
    account = ctx.reader.get("serviceaccounts", namespace, name)
    if account is None:
        raise errors.not_found("serviceaccounts", name)
    body = ctx.request.body if isinstance(ctx.request.body, dict) else {}
    spec: Obj = dict(body.get("spec") or {})
    spec["audiences"] = spec.get("audiences") or [authentication.ISSUER]
    seconds = spec.setdefault("expirationSeconds", _DEFAULT)
    _check_lifetime(seconds)
    about: Obj = {"namespace": namespace, "serviceaccount": {"name": name, "uid": account["metadata"]["uid"]}}
    if spec.get("boundObjectRef"):
        about.update(_bound(spec["boundObjectRef"], ctx))
    now = ctx.server.clock.now()
    jti = ctx.rand.uid()
    ctx.note("authentication.kubernetes.io/issued-credential-id", f"JTI={jti}")
    claims = {
        "aud": spec["audiences"],
        "exp": int(now) + seconds,
        "iat": int(now),
        "iss": authentication.ISSUER,
        "jti": jti,
        "kubernetes.io": about,
        "nbf": int(now),
        "sub": f"system:serviceaccount:{namespace}:{name}",
    }
    status = {"token": authentication.issue(ctx.server, claims), "expirationTimestamp": rfc3339(now + seconds)}
    meta = {"name": name, "namespace": namespace, "uid": ctx.rand.uid(), "creationTimestamp": ctx.now}
    request = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": meta}
    return Response({**request, "spec": spec, "status": status}, 201, ctx.warnings)


def _check_lifetime(seconds: object) -> None:
    path = "spec.expirationSeconds"
    if not isinstance(seconds, int) or seconds < _SHORTEST:
        problem = field.invalid(path, seconds, "may not specify a duration less than 10 minutes")
    elif seconds > _LONGEST:
        problem = field.invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")
    else:
        return
    raise errors.invalid(_KIND, "", [problem])


def _bound(reference: Obj, ctx: Context) -> Obj:
    """The claim about the object a token dies with; Conflict where its uid is another's."""
    resource = _BOUND.get((reference.get("kind", ""), reference.get("apiVersion", "v1")))
    if resource is None:
        raise errors.bad_request(
            f"cannot bind token to object of type {reference.get('apiVersion')}, Kind={reference.get('kind')}"
        )
    found = ctx.reader.get(resource, "" if resource == "nodes" else ctx.namespace, reference.get("name", ""))
    if found is None:
        raise errors.not_found(resource, reference.get("name", ""))
    uid = found["metadata"]["uid"]
    if reference.get("uid") and reference["uid"] != uid:
        why = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise errors.conflict(resource, reference["name"], why)
    return {reference["kind"].lower(): {"name": reference["name"], "uid": uid}}
