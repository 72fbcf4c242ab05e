"""TokenRequest: POST serviceaccounts/NAME/token.

Counterpart of `pkg/registry/core/serviceaccount/storage/token.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.request import Obj, Response
from minikctl.apiserver import admission, authentication
from minikctl.apiserver.registry import decode

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_BOUND = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}
_SHORTEST, _LONGEST, _DEFAULT = 600, 1 << 32, 3600
_VERSION = "authentication.k8s.io/v1"
_KIND = "TokenRequest.authentication.k8s.io"


def create(ctx: Context) -> Response:
    """Issue a token for a service account."""
    namespace, name = ctx.namespace, ctx.request.name
    body = decode.decode_part(ctx.request.body, _VERSION, "TokenRequest", ctx)
    _check_name(body, name)
    account = ctx.reader.get("serviceaccounts", namespace, name)
    if account is None:
        raise errors.not_found("serviceaccounts", name)
    meta: Obj = {"name": name, "namespace": namespace, "uid": ctx.rand.uid(), "creationTimestamp": ctx.now}
    spec: Obj = body.get("spec") or {}
    spec["audiences"] = spec.get("audiences") or [authentication.ISSUER]
    if spec.get("expirationSeconds") is None:
        spec["expirationSeconds"] = _DEFAULT
    request: Obj = {"kind": "TokenRequest", "apiVersion": _VERSION, "metadata": meta, "spec": spec}
    admission.mutate(request, None, ctx)
    spec = request["spec"]
    seconds = spec["expirationSeconds"]
    _check_lifetime(seconds)
    admission.validate(request, None, ctx)
    about: Obj = {"namespace": namespace, "serviceaccount": {"name": name, "uid": account["metadata"]["uid"]}}
    if spec.get("boundObjectRef"):
        # Claims stand in the order of their names.
        about = dict(sorted({**about, **_bound(spec["boundObjectRef"], ctx)}.items()))
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
    return Response({**request, "status": status}, 201, ctx.warnings)


def _check_lifetime(seconds: int) -> None:
    path = "spec.expirationSeconds"
    if seconds < _SHORTEST:
        problem = field.invalid(path, seconds, "may not specify a duration less than 10 minutes")
    elif seconds > _LONGEST:
        problem = field.invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")
    else:
        return
    raise errors.invalid(_KIND, "", [problem])


def _check_name(body: Obj, name: str) -> None:
    given = body["metadata"].get("name")
    if given and given != name:
        text = "must match the service account name if specified"
        raise errors.invalid(_KIND, name, [field.invalid("metadata.name", given, text)])


def _bound(reference: Obj, ctx: Context) -> Obj:
    """The claims about the object a token dies with; Conflict where its uid is another's."""
    version, kind = reference.get("apiVersion") or "", reference.get("kind") or ""
    resource = _BOUND.get(kind) if version in ("", "v1") else None
    if resource is None:
        group, _, number = version.rpartition("/")
        raise errors.bad_request(f"cannot bind token to object of type {group}/{number}, Kind={kind}")
    name = reference.get("name") or ""
    found = ctx.reader.get(resource, "" if resource == "nodes" else ctx.namespace, name)
    if found is None:
        raise errors.not_found(resource, name)
    claims: Obj = {}
    if kind == "Pod":
        if found["spec"].get("serviceAccountName") != ctx.request.name:
            what = f"cannot bind token for serviceaccount {field.quote(ctx.request.name)}"
            raise errors.bad_request(f"{what} to pod running with different serviceaccount name.")
        claims = _node_claim(found["spec"].get("nodeName") or "", ctx)
    uid = found["metadata"]["uid"]
    if reference.get("uid") and reference["uid"] != uid:
        why = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise errors.conflict(kind, name, why)
    return {**claims, kind.lower(): {"name": name, "uid": uid}}


def _node_claim(name: str, ctx: Context) -> Obj:
    """The node a pod is on, for those who look into its token."""
    if not name:
        return {}
    node = ctx.reader.peek("nodes", "", name)
    return {"node": {"name": name, "uid": node["metadata"]["uid"]} if node is not None else {"name": name}}
