"""Load balancers of Services (cloud-provider's `controllers/service`).

Keys are "service:NAMESPACE/NAME", "type:BEFORE:NAMESPACE/NAME" where a Service began or ceased to want one, and
"hosts" where the nodes to balance over may have changed. "seen/UID" in the storage is what a Service asked for when
its load balancer was last looked after, "failures/UID" how often that has failed since.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.meta import add_finalizer, remove_finalizer
from minikctl.apimachinery.request import MERGE_PATCH, Change
from minikctl.client.component import split_key
from minikctl.cloud.provider import CloudError

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env, Keys, Mapper
    from minikctl.cloud.provider import EmulatedCloud

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
_EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
_LEAVING = "ToBeDeletedByClusterAutoscaler"
_FIRST_RETRY_SECONDS = 5.0
_LAST_RETRY_SECONDS = 300.0
# What a change of is told of by an Event: the reason, and the field of the spec.
_TOLD = (
    ("LoadBalancerSourceRanges", "loadBalancerSourceRanges"),
    ("LoadbalancerIP", "loadBalancerIP"),
    ("ExternalTrafficPolicy", "externalTrafficPolicy"),
    ("HealthCheckNodePort", "healthCheckNodePort"),
)
_COMPARED = (
    *(name for _, name in _TOLD),
    "ports",
    "sessionAffinity",
    "sessionAffinityConfig",
    "externalIPs",
    "ipFamilies",
)


class ServiceController:
    """Gives Services of type LoadBalancer what they ask for, and takes it away again."""

    name = "service-controller"

    def __init__(self, env: Env, cloud: EmulatedCloud) -> None:
        self._env = env
        self._client = env.client
        self._cloud = cloud

    @property
    def watches(self) -> Mapping[str, Mapper]:
        return {"services": _service_changed, "nodes": _node_changed}

    def sync(self, key: str) -> float | None:
        if key == "hosts":
            self._update_hosts()
            return None
        kind, _, rest = key.partition(":")
        before, _, name = rest.rpartition(":")
        namespace, name = split_key(name)
        service = self._client.peek("services", name, namespace)
        if service is None:
            self._forget(f"{namespace}/{name}")
            return None
        if kind == "type":
            self._event(service, "Type", f"{before} -> {service['spec'].get('type')}")
        return self._look_after(service)

    def _look_after(self, service: Obj) -> float | None:
        uid = service["metadata"]["uid"]
        cleanup = FINALIZER in (service["metadata"].get("finalizers") or ())
        if not wants_load_balancer(service) or "deletionTimestamp" in service["metadata"]:
            if cleanup or self._cloud.load_balancer(uid) is not None:
                self._delete(service)
            return None
        self._tell_changes(service)
        self._event(service, "EnsuringLoadBalancer", "Ensuring load balancer")
        if add_finalizer(service, FINALIZER):
            service = self._put_finalizers(service)
        hosts = self._hosts()
        if not hosts:
            message = "There are no available nodes for LoadBalancer"
            self._env.recorder.event(service, "Warning", "UnAvailableLoadBalancer", message)
        try:
            balancer = self._cloud.ensure_load_balancer(service, hosts)
        except CloudError as error:
            return self._failed(service, f"failed to ensure load balancer: {error}")
        self._env.state.delete(f"failures/{uid}")
        self._event(service, "EnsuredLoadBalancer", "Ensured load balancer")
        self._put_status(service, {"ingress": [{"ip": balancer.ip, "ipMode": "VIP"}]})
        return None

    def _delete(self, service: Obj) -> None:
        uid = service["metadata"]["uid"]
        if self._cloud.load_balancer(uid) is not None:
            self._event(service, "DeletingLoadBalancer", "Deleting load balancer")
        self._drop(uid)
        self._put_status(service, {})
        if remove_finalizer(service, FINALIZER):
            service = self._put_finalizers(service)
        self._event(service, "DeletedLoadBalancer", "Deleted load balancer")

    def _drop(self, uid: str) -> None:
        self._cloud.delete_load_balancer(uid)
        self._env.state.delete(f"seen/{uid}")
        self._env.state.delete(f"failures/{uid}")

    def _forget(self, name: str) -> None:
        """A Service has gone without being waited for."""
        for uid, balancer in self._cloud.load_balancers().items():
            if balancer.service == name:
                self._drop(uid)

    def _failed(self, service: Obj, message: str) -> float:
        uid = service["metadata"]["uid"]
        failures = int(self._env.state.get(f"failures/{uid}") or 0)
        self._env.state.put(f"failures/{uid}", failures + 1)
        self._env.recorder.event(
            service, "Warning", "SyncLoadBalancerFailed", f"Error syncing load balancer: {message}"
        )
        return self._env.clock.now() + min(_FIRST_RETRY_SECONDS * 2.0**failures, _LAST_RETRY_SECONDS)

    def _tell_changes(self, service: Obj) -> None:
        """Events for what a Service asks for differently than before."""
        key = f"seen/{service['metadata']['uid']}"
        before: Obj | None = self._env.state.get(key)
        now = _compared(service)
        if before is not None:
            for reason, name in _TOLD:
                if before.get(name) != now.get(name):
                    self._event(service, reason, f"{_go(before.get(name), name)} -> {_go(now.get(name), name)}")
            old, new = before.get("externalIPs") or [], now.get("externalIPs") or []
            if len(old) != len(new):
                self._event(service, "ExternalIP", f"Count: {len(old)} -> {len(new)}")
        if before != now:
            self._env.state.put(key, now)

    def _update_hosts(self) -> None:
        hosts = self._hosts()
        for uid, balancer in self._cloud.load_balancers().items():
            if balancer.hosts == hosts:
                continue
            self._cloud.update_hosts(uid, hosts)
            namespace, name = split_key(balancer.service)
            service = self._client.peek("services", name, namespace)
            if service is not None:
                self._event(service, "UpdatedLoadBalancer", "Updated load balancer with new hosts")

    def _hosts(self) -> list[str]:
        return sorted(node["metadata"]["name"] for node in self._client.items("nodes") if balanced_over(node))

    def _put_status(self, service: Obj, status: Obj) -> None:
        if ((service.get("status") or {}).get("loadBalancer") or {}) != status:
            patch = {"status": {"loadBalancer": status or {"ingress": None}}}
            self._patch(service, patch, "status")

    def _put_finalizers(self, service: Obj) -> Obj:
        return self._patch(service, {"metadata": {"finalizers": service["metadata"].get("finalizers")}}, "")

    def _patch(self, service: Obj, patch: Obj, subresource: str) -> Obj:
        meta = service["metadata"]
        return self._client.patch(
            "services", meta["name"], patch, MERGE_PATCH, meta["namespace"], subresource=subresource
        )

    def _event(self, service: Obj, reason: str, message: str) -> None:
        self._env.recorder.event(service, "Normal", reason, message)


def wants_load_balancer(service: Obj) -> bool:
    """Whether it is the cloud's to give; a class names somebody else's."""
    spec = service.get("spec") or {}
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass")


def balanced_over(node: Obj) -> bool:
    """Whether traffic is sent to a node: it is in the cloud, stays, and is not left out by its label."""
    meta, spec = node["metadata"], node.get("spec") or {}
    if "deletionTimestamp" in meta or _EXCLUDED in (meta.get("labels") or {}):
        return False
    return bool(spec.get("providerID")) and all(taint["key"] != _LEAVING for taint in spec.get("taints") or ())


def _service_changed(change: Change) -> Keys:
    service, name = change.object, f"{change.namespace}/{change.name}"
    old = change.old() if change.type == "MODIFIED" else None
    wants, wanted = wants_load_balancer(service), old is not None and wants_load_balancer(old)
    if not wants and not wanted and FINALIZER not in (service["metadata"].get("finalizers") or ()):
        return ()
    if old is None:
        return (f"service:{name}",)
    if wants != wanted:
        return (f"type:{old['spec'].get('type')}:{name}",)
    leaving = "deletionTimestamp" in service["metadata"] and "deletionTimestamp" not in old["metadata"]
    if leaving or _compared(old) != _compared(service) or _notes(old) != _notes(service):
        return (f"service:{name}",)
    return ()


def _node_changed(change: Change) -> Keys:
    old = change.old() if change.type == "MODIFIED" else None
    if old is not None and balanced_over(old) == balanced_over(change.object):
        return ()
    return ("hosts",)


def _compared(service: Obj) -> dict[str, Any]:
    return {name: service["spec"][name] for name in _COMPARED if name in service["spec"]}


def _notes(service: Obj) -> object:
    return service["metadata"].get("annotations")


def _go(value: Any, name: str) -> str:
    """A value as Go's %v prints it."""
    if isinstance(value, list):
        return f"[{' '.join(map(str, value))}]"
    if value is None:
        return {"loadBalancerSourceRanges": "[]", "healthCheckNodePort": "0"}.get(name, "")
    return str(value)
