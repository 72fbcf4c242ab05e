"""Endpoints of services (upstream's `pkg/controller/endpoint`), and what endpoints and slices share about pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.selectors import from_set
from minikctl.client.component import split_key
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller
from minikctl.controllers.selectedpods import SelectedPods, SelectedPodsCache

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.selectors import Selector
    from minikctl.client.component import Env

HEADLESS_LABEL = "service.kubernetes.io/headless"
TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"

_MANAGED_BY = "endpoints.kubernetes.io/managed-by"
_OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
_CAPACITY = 1000


def selector_of(service: Obj) -> Selector:
    return from_set(service["spec"]["selector"])


def is_headless(service: Obj) -> bool:
    return bool(service["spec"].get("clusterIP") == "None")


def belongs(pod: Obj, with_terminating: bool) -> bool:
    """Whether the pod can be an endpoint at all (ShouldPodBeInEndpoints)."""
    if pods.is_finished(pod) or not (pod.get("status") or {}).get("podIP"):
        return False
    return with_terminating or "deletionTimestamp" not in pod["metadata"]


def port_of(pod: Obj, service_port: Obj) -> int | None:
    """The pod's port behind a service port; None where a named one is missing (FindPort)."""
    target = service_port.get("targetPort", service_port["port"])
    if isinstance(target, int):
        return target
    protocol = service_port.get("protocol", "TCP")
    containers = list(pod["spec"]["containers"])
    containers += [c for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"]
    for container in containers:
        for port in container.get("ports") or ():
            if port.get("name") == target and port.get("protocol", "TCP") == protocol:
                return int(port["containerPort"])
    return None


def hostname_of(pod: Obj, service: Obj) -> str:
    """The endpoint's hostname: only where the pod's subdomain is the service."""
    spec = pod["spec"]
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        return str(spec["hostname"])
    return ""


def reference_to(pod: Obj) -> Obj:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def target_port(service_port: Obj, number: int) -> Obj:
    port = {"port": number, "protocol": service_port.get("protocol", "TCP")}
    for field in ("name", "appProtocol"):
        if service_port.get(field):
            port[field] = service_port[field]
    return port


def trigger_time(env: Env, key: str, service: Obj, selected: SelectedPods[Any]) -> str | None:
    """When what led to this change happened: the service's creation or a pod's readiness, the earliest that is new.

    What was seen before is in the controller's state (upstream keeps it in memory).
    """
    seen = env.state.get(key) or {"service": "", "pods": {}}
    created = service["metadata"].get("creationTimestamp") or ""
    turned = selected.turned_ready()
    fresh = [at for uid, at in turned.items() if at > seen["pods"].get(uid, "")]
    if created > seen["service"]:
        fresh.append(created)
    now_seen = {"service": created, "pods": turned}
    if now_seen != seen:
        env.state.put(key, now_seen)
    return min(fresh, default=None)


class _Backend(NamedTuple):
    """What one pod is among the endpoints of a Service."""

    address: Obj
    ready: bool
    ports: list[Obj]

    @property
    def identity(self) -> tuple[str, str, bool]:
        return self.address["ip"], self.address["targetRef"]["uid"], self.ready


class EndpointsController(Controller):
    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self._backends = SelectedPodsCache(env, _backend, selector_of)

    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key)
        service = self.client.peek("services", name, namespace)
        if service is None or "deletionTimestamp" in service["metadata"]:
            self.env.state.delete(key)
            self._backends.forget(key)
            self._remove(namespace, name)
            return None
        if service["spec"].get("selector") is None or service["spec"].get("type") == "ExternalName":
            return None
        backends = self._backends.changed(key, service)
        if backends is None:
            return self.clock.now()
        self._write(service, _subsets(backends), trigger_time(self.env, key, service, backends))
        backends.written()
        return None

    def _remove(self, namespace: str, name: str) -> None:
        try:
            self.client.delete("endpoints", name, namespace)
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    def _write(self, service: Obj, subsets: list[Obj], trigger: str | None) -> None:
        meta = service["metadata"]
        name, namespace = meta["name"], meta["namespace"]
        found = self.client.peek("endpoints", name, namespace, shared=True)
        labels = {**(meta.get("labels") or {}), _MANAGED_BY: "endpoint-controller"}
        labels.pop(HEADLESS_LABEL, None)
        if is_headless(service):
            labels[HEADLESS_LABEL] = ""
        truncated = _truncate(subsets)
        old_notes = (found["metadata"].get("annotations") if found else None) or {}
        if (
            found
            and (found.get("subsets") or []) == subsets
            and (found["metadata"].get("labels") or {}) == labels
            and (_OVER_CAPACITY in old_notes) == truncated
        ):
            return
        notes = {key: value for key, value in old_notes.items() if key not in (TRIGGER, _OVER_CAPACITY)}
        if trigger:
            notes[TRIGGER] = trigger
        if truncated:
            notes[_OVER_CAPACITY] = "truncated"
        old: Obj = found or {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": name, "namespace": namespace},
        }
        obj = {**old, "metadata": {**old["metadata"], "labels": labels, "annotations": notes}, "subsets": subsets}
        for holder, field in ((obj["metadata"], "annotations"), (obj, "subsets")):
            if not holder[field]:
                del holder[field]
        verb = "update" if found else "create"
        try:
            if found:
                self.client.update("endpoints", obj, trusted=True)
            else:
                self.client.create("endpoints", obj, namespace)
        except StatusError as error:
            if pods.namespace_terminating(error):
                return
            reason = f"FailedTo{verb.title()}Endpoint"
            message = f"Failed to {verb} endpoint for service {namespace}/{name}: {error.message}"
            self.recorder.event(obj if found else service, "Warning", reason, message)
            raise


