"""kubectl create -f: creates what files describe.

The generators (`create deployment` and the like) are in the modules beside it. Upstream counterpart:
kubectl's `pkg/cmd/create`.
"""

from __future__ import annotations

from minikctl.apimachinery.errors import StatusError
from minikctl.kubectl import lastapplied, strategy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, add_source
from minikctl.kubectl.flags import BOOL, STRING, Flag
from minikctl.kubectl.flagsets import CREATE, SELECTOR, filename_flags
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import printer

FLAGS = (
    *CREATE,
    *filename_flags("to use to create the resource"),
    SELECTOR,
    Flag("edit", "", BOOL, False, "Edit the resource before creating it."),
    Flag("raw", "", STRING, "", "URI to POST the file to."),
    Flag("windows-line-endings", "", BOOL, False, "With --edit=true: use the line endings of Windows."),
)


class CreateOptions(Options):
    """Files to create objects from."""

    def complete(self, args: list[str]) -> None:
        self.args = args
        self.dry_run = strategy.dry_run(self.factory, self.flags)
        self.validation = strategy.field_validation(self.flags)

    def validate(self) -> None:
        flags = self.flags
        if not flags["filename"] and not flags["kustomize"]:
            if self.args:
                raise self.usage_error(f"Unexpected args: [{' '.join(self.args)}]")
            raise KubectlError("must specify one of -f and -k")
        if self.args:
            raise self.usage_error(f"Unexpected args: [{' '.join(self.args)}]")
        if flags["raw"]:
            if flags["edit"]:
                raise KubectlError("--raw and --edit are mutually exclusive")
            from minikctl.kubectl.rawrequest import check_raw

            check_raw(flags, ("recursive", "selector", "output"))

    def run(self) -> None:
        if self.flags["raw"]:
            self._raw()
            return
        if self.flags["edit"]:
            from minikctl.kubectl.cmd.edit import edit_on_create

            edit_on_create(self)
            return
        self.show = printer(self.flags, self.factory.streams.out, "created", self.dry_run)
        builder = self.factory.builder().validated(self.validation).files(self.flags)
        if not builder.selector(self.flags["selector"]).visit(self.create):
            raise KubectlError("no objects passed to create")

    def create(self, info: Info) -> None:
        """Create one object and print it."""
        obj = lastapplied.updated(info.obj, self.flags["save-config"])
        if self.dry_run == strategy.CLIENT:
            info.object = obj
        else:
            options = strategy.request_options(self.dry_run, self.flags["field-manager"], self.validation)
            try:
                info.create(self.factory.client, obj, **options)
            except StatusError as error:
                raise add_source("creating", info.source, error) from None
            self.factory.written(info)
        self.show(info.obj)

    def _raw(self) -> None:
        from minikctl.kubectl.files import read_named
        from minikctl.kubectl.rawrequest import request

        body = read_named(self.factory, self.flags["filename"][0])
        request(self.factory, "create", self.flags["raw"], body)


COMMAND = Command(
    "create -f FILENAME",
    CreateOptions,
    FLAGS,
    long="""
Create a resource from a file or from standard input.

 Both JSON and YAML are read.
""",
    example="""
        # Create a pod from pod.json
        kubectl create -f ./pod.json

        # Create a pod from the JSON on standard input
        cat pod.json | kubectl create -f -

        # Edit what is in registry.yaml, then create the resource
        kubectl create -f registry.yaml --edit -o json
        """,
)
