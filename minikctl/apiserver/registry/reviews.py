"""Reviews: questions to authentication and authorization that are answered, not stored.

Counterparts: `pkg/registry/authorization` and `pkg/registry/authentication`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.request import Obj, UserInfo
from minikctl.apiserver import authentication
from minikctl.apiserver.authorization import Attributes

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context


def _body(ctx: Context) -> Obj:
    from minikctl.apiserver.registry import decode

    return decode.decode(ctx.request.body, ctx)


def _attributes(spec: Obj, user: UserInfo) -> Attributes:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if path:
        return Attributes(user, path.get("verb", ""), path=path.get("path", ""))
    wanted: Obj = resource or {}
    fields = ("verb", "group", "resource", "subresource", "namespace", "name")
    return Attributes(user, *(str(wanted.get(name, "")) for name in fields))


def _check_attributes(spec: Obj, kind: str) -> None:
    both = bool(spec.get("resourceAttributes")), bool(spec.get("nonResourceAttributes"))
    path, detail = "spec.resourceAttributes", ""
    if all(both):
        path, detail = "spec.nonResourceAttributes", "cannot be specified in combination with resourceAttributes"
        raise errors.invalid(kind, "", [field.invalid(path, spec["nonResourceAttributes"], detail)])
    if not any(both):
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise errors.invalid(kind, "", [field.invalid(path, spec.get("resourceAttributes"), detail)])


def _answer(review: Obj, attributes: Attributes, ctx: Context) -> Obj:
    decision = ctx.server.authorizer.decide(attributes)
    review["status"] = {"allowed": decision.allowed}
    if decision.reason:
        review["status"]["reason"] = decision.reason
    return review


def self_subject_access_review(ctx: Context) -> Obj:
    """May I?"""
    review = _body(ctx)
    _check_attributes(review["spec"], "SelfSubjectAccessReview.authorization.k8s.io")
    return _answer(review, _attributes(review["spec"], ctx.user), ctx)


def subject_access_review(ctx: Context) -> Obj:
    """May they?"""
    review = _body(ctx)
    spec = review["spec"]
    kind = "SubjectAccessReview.authorization.k8s.io"
    _check_attributes(spec, kind)
    if not spec.get("user") and not spec.get("groups"):
        detail = "at least one of user or group must be specified"
        raise errors.invalid(kind, "", [field.invalid("spec.user", spec.get("user", ""), detail)])
    user = UserInfo(spec.get("user", ""), spec.get("groups") or (), spec.get("uid", ""), spec.get("extra"))
    return _answer(review, _attributes(spec, user), ctx)


def local_subject_access_review(ctx: Context) -> Obj:
    """May they, in this namespace?"""
    namespace = (((ctx.request.body or {}).get("spec") or {}).get("resourceAttributes") or {}).get("namespace", "")
    if namespace != ctx.namespace:
        detail = f"must match metadata.namespace: {ctx.namespace}"
        problem = field.invalid("spec.resourceAttributes.namespace", namespace, detail)
        raise errors.invalid("LocalSubjectAccessReview.authorization.k8s.io", "", [problem])
    return subject_access_review(ctx)


def self_subject_rules_review(ctx: Context) -> Obj:
    """What may I do in a namespace?"""
    review = _body(ctx)
    namespace = review["spec"].get("namespace", "")
    if not namespace:
        raise errors.bad_request("no namespace on request")
    resource_rules: list[Obj] = []
    path_rules: list[Obj] = []
    for rule in ctx.server.authorizer.rules(ctx.user, namespace):
        if rule.get("nonResourceURLs"):
            path_rules.append({"verbs": rule["verbs"], "nonResourceURLs": rule["nonResourceURLs"]})
        if rule.get("resources"):
            names = ("verbs", "apiGroups", "resources", "resourceNames")
            resource_rules.append({name: rule[name] for name in names if rule.get(name)})
    review["status"] = {"resourceRules": resource_rules, "nonResourceRules": path_rules, "incomplete": False}
    return review


def self_subject_review(ctx: Context) -> Obj:
    """Who am I?"""
    review = _body(ctx)
    review["metadata"] = {"creationTimestamp": ctx.now}
    review["status"] = {"userInfo": authentication.user_info(ctx.user)}
    return review


def token_review(ctx: Context) -> Obj:
    """Whose token is this?"""
    review = _body(ctx)
    spec = review.get("spec") or {}
    status: dict[str, Any]
    if not spec.get("token"):
        raise errors.bad_request("token is required for TokenReview in authentication")
    try:
        user, audiences = authentication.authenticate_token(ctx.server, spec["token"], spec.get("audiences"))
    except errors.StatusError:
        status = {"user": {}, "error": "invalid bearer token"}
    else:
        status = {"authenticated": True, "user": authentication.user_info(user), "audiences": audiences}
    review["status"] = status
    return review


HANDLERS: dict[str, Callable[[Context], Obj]] = {
    "selfsubjectaccessreviews.authorization.k8s.io": self_subject_access_review,
    "subjectaccessreviews.authorization.k8s.io": subject_access_review,
    "localsubjectaccessreviews.authorization.k8s.io": local_subject_access_review,
    "selfsubjectrulesreviews.authorization.k8s.io": self_subject_rules_review,
    "selfsubjectreviews.authentication.k8s.io": self_subject_review,
    "tokenreviews.authentication.k8s.io": token_review,
}
