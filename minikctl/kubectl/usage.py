"""What pods and nodes use of cpu and memory, as a metrics server would report it, for top.

Upstream counterpart: the metrics.k8s.io client and printer of kubectl (`pkg/metricsutil`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery import podusage
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import KubectlError

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

MEASURED = ("cpu", "memory")
_KIBIBYTE = 1024 * 1000  # in thousandths of bytes


class Usage(NamedTuple):
    """Thousandths of CPUs and of bytes."""

    cpu: int = 0
    memory: int = 0
    swap: int = 0

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(self.cpu + other.cpu, self.memory + other.memory, self.swap + other.swap)

    def reported(self) -> Usage:
        """As a metrics server reports it: whole kibibytes."""
        return Usage(self.cpu, self.memory // _KIBIBYTE * _KIBIBYTE, self.swap)


class PodUsage(NamedTuple):
    """What a pod's containers use."""

    namespace: str
    name: str
    node: str
    containers: list[tuple[str, Usage]]

    @property
    def total(self) -> Usage:
        found = Usage()
        for _, usage in self.containers:
            found = found.plus(usage)
        return found


def check_available(factory: Factory) -> None:
    """Refuse where the cluster has no metrics server."""
    if factory.cluster.settings().get("profile") == "bare":
        raise KubectlError("Metrics API not available")


def measured(factory: Factory, pod: Obj) -> PodUsage | None:
    """The usage of a running pod; None of others, and of one whose node has fallen silent."""
    node = factory.client.peek("nodes", pod["spec"].get("nodeName", ""))
    return of_pod(pod, factory.now()) if podusage.reported(node) else None


def of_pod(pod: Obj, now: float) -> PodUsage | None:
    """The usage of a running pod; None of others."""
    if (pod.get("status") or {}).get("phase") != "Running":
        return None
    metadata = pod["metadata"]
    containers = [
        (container["name"], Usage(*(podusage.container_usage(pod, container, name, now) for name in MEASURED)))
        for container in podusage.measured(pod)
    ]
    return PodUsage(metadata["namespace"], metadata["name"], pod["spec"].get("nodeName", ""), containers)


def sort_key(by: str) -> Callable[[tuple[str, Usage]], tuple[int, str]]:
    """Largest first by the named resource, else by name."""

    def key(item: tuple[str, Usage]) -> tuple[int, str]:
        name, usage = item
        return (-getattr(usage, by) if by else 0, name)

    return key


def check_sort(by: str, show_swap: bool) -> None:
    """Refuse what cannot be sorted by."""
    if by and by not in (("cpu", "memory", "swap") if show_swap else ("cpu", "memory")):
        allowed = "cpu, memory or swap" if show_swap else "cpu or memory"
        raise KubectlError(f"--sort-by accepts only {allowed}")


def check_selector(text: str) -> None:
    """Refuse a label selector that cannot be parsed, before anything is asked for."""
    from minikctl.apimachinery.selectors import SelectorError, parse

    try:
        parse(text)
    except SelectorError as error:
        raise KubectlError(str(error)) from None


def cells(usage: Usage, show_swap: bool) -> list[str]:
    """The amounts as the table shows them."""
    shown = [f"{usage.cpu}m", f"{usage.memory // 1000 // 1024**2}Mi"]
    return [*shown, f"{usage.swap // 1000 // 1024**2}Mi"] if show_swap else shown


def write_table(factory: Factory, rows: Sequence[Sequence[str]]) -> None:
    """Print rows whose last column is padded too."""
    from minikctl.printers.tabwriter import align_rows

    factory.streams.out.write(align_rows([[*row, ""] for row in rows], 6, 3))
