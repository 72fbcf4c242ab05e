"""StatusError: the one error type that crosses component borders.

Every refusal of the apiserver is one of these; kubectl prints it in one place. Reasons, codes
and message forms are those of apimachinery's `pkg/api/errors`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikctl.apimachinery.field import FieldError

_CODES = {
    "BadRequest": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "MethodNotAllowed": 405,
    "NotAcceptable": 406,
    "AlreadyExists": 409,
    "Conflict": 409,
    "Gone": 410,
    "Expired": 410,
    "RequestEntityTooLarge": 413,
    "UnsupportedMediaType": 415,
    "Invalid": 422,
    "TooManyRequests": 429,
    "InternalError": 500,
    "ServiceUnavailable": 503,
    "Timeout": 504,
}


class StatusError(Exception):
    """A failed request: HTTP code, machine-readable reason, message and details (metav1.Status).

    `warnings` came with the refusal, as they may come with any response. `continue_` is how a list that is refused
    could go on. `generic` ones are made from a code alone: they have details, however empty.
    """

    def __init__(self, reason: str, message: str, details: dict[str, Any] | None = None, code: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.details = details or {}
        self.code = code or _CODES.get(reason, 500)
        self.warnings: list[str] = []
        self.continue_ = ""
        self.generic = False

    def status(self) -> dict[str, Any]:
        """The error as the metav1.Status object that goes over the wire."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continue_} if self.continue_ else {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }
        for name in ("reason", "details"):
            if not status[name] and not (self.generic and name == "details"):
                del status[name]
        return status


def _details(name: str, group_resource: str, **more: Any) -> dict[str, Any]:
    resource, _, group = group_resource.partition(".")
    details: dict[str, Any] = {"name": name, "group": group, "kind": resource, **more}
    return {key: value for key, value in details.items() if value}


def generic(code: int, message: str) -> StatusError:
    """What Go's NewGenericServerResponse makes of a code: its reason, and details that name nothing."""
    reason = next(reason for reason, known in _CODES.items() if known == code)
    error = StatusError(reason, message, code=code)
    error.generic = True
    return error


def no_route(known: object) -> StatusError:
    """What the path router of built-in groups refuses: a method that a known path does not have, an unknown path."""
    if known:
        return generic(405, "the server does not allow this method on the requested resource")
    return generic(404, "the server could not find the requested resource")


def not_found(group_resource: str, name: str) -> StatusError:
    """`group_resource` is written as in messages: "pods", "deployments.apps"."""
    return StatusError("NotFound", f'{group_resource} "{name}" not found', _details(name, group_resource))


def already_exists(group_resource: str, name: str) -> StatusError:
    return StatusError("AlreadyExists", f'{group_resource} "{name}" already exists', _details(name, group_resource))


def too_large(limit: int) -> StatusError:
    """A body of more bytes than the server reads."""
    return StatusError("RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def conflict(group_resource: str, name: str, why: str) -> StatusError:
    message = f'Operation cannot be fulfilled on {group_resource} "{name}": {why}'
    return StatusError("Conflict", message, _details(name, group_resource))


def object_modified(group_resource: str, name: str) -> StatusError:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(group_resource, name, why)


def forbidden(group_resource: str, name: str, why: str) -> StatusError:
    if not group_resource:
        return StatusError("Forbidden", f"forbidden: {why}")
    message = f'{group_resource} "{name}" is forbidden: {why}' if name else f"{group_resource} is forbidden: {why}"
    return StatusError("Forbidden", message, _details(name, group_resource))


def bad_request(message: str) -> StatusError:
    return StatusError("BadRequest", message)


def aggregate(problems: Iterable[object]) -> str:
    """Several errors as one text, in which each stands once (utilerrors' Aggregate); empty for none."""
    texts = list(dict.fromkeys(map(str, problems)))
    return f"[{', '.join(texts)}]" if len(texts) > 1 else "".join(texts)


def unauthorized(message: str = "Unauthorized") -> StatusError:
    return StatusError("Unauthorized", message)


def internal(message: str) -> StatusError:
    details = {"causes": [{"message": message}]}
    return StatusError("InternalError", f"Internal error occurred: {message}", details)


def unknown(errors: Iterable[FieldError]) -> StatusError:
    """Field errors that upstream forgets to wrap: they arrive as a failure without a reason."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    return StatusError("", texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]", code=500)


def expired(message: str) -> StatusError:
    return StatusError("Expired", message)


def too_many_requests(message: str, retry_after: int = 0, causes: list[dict[str, str]] | None = None) -> StatusError:
    details: dict[str, Any] = {"retryAfterSeconds": retry_after} if retry_after else {}
    if causes:
        details["causes"] = causes
    return StatusError("TooManyRequests", message, details)


def method_not_supported(group_resource: str, verb: str) -> StatusError:
    message = f'{verb} is not supported on resources of kind "{group_resource}"'
    return StatusError("MethodNotAllowed", message, _details("", group_resource))


def invalid(group_kind: str, name: str, errors: Iterable[FieldError]) -> StatusError:
    """`group_kind` is written as in messages: "Pod", "Deployment.apps"."""
    errors = list(errors)
    texts = list(dict.fromkeys(str(error) for error in errors))
    text = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    kind, _, group = group_kind.partition(".")
    causes = [{"reason": e.reason, "message": e.body(), "field": e.field} for e in errors]
    details = {"name": name, "group": group, "kind": kind, "causes": causes}
    message = f'{group_kind} "{name}" is invalid: {text}' if texts else f'{group_kind} "{name}" is invalid'
    return StatusError("Invalid", message, {key: value for key, value in details.items() if value})
