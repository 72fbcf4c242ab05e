"""TokenRequest: POST serviceaccounts/NAME/token.

Counterpart of `pkg/registry/core/serviceaccount/storage/token.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors, field, openapi
from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.request import Obj, Response
from minikctl.apiserver import admission, authentication
from minikctl.apiserver.registry import decode, ownership, write

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_BOUND = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}
_SHORTEST, _LONGEST, _DEFAULT = 600, 1 << 32, 3600
# What pods' tokens are asked for: they are good for a year, and the user is warned of after the time asked for.
_WARNED_AFTER = 3607
_EXTENDED = 365 * 24 * 3600
_VERSION = "authentication.k8s.io/v1"
_KIND = "TokenRequest.authentication.k8s.io"


def create(ctx: Context) -> Response:
    """Issue a token for a service account."""
    ctx.operation = "CREATE"
    namespace, name = ctx.namespace, ctx.request.name
    request = _admitted(ctx)
    account = ctx.reader.get("serviceaccounts", namespace, name)
    if account is None:
        raise errors.not_found("serviceaccounts", name)
    _complete(request, account, ctx)
    _check_lifetime(request["spec"]["expirationSeconds"])
    admission.validate(request, None, ctx)
    spec = request["spec"]
    about: Obj = {"namespace": namespace, "serviceaccount": {"name": name, "uid": account["metadata"]["uid"]}}
    if spec.get("boundObjectRef"):
        about.update(_bound(spec["boundObjectRef"], ctx))
    now, seconds = ctx.server.clock.now(), spec["expirationSeconds"]
    lifetime = seconds
    if seconds == _WARNED_AFTER and "pod" in about and set(spec["audiences"]) <= {authentication.ISSUER}:
        about["warnafter"], lifetime = int(now) + seconds, _EXTENDED
    jti = ctx.rand.uid()
    ctx.note("authentication.kubernetes.io/issued-credential-id", f"JTI={jti}")
    claims = {
        "aud": spec["audiences"],
        "exp": int(now) + lifetime,
        "iat": int(now),
        "iss": authentication.ISSUER,
        "jti": jti,
        "kubernetes.io": dict(sorted(about.items())),  # claims stand in the order of their names
        "nbf": int(now),
        "sub": f"system:serviceaccount:{namespace}:{name}",
    }
    status = {"token": authentication.issue(ctx.server, claims), "expirationTimestamp": rfc3339(now + seconds)}
    return Response({**request, "status": status}, 201, ctx.warnings)


def _admitted(ctx: Context) -> Obj:
    """The request as it is after mutating admission, for the right account as far as it names one."""
    body = decode.decode_part(ctx.request.body, _VERSION, "TokenRequest", ctx)
    write.check_namespace(body, ctx)
    spec: Obj = {"audiences": None, "expirationSeconds": None, "boundObjectRef": None, **(body.get("spec") or {})}
    if spec["expirationSeconds"] is None:
        spec["expirationSeconds"] = _DEFAULT
    request: Obj = {"kind": "TokenRequest", "apiVersion": _VERSION, "metadata": body["metadata"], "spec": spec}
    ownership.record_answered(request, ctx, _VERSION, openapi.schema_for(_VERSION, "TokenRequest"))
    admission.mutate(request, None, ctx)
    given = request["metadata"].get("name")
    if given and given != ctx.request.name:
        text = "must match the service account name if specified"
        raise errors.invalid(_KIND, ctx.request.name, [field.invalid("metadata.name", given, text)])
    return request


def _complete(request: Obj, account: Obj, ctx: Context) -> None:
    """Give the request its account's name and uid; Conflict where it is for an account that was there before."""
    own, meta = account["metadata"], request["metadata"]
    if meta.get("uid") and meta["uid"] != own["uid"]:
        uids = f"({meta['uid']}) does not match the UID of the service account ({own['uid']})"
        raise errors.conflict(_KIND, own["name"], f"the UID in the token request {uids}")
    meta.update({key: own[key] for key in ("name", "namespace", "uid")}, creationTimestamp=ctx.now)
    request["spec"]["audiences"] = request["spec"].get("audiences") or [authentication.ISSUER]


def _check_lifetime(seconds: int) -> None:
    path = "spec.expirationSeconds"
    if seconds < _SHORTEST:
        problem = field.invalid(path, seconds, "may not specify a duration less than 10 minutes")
    elif seconds > _LONGEST:
        problem = field.invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")
    else:
        return
    raise errors.invalid(_KIND, "", [problem])


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
