"""What is special about a kind when it is created, changed or deleted.

The verbs ask `strategy_for(resource)`; most kinds need only the generic behaviour driven by the
tables here: status kept apart from the rest, generation counted on what matters. The counterpart
is the Strategy of each `pkg/registry/<group>/<kind>`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apimachinery.field import FieldError
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.registry.context import Context

# Kinds whose generation starts at 1, with the fields whose change raises it.
GENERATION: dict[str, tuple[str, ...]] = {
    "pods": ("spec",),
    "podtemplates": ("template",),
    "replicationcontrollers": ("spec",),
    "deployments.apps": ("spec",),
    "replicasets.apps": ("spec",),
    "statefulsets.apps": ("spec",),
    "daemonsets.apps": ("spec",),
    "jobs.batch": ("spec",),
    "cronjobs.batch": ("spec",),
    "ingresses.networking.k8s.io": ("spec",),
    "ingressclasses.networking.k8s.io": ("spec",),
    "networkpolicies.networking.k8s.io": ("spec",),
    "poddisruptionbudgets.policy": ("spec",),
    "endpointslices.discovery.k8s.io": ("endpoints", "ports", "addressType"),
    "customresourcedefinitions.apiextensions.k8s.io": ("spec",),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": ("webhooks",),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": ("webhooks",),
    "validatingadmissionpolicies.admissionregistration.k8s.io": ("spec",),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": ("spec",),
    "mutatingadmissionpolicies.admissionregistration.k8s.io": ("spec",),
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": ("spec",),
    "flowschemas.flowcontrol.apiserver.k8s.io": ("spec",),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": ("spec",),
    "priorityclasses.scheduling.k8s.io": (),
    "deviceclasses.resource.k8s.io": ("spec",),
    "resourceslices.resource.k8s.io": ("spec",),
}

# Kinds with a special strategy: the module of `registry/kinds/` that holds it.
_SPECIAL = {
    "namespaces": "namespaces",
    "pods": "pods",
    "services": "services",
    "nodes": "core",
    "persistentvolumes": "core",
    "persistentvolumeclaims": "core",
    "serviceaccounts": "core",
    "events": "events",
    "endpoints": "core",
    "events.events.k8s.io": "core",
    "endpointslices.discovery.k8s.io": "core",
    "limitranges": "core",
    "podtemplates": "core",
    "csidrivers.storage.k8s.io": "core",
    "resourceclaims.resource.k8s.io": "devices",
    "resourceclaimtemplates.resource.k8s.io": "devices",
    "resourceslices.resource.k8s.io": "devices",
    "leases.coordination.k8s.io": "core",
    "deployments.apps": "workloads",
    "replicasets.apps": "workloads",
    "daemonsets.apps": "workloads",
    "statefulsets.apps": "workloads",
    "jobs.batch": "workloads",
    "clusterroles.rbac.authorization.k8s.io": "rbac",
    "clusterrolebindings.rbac.authorization.k8s.io": "rbac",
    "roles.rbac.authorization.k8s.io": "rbac",
    "rolebindings.rbac.authorization.k8s.io": "rbac",
    "certificatesigningrequests.certificates.k8s.io": "certificates",
    "validatingadmissionpolicies.admissionregistration.k8s.io": "admissionpolicies",
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": "admissionpolicies",
    "mutatingadmissionpolicies.admissionregistration.k8s.io": "admissionpolicies",
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": "admissionpolicies",
    "customresourcedefinitions.apiextensions.k8s.io": "crds",
    "priorityclasses.scheduling.k8s.io": "core",
    "apiservices.apiregistration.k8s.io": "core",
}

# Where kinds with pod templates keep them.
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "podtemplates": ("template",),
    "replicationcontrollers": ("spec", "template"),
    "replicasets.apps": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}


# Kinds whose updates must say which version they are of (as custom kinds' must).
_CONDITIONAL = frozenset(
    {
        "apiservices.apiregistration.k8s.io",
        "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io",
        "csistoragecapacities.storage.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "leases.coordination.k8s.io",
        "mutatingadmissionpolicies.admissionregistration.k8s.io",
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "poddisruptionbudgets.policy",
        "runtimeclasses.node.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "volumeattachments.storage.k8s.io",
    }
)


# Metadata that writes of /status do not change; most kinds let them.
_ALL_METADATA = ("labels", "annotations", "ownerReferences", "finalizers")
_STATUS_KEEPS: dict[str, tuple[str, ...]] = {
    "apiservices.apiregistration.k8s.io": _ALL_METADATA,
    "customresourcedefinitions.apiextensions.k8s.io": _ALL_METADATA,
    "deployments.apps": ("labels",),
    "flowschemas.flowcontrol.apiserver.k8s.io": _ALL_METADATA,
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": _ALL_METADATA,
    "resourceclaims.resource.k8s.io": _ALL_METADATA,
    "volumeattachments.storage.k8s.io": _ALL_METADATA,
}


class Strategy:
    """The generic behaviour of a stored kind."""

    allow_create_on_update = False
    # Whether an update may leave the resourceVersion out and mean the latest one.
    allow_unconditional_update = True
    # What a delete without propagationPolicy does to dependents.
    default_propagation = "Background"

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.key = resource.key
        self.has_status = "status" in resource.subresources
        self.generation_fields = GENERATION.get(resource.key)
        kept = _STATUS_KEEPS.get(resource.key, ())
        self._kept_metadata = ("metadata",) if kept == _ALL_METADATA else tuple([f"metadata.{name}" for name in kept])
        if resource.custom or resource.key in _CONDITIONAL:
            self.allow_unconditional_update = False

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        """Clear what clients may not set and fill in what the server knows (PrepareForCreate)."""
        self._drop_gated(obj, None)
        if self.has_status:
            obj["status"] = self.initial_status(obj)
            if not obj["status"]:
                del obj["status"]
        if self.generation_fields is not None:
            obj["metadata"]["generation"] = 1

    def create_trusted(self, ctx: Context) -> Obj | None:
        """Store what a component of this process has made by a shorter way; None where there is none."""
        return None

    def initial_status(self, obj: Obj) -> Obj:
        """The status of a new object; empty for none."""
        return {}

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        """Keep what this path may not change and count the generation (PrepareForUpdate)."""
        self._drop_gated(new, old)
        if self.has_status:
            keep(new, old, "status")
        self.count_generation(new, old)

    def _drop_gated(self, new: Obj, old: Obj | None) -> None:
        path = _TEMPLATES.get(self.key)
        if path is not None:
            from minikctl.apiserver.registry.kinds.gatedfields import drop_gated_template

            drop_gated_template(path, new, old)

    def count_generation(self, new: Obj, old: Obj) -> None:
        if self.generation_fields is None:
            return
        generation = old["metadata"].get("generation", 0)
        if any(new.get(field) != old.get(field) for field in self.generation_fields):
            generation += 1
        if generation:
            new["metadata"]["generation"] = generation

    def prepare_for_status_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        """A write of /status changes the status and the metadata, or what the kind leaves of it."""
        for field in [*old, *new]:
            if field not in ("status", "metadata", "apiVersion", "kind"):
                keep(new, old, field)
        for field in _STATUS_KEEPS.get(self.key, ()):
            keep(new["metadata"], old["metadata"], field)

    def permit(self, new: Obj, old: Obj | None, ctx: Context) -> None:
        """Refuse what the asker may not write, before anybody looks whether it is right (old is None: a new object)."""

    def judge(self, new: Obj, old: Obj | None, found: list[FieldError], ctx: Context) -> list[FieldError]:
        """What is wrong in all: what was `found` wrong with the object, and what is for who writes it or where."""
        return found

    def after_create(self, obj: Obj, ctx: Context) -> None:
        """Bookkeeping in the same transaction, once everything is checked."""

    def warnings(self, new: Obj, old: Obj | None) -> list[str]:
        """What the server says about a valid object (WarningsOnCreate, WarningsOnUpdate)."""
        from minikctl.apiserver import validation

        return validation.warnings(self.key, new, old)

    def stored(self, obj: Obj, ctx: Context) -> None:
        """What the server's own controllers write right after: in the same transaction, not in the answer."""

    def after_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        """Bookkeeping in the same transaction, once everything is checked."""

    def after_delete(self, obj: Obj, ctx: Context) -> None:
        """Bookkeeping in the same transaction, when the object is really gone."""

    def decorate(self, obj: Obj, ctx: Context) -> None:
        """Fill in what is not stored but shown (a healthy node's last heartbeat)."""

    def grace_period(self, obj: Obj, asked: int | None) -> int | None:
        """Seconds a delete waits for someone to clean up; None where the kind goes at once."""
        return None

    def may_remove(self, obj: Obj) -> bool:
        """Whether an object being deleted, without finalizers and with no grace left, is gone."""
        return True

    def prepare_for_delete(self, obj: Obj, ctx: Context) -> None:
        """Change the object when its deletion begins but does not end at once."""

    def resets(self, subresource: str) -> tuple[str, ...]:
        """Dotted paths of the fields a write of this path never owns (managed fields)."""
        if subresource == "status":
            return ("spec", "data", *self._kept_metadata)
        return ("status",) if self.has_status else ()


def keep(new: Obj, old: Obj, field: str) -> None:
    """Give `new` the field as `old` has it, or not at all."""
    if field in old:
        new[field] = old[field]
    else:
        new.pop(field, None)


@cache
def _special(resource_key: str) -> Any:
    module = _SPECIAL.get(resource_key)
    if module is None:
        return None
    return import_module(f"minikctl.apiserver.registry.kinds.{module}").STRATEGIES.get(resource_key)


def strategy_for(resource: Resource) -> Strategy:
    """The strategy of a kind; custom kinds and unremarkable ones get the generic one."""
    if resource.custom:
        from minikctl.apiserver.registry.kinds.custom import CustomStrategy

        return CustomStrategy(resource)
    special: type[Strategy] = _special(resource.key) or Strategy
    return special(resource)
