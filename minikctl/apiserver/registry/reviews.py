"""Reviews: questions to authentication and authorization that are answered, not stored.

Counterparts: `pkg/registry/authorization` and `pkg/registry/authentication`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj, UserInfo
from minikctl.apiserver import authentication
from minikctl.apiserver.authorization import Attributes, selectorattributes

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context


def _body(ctx: Context) -> Obj:
    """The review that was sent, with the managed fields that every new object gets."""
    from minikctl.apiserver.registry import decode, ownership

    review = decode.decode(ctx.request.body, ctx)
    ownership.record(None, review, ctx)
    return review


def _attributes(spec: Obj, user: UserInfo) -> Attributes:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if path:
        return Attributes(user, path.get("verb", ""), path=path.get("path", ""))
    wanted: Obj = resource or {}
    fields = ("verb", "group", "resource", "subresource", "namespace", "name")
    return Attributes(user, *(str(wanted.get(name, "")) for name in fields))


def _checked(ctx: Context) -> Obj:
    """The review that was sent; Invalid in the words of a kind whose name has been lost on the way."""
    from minikctl.apiserver.validation.authorization import access_review_problems

    review = _body(ctx)
    if ctx.resource.namespaced:
        meta = review["metadata"]
        if meta.setdefault("namespace", ctx.namespace) != ctx.namespace:
            raise errors.bad_request(f"spec.resourceAttributes.namespace must match namespace: {ctx.namespace}")
    problems = access_review_problems(review)
    if problems:
        raise errors.invalid(".authorization.k8s.io", "", problems)
    return review


def _answer(review: Obj, attributes: Attributes, ctx: Context) -> Obj:
    decision = ctx.server.authorizer.decide(attributes)
    status = review["status"] = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    if unread := selectorattributes.unread(review["spec"].get("resourceAttributes") or {}):
        status["evaluationError"] = unread
    return review


def self_subject_access_review(ctx: Context) -> Obj:
    """May I?"""
    review = _checked(ctx)
    return _answer(review, _attributes(review["spec"], ctx.user), ctx)


def subject_access_review(ctx: Context) -> Obj:
    """May they?"""
    review = _checked(ctx)
    spec = review["spec"]
    user = UserInfo(spec.get("user", ""), spec.get("groups") or (), spec.get("uid", ""), spec.get("extra"))
    return _answer(review, _attributes(spec, user), ctx)


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
    status = {"resourceRules": resource_rules, "nonResourceRules": path_rules, "incomplete": False}
    problems = ctx.server.authorizer.lost_roles(ctx.user, namespace)
    if ctx.user.name.startswith("system:node:") and "system:nodes" in ctx.user.groups:
        status["incomplete"] = True
        problems.insert(0, "node authorizer does not support user rule resolution")
    if problems:
        status["evaluationError"] = errors.aggregate(problems)
    review["status"] = status
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
        user, audiences = authentication.examine_token(ctx.server, spec["token"], spec.get("audiences"))
    except authentication.BadTokenError as error:
        known = ctx.server.known_token(spec["token"])
        why = f"[invalid bearer token, {error}]" if str(error) else "invalid bearer token"
        status = {"user": {}, "error": why} if known is None else _good(known, spec)
    else:
        status = {"authenticated": True, "user": authentication.user_info(user), "audiences": audiences}
    review["status"] = status
    return review


def _good(user: UserInfo, spec: Obj) -> Obj:
    """Of a token that is good for whatever audiences the apiserver answers to."""
    audiences = [name for name in spec.get("audiences") or [authentication.ISSUER] if name == authentication.ISSUER]
    if not audiences:
        return {"user": {}, "error": "invalid bearer token"}
    return {"authenticated": True, "user": authentication.user_info(user), "audiences": audiences}


HANDLERS: dict[str, Callable[[Context], Obj]] = {
    "selfsubjectaccessreviews.authorization.k8s.io": self_subject_access_review,
    "subjectaccessreviews.authorization.k8s.io": subject_access_review,
    "localsubjectaccessreviews.authorization.k8s.io": subject_access_review,
    "selfsubjectrulesreviews.authorization.k8s.io": self_subject_rules_review,
    "selfsubjectreviews.authentication.k8s.io": self_subject_review,
    "tokenreviews.authentication.k8s.io": token_review,
}
