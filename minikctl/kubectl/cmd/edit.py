"""kubectl edit: opens live objects in an editor and sends back what was changed.

Upstream counterpart: kubectl's `pkg/cmd/edit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import openapi
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.patch import PatchError, diff_merge, two_way_strategic
from minikctl.apimachinery.request import MERGE_PATCH, STRATEGIC_PATCH, Obj
from minikctl.kubectl import lastapplied, strategy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.editing import Results, Session, check_format
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, STRING, Flag
from minikctl.kubectl.flagsets import PRINT, SAVE_CONFIG, VALIDATE, field_manager, filename_flags
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import printer
from minikctl.printers.jsonout import compact

if TYPE_CHECKING:
    from minikctl.kubectl.cmd.create import CreateOptions

_WINDOWS = Flag("windows-line-endings", "", BOOL, False, "Use the line endings of Windows in the file.")
FLAGS = (
    *PRINT,
    *filename_flags("to use to edit the resource"),
    SAVE_CONFIG,
    VALIDATE,
    _WINDOWS,
    field_manager("kubectl-edit"),
    Flag("output-patch", "", BOOL, False, "Output the patch if the resource is edited."),
    Flag("subresource", "", STRING, "", "If specified, edit will operate on the subresource of the requested object."),
)


class EditOptions(Options):
    """Live objects to edit."""

    def complete(self, args: list[str]) -> None:
        self.args = args
        self.validation = strategy.field_validation(self.flags)
        check_format(self.flags["output"])
        self.show = printer(self.flags, self.factory.streams.out, "edited")

    def run(self) -> None:
        builder = self.factory.builder().files(self.flags).subresource(self.flags["subresource"])
        builder.types_or_names(self.args).latest()
        infos = builder.infos()
        if not infos:
            raise KubectlError("edit cancelled, no objects found")
        self.originals = {(info.row.key, info.namespace, info.name): info for info in infos}
        session = Session(self.factory, infos, self._save)
        session.format = self.flags["output"] or "yaml"
        session.validation = self.validation
        session.windows = self.flags["windows-line-endings"]
        session.run()

    def _save(self, updated: list[Info], results: Results) -> None:
        for info in updated:
            original = self.originals.get((info.row.key, info.namespace, info.name))
            if original is None:
                raise KubectlError("At least one of apiVersion, kind and name was changed")
            self._patch(original, info, results)

    def _patch(self, original: Info, info: Info, results: Results) -> None:
        flags = self.flags
        out = self.factory.streams.out
        before = original.obj
        edited = info.obj
        if "managedFields" in before["metadata"]:
            edited["metadata"]["managedFields"] = before["metadata"]["managedFields"]
        if flags["save-config"]:
            edited = lastapplied.annotated(edited)
        if edited == before:
            printer(flags, out, "skipped")(edited)
            return
        patch, patch_type = two_way(original, edited)
        if flags["output-patch"]:
            out.write(f"Patch: {compact(patch)}\n")
        options = strategy.request_options(strategy.NONE, flags["field-manager"], self.validation)
        try:
            result = self.factory.client.patch(
                info.row, info.name, patch, patch_type, info.namespace, flags["subresource"], **options
            )
        except StatusError as error:
            self.factory.err(results.add(error, info))
            return
        self.show(result)


def two_way(original: Info, edited: Obj) -> tuple[Obj, str]:
    """The patch that turns the original into what was edited, and its content type."""
    row = original.row
    try:
        schema = None if row.custom else openapi.schema_for(row.api_version, row.kind)
        if schema is not None:
            return two_way_strategic(original.obj, edited, schema), STRATEGIC_PATCH
        return diff_merge(original.obj, edited), MERGE_PATCH
    except PatchError as error:
        raise KubectlError(str(error)) from None


def edit_on_create(options: CreateOptions) -> None:
    """create --edit: each object is edited before it is created."""
    flags = options.flags
    check_format(flags["output"])
    infos = options.factory.builder().validated(options.validation).files(flags).infos()
    options.show = printer(flags, options.factory.streams.out, "created", options.dry_run)

    def create(updated: list[Info], results: Results) -> None:
        for info in updated:
            options.create(info)

    for info in infos:
        session = Session(options.factory, [info], create)
        session.format = flags["output"] or "yaml"
        session.validation = options.validation
        session.windows = flags["windows-line-endings"]
        session.run()


COMMAND = Command(
    "edit (RESOURCE/NAME | -f FILENAME)",
    EditOptions,
    FLAGS,
    long="""
Edit a resource in an editor.

 The editor is the one that KUBE_EDITOR or EDITOR names, else vi. Several objects may be edited together; changes are
 sent one by one. The file is YAML unless -o json is given.

 When an error occurs, the file is opened again with the reasons in comments on top, and a copy is kept.
""",
    example="""
        # Edit the service named registry
        kubectl edit svc/registry

        # Use another editor
        KUBE_EDITOR="nano" kubectl edit svc/registry

        # Edit the job myjob as JSON
        kubectl edit job.v1.batch/myjob -o json

        # Edit the status of a deployment
        kubectl edit deployment mydeployment --subresource='status'
        """,
)
