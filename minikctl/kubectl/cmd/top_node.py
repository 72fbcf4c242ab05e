"""kubectl top node: what the pods of nodes use of cpu and memory.

Upstream counterpart: `top_node.go` of kubectl's `pkg/cmd/top`.
"""

from __future__ import annotations

from minikctl.apimachinery import podusage, quantity
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, STRING, Flag
from minikctl.kubectl.flagsets import NO_HEADERS, SELECTOR
from minikctl.kubectl.usage import (
    Usage,
    cells,
    check_available,
    check_selector,
    check_sort,
    measured,
    sort_key,
    write_table,
)

FLAGS = (
    NO_HEADERS,
    SELECTOR,
    Flag("show-capacity", "", BOOL, False, "Print node resources based on Capacity instead of Allocatable(default)."),
    Flag("show-swap", "", BOOL, False, "Print node resources related to swap memory."),
    Flag("sort-by", "", STRING, "", "If non-empty, sort nodes by this field: 'cpu' or 'memory'."),
    Flag("use-protocol-buffers", "", BOOL, True, "Enables using protocol-buffers to access Metrics API."),
)


class TopNodeOptions(Options):
    """Which nodes to show."""

    def complete(self, args: list[str]) -> None:
        if len(args) > 1:
            raise self.usage_error("node [NAME | -l label]")
        self.name = args[0] if args else ""

    def validate(self) -> None:
        check_sort(self.flags["sort-by"], self.flags["show-swap"])
        if self.name and self.flags["selector"]:
            raise KubectlError("only one of NAME or --selector can be provided")

    def run(self) -> None:
        check_available(self.factory)
        client, flags = self.factory.client, self.flags
        if self.name:
            nodes = [client.get("nodes", self.name)]
            if not podusage.reported(nodes[0]):
                text = f'nodemetrics.metrics.k8s.io "{self.name}" not found'
                raise StatusError("NotFound", text, {"group": "metrics.k8s.io", "kind": "nodemetrics"})
        else:
            check_selector(flags["selector"])
            nodes = client.list("nodes", label_selector=flags["selector"]).get("items") or []
        if not nodes:
            raise KubectlError("metrics not available yet")
        used = self._used()
        by_name = {node["metadata"]["name"]: node for node in nodes}
        key = sort_key(flags["sort-by"])
        order = sorted(((name, used.get(name, Usage()).reported()) for name in by_name), key=key)
        rows = [] if flags["no-headers"] else [self._titles()]
        heard = {name for name, node in by_name.items() if podusage.reported(node)}
        rows += [self._row(by_name[name], usage) for name, usage in order if name in heard]
        rows += [[name, *["<unknown>"] * (len(self._titles()) - 1)] for name in sorted(by_name) if name not in heard]
        write_table(self.factory, rows)

    def _used(self) -> dict[str, Usage]:
        found: dict[str, Usage] = {}
        for pod in self.factory.client.list("pods").get("items") or ():
            usage = measured(self.factory, pod)
            if usage is not None:
                found[usage.node] = found.get(usage.node, Usage()).plus(usage.total)
        return found

    def _row(self, node: Obj, usage: Usage) -> list[str]:
        available = node["status"].get("capacity" if self.flags["show-capacity"] else "allocatable") or {}
        row = [node["metadata"]["name"]]
        amounts = (usage.cpu, usage.memory)
        for name, shown, amount in zip(("cpu", "memory"), cells(usage, False), amounts, strict=True):
            limit = quantity.as_milli(available.get(name, "0"))
            row += [shown, f"{amount * 100 // limit if limit else 0}%"]
        return [*row, "<unknown>", "<unknown>"] if self.flags["show-swap"] else row

    def _titles(self) -> list[str]:
        titles = ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]
        return [*titles, "SWAP(bytes)", "SWAP(%)"] if self.flags["show-swap"] else titles


COMMAND = Command(
    "top node [NAME | -l label]",
    TopNodeOptions,
    FLAGS,
    long="""
Display resource (CPU/memory) usage of nodes: what their pods use together.
""",
    example="""
        # Show metrics for all nodes
        kubectl top node

        # Show metrics for a given node
        kubectl top node NODE_NAME
        """,
)
