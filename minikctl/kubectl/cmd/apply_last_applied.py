"""kubectl apply view-last-applied, set-last-applied, edit-last-applied.

Upstream counterpart: the files of those names in kubectl's `pkg/cmd/apply`.
"""

from __future__ import annotations

import json

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import MERGE_PATCH, Obj
from minikctl.kubectl import lastapplied, strategy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.editing import LAST_APPLIED_HEADER, Results, Session, check_format
from minikctl.kubectl.errors import KubectlError, add_source, flattened, raise_all
from minikctl.kubectl.flags import BOOL, STRING, Flag
from minikctl.kubectl.flagsets import (
    DRY_RUN,
    PRINT,
    SELECTOR,
    VALIDATE,
    all_flag,
    field_manager,
    filename,
    filename_flags,
)
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import name_printer, printer
from minikctl.printers.jsonout import compact


class ViewOptions(Options):
    """Print the annotation."""

    def complete(self, args: list[str]) -> None:
        self.args = args

    def run(self) -> None:
        flags = self.flags
        builder = self.factory.builder().files(flags).selector(flags["selector"]).select_all(flags["all"])
        texts = []
        infos, errors = builder.types_or_names(self.args, allow_empty_selector=False).latest().gather()
        raise_all(flattened(errors)[:1])  # kubectl ends at the first
        for info in infos:
            text = (info.obj["metadata"].get("annotations") or {}).get(lastapplied.ANNOTATION)
            if text is not None:
                texts.append(text)
            elif info.source:
                verb = f"no last-applied-configuration annotation found on resource: {info.name}\n"
                raise add_source(verb, info.source, KubectlError("<nil>"))
        for text in texts:
            self._print(text)

    def _print(self, text: str) -> None:
        if self.flags["output"] == "json":
            self.factory.out(json.dumps(json.loads(text), indent=2, ensure_ascii=False))
            return
        if self.flags["output"] != "yaml":
            raise self.usage_error(
                f"Unexpected -o output mode: {self.flags['output']}, the flag 'output' must be one of yaml|json"
            )
        from minikctl.printers.yamlout import dump

        self.factory.streams.out.write(dump(json.loads(text)))


def _annotation_patch(text: str) -> Obj:
    return {"metadata": {"annotations": {lastapplied.ANNOTATION: text}}}


class SetOptions(Options):
    """Set the annotation to what a file holds."""

    def complete(self, args: list[str]) -> None:
        self.dry_run = strategy.dry_run(self.factory, self.flags)

    def run(self) -> None:
        self.todo: list[tuple[Info, str]] = []
        self.factory.builder().files(self.flags).visit(self._check)
        show = printer(self.flags, self.factory.streams.out, "configured", self.dry_run)
        options = strategy.request_options(self.dry_run)
        for info, text in self.todo:
            obj = info.obj
            if self.dry_run != strategy.CLIENT:
                patch = _annotation_patch(text)
                obj = self.factory.client.patch(info.row, info.name, patch, MERGE_PATCH, info.namespace, **options)
            show(obj)

    def _check(self, info: Info) -> None:
        config = info.obj
        try:
            live = info.get(self.factory.client)
        except (StatusError, KubectlError) as error:
            if isinstance(error, StatusError) and error.reason == "NotFound":
                raise
            verb = f"retrieving current configuration of:\n{info.type_text()}\nfrom server for:"
            raise add_source(verb, info.source, error) from None
        original = lastapplied.original(live)
        if original is None and not self.flags["create-annotation"]:
            raise KubectlError(
                f"no last-applied-configuration annotation found on resource: {info.name}, to create the annotation, "
                "run the command with --create-annotation"
            )
        if original == config:
            self.factory.out(f"set-last-applied {info.name}: no changes required.")
        else:
            self.todo.append((info, compact(config) + "\n"))


class EditOptions(Options):
    """Edit the annotation."""

    def complete(self, args: list[str]) -> None:
        self.args = args
        check_format(self.flags["output"])

    def run(self) -> None:
        builder = self.factory.builder().files(self.flags).types_or_names(self.args).latest()
        shown = []
        self.live: dict[tuple[str, str, str], Obj] = {}
        for info in builder.infos():
            original = lastapplied.original(info.obj)
            if original is None:
                continue
            self.live[info.row.key, info.namespace, info.name] = original
            shown.append(Info(info.row, info.namespace, info.name, original))
        if not shown:
            command = f"{self.factory.program} apply set-last-applied --create-annotation"
            raise KubectlError(
                "no last-applied-configuration annotation found on resources, to create the annotation, use command "
                f"`{command}`"
            )
        session = Session(self.factory, shown, self._save, LAST_APPLIED_HEADER)
        session.format = self.flags["output"] or "yaml"
        session.validation = strategy.field_validation(self.flags)
        session.windows = self.flags["windows-line-endings"]
        session.run()

    def _save(self, updated: list[Info], results: Results) -> None:
        out = self.factory.streams.out
        for info in updated:
            original = self.live.get((info.row.key, info.namespace, info.name))
            if original is None:
                raise KubectlError("At least one of apiVersion, kind and name was changed")
            if original == info.obj:
                name_printer(out, "skipped")(info.obj)
                continue
            patch = _annotation_patch(compact(info.obj) + "\n")
            options = strategy.request_options(strategy.NONE, self.flags["field-manager"])
            try:
                self.factory.client.patch(info.row, info.name, patch, MERGE_PATCH, info.namespace, **options)
            except StatusError as error:
                self.factory.err(results.add(error, info))
                continue
            name_printer(out, "edited")(info.obj)


VIEW = Command(
    "apply view-last-applied (TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)",
    ViewOptions,
    (
        *filename_flags("that contains the last-applied-configuration annotations"),
        SELECTOR,
        all_flag("Select all resources in the namespace of the specified resource types"),
        Flag("output", "o", STRING, "yaml", "Output format. Must be one of (yaml, json)"),
    ),
    long="""
Show the last-applied-configuration annotation of resources, by type and name or by file.

 The output is YAML; -o chooses another format.
""",
    example="""
        # Show the annotation of deployment/nginx
        kubectl apply view-last-applied deployment/nginx

        # Show it as JSON, by file
        kubectl apply view-last-applied -f deploy.yaml -o json
        """,
)
SET = Command(
    "apply set-last-applied -f FILENAME",
    SetOptions,
    (
        *PRINT,
        DRY_RUN,
        filename("Files that contain the last-applied-configuration annotations"),
        Flag("create-annotation", "", BOOL, False, "Create the annotation where an object has none"),
    ),
    long="""
Set the last-applied-configuration annotation to the contents of a file, as if it had been applied, and change nothing
else.
""",
    example="""
        # Set the annotation to what deploy.yaml holds
        kubectl apply set-last-applied -f deploy.yaml

        # Create it where there is none
        kubectl apply set-last-applied -f deploy.yaml --create-annotation=true
        """,
)
EDIT = Command(
    "apply edit-last-applied (RESOURCE/NAME | -f FILENAME)",
    EditOptions,
    (
        *PRINT,
        *filename_flags("to use to edit the resource"),
        VALIDATE,
        field_manager("kubectl-client-side-apply"),
        Flag("windows-line-endings", "", BOOL, False, "Use the line endings of Windows in the file."),
    ),
    long="""
Edit the last-applied-configuration annotation of resources in an editor.

 The editor is the one that KUBE_EDITOR or EDITOR names, else vi. The file is YAML unless -o json is given.
""",
    example="""
        # Edit the annotation of deployment/nginx
        kubectl apply edit-last-applied deployment/nginx
        """,
)
