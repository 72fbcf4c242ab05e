"""CustomResourceDefinitions: names accepted and established at once, instances gone before they go.

Counterpart of apiextensions-apiserver's strategy with its naming, establishing and finalizing
controllers. Deletion of instances is `controllers/customresources.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.strategy import Strategy, keep

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
# (key in spec.names, what a conflict is called, 0 for resource names and 1 for kinds), in upstream's order.
_NAMES = (
    ("plural", "Plural", 0),
    ("singular", "Singular", 0),
    ("shortNames", "ShortNames", 0),
    ("kind", "Kind", 1),
    ("listKind", "ListKind", 1),
)
_APPROVAL_REASONS = {
    "approved": "ApprovedAnnotation",
    "bypassed": "UnapprovedAnnotation",
    "missing": "MissingAnnotation",
    "invalid": "InvalidAnnotation",
}


class CRDStrategy(Strategy):
    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        obj["metadata"]["generation"] = 1
        obj["status"] = {"storedVersions": [], "conditions": None, "acceptedNames": {"plural": "", "kind": ""}}
        _store_version(obj)

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        keep(new, old, "status")
        self.count_generation(new, old)
        _store_version(new)

    def prepare_for_status_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        # Metadata is not put back here, upstream neither: that is how the finalizer of its deletion goes.
        keep(new, old, "spec")

    def stored(self, obj: Obj, ctx: Context) -> None:
        _settle(obj, ctx)

    def after_delete(self, obj: Obj, ctx: Context) -> None:
        """Its names are free again: others of the group may have them."""
        group = obj["spec"].get("group")
        for other in ctx.reader.list(CRDS):
            if other["spec"].get("group") == group and other["metadata"]["name"] != obj["metadata"]["name"]:
                _settle(other, ctx, gone=obj["metadata"]["name"])

    def prepare_for_delete(self, obj: Obj, ctx: Context) -> None:
        condition = {
            "type": "Terminating",
            "status": "True",
            "reason": "InstanceDeletionPending",
            "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            "lastTransitionTime": ctx.now,
        }
        status = obj.setdefault("status", {})
        others = [c for c in status.get("conditions") or () if c.get("type") != "Terminating"]
        status["conditions"] = [*others, condition]
        finalizers = obj["metadata"].setdefault("finalizers", [])
        if CLEANUP_FINALIZER not in finalizers:
            finalizers.append(CLEANUP_FINALIZER)

    def may_remove(self, obj: Obj) -> bool:
        return "deletionTimestamp" in obj["metadata"]


def _store_version(crd: Obj) -> None:
    """The first version marked for storage is one that objects may be stored in from now on."""
    stored: list[str] = crd["status"].get("storedVersions") or []
    for version in (crd.get("spec") or {}).get("versions") or ():
        if version.get("storage"):
            name = version.get("name") or ""
            if name not in stored:
                crd["status"]["storedVersions"] = [*stored, name]
            return


def _settle(stored: Obj, ctx: Context, gone: str = "") -> None:
    """Write names and conditions as the naming, establishing and approval controllers do right after.

    `gone` is the name of a definition that is being removed by this request.
    """
    from minikctl.apimachinery import managedfields
    from minikctl.apimachinery.deepcopy import deep_copy

    if "deletionTimestamp" in stored["metadata"]:
        return
    crd = deep_copy(stored)
    status = crd.setdefault("status", {})
    conditions = status["conditions"] = [dict(condition) for condition in status.get("conditions") or ()]
    approval = _approval(crd)
    if approval:
        _set(conditions, ("KubernetesAPIApprovalPolicyConformant", *approval), ctx.now)
    if status.get("acceptedNames") != crd["spec"]["names"]:
        _name(crd, _taken(crd, gone, ctx), ctx.now)
    if status == stored.get("status"):
        return
    schema, resets = ctx.server.schema(ctx.resource), ctx.strategy.resets("status")
    api_version = ctx.resource.api_version
    managedfields.record_update(stored, crd, "kube-apiserver", api_version, "status", ctx.now, schema, resets)
    ctx.write(CRDS, crd)


def _approval(crd: Obj) -> tuple[str, str, str] | None:
    """(status, reason, message) of a protected group's approval; None for other groups."""
    from minikctl.apiserver.validation.apiextensions import approval_state, is_protected

    if not is_protected(crd["spec"].get("group") or ""):
        return None
    state, message = approval_state(crd)
    return ("True" if state == "approved" else "False"), _APPROVAL_REASONS[state], message


def _name(crd: Obj, taken: tuple[set[str], set[str]], now: str) -> None:
    """Accept the names that are free; the last conflict found is the one that is told."""
    wanted, status = crd["spec"]["names"], crd["status"]
    accepted, problem = dict(status.get("acceptedNames") or {}), None
    before = dict(accepted)
    for key, reason, kinds in _NAMES:
        names = wanted.get(key) or []
        mine = before.get(key) or []
        if key != "shortNames":
            names, mine = [wanted.get(key) or ""], [before.get(key) or ""]
        own = (before.get("plural"), before.get("singular")) if key == "shortNames" else ()
        clashes = [name for name in names if name not in mine and name not in own and name in taken[kinds]]
        if clashes:
            problem = (f"{reason}Conflict", errors.aggregate(f'"{name}" is already in use' for name in clashes))
        elif wanted.get(key):
            accepted[key] = wanted[key]
        else:
            accepted.pop(key, None)
    accepted.pop("categories", None)
    if wanted.get("categories"):
        accepted["categories"] = wanted["categories"]
    status["acceptedNames"] = accepted
    conditions = status["conditions"]
    if problem is None:
        _set(conditions, ("NamesAccepted", "True", "NoConflicts", "no conflicts found"), now)
        established = ("Established", "True", "InitialNamesAccepted", "the initial names have been accepted")
        _set(conditions, established, now)
        return
    _set(conditions, ("NamesAccepted", "False", *problem), now)
    if not any(condition.get("type") == "Established" for condition in conditions):
        _set(conditions, ("Established", "False", "NotAccepted", "not all names are accepted"), now)


def _set(conditions: list[Obj], entry: tuple[str, str, str, str], now: str) -> None:
    """SetCRDCondition: the time moves only with the status."""
    kind, status, reason, message = entry
    new = {"lastTransitionTime": now, "message": message, "reason": reason, "status": status, "type": kind}
    for index, condition in enumerate(conditions):
        if condition.get("type") == kind:
            if condition.get("status") == status:
                new["lastTransitionTime"] = condition.get("lastTransitionTime", now)
            conditions[index] = new
            return
    conditions.append(new)


def _taken(crd: Obj, gone: str, ctx: Context) -> tuple[set[str], set[str]]:
    """The accepted resource names and kinds of the group."""
    names: set[str] = set()
    kinds: set[str] = set()
    for other in ctx.reader.list(CRDS):
        if other["spec"].get("group") != crd["spec"].get("group") or other["metadata"]["name"] == gone:
            continue
        accepted = (other.get("status") or {}).get("acceptedNames") or {}
        names.update((accepted.get("plural", ""), accepted.get("singular", ""), *(accepted.get("shortNames") or ())))
        kinds.update((accepted.get("kind", ""), accepted.get("listKind", "")))
    return names - {""}, kinds - {""}


STRATEGIES = {CRDS: CRDStrategy}
