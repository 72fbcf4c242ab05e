"""Owner references that say the same twice: one is kept, and the client is told.

Counterpart of `dedupOwnerReferencesAndAddWarning` in apiserver's `endpoints/handlers/rest.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_FIELDS = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")


def dedup(obj: Obj, ctx: Context, admitted: bool = False) -> None:
    """Keep one of equal references. `admitted`: mutating admission has looked at the object."""
    references = obj["metadata"].get("ownerReferences")
    if not references or len(references) < 2:
        return
    kept: dict[tuple[object, ...], Obj] = {}
    twice = []
    for reference in references:
        key = tuple([reference.get(name) for name in _FIELDS])
        if key in kept:
            twice.append(str(reference.get("uid", "")))
        kept.setdefault(key, reference)
    if not twice:
        return
    obj["metadata"]["ownerReferences"] = list(kept.values())
    when = " after mutating admission happens" if admitted else ""
    ctx.warnings.append(
        f".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, and"
        " may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
        + ", ".join(twice)
    )
