"""The request policy of a device's capacity that several claims may share (consumable capacity)."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field, quantity
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.quantity import Quantity
from minikctl.apiserver.validation.devices import each

_MAX_VALUES = 10
_ONE_POLICY = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'


def validate_capacity(capacity: dict[str, Any], path: str) -> list[FieldError]:
    policy = capacity.get("requestPolicy")
    if policy is None:
        return []
    path, whole = f"{path}.requestPolicy", quantity.parse(capacity.get("value") or "0")
    values, span, default = policy.get("validValues") or [], policy.get("validRange"), policy.get("default")
    if values and span is not None:
        return [field.forbidden(path, _ONE_POLICY)]
    if not values and span is None:
        return []
    key = "validValues" if values else "validRange"
    if default is None:
        return [field.required(f"{path}.default", f"required when {key} is defined")]
    chosen = quantity.parse(default)
    return _values(values, chosen, whole, f"{path}.{key}") if values else _span(span, chosen, whole, f"{path}.{key}")


def _values(texts: list[Any], default: Quantity, whole: Quantity, path: str) -> list[FieldError]:
    values = [quantity.parse(text) for text in texts]
    errors = [
        field.invalid(f"{path}[{index}]", str(value), "values must be sorted in ascending order")
        for index, value in enumerate(values)
        if index and values[index - 1] > value
    ]

    def option(text: Any, at: str) -> list[FieldError]:
        value = quantity.parse(text)
        if value <= whole:
            return []
        return [field.invalid(at, str(value), f"option is larger than capacity value: {whole}")]

    errors += each(texts, _MAX_VALUES, path, option, lambda text: str(quantity.as_int(text)))
    if default not in values:
        text = "default value is not valid according to the requestPolicy"
        errors.append(field.invalid(path, str(default), text))
    return errors


def _span(span: dict[str, Any], default: Quantity, whole: Quantity, path: str) -> list[FieldError]:
    if span.get("min") is None:
        return [field.required(f"{path}.min", "required when validRange is defined")]
    low = quantity.parse(span["min"])
    high = quantity.parse(span["max"]) if span.get("max") is not None else None
    errors: list[FieldError] = []
    if low > whole:
        errors.append(field.invalid(f"{path}.min", str(low), f"min is larger than capacity value: {whole}"))
    if default < low:
        errors.append(field.invalid(f"{path}.min", str(default), f"default is less than min: {low}"))
    if high is not None:
        if low > high:
            errors.append(field.invalid(f"{path}.max", str(low), f"min is larger than max: {high}"))
        if high > whole:
            errors.append(field.invalid(f"{path}.max", str(high), f"max is larger than capacity value: {whole}"))
        if default > high:
            errors.append(field.invalid(f"{path}.max", str(default), f"default is more than max: {high}"))
    if span.get("step") is not None:
        errors += _steps(quantity.parse(span["step"]), low, [default, high], whole, f"{path}.step")
    return errors


def _steps(
    step: Quantity, low: Quantity, points: list[Quantity | None], whole: Quantity, path: str
) -> list[FieldError]:
    errors: list[FieldError] = []
    first, width = low + step, step.value()
    if first > whole:
        errors.append(field.invalid(path, str(step), f"one step {first} is larger than capacity value: {whole}"))
    for point in points:
        if point is not None and width and (point.value() - low.value()) % width:
            text = f"value is not a multiple of a given step ({step}) from ({low})"
            errors.append(field.invalid(path, str(point), text))
    return errors
