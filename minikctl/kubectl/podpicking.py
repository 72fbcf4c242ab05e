"""Which pod, and which container of it, a command means: for logs, exec, attach, cp, port-forward.

Upstream counterpart: `polymorphichelpers` (logsforobject, attachablepodforobject), `cmd/util/podcmd` and
`util/podutils` of kubectl.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import selectors
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.decoding import KUBECTL_SCHEME, not_registered
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import Values
from minikctl.kubectl.info import Info
from minikctl.kubectl.watches import TimedOut

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"

_PHASES = {"Running": 0, "Unknown": 1, "Pending": 2}
_BY_LABEL_SELECTOR = ("deployments.apps", "daemonsets.apps", "statefulsets.apps", "replicasets.apps", "jobs.batch")

Containers = list[tuple[str, Obj]]


def containers_of(pod: Obj) -> Containers:
    """(field, container) of every container: init, ordinary, ephemeral."""
    spec = pod.get("spec") or {}
    return [
        (field, container)
        for field in ("initContainers", "containers", "ephemeralContainers")
        for container in spec.get(field) or ()
    ]


def all_names(pod: Obj) -> str:
    """The names of all containers, as messages list them."""
    spec = pod.get("spec") or {}
    names = [container["name"] for container in spec.get("containers") or ()]
    names += [f"{container['name']} (ephem)" for container in spec.get("ephemeralContainers") or ()]
    names += [f"{container['name']} (init)" for container in spec.get("initContainers") or ()]
    return ", ".join(names)


def find_container(pod: Obj, name: str) -> Obj | None:
    """The container of that name, of whatever kind."""
    return next((container for _, container in containers_of(pod) if container["name"] == name), None)


def default_container(
    factory: Factory, pod: Obj, quiet: bool = False, say: Callable[[str], object] | None = None
) -> Obj:
    """The container meant when none is named; says so (by default on standard error) where there are others."""
    annotated = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER)
    if annotated:
        return container_named(factory, pod, annotated)
    containers = pod["spec"].get("containers") if "spec" in pod else None
    if not containers:
        raise KubectlError(f"pod {pod['metadata']['namespace']}/{pod['metadata']['name']} does not have any containers")
    first: Obj = containers[0]
    if not quiet and len(containers_of(pod)) > 1:
        (say or factory.err)(f'Defaulted container "{first["name"]}" out of: {all_names(pod)}')
    return first


def container_named(factory: Factory, pod: Obj, name: str, quiet: bool = False) -> Obj:
    """The named container, or the default one; KubectlError where there is none of that name."""
    if not name:
        return default_container(factory, pod, quiet)
    found = find_container(pod, name)
    if found is None:
        raise KubectlError(f"container {name} is not valid for pod {pod['metadata']['name']} out of: {all_names(pod)}")
    return found


def selector_of(info: Info) -> str | None:
    """The label selector of the pods of an object; None where it has no pods."""
    spec = info.obj.get("spec") or {}
    if info.row.key in _BY_LABEL_SELECTOR:
        return str(selectors.from_label_selector(spec.get("selector")))
    if info.row.key == "replicationcontrollers":
        return str(selectors.from_set(spec.get("selector")))
    if info.row.key == "services":
        if not spec.get("selector"):
            raise KubectlError(f"invalid service '{info.name}': Service is defined without a selector")
        return str(selectors.from_set(spec["selector"]))
    return None


def refuse_custom(info: Info, scheme: str = KUBECTL_SCHEME) -> None:
    """KubectlError for an object of a kind that is not built in: what is asked for needs its Go type."""
    if info.row.custom:
        raise KubectlError(not_registered(info.row.api_version, info.row.kind, scheme))


def pods_of(factory: Factory, info: Info, order: Callable[[Obj], Any], timeout: float, aim: str) -> list[Obj]:
    """The pods of an object, the preferred one first; waits for the first one to appear.

    `aim`: what they are looked up for, in the words of a refusal.
    """
    if info.row.key == "pods":
        return [info.obj]
    refuse_custom(info)
    try:
        selector = selector_of(info)
        if selector is None:
            raise KubectlError(f"selector for {_go_type(info)} not implemented")
    except KubectlError as error:
        raise KubectlError(f"cannot {aim} {_go_type(info)}: {error}") from None
    cluster = factory.cluster
    deadline = cluster.present() + timeout
    while True:
        pods: list[Obj] = factory.client.list("pods", info.namespace, label_selector=selector).get("items") or []
        if pods:
            return sorted(pods, key=order)
        cluster.settle()
        if not cluster.wait(deadline):
            raise TimedOut


def attachable_pod(factory: Factory, info: Info, timeout: float) -> Obj:
    """The most active pod of an object, to talk to; KubectlError where it has none by nature."""
    return pods_of(factory, info, by_activity, timeout, "attach to")[0]


def _go_type(info: Info) -> str:
    return f"*{info.row.version}.{info.row.kind}"


def running_timeout(flags: Values, refusal: Callable[[str], KubectlError] = KubectlError) -> float:
    """--pod-running-timeout, in seconds; `refusal` is the error for one that is not positive."""
    timeout: float = flags["pod-running-timeout"]
    if timeout <= 0:
        raise refusal("--pod-running-timeout must be higher than zero")
    return timeout


def by_logging(pod: Obj) -> tuple[Any, ...]:
    """Sort key: the pod whose logs are most worth reading comes first."""
    return (*_state(pod), -_restarts(pod), pod["metadata"].get("creationTimestamp") or "~")


def by_activity(pod: Obj) -> tuple[Any, ...]:
    """Sort key: the most active pod, one to attach to, comes first."""
    return (*_state(pod), _restarts(pod), pod["metadata"].get("creationTimestamp") or "~")


def _state(pod: Obj) -> tuple[Any, ...]:
    status = pod.get("status") or {}
    ready: Obj = next((c for c in status.get("conditions") or () if c["type"] == "Ready"), {})
    is_ready = ready.get("status") == "True"
    since = ready.get("lastTransitionTime") or "~" if is_ready else ""
    return (not pod["spec"].get("nodeName"), _PHASES.get(status.get("phase", ""), 0), not is_ready, since)


def _restarts(pod: Obj) -> int:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return max((each.get("restartCount", 0) for each in statuses), default=0)
