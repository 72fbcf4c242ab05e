"""What cordon, uncordon and drain share: the nodes they name, and marking them (un)schedulable.

Upstream counterpart: the common part of kubectl's `pkg/cmd/drain` and `pkg/drain/cordon.go`.
"""

from __future__ import annotations

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import strategy, twoway
from minikctl.kubectl.command import Options
from minikctl.kubectl.errors import KubectlError, flattened
from minikctl.kubectl.flags import quote
from minikctl.kubectl.flagsets import DRY_RUN, SELECTOR
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import name_printer

FLAGS = (DRY_RUN, SELECTOR)


class NodeOptions(Options):
    """The nodes that are named by name or by labels."""

    use = ""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        if not args and not flags.changed("selector"):
            raise self.usage_error(f"USAGE: {self.use} [flags]")
        if args and flags["selector"]:
            raise self.usage_error("error: cannot specify both a node name and a --selector option")
        self.dry_run = strategy.dry_run(self.factory, flags)
        self.nodes = self._find(args)

    def _find(self, args: list[str]) -> list[Info]:
        builder = self.factory.builder()
        if self.flags["selector"]:
            builder.selector(self.flags["selector"]).types_or_names(["nodes"])
        else:
            slashed = all("/" in arg for arg in args)
            builder.types_or_names(args if slashed else ["nodes", *args])
        infos, errors = builder.gather()
        if errors:
            raise flattened(errors)[0]
        for info in infos:
            if info.row.key != "nodes":
                group = f"{info.row.group}/{info.row.version}, Resource={info.row.plural}"
                raise KubectlError(f"error: expected resource of type node, got {quote(group)}")
        return infos

    def show(self, obj: Obj, operation: str) -> None:
        """Print what was done to an object."""
        if self.dry_run != strategy.NONE:
            operation += " (dry run)" if self.dry_run == strategy.CLIENT else " (server dry run)"
        name_printer(self.factory.streams.out, operation)(obj)

    def mark(self, cordon: bool) -> None:
        """Cordon or uncordon the nodes."""
        verb = "cordon" if cordon else "uncordon"
        for info in self.nodes:
            if bool(info.obj["spec"].get("unschedulable")) == cordon:
                self.show(info.obj, f"already {verb}ed")
                continue
            try:
                self._mark(info, cordon)
            except StatusError as error:
                self.factory.err(f"error: unable to {verb} node {quote(info.name)}: {error}")
                continue
            self.show(info.obj, f"{verb}ed")

    def _mark(self, info: Info, cordon: bool) -> None:
        if self.dry_run == strategy.CLIENT:
            return

        def change(node: Obj) -> None:
            if cordon:
                node["spec"]["unschedulable"] = True
            else:
                node["spec"].pop("unschedulable", None)

        patch, patch_type = twoway.difference(info, twoway.altered(info.obj, change))
        twoway.send(self.factory.client, info, patch, patch_type, **strategy.request_options(self.dry_run))
