"""Controllers that run in the apiserver: APIServices of custom groups, and flow control's own objects.

Counterparts: kube-aggregator's `autoregister` and `crdregistration`, apiserver's `util/flowcontrol` and the
ensurer of its bootstrap configuration.
"""

from __future__ import annotations

from minikctl.apimachinery import apiservices, flowcontrol
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import set_condition
from minikctl.apimachinery.request import Obj
from minikctl.controllers.controller import Controller

_CRDS = "customresourcedefinitions.apiextensions.k8s.io"
_ENSURE_SECONDS = 60


class APIServiceController(Controller):
    """Keeps one local APIService per group and version of the CustomResourceDefinitions; a key is its name."""

    def sync(self, key: str) -> float | None:
        version, _, group = key.partition(".")
        found = self.client.peek(apiservices.API_SERVICES, key)
        if not self._served(group, version):
            labels = found["metadata"].get("labels") or {} if found is not None else {}
            if labels.get(apiservices.AUTO_MANAGED) == "true":
                self._remove(key)
        elif found is None:
            service = apiservices.custom(group, version, self.stamp())
            self._mark_available(self.client.create(apiservices.API_SERVICES, service))
        elif not found["spec"].get("service"):
            self._mark_available(found)
        return None

    def _served(self, group: str, version: str) -> bool:
        return any(
            crd["spec"].get("group") == group
            and any(one["name"] == version and one.get("served") for one in crd["spec"].get("versions") or ())
            for crd in self.client.items(_CRDS)
            if "deletionTimestamp" not in crd["metadata"]
        )

    def _remove(self, name: str) -> None:
        try:
            self.client.delete(apiservices.API_SERVICES, name)
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    def _mark_available(self, service: Obj) -> None:
        status = _copied_status(service)
        set_condition(status, dict(apiservices.AVAILABLE), self.stamp())
        self.put_status(apiservices.API_SERVICES, service, status)


class FlowControlController(Controller):
    """Says of each FlowSchema whether its priority level exists, and brings deleted objects of flow control back.

    Keys are "schema:NAME", "levels" for all schemas, and "gone:RESOURCE NAME".
    """

    def sync(self, key: str) -> float | None:
        kind, _, name = key.partition(":")
        if kind == "gone":
            return self._ensure(key, *name.split())
        schemas = [self.client.peek(flowcontrol.SCHEMAS, name)] if name else self.client.items(flowcontrol.SCHEMAS)
        for schema in schemas:
            if schema is not None:
                self._check(schema)
        return None

    def _check(self, schema: Obj) -> None:
        level = schema["spec"]["priorityLevelConfiguration"]["name"]
        exists = self.client.peek(flowcontrol.LEVELS, level) is not None
        status = _copied_status(schema)
        set_condition(status, flowcontrol.dangling(level, exists), self.stamp())
        self.put_status(flowcontrol.SCHEMAS, schema, status)

    def _ensure(self, key: str, resource: str, name: str) -> float | None:
        """Create the object again once the ensurer's minute is over."""
        due = self.env.state.get(key)
        if due is None:
            due = self.clock.now() + _ENSURE_SECONDS
            self.env.state.put(key, due)
        if self.clock.now() < due:
            return float(due)
        self.env.state.delete(key)
        for kind, obj in flowcontrol.objects(self.stamp()):
            if kind == resource and obj["metadata"]["name"] == name and self.client.peek(kind, name) is None:
                self.client.create(kind, obj)
        return None


def _copied_status(obj: Obj) -> Obj:
    status = dict(obj.get("status") or {})
    status["conditions"] = [dict(condition) for condition in status.get("conditions") or ()]
    return status
