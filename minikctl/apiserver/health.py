"""/healthz, /livez and /readyz: the checks of a server, one by one or all together.

A check that upstream passes once a hook has run after its start passes here while what that hook makes is there.
Counterpart of apiserver's `server/healthz`, its names and order those of kube-apiserver's chain of servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apimachinery import apiservices, errors, resources
from minikctl.apimachinery.flowcontrol import LEVELS, SCHEMAS
from minikctl.apimachinery.request import Response
from minikctl.store.errors import StoreError

if TYPE_CHECKING:
    from minikctl.apiserver.server import Server

ENDPOINTS = ("healthz", "livez", "readyz")

_HOOK = "poststarthook/"
_NOT_FINISHED = "not finished"
_CRDS = "customresourcedefinitions.apiextensions.k8s.io"
_AGGREGATOR = "apiregistration.k8s.io"
_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class _Check(NamedTuple):
    name: str
    passes: Callable[[Server], bool]
    only_ready: bool = False  # of /readyz alone
    problem: str = _NOT_FINISHED


def handle(server: Server, endpoint: str, check: str, options: dict[str, Any]) -> Response:
    """Answer ENDPOINT, or ENDPOINT/CHECK where a check is named; NotFound where there is none of that name."""
    if check:
        return _one(server, endpoint, check)
    excluded = options.get("exclude") or ()
    excluded = {excluded} if isinstance(excluded, str) else set(excluded)
    lines, fine = [], True
    for each in _checks(endpoint):
        if each.name in excluded:
            excluded.discard(each.name)
            lines.append(f"[+]{each.name} excluded: ok\n")
        elif _passes(each, server):
            lines.append(f"[+]{each.name} ok\n")
        else:
            lines.append(f"[-]{each.name} failed: reason withheld\n")
            fine = False
    if excluded:
        quoted = ",".join(f'"{name}"' for name in sorted(excluded))
        lines.append(f"warn: some health checks cannot be excluded: no matches for {quoted}\n")
    if not fine:
        return Response("".join(lines) + f"{endpoint} check failed\n", 500)
    if "verbose" not in options:
        return Response("ok")
    return Response("".join(lines) + f"{endpoint} check passed\n")


def _one(server: Server, endpoint: str, name: str) -> Response:
    for each in _checks(endpoint):
        if each.name == name:
            fine = _passes(each, server)
            return Response("ok") if fine else Response(f"internal server error: {each.problem}\n", 500)
    raise errors.StatusError("NotFound", "the server could not find the requested resource", code=404)


def _checks(endpoint: str) -> Iterator[_Check]:
    return (each for each in _CHECKS if endpoint == "readyz" or not each.only_ready)


def _passes(check: _Check, server: Server) -> bool:
    try:
        return check.passes(server)
    except (StoreError, errors.StatusError):
        return False


def _answers(server: Server) -> bool:
    return True


def _store(server: Server) -> bool:
    return server.storage.store.revision() > 0


def _changes(server: Server) -> bool:
    """Whether those who follow the log of changes still can."""
    server.storage.store.behind("cursor", server.clock.now())
    return True


def _plugins(server: Server) -> bool:
    from minikctl.apiserver import admission

    admission.load()
    return True


def _counted(server: Server) -> bool:
    return bool(server.storage.store.resources())


def _definitions(server: Server) -> bool:
    """Whether every accepted CustomResourceDefinition is served."""
    served = server.resource_set()
    return all(_served(crd, served) for crd in server.reader.list(_CRDS))


def _served(crd: dict[str, Any], served: Any) -> bool:
    conditions = (crd.get("status") or {}).get("conditions") or ()
    if not any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
        return True  # it is not to be, or not yet
    spec = crd["spec"]
    plural, group = spec["names"]["plural"], spec["group"]
    return all(served.by_path(group, each["name"], plural) for each in spec["versions"] if each.get("served"))


def _groups(server: Server) -> bool:
    """Whether every built-in group version has its APIService, but the one of APIServices, as upstream."""
    known = {service["metadata"]["name"] for service in server.reader.list(apiservices.API_SERVICES)}
    rows = resources.builtin().all_resources()
    return all(f"{row.version}.{row.group}" in known for row in rows if row.group != _AGGREGATOR)


def _available(server: Server) -> bool:
    """Whether every APIService has been looked at."""
    services = server.reader.list(apiservices.API_SERVICES)
    return all((service.get("status") or {}).get("conditions") for service in services)


def _documented(server: Server) -> bool:
    from minikctl.apimachinery import openapi

    return openapi.schema_for("v1", "Pod") is not None


def _going_on(server: Server) -> bool:
    return not server.stopping


def _have(resource: str, namespace: str, *names: str) -> Callable[[Server], bool]:
    """A check that objects are there."""
    return lambda server: all(server.reader.get(resource, namespace, name) is not None for name in names)


_CHECKS = (
    _Check("ping", _answers),
    _Check("log", _answers, problem="logging blocked"),
    _Check("etcd", _store, problem="etcd client connection not yet established"),
    _Check("etcd-readiness", _store, only_ready=True, problem="etcd client connection not yet established"),
    _Check("informer-sync", _changes, only_ready=True, problem="1 informers not started yet"),
    *(
        _Check(_HOOK + name, passes)
        for name, passes in (
            ("start-apiserver-admission-initializer", _plugins),
            ("generic-apiserver-start-informers", _changes),
            ("priority-and-fairness-config-consumer", _have(LEVELS, "", "exempt", "catch-all")),
            ("priority-and-fairness-filter", _have(SCHEMAS, "", "exempt", "catch-all")),
            ("storage-object-count-tracker-hook", _counted),
            ("start-apiextensions-informers", _definitions),
            ("start-apiextensions-controllers", _definitions),
            ("crd-informer-synced", _definitions),
            ("start-system-namespaces-controller", _have("namespaces", "", *_NAMESPACES)),
            ("start-service-ip-repair-controllers", _have("services", "default", "kubernetes")),
            ("rbac/bootstrap-roles", _have("clusterroles.rbac.authorization.k8s.io", "", "cluster-admin")),
            (
                "scheduling/bootstrap-system-priority-classes",
                _have("priorityclasses.scheduling.k8s.io", "", "system-node-critical", "system-cluster-critical"),
            ),
            ("priority-and-fairness-config-producer", _have(SCHEMAS, "", "exempt", "catch-all")),
            ("bootstrap-controller", _have("endpointslices.discovery.k8s.io", "default", "kubernetes")),
            ("start-kubernetes-service-cidr-controller", _have("servicecidrs.networking.k8s.io", "", "kubernetes")),
            ("start-kube-aggregator-informers", _groups),
            ("apiservice-status-local-available-controller", _available),
            ("apiservice-status-remote-available-controller", _available),
            ("apiservice-registration-controller", _groups),
            ("apiservice-discovery-controller", _groups),
            ("kube-apiserver-autoregistration", _groups),
        )
    ),
    _Check("autoregister-completion", _groups, problem="missing APIService"),
    *(
        _Check(_HOOK + name, _documented)
        for name in ("apiservice-openapi-controller", "apiservice-openapiv3-controller")
    ),
    _Check("shutdown", _going_on, only_ready=True, problem="process is shutting down"),
)
