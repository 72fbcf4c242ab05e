"""kubectl top pod: what pods use of cpu and memory.

Upstream counterpart: `top_pod.go` of kubectl's `pkg/cmd/top`.
"""

from __future__ import annotations

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.duration import format_go
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, STRING, Flag, quote
from minikctl.kubectl.flagsets import ALL_NAMESPACES, FIELD_SELECTOR, NO_HEADERS, SELECTOR
from minikctl.kubectl.usage import (
    PodUsage,
    Usage,
    cells,
    check_available,
    check_selector,
    check_sort,
    measured,
    sort_key,
    write_table,
)

_METRICS_DELAY = 120.0  # how long after its creation a pod may be without metrics
_SELECTABLE = ("metadata.name", "metadata.namespace")

FLAGS = (
    ALL_NAMESPACES,
    FIELD_SELECTOR,
    NO_HEADERS,
    SELECTOR,
    Flag("containers", "", BOOL, False, "If present, print usage of containers within a pod."),
    Flag("show-swap", "", BOOL, False, "Print pod resources related to swap memory."),
    Flag("sort-by", "", STRING, "", "If non-empty, sort pods by this field: 'cpu' or 'memory'."),
    Flag("sum", "", BOOL, False, "Print the sum of the resource usage"),
    Flag("use-protocol-buffers", "", BOOL, True, "Enables using protocol-buffers to access Metrics API."),
)


class TopPodOptions(Options):
    """Which pods to show."""

    def complete(self, args: list[str]) -> None:
        if len(args) > 1:
            raise self.usage_error("pod [NAME | -l label]")
        self.name = args[0] if args else ""
        self.everywhere: bool = self.flags["all-namespaces"]
        self.namespace = "" if self.everywhere else self.factory.namespace

    def validate(self) -> None:
        check_sort(self.flags["sort-by"], self.flags["show-swap"])
        if self.name and (self.flags["selector"] or self.flags["field-selector"]):
            raise KubectlError("only one of NAME or selector can be provided")

    def run(self) -> None:
        check_available(self.factory)
        found = self._find()
        if not found:
            return
        flags = self.flags
        by = flags["sort-by"]
        key = sort_key(by)
        found.sort(key=lambda pod: (pod.namespace if self.everywhere else "", *key((pod.name, pod.total))))
        rows = [] if flags["no-headers"] else [self._titles()]
        for pod in found:
            if flags["containers"]:
                for name, usage in sorted(pod.containers, key=key):
                    rows.append([*self._place(pod), pod.name, name, *cells(usage, flags["show-swap"])])
            else:
                rows.append([*self._place(pod), pod.name, *cells(pod.total, flags["show-swap"])])
        if flags["sum"]:
            rows.extend(self._sum(found))
        write_table(self.factory, rows)

    def _find(self) -> list[PodUsage]:
        client = self.factory.client
        if self.name:
            usage = measured(self.factory, client.get("pods", self.name, self.namespace))
            if usage is None:
                text = f'podmetrics.metrics.k8s.io "{self.namespace}/{self.name}" not found'
                raise StatusError("NotFound", text, {"group": "metrics.k8s.io", "kind": "podmetrics"})
            return [_reported(usage)]
        flags = self.flags
        check_selector(flags["selector"])
        _check_fields(flags["field-selector"])
        pods = client.list(
            "pods", self.namespace, label_selector=flags["selector"], field_selector=flags["field-selector"]
        ).get("items") or []  # fmt: skip
        found = [_reported(usage) for pod in pods if (usage := measured(self.factory, pod)) is not None]
        if not found:
            for pod in pods:
                self._check_age(pod)
            if pods:
                raise KubectlError("metrics not available yet")
            where = "" if self.everywhere else f" in {self.namespace} namespace."
            self.factory.err(f"No resources found{where}")
        return found

    def _check_age(self, pod: Obj) -> None:
        """Refuse a pod that should have metrics by now."""
        metadata = pod["metadata"]
        age = self.factory.now() - parse_time(metadata["creationTimestamp"])
        if age > _METRICS_DELAY:
            where = f"{metadata['namespace']}/{metadata['name']}"
            raise KubectlError(f"Metrics not available for pod {where}, age: {format_go(age)}")

    def _place(self, pod: PodUsage) -> list[str]:
        return [pod.namespace] if self.everywhere else []

    def _titles(self) -> list[str]:
        flags = self.flags
        titles = ["NAMESPACE"] if self.everywhere else []
        titles += ["POD"] if flags["containers"] else []
        titles += ["NAME", "CPU(cores)", "MEMORY(bytes)"]
        return [*titles, "SWAP(bytes)"] if flags["show-swap"] else titles

    def _sum(self, found: list[PodUsage]) -> list[list[str]]:
        total = Usage()
        for pod in found:
            total = total.plus(pod.total)
        amounts = cells(total, self.flags["show-swap"])
        before = [""] * (len(self._titles()) - len(amounts))
        return [[*before, *["________"] * len(amounts)], [*before, *amounts]]


def _reported(pod: PodUsage) -> PodUsage:
    return pod._replace(containers=[(name, usage.reported()) for name, usage in pod.containers])


def _check_fields(text: str) -> None:
    """Refuse a field that the metrics API does not select by."""
    for part in filter(None, text.split(",")):
        field = part.partition("=")[0].removesuffix("!")
        if field not in _SELECTABLE:
            known = ", ".join(map(quote, _SELECTABLE))
            raise StatusError("BadRequest", f"{quote(field)} is not a known field selector: only {known}")


COMMAND = Command(
    "top pod [NAME | -l label]",
    TopPodOptions,
    FLAGS,
    long="""
Display resource (CPU/memory) usage of pods.

 What emulated containers use is told by annotations of their pods, or is a share of what they request.
""",
    example="""
        # Show metrics for all pods in the default namespace
        kubectl top pod

        # Show metrics for all pods in the given namespace
        kubectl top pod --namespace=NAMESPACE

        # Show metrics for a given pod and its containers
        kubectl top pod POD_NAME --containers

        # Show metrics for the pods defined by label name=myLabel
        kubectl top pod -l name=myLabel
        """,
)
