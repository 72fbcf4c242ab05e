"""kubectl scale: sets the number of replicas through the scale subresource.

Upstream counterpart: kubectl's `pkg/cmd/scale` and `pkg/scale`.
"""

from __future__ import annotations

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import MERGE_PATCH, Obj
from minikctl.kubectl import strategy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, raise_all
from minikctl.kubectl.flags import DURATION, INT, STRING, Flag, quote
from minikctl.kubectl.flagsets import DRY_RUN, PRINT, SELECTOR, all_flag, filename_flags
from minikctl.kubectl.info import Info

FLAGS = (
    *PRINT,
    *filename_flags("identifying the resource to set a new size"),
    all_flag("Select all resources in the namespace of the specified resource types"),
    DRY_RUN,
    SELECTOR,
    Flag("current-replicas", "", INT, -1, "Only scale if the current size is this. -1 (default) for no condition."),
    Flag("replicas", "", INT, 0, "The new desired number of replicas. Required."),
    Flag("resource-version", "", STRING, "", "Only scale if the current resource version is this."),
    Flag("timeout", "", DURATION, 0.0, "Time to wait for the new size; zero means don't wait.", shown="0s"),
)
_ATTEMPTS = 300


class ScaleOptions(Options):
    """What to scale, to which size, on which conditions."""

    def complete(self, args: list[str]) -> None:
        self.args = args
        self.dry_run = strategy.dry_run(self.factory, self.flags)
        self.replicas: int = self.flags["replicas"]
        self.current: int = self.flags["current-replicas"]
        self.version: str = self.flags["resource-version"]

    def validate(self) -> None:
        if self.replicas < 0:
            raise KubectlError("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
        if self.current < -1:
            raise KubectlError("The --current-replicas must specify an integer of -1 or greater")

    def run(self) -> None:
        from minikctl.kubectl.printing import printer

        flags = self.flags
        show = printer(flags, self.factory.streams.out, "scaled", self.dry_run)
        builder = self.factory.builder().files(flags).types_or_names(self.args, allow_empty_selector=flags["all"])
        infos, errors = builder.selector(flags["selector"]).gather()
        if self.version and len(infos) > 1:
            raise KubectlError("cannot use --resource-version with multiple resources")
        if not infos:
            raise_all(errors)
            raise KubectlError("no objects passed to scale")
        for info in infos:
            size = self.replicas
            if self.dry_run != strategy.CLIENT:
                size = self._scale(info)
            if info.row.group in ("", "apps"):
                info.obj.setdefault("spec", {})["replicas"] = size
            show(info.obj)
        raise_all(errors)

    def _scale(self, info: Info) -> int:
        """Scale, again after a conflict, and wait where asked to; the resulting size."""
        scale: Obj = {}
        for attempt in range(_ATTEMPTS):
            try:
                scale = self._once(info)
                break
            except StatusError as error:
                if error.reason != "Conflict":
                    raise
                if attempt == _ATTEMPTS - 1:
                    raise KubectlError("timed out waiting for the condition") from None
        if self.flags["timeout"] and self.dry_run == strategy.NONE:
            self._wait(info)
        return scale.get("spec", {}).get("replicas") or 0

    def _once(self, info: Info) -> Obj:
        client, row = self.factory.client, info.row
        info.require_name()
        options = strategy.request_options(self.dry_run)
        if self.current == -1 and not self.version:
            patch = {"spec": {"replicas": self.replicas}}
            return client.patch(row, info.name, patch, MERGE_PATCH, info.namespace, subresource="scale", **options)
        scale = client.get(row, info.name, info.namespace, subresource="scale")
        size, version = scale.get("spec", {}).get("replicas") or 0, scale["metadata"].get("resourceVersion", "")
        if self.current not in (-1, size):
            raise KubectlError(f"Expected replicas to be {self.current}, was {size}")
        if self.version not in ("", version):
            raise KubectlError(f"Expected resource version to be {self.version}, was {version}")
        scale["spec"] = {"replicas": self.replicas}
        return client.update(row, scale, subresource="scale", **options)

    def _wait(self, info: Info) -> None:
        from minikctl.kubectl.waiting import Deadline

        def done() -> bool:
            scale = self.factory.client.get(info.row, info.name, info.namespace, subresource="scale")
            wanted = scale.get("spec", {}).get("replicas") or 0
            return wanted != self.replicas or scale.get("status", {}).get("replicas", 0) == wanted

        if not Deadline(self.factory, self.flags["timeout"]).until(done):
            raise KubectlError(f"timed out waiting for {quote(info.name)} to be synced")


COMMAND = Command(
    "scale [--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)",
    ScaleOptions,
    FLAGS,
    long="""
Set a new size for a deployment, replica set, replication controller, or stateful set.

 With --current-replicas or --resource-version, the size only changes if the object is as expected at that moment.
""",
    example="""
        # Scale a replica set named 'foo' to 3
        kubectl scale --replicas=3 rs/foo

        # Scale the resource that a file names to 3
        kubectl scale --replicas=3 -f foo.yaml

        # If the deployment mysql has 2 replicas, scale it to 3
        kubectl scale --current-replicas=2 --replicas=3 deployment/mysql

        # Scale several replication controllers
        kubectl scale --replicas=5 rc/example1 rc/example2 rc/example3

        # Scale a stateful set named 'web' to 3
        kubectl scale --replicas=3 statefulset/web
        """,
    required=("replicas",),
)
