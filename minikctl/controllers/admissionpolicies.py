"""ValidatingAdmissionPolicy status: observed, with what type checking found (`validatingadmissionpolicystatus`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.controllers.controller import Controller

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
_RESOURCE = "validatingadmissionpolicies.admissionregistration.k8s.io"


class ValidatingAdmissionPolicyStatusController(Controller):
    def sync(self, key: str) -> float | None:
        policy = self.client.peek(_RESOURCE, key)
        if policy is None or "deletionTimestamp" in policy["metadata"]:
            return None
        status = dict(policy.get("status") or {})
        status["observedGeneration"] = policy["metadata"].get("generation", 0)
        if status["observedGeneration"] != (policy.get("status") or {}).get("observedGeneration"):
            from minikctl.apimachinery.cel import policychecks

            found = policychecks.warnings(policy, self.client.resource_set(), self._definition)
            status["typeChecking"] = {"expressionWarnings": found} if found else {}
        self.put_status(_RESOURCE, policy, status)
        return None

    def _definition(self, kind: Resource) -> Obj | None:
        return self.client.peek(CRDS, kind.key)
