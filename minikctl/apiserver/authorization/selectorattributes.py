"""The selectors of an access review, as authorizers get them: what cannot be read is left out and told.

RBAC looks at no selector, so that only what could not be read shows. Counterpart of
`pkg/registry/authorization/util/helpers.go`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import selectors

Obj = dict[str, Any]

_LABEL_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def unread(attributes: Obj) -> str:
    """What of a review's selectors is ignored because it cannot be read; "" for nothing."""
    told = []
    for name, readable in (("fieldSelector", _field_is_readable), ("labelSelector", _label_is_readable)):
        selector = attributes.get(name) or {}
        raw, requirements = selector.get("rawSelector") or "", selector.get("requirements") or []
        read = [readable(requirement or {}) for requirement in requirements]
        if raw:
            read = [_can_be_parsed(raw, name)]
        if not all(read):
            part = "partially ignored" if any(read) else "ignored"
            told.append(f"spec.resourceAttributes.{name} {part} due to parse error")
    return "; ".join(told)


def _can_be_parsed(raw: str, name: str) -> bool:
    try:
        if name == "fieldSelector":
            selectors.parse_fields(raw)
        else:
            selectors.parse(raw)
    except ValueError:
        return False
    return True


def _field_is_readable(requirement: Obj) -> bool:
    """Field selectors know one value and whether it is it."""
    return requirement.get("operator") in ("In", "NotIn") and len(requirement.get("values") or ()) == 1


def _label_is_readable(requirement: Obj) -> bool:
    return requirement.get("operator") in _LABEL_OPERATORS
