"""Resource lists in their canonical form: part of decoding, so a text that is no quantity is a bad request."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import errors, quantity
from minikctl.apimachinery.request import Obj


def canonical_amounts(obj: Obj, holder: Any, *fields: str) -> None:
    """Rewrite the quantities of these resource lists of `holder`, a part of `obj`, in place."""
    if not isinstance(holder, dict):
        return
    for name in fields:
        amounts = holder.get(name)
        if not amounts:
            continue
        for key, value in amounts.items():
            try:
                amounts[key] = quantity.round_up_milli(value)
            except quantity.QuantityError as error:
                raise refuse(obj, str(error)) from error


def canonical_amount(obj: Obj, holder: Any, name: str) -> None:
    """The same for a field that is one quantity."""
    if not isinstance(holder, dict) or holder.get(name) is None:
        return
    try:
        holder[name] = quantity.canonical(holder[name])
    except quantity.QuantityError as error:
        raise refuse(obj, str(error)) from error


def refuse(obj: Obj, why: str) -> errors.StatusError:
    """The answer to an object that cannot be decoded."""
    kind, version = obj.get("kind", ""), obj.get("apiVersion", "").rpartition("/")[2]
    return errors.bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {why}')
