"""kubectl get: prints objects as a table or in any output format, once or as they change.

Tables come from the server; everything else reads whole objects. Upstream counterpart: kubectl's
`pkg/cmd/get`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, flattened, raise_all, raise_together, without_not_found
from minikctl.kubectl.flags import BOOL, STRING, STRING_SLICE, Flag
from minikctl.kubectl.flagsets import (
    ALL_NAMESPACES,
    CHUNK_SIZE,
    FIELD_SELECTOR,
    GET_PRINT,
    IDENTIFY,
    NO_HEADERS,
    SELECTOR,
    SUBRESOURCE_HELP,
    filename_flags,
)
from minikctl.kubectl.info import Info
from minikctl.printers.table import TablePrinter

if TYPE_CHECKING:
    from minikctl.kubectl.builder import Builder
    from minikctl.kubectl.printing import Printer

FLAGS = (
    *GET_PRINT,
    *filename_flags(IDENTIFY),
    ALL_NAMESPACES,
    CHUNK_SIZE,
    FIELD_SELECTOR,
    SELECTOR,
    NO_HEADERS,
    Flag("ignore-not-found", "", BOOL, False, "If an object does not exist, say nothing and exit with 0."),
    Flag("label-columns", "L", STRING_SLICE, [], "Labels to show as columns; may be repeated (case-sensitive)."),
    Flag("output-watch-events", "", BOOL, False, "When watching, print the events; objects already there as ADDED."),
    Flag("raw", "", STRING, "", "URI to request from the server, its answer printed as it is."),
    Flag("server-print", "", BOOL, True, "If true, let the server make the table."),
    Flag("show-kind", "", BOOL, False, "If present, show the resource type with each name."),
    Flag("show-labels", "", BOOL, False, "Show all labels as the last column."),
    Flag("sort-by", "", STRING, "", "JSONPath of the field to sort lists by (e.g. '{.metadata.name}')."),
    Flag("subresource", "", STRING, "", SUBRESOURCE_HELP.format("get")),
    Flag("watch", "w", BOOL, False, "After showing the objects, watch for changes."),
    Flag("watch-only", "", BOOL, False, "Watch for changes without showing the objects first."),
)  # fmt: skip


class GetOptions(Options):
    """What to get and how to print it."""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        self.args = args
        self.raw: str = flags["raw"]
        self.output: str = flags["output"]
        if self.raw:
            if args:
                raise KubectlError("arguments may not be passed when --raw is specified")
            return
        self.watching: bool = flags["watch"] or flags["watch-only"]
        self.table = (not self.output and not flags["template"]) or self.output == "wide"
        self.sort_by: str = flags["sort-by"]
        if self.watching:
            if self.sort_by:
                received = "--watch requested, --sort-by will be ignored for watch events received"
                none = "--watch-only requested, --sort-by will be ignored"
                self.factory.err(f"warning: {none if flags['watch-only'] else received}")
        elif not args and not flags["filename"] and not flags["kustomize"]:
            self._missing_type()

    def _missing_type(self) -> None:
        program = self.factory.program
        self.factory.err(
            f'You must specify the type of resource to get. Use "{program} api-resources" for a complete list of '
            "supported resources.\n"
        )
        raise self.usage_error(
            "Required resource not specified.\n"
            f'Use "{program} explain <resource>" for a detailed description of that resource '
            f"(e.g. {program} explain pods)."
        )

    def validate(self) -> None:
        flags = self.flags
        if self.raw:
            if flags["watch"] or flags["watch-only"] or flags["selector"]:
                raise KubectlError(
                    "--raw may not be specified with other flags that filter the server request or alter the output"
                )
            if self.output:
                raise KubectlError("--raw and --output are mutually exclusive")
            if not self.raw.startswith(("/", "http:", "https:")):
                raise KubectlError(f'--raw must be a valid URL path: parse "{self.raw}": invalid URI for request')
            return
        if flags["show-labels"] and self.output not in ("", "wide"):
            raise KubectlError(f"--show-labels option cannot be used with {self.output} printer")
        if flags["output-watch-events"] and not self.watching:
            raise KubectlError("--output-watch-events option can only be used with --watch or --watch-only")

    def run(self) -> None:
        if self.raw:
            from minikctl.kubectl.rawrequest import request

            request(self.factory, "get", self.raw)
        elif self.watching:
            from minikctl.kubectl.cmd.get_watch import watch

            watch(self)
        elif self.table:
            self._print_tables()
        else:
            self._print_generic()

    def builder(self) -> Builder:
        """What the arguments and flags ask for."""
        flags = self.flags
        namespace, enforce = self.factory.namespace, self.factory.enforce_namespace and not flags["all-namespaces"]
        builder = self.factory.builder().namespace(namespace, enforce).all_namespaces(flags["all-namespaces"])
        builder.files(flags).selector(flags["selector"]).field_selector(flags["field-selector"])
        builder.types_or_names(self.args).latest().subresource(flags["subresource"])
        return builder.chunks(0 if self.sort_by else flags["chunk-size"])

    def _gather(self, builder: Builder) -> tuple[list[Info], list[Exception]]:
        if self.flags["subresource"] and not builder.targets_single_items:
            raise KubectlError("subresource cannot be used when bulk resources are specified")
        infos, errors = builder.gather()
        return infos, without_not_found(errors) if self.flags["ignore-not-found"] else errors

    # -- tables

    def table_printer(self) -> TablePrinter:
        """A printer with the columns that the flags ask for."""
        flags = self.flags
        return TablePrinter(
            self.factory.streams.out.write, self.output == "wide", flags["no-headers"], flags["show-labels"],
            flags["label-columns"],
        )  # fmt: skip

    def _print_tables(self) -> None:
        builder = self.builder()
        server_print = self.flags["server-print"]
        if server_print:
            builder.tables(full_objects=bool(self.sort_by))
        infos, errors = self._gather(builder)
        if self.sort_by:
            infos = self._sorted_infos(infos)
        printer = self.table_printer()
        several = len({info.row for info in infos}) > 1
        last = None
        namespaced = not self.flags["all-namespaces"]
        for info in infos:
            row = info.row
            namespaced = namespaced and row.namespaced
            if row is not last:
                kind = row.group_kind if several or self.flags["show-kind"] else ""
                printer.begin(kind, self.flags["all-namespaces"] and row.namespaced)
                last = row
            self._add(printer, info.obj)
        printer.flush()
        if not printer.written and not self.flags["ignore-not-found"] and not errors:
            if namespaced:
                self.factory.err(f"No resources found in {self.factory.namespace} namespace.")
            else:
                self.factory.err("No resources found")
        raise_together(errors)

    def _add(self, printer: TablePrinter, obj: Obj) -> None:
        """Queue a table for printing; what has a name but no table yet gets one.

        A table that cannot be sorted is left out in silence, as kubectl does.
        """
        if obj.get("kind") != "Table":
            obj = local_table(self, [obj])
        elif self.sort_by and len(obj.get("rows") or ()) > 1 and not self._sort_rows(obj):
            return
        printer.add(obj)

    def _sort_rows(self, table: Obj) -> bool:
        """Sort a table's rows in place; False where they do not have the field."""
        from minikctl.printers.sorting import SortError, Unsortable, sort_table

        try:
            sort_table(table, self.sort_by)
        except Unsortable as error:
            raise KubectlError(str(error)) from None
        except SortError:
            return False
        return True

    def _sorted_infos(self, infos: list[Info]) -> list[Info]:
        """Several tables or objects in the order of the field; tables rarely have it."""
        if len(infos) < 2:
            return infos
        order = {id(obj): place for place, obj in enumerate(self._sorted([info.obj for info in infos]))}
        return sorted(infos, key=lambda info: order[id(info.obj)])

    def _sorted(self, objects: list[Obj]) -> list[Obj]:
        from minikctl.printers.jsonpath import JSONPathError
        from minikctl.printers.sorting import SortError, sort_objects

        try:
            return sort_objects(objects, self.sort_by)
        except (SortError, JSONPathError) as error:
            raise KubectlError(str(error)) from None

    # -- every other format

    def _print_generic(self) -> None:
        from minikctl.kubectl.printing import to_list

        show = self.printer()
        builder = self.builder()
        infos, errors = self._gather(builder)
        if errors and builder.single_item:
            raise_all(errors)
        if not infos and self.flags["ignore-not-found"]:
            raise_all(errors)
            return
        objects = [info.obj for info in infos]
        if builder.single_item and len(objects) == 1:
            show(objects[0])
        else:
            if self.sort_by:
                objects = self._sorted(objects)
            show(to_list(objects))
        raise_all(flattened(errors))

    def printer(self) -> Printer:
        """The printer of -o; custom columns are get's own."""
        from minikctl.kubectl import printing

        out = self.factory.streams.out
        if self.output.startswith("custom-columns"):
            return self._columns_printer()
        if self.output.lower() == "name":
            return printing.name_printer(out)
        found = printing.structured(self.flags, self.output or "go-template", out)
        if found is None:
            raise printing.no_printer(self.output, (*printing.FORMATS, "custom-columns", "custom-columns-file", "wide"))
        return found

    def _columns_printer(self) -> Printer:
        from minikctl.printers import customcolumns
        from minikctl.printers.jsonpath import JSONPathError

        name, _, spec = self.output.partition("=")
        spec = spec or self.flags["template"]
        no_headers = self.flags["no-headers"]
        if not spec:
            raise KubectlError("custom-columns format specified but no custom columns given")
        try:
            if name == "custom-columns-file":
                from minikctl.kubectl.printing import read_template

                show = customcolumns.from_template(read_template(spec, "template "))
            else:
                show = customcolumns.from_spec(spec, no_headers)
        except JSONPathError as error:
            raise KubectlError(str(error)) from None
        write = self.factory.streams.out.write

        def print_object(obj: Obj) -> None:
            try:
                show(obj, write)
            except JSONPathError as error:
                raise KubectlError(str(error)) from None

        return print_object


