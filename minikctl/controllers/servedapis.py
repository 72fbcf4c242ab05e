"""Controllers that run in the apiserver: APIServices of custom groups, flow control's and the server's own objects.

Counterparts: kube-aggregator's `autoregister` and `crdregistration`, apiserver's `util/flowcontrol` and the
ensurer of its bootstrap configuration.
"""

from __future__ import annotations

from minikctl.apimachinery import apiservices, flowcontrol, kubernetesservice
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import set_condition
from minikctl.apimachinery.request import Obj
from minikctl.controllers.controller import Controller

_CRDS = "customresourcedefinitions.apiextensions.k8s.io"
_ENSURE_SECONDS = 60
_PASSED = ("Passed", "all checks passed")
_SERVICE_LABEL = "kubernetes.io/service-name"


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
            self.client.create(apiservices.API_SERVICES, apiservices.custom(group, version, self.stamp()))
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


class AvailabilityController(Controller):
    """Says of an APIService with a Service behind it why nothing answers there: emulated pods serve no API.

    Counterpart of kube-aggregator's `pkg/controllers/status/remote`. What it depends on is kept in its
    own state, so that changes of other Services and slices wake nothing.
    """

    def sync(self, key: str) -> float | None:
        found = self.client.peek(apiservices.API_SERVICES, key)
        reference = (found or {}).get("spec", {}).get("service")
        if found is None or not reference:
            return None
        where = f"{reference.get('namespace', '')}/{reference.get('name', '')}"
        self.env.state.put(where, sorted({*(self.env.state.get(where) or ()), key}))
        reason, message = self._problem(found["spec"], reference)
        status = copied_status(found)
        value = "True" if reason == _PASSED[0] else "False"
        condition = {"type": "Available", "status": value, "reason": reason, "message": message}
        set_condition(status, condition, self.stamp())
        self.put_status(apiservices.API_SERVICES, found, status)
        return None

    def _problem(self, spec: Obj, reference: Obj) -> tuple[str, str]:
        namespace, name = reference.get("namespace", ""), reference.get("name", "")
        port, what = int(reference.get("port") or 443), f'service/{name} in "{namespace}"'
        service = self.client.peek("services", name, namespace)
        if service is None:
            return "ServiceNotFound", f"{what} is not present"
        if service["spec"].get("type", "ClusterIP") != "ClusterIP":
            return self._undiscovered(spec, service, port)
        ports = [one for one in service["spec"].get("ports") or () if one.get("port") == port]
        if not ports:
            return "ServicePortError", f"{what} is not listening on port {port}"
        slices = self.client.items("endpointslices.discovery.k8s.io", namespace)
        mine = [one for one in slices if (one["metadata"].get("labels") or {}).get(_SERVICE_LABEL) == name]
        if not mine:
            return "EndpointsNotFound", f'cannot find endpointslices for service/{name} in "{namespace}"'
        port_name = ports[0].get("name") or ""
        if not any(_has_port(one, port_name) and _has_ready(one) for one in mine):
            text = f'endpoints for service/{name} in "{namespace}" have no addresses with port name "{port_name}"'
            return "MissingEndpoints", text
        return self._undiscovered(spec, service, port)

    def _undiscovered(self, spec: Obj, service: Obj, port: int) -> tuple[str, str]:
        """The answer to the discovery request: that of this server where it serves the group in its place."""
        if spec.get("version") in self.client.resource_set().groups().get(spec.get("group", ""), ()):
            return _PASSED
        address = service["spec"].get("clusterIP") or ""
        url = f"https://{address}:{port}/apis/{spec.get('group', '')}/{spec.get('version', '')}"
        refused = f'Get "{url}": dial tcp {address}:{port}: connect: connection refused'
        return "FailedDiscoveryCheck", f"failing or missing response from {url}: {refused}"


def _has_port(endpoint_slice: Obj, name: str) -> bool:
    return any((port.get("name") or "") == name for port in endpoint_slice.get("ports") or ())


def _has_ready(endpoint_slice: Obj) -> bool:
    endpoints = endpoint_slice.get("endpoints") or ()
    return any((endpoint.get("conditions") or {}).get("ready") is not False for endpoint in endpoints)


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
        status = copied_status(schema)
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


class KubernetesServiceController(Controller):
    """Makes the server's own Service again where it or what belongs to it is deleted; a key is a resource's."""

    def sync(self, key: str) -> float | None:
        obj = kubernetesservice.objects()[key]
        meta = obj["metadata"]
        namespace = meta.get("namespace", "")
        if self.client.peek(key, meta["name"], namespace) is None:
            self.client.create(key, obj, namespace)
        return None


def copied_status(obj: Obj) -> Obj:
    status = dict(obj.get("status") or {})
    status["conditions"] = [dict(condition) for condition in status.get("conditions") or ()]
    return status
