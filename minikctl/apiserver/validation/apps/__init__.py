"""Validation of the workload kinds of apps/v1, and of ReplicationController; their warnings."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.apps.daemonset import daemon_set_create, daemon_set_status, daemon_set_update
from minikctl.apiserver.validation.apps.replicated import (
    controller_create,
    controller_update,
    deployment_create,
    deployment_status,
    deployment_update,
    replica_set_create,
    replica_set_status,
    replica_set_update,
)
from minikctl.apiserver.validation.apps.statefulset import (
    revision_create,
    revision_update,
    stateful_set_create,
    stateful_set_status,
    stateful_set_update,
)
from minikctl.apiserver.validation.names import is_dns1123_label

_NAME_WARNING = (
    "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior;"
    " a DNS label is recommended: "
)


def name_warnings(new: Obj, old: Obj | None) -> list[str]:
    """Names that no hostname can have."""
    wrong = is_dns1123_label(new["metadata"].get("name", "")) if old is None else []
    return [f"{_NAME_WARNING}[{' '.join(wrong)}]"] if wrong else []


def _unchanged(new: Obj, old: Obj | None) -> bool:
    return old is not None and new["metadata"].get("generation") == old["metadata"].get("generation")


def _daemon_set_warnings(new: Obj, old: Obj | None) -> list[str]:
    """Remarks about the template, at creation and when the spec changed."""
    from minikctl.apiserver.validation.pod.warnings import template_warnings

    if _unchanged(new, old):
        return []
    return template_warnings((new.get("spec") or {}).get("template"), "spec.template")


def _replicated_warnings(new: Obj, old: Obj | None) -> list[str]:
    return name_warnings(new, old) + _daemon_set_warnings(new, old)


def _stateful_set_warnings(new: Obj, old: Obj | None) -> list[str]:
    found = _daemon_set_warnings(new, old)
    spec = new.get("spec") or {}
    if spec.get("volumeClaimTemplates"):
        from minikctl.apiserver.validation.core.volumewarnings import claim_spec_warnings

        for index, claim in enumerate(spec["volumeClaimTemplates"]):
            path = f"spec.volumeClaimTemplates[{index}]"
            found += claim_spec_warnings(claim.get("spec") or {}, path if old is None else f"{path}.Spec")
    if (spec.get("revisionHistoryLimit") or 0) < 0:
        text = "a negative value retains all historical revisions; a value >= 0 is recommended"
        found.append(f"spec.revisionHistoryLimit: {text}")
    return found


VALIDATE: dict[str, Checks] = {
    "deployments.apps": (deployment_create, deployment_update, deployment_status),
    "replicasets.apps": (replica_set_create, replica_set_update, replica_set_status),
    "daemonsets.apps": (daemon_set_create, daemon_set_update, daemon_set_status),
    "statefulsets.apps": (stateful_set_create, stateful_set_update, stateful_set_status),
    "replicationcontrollers": (controller_create, controller_update, replica_set_status),
    "controllerrevisions.apps": (revision_create, revision_update, None),
}
WARNINGS: dict[str, WarningsCheck] = {
    "deployments.apps": _replicated_warnings,
    "replicasets.apps": _replicated_warnings,
    "replicationcontrollers": _replicated_warnings,
    "daemonsets.apps": _daemon_set_warnings,
    "statefulsets.apps": _stateful_set_warnings,
}
