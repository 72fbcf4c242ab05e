"""Whether types fit each other, and what the type variables of an overload stand for then.

Counterpart of cel-go's `checker/types.go`. A and B are the variables; `dyn` (and what is broken already) fits all.
"""

from __future__ import annotations

from collections.abc import Sequence

from minikctl.apimachinery.cel.declarations import Overload
from minikctl.apimachinery.cel.types import DYN, LOOSE, STRING, Type

_VARIABLES = frozenset({"A", "B"})
_NULLABLE = frozenset({"null_type", "timestamp", "duration", "object", "optional_type"})

Bound = dict[str, Type]


def applied(overload: Overload, kinds: Sequence[Type]) -> Type | None:
    """What an overload yields for arguments of these types; None where it does not take them."""
    bound: Bound = {}
    for kind, wanted in zip(kinds, overload.takes, strict=True):
        if not _fits(kind, wanted, bound):
            return None
    return _filled(overload.gives, bound)


def common(one: Type, other: Type) -> Type | None:
    """The type of which values of both are; None where they have nothing in common."""
    if one.kind in LOOSE or other.kind in LOOSE:
        return DYN
    return one if _fits(other, one, {}) else None


def _fits(kind: Type, wanted: Type, bound: Bound) -> bool:
    if wanted.kind in _VARIABLES:
        known = bound.get(wanted.kind)
        if known is None:
            bound[wanted.kind] = kind
            return True
        if known.kind in LOOSE or kind.kind in LOOSE:
            bound[wanted.kind] = DYN
            return True
        return _fits(kind, known, bound) or _fits(known, kind, bound)
    if kind.kind in LOOSE or wanted.kind in LOOSE:
        return True
    if kind.kind == "null_type" or wanted.kind == "null_type":
        return {kind.kind, wanted.kind} <= _NULLABLE or (kind if kind.kind != "null_type" else wanted).kind[0].isupper()
    if kind.kind != wanted.kind:
        return False
    if kind.kind == "map":
        return _fits(kind.key or STRING, wanted.key or STRING, bound) and _inside_fits(kind, wanted, bound)
    if kind.kind in ("list", "optional_type"):
        return _inside_fits(kind, wanted, bound)
    return kind.kind != "object" or (kind.schema is wanted.schema and kind.fields is wanted.fields)


def _inside_fits(kind: Type, wanted: Type, bound: Bound) -> bool:
    return _fits(kind.item or DYN, wanted.item or DYN, bound)


def _filled(kind: Type, bound: Bound) -> Type:
    """A result with its variables replaced by what they stand for."""
    if kind.kind in _VARIABLES:
        found = bound.get(kind.kind, DYN)
        return DYN if found.kind == "error" else found
    if kind.item is None:
        return kind
    return kind._replace(item=_filled(kind.item, bound), key=kind.key and _filled(kind.key, bound))
