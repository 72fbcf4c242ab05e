"""The variable `authorizer`: questions about the user's rights, asked from an expression."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.request import UserInfo
from minikctl.apiserver.authorization import Attributes

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_MARK = "authorizer__"
_FIELDS = ("group", "resource", "subresource", "namespace", "name", "path", "serviceAccount")


def variable(ctx: Context) -> dict[str, Any]:
    """The authorizer of the request's user, with the request's own resource at hand."""
    resource, request = ctx.resource, ctx.request
    own = {
        "group": resource.group,
        "resource": resource.plural,
        "subresource": request.subresource,
        "namespace": ctx.namespace,
        "name": request.name,
    }
    return {_MARK: True, "requestResource": {_MARK: True, **own}}


def functions(ctx: Context) -> dict[str, Callable[..., Any]]:
    """The methods of the authorizer and of its checks."""

    def with_field(field: str) -> Callable[..., Any]:
        return lambda check, *values: {**check, field: ":".join(values)}

    def check(question: dict[str, Any], verb: str) -> dict[str, Any]:
        user = ctx.user
        account = question.get("serviceAccount")
        if account:
            from minikctl.apiserver.authentication import service_account_user

            user = service_account_user(*account.split(":", 1))
        decision = ctx.server.authorizer.decide(_attributes(user, question, verb))
        return {_MARK: True, "allowed": decision.allowed, "reason": decision.reason}

    found: dict[str, Callable[..., Any]] = {field: with_field(field) for field in _FIELDS}
    found["check"] = check
    found["allowed"] = lambda decision: decision["allowed"]
    found["reason"] = lambda decision: decision["reason"]
    found["errored"] = lambda decision: False
    found["error"] = lambda decision: ""
    found["fieldSelector"] = found["labelSelector"] = lambda question, selector: question
    return found


def _attributes(user: UserInfo, question: dict[str, Any], verb: str) -> Attributes:
    if question.get("path"):
        return Attributes(user, verb, path=question["path"])
    fields = ("group", "resource", "subresource", "namespace", "name")
    return Attributes(user, verb, *(str(question.get(field, "")) for field in fields))
