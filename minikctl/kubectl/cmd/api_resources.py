"""kubectl api-resources: the resources the server serves.

Upstream counterpart: kubectl's `pkg/cmd/apiresources`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.resources import Resource
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, STRING, STRING_SLICE, Flag
from minikctl.kubectl.flagsets import SHOW_MANAGED_FIELDS
from minikctl.kubectl.printing import no_printer

FLAGS = (
    SHOW_MANAGED_FIELDS,
    Flag("api-group", "", STRING, "", "Limit to resources in the specified API group."),
    Flag("cached", "", BOOL, False, "Use the cached list of resources if available."),
    Flag("categories", "", STRING_SLICE, [], "Limit to resources that belong to the specified categories."),
    Flag("namespaced", "", BOOL, True, "If false, return non-namespaced resources; all of them unless given."),
    Flag("no-headers", "", BOOL, False, "When using the default or custom-column output format, don't print headers."),
    Flag("output", "o", STRING, "", "Output format. One of: (json, yaml, kyaml, name, wide)."),
    Flag("sort-by", "", STRING, "", "If non-empty, sort by this field: 'name' or 'kind'."),
    Flag("verbs", "", STRING_SLICE, [], "Limit to resources that support the specified verbs."),
)


_DOCUMENTS = ("json", "yaml", "kyaml")


class ApiResourcesOptions(Options):
    """Which resources to list, and how."""

    def complete(self, args: list[str]) -> None:
        self.no_arguments(args)

    def validate(self) -> None:
        flags = self.flags
        self.output = flags["output"].lower() if flags["output"].lower() in _DOCUMENTS else flags["output"]
        if self.output not in ("", "wide", "name", *_DOCUMENTS):
            raise no_printer(flags["output"], ("wide", "name", "json", "yaml", "kyaml"))
        if flags["sort-by"] not in ("", "name", "kind"):
            raise KubectlError("--sort-by accepts only name or kind")

    def run(self) -> None:
        rows = [row for row in self.factory.resources.preferred() if self._wanted(row)]
        rows.sort(key=self._order)
        output = self.output
        if output in _DOCUMENTS:
            self._document(rows, output)
        elif output == "name":
            for row in rows:
                self.factory.out(row.key)
        else:
            self._table(rows, output == "wide")

    def _wanted(self, row: Resource) -> bool:
        flags = self.flags
        if flags.changed("api-group") and row.group != flags["api-group"]:
            return False
        if flags.changed("namespaced") and row.namespaced != flags["namespaced"]:
            return False
        if not set(flags["verbs"]) <= set(row.told_verbs):
            return False
        return bool(row.told_verbs) and set(flags["categories"]) <= set(row.categories)

    def _order(self, row: Resource) -> tuple[str, ...]:
        sort_by = self.flags["sort-by"]
        if sort_by == "name":
            return (row.plural,)
        if sort_by == "kind":
            return (row.kind,)
        return (row.group, row.plural)

    def _table(self, rows: list[Resource], wide: bool) -> None:
        from minikctl.printers.tabwriter import align

        lines = []
        if not self.flags["no-headers"]:
            more = "\tVERBS\tCATEGORIES" if wide else ""
            lines.append(f"NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND{more}")
        for row in rows:
            namespaced = "true" if row.namespaced else "false"
            line = f"{row.plural}\t{','.join(row.short_names)}\t{row.api_version}\t{namespaced}\t{row.kind}"
            if wide:
                line += f"\t{','.join(row.told_verbs)}\t{','.join(row.categories)}"
            lines.append(line)
        if lines:
            self.factory.streams.out.write(align("\n".join(lines) + "\n"))

    def _document(self, rows: list[Resource], output: str) -> None:
        from minikctl.kubectl.printing import dumper, ordered_dumper

        items: list[Obj] = []
        for row in rows:
            item: Obj = {"name": row.plural, "singularName": row.singular, "namespaced": row.namespaced}
            if row.group:
                item["group"] = row.group
            item.update({"version": row.version, "kind": row.kind, "verbs": list(row.told_verbs)})
            if row.short_names:
                item["shortNames"] = list(row.short_names)
            if row.categories:
                item["categories"] = list(row.categories)
            items.append(item)
        document = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "", "resources": items}
        dump = ordered_dumper(output) or dumper(output)
        self.factory.streams.out.write(dump(document))


COMMAND = Command(
    "api-resources [flags]",
    ApiResourcesOptions,
    FLAGS,
    long="Print the resources the server supports.",
    example="""
        # Print the supported API resources
        kubectl api-resources

        # With more columns
        kubectl api-resources -o wide

        # Sorted by a column
        kubectl api-resources --sort-by=name

        # Only namespaced ones
        kubectl api-resources --namespaced=true

        # Those of one API group
        kubectl api-resources --api-group=rbac.authorization.k8s.io
        """,
)
