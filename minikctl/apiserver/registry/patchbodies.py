"""Patches as they are decoded before anybody applies them: what is no patch of its type, and what its parts may be.

With the field validation Ignore nothing is looked at beforehand. Counterpart: the strict decoding of apiserver's
`endpoints/handlers/patch.go`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.errors import StatusError, bad_request
from minikctl.apimachinery.patch.malformed import Malformed
from minikctl.apimachinery.request import JSON_PATCH, STRATEGIC_PATCH, Request

_KINDS = {list: "array", dict: "object", str: "string", bool: "bool"}
_TEXTS = ("op", "path", "from")
_MOST_OPERATIONS = 10_000
_MEMBERS = frozenset((*_TEXTS, "value"))


def check(request: Request) -> None:
    """Refuse (BadRequest) a body that is no patch; unknown members of operations are noted as repeated ones are."""
    if request.options.get("fieldValidation") == "Ignore":
        return
    body = request.body
    start = "" if request.patch_type == STRATEGIC_PATCH else "error decoding patch: "
    if isinstance(body, Malformed):
        raise bad_request(start + body.problem)
    if request.patch_type == JSON_PATCH:
        problem, unknown = _operations(body)
        request.repeated = [*request.repeated, *[text for text in unknown if text not in request.repeated]]
    else:
        problem = _mismatch(body, dict, "value of type map[string]interface {}")
    if problem:
        raise bad_request(start + problem)
    if request.patch_type == JSON_PATCH:
        request.body = body or []
        if len(request.body) > _MOST_OPERATIONS:
            told = f"The allowed maximum operations in a JSON patch is {_MOST_OPERATIONS}, got {len(body)}"
            raise StatusError("RequestEntityTooLarge", f"Request entity too large: {told}", code=413)


def _operations(body: Any) -> tuple[str, list[str]]:
    """What keeps a JSON patch from being one, and the members that no operation has."""
    problem = _mismatch(body, list, "value of type []handlers.jsonPatchOp")
    unknown: list[str] = []
    for index, operation in enumerate(body if isinstance(body, list) else ()):
        problem = problem or _mismatch(operation, dict, "value of type handlers.jsonPatchOp")
        if not isinstance(operation, dict):
            continue
        for name in _TEXTS:
            told = f"struct field jsonPatchOp.{name} of type string"
            problem = problem or _mismatch(operation.get(name), str, told)
        unknown += [f'json patch unknown field "[{index}].{name}"' for name in operation if name not in _MEMBERS]
    return problem, unknown


def _mismatch(value: Any, wanted: type, told: str) -> str:
    if value is None or isinstance(value, wanted):
        return ""
    return f"json: cannot unmarshal {_KINDS.get(type(value), 'number')} into Go {told}"
