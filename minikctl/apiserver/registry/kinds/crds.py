"""CustomResourceDefinitions: names accepted and established at once, instances gone before they go.

Counterpart of apiextensions-apiserver's strategy with its naming, establishing and finalizing
controllers. Deletion of instances is `controllers/customresources.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import resources
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.strategy import Strategy, keep

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"


class CRDStrategy(Strategy):
    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        obj["metadata"]["generation"] = 1
        obj["status"] = {"storedVersions": [], "conditions": [], "acceptedNames": {"plural": "", "kind": ""}}
        _accept(obj, ctx)

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        keep(new, old, "status")
        self.count_generation(new, old)
        if "deletionTimestamp" not in old["metadata"]:
            _accept(new, ctx)

    def prepare_for_status_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        # Metadata is not put back here, upstream neither: that is how the finalizer of its deletion goes.
        keep(new, old, "spec")

    def prepare_for_delete(self, obj: Obj, ctx: Context) -> None:
        condition = {
            "type": "Terminating",
            "status": "True",
            "reason": "InstanceDeletionPending",
            "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            "lastTransitionTime": ctx.now,
        }
        conditions = obj.setdefault("status", {}).setdefault("conditions", [])
        conditions[:] = [c for c in conditions if c["type"] != "Terminating"] + [condition]
        finalizers = obj["metadata"].setdefault("finalizers", [])
        if CLEANUP_FINALIZER not in finalizers:
            finalizers.append(CLEANUP_FINALIZER)

    def may_remove(self, obj: Obj) -> bool:
        return "deletionTimestamp" in obj["metadata"]


def _accept(crd: Obj, ctx: Context) -> None:
    """Settle names, conditions and stored versions, as the controllers would right after."""
    spec, status = crd["spec"], crd["status"]
    if not isinstance(spec.get("names"), dict) or not spec["names"].get("plural"):
        return  # validation will refuse it
    problem = _name_conflict(crd, ctx)
    conditions: list[Obj] = status.setdefault("conditions", [])
    if problem:
        _set(conditions, "NamesAccepted", "False", problem[0], problem[1], ctx.now)
        if not any(c["type"] == "Established" for c in conditions):
            why = "not all names are accepted"
            _set(conditions, "Established", "False", "NotAccepted", why, ctx.now)
    else:
        status["acceptedNames"] = dict(spec["names"])
        _set(conditions, "NamesAccepted", "True", "NoConflicts", "no conflicts found", ctx.now)
        why = "the initial names have been accepted"
        _set(conditions, "Established", "True", "InitialNamesAccepted", why, ctx.now)
    stored: list[str] = status.setdefault("storedVersions", [])
    for version in spec.get("versions") or ():
        if version.get("storage") and version.get("name") not in stored:
            stored.append(version["name"])


def _set(conditions: list[Obj], type_: str, status: str, reason: str, message: str, now: str) -> None:
    new = {"lastTransitionTime": now, "message": message, "reason": reason, "status": status, "type": type_}
    for index, condition in enumerate(conditions):
        if condition["type"] == type_:
            if condition["status"] != status:
                conditions[index] = new
            return
    conditions.append(new)


def _name_conflict(crd: Obj, ctx: Context) -> tuple[str, str] | None:
    """The (reason, message) of a name that another kind of the group has taken."""
    names, group = crd["spec"]["names"], crd["spec"].get("group", "")
    wanted = {
        "Plural": [names.get("plural")],
        "Singular": [names.get("singular")],
        "ShortNames": names.get("shortNames") or [],
        "Kind": [names.get("kind")],
        "ListKind": [names.get("listKind")],
    }
    taken_names, taken_kinds = _taken(group, crd["metadata"].get("name", ""), ctx)
    for what, values in wanted.items():
        taken = taken_kinds if what in ("Kind", "ListKind") else taken_names
        for value in values:
            if value and value in taken:
                return f"{what}Conflict", f'"{value}" is already in use'
    return None


def _taken(group: str, own: str, ctx: Context) -> tuple[set[str], set[str]]:
    names: set[str] = set()
    kinds: set[str] = set()
    others = [crd for crd in ctx.reader.list(CRDS) if crd["spec"].get("group") == group]
    rows = [row for crd in others if crd["metadata"]["name"] != own for row in resources.from_crd(crd)]
    rows += [row for row in resources.all_resources() if row.group == group]
    for row in rows:
        names.update((row.plural, row.singular, *row.short_names))
        kinds.update((row.kind, row.list_kind))
    return names, kinds


STRATEGIES = {CRDS: CRDStrategy}