def local_table(options: GetOptions, objects: list[Obj]) -> Obj:
    """The table kubectl makes itself (--server-print=false): name and age."""
    from minikctl.apimachinery.clock import parse_time
    from minikctl.apimachinery.duration import human

    rows = []
    for obj in objects:
        metadata = obj.get("metadata") or {}
        created = metadata.get("creationTimestamp")
        age = human(options.factory.now() - parse_time(created)) if created else "<unknown>"
        rows.append({"cells": [metadata.get("name", ""), age], "object": {"metadata": metadata}})
    columns = [{"name": "Name", "type": "string", "format": "name"}, {"name": "Age", "type": "string"}]
    return {"kind": "Table", "columnDefinitions": columns, "rows": rows}


COMMAND = Command(
    "get [(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|"
    "jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] "
    "[NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]",
    GetOptions,
    FLAGS,
    long="""
Show one or many resources.

 Prints a table with what matters most about the given resources. Lists can be narrowed with a label selector
(--selector). Namespaced resources are those of the current namespace, unless --all-namespaces is given.

 With -o go-template and a Go template in --template, single attributes can be printed.

Use "kubectl api-resources" for a complete list of supported resources.
""",
    example="""
        # List all pods
        kubectl get pods

        # List all pods with more columns (such as the node's name)
        kubectl get pods -o wide

        # Show one deployment as YAML
        kubectl get deployment web -o yaml

        # List deployments in version "v1" of the API group "apps"
        kubectl get deployments.v1.apps -o json

        # Show the pod that a file describes
        kubectl get -f pod.yaml

        # Print only the phase of a pod
        kubectl get -o template pod/web --template={{.status.phase}}

        # List columns of your choice
        kubectl get pods -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image

        # List replica sets and services together
        kubectl get rs,services

        # Show objects by type and name
        kubectl get rs/web service/frontend pods/web-1
        """,
)