def _backend(pod: Obj, service: Obj) -> _Backend | None:
    tolerant = bool(service["spec"].get("publishNotReadyAddresses"))
    if not belongs(pod, tolerant):
        return None
    return _Backend(_address(pod, service), tolerant or pods.is_ready(pod), _ports(pod, service))


def _subsets(backends: SelectedPods[_Backend]) -> list[Obj]:
    """Ports with the same addresses form one subset (RepackSubsets)."""
    by_port: dict[tuple[tuple[str, object], ...], dict[tuple[str, str, bool], Obj]] = {}
    for backend in backends.views():
        for port in backend.ports:
            by_port.setdefault(tuple(sorted(port.items())), {})[backend.identity] = backend.address
    groups: dict[tuple[tuple[str, str, bool], ...], list[tuple[tuple[str, object], ...]]] = {}
    for port_key, addresses in by_port.items():
        groups.setdefault(tuple(sorted(addresses)), []).append(port_key)
    subsets = []
    for entries, ports in groups.items():
        subset: Obj = {}
        for field, ready in (("addresses", True), ("notReadyAddresses", False)):
            chosen = [by_port[ports[0]][entry] for entry in entries if entry[2] is ready]
            if chosen:
                subset[field] = chosen
        named = [dict(port) for port in ports if port]
        if named:
            subset["ports"] = _by_hash("v1.EndpointPort", named)
        subsets.append(subset)
    return _by_hash("v1.EndpointSubset", subsets)


def _address(pod: Obj, service: Obj) -> Obj:
    address: Obj = {"ip": pod["status"]["podIP"], "targetRef": reference_to(pod)}
    if node := pod["spec"].get("nodeName"):
        address["nodeName"] = node
    if hostname := hostname_of(pod, service):
        address["hostname"] = hostname
    return address


def _ports(pod: Obj, service: Obj) -> list[Obj]:
    declared = service["spec"].get("ports") or []
    if not declared:
        return [{}] if is_headless(service) else []
    numbers = [(port, port_of(pod, port)) for port in declared]
    return [target_port(port, number) for port, number in numbers if number is not None]


def _by_hash(type_: str, values: list[Obj]) -> list[Obj]:
    """In upstream's order: that of the MD5 of each value's dump (SortSubsets)."""
    if len(values) < 2:
        return values
    from hashlib import md5

    from minikctl.controllers.templatehash import dump

    return sorted(values, key=lambda value: md5(dump(type_, value).encode(), usedforsecurity=False).digest())


def _truncate(subsets: list[Obj]) -> bool:
    """Keep at most a thousand addresses, ready ones first, each subset in proportion (truncateEndpoints)."""
    ready, other = (sum(len(s.get(field) or ()) for s in subsets) for field in ("addresses", "notReadyAddresses"))
    if ready + other <= _CAPACITY:
        return False
    field, total, most = "notReadyAddresses", other, _CAPACITY - ready
    if ready > _CAPACITY:
        field, total, most = "addresses", ready, _CAPACITY
        for subset in subsets:
            subset.pop("notReadyAddresses", None)
    room = most
    for subset in subsets:
        listed = subset.pop(field, None) or []
        kept = listed[: min(room, -(-len(listed) * most // total))]
        room -= len(kept)
        if kept:
            subset[field] = kept
    return True
