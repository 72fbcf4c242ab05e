"""kubectl set selector: replaces the selector of a Service.

Upstream counterpart: `set_selector.go` of kubectl's `pkg/cmd/set`.
"""

from __future__ import annotations

from minikctl.apimachinery import selectors
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import labelterms, podspecs, strategy, twoway
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, STRING, Flag
from minikctl.kubectl.flagsets import DRY_RUN, IDENTIFY, PRINT, all_flag, field_manager, filename
from minikctl.kubectl.info import Info
from minikctl.kubectl.typedprinting import typed_printer


class SelectorOptions(Options):
    """Which Services get which selector."""

    def complete(self, args: list[str]) -> None:
        self.dry_run = strategy.dry_run(self.factory, self.flags)
        self.resources = args[:-1]
        self.terms: list[selectors.Requirement] | None = None
        if args:
            self.terms = labelterms.terms(args[-1])

    def validate(self) -> None:
        if self.terms is None:
            raise KubectlError("one selector is required")

    def run(self) -> None:
        flags = self.flags
        builder = self.factory.builder().typed().local(flags["local"]).files(flags).select_all(flags["all"])
        if not flags["local"]:
            builder.types_or_names(self.resources, allow_empty_selector=False).latest()
        self.show = typed_printer(flags, self.factory.streams.out, "selector updated", self.dry_run)
        builder.visit(self._set)

    def _set(self, info: Info) -> None:
        modified = twoway.altered(info.obj, self._change)
        patch, patch_type = twoway.difference(info, modified)
        if self.flags["local"] or self.dry_run == strategy.CLIENT:
            obj = podspecs.typed(modified)
        else:
            if self.flags["resource-version"]:
                patch.setdefault("metadata", {})["resourceVersion"] = self.flags["resource-version"]
            options = strategy.request_options(self.dry_run, self.flags["field-manager"])
            obj = twoway.send(self.factory.client, info, patch, patch_type, **options)
        self.show(obj)

    def _change(self, obj: Obj) -> None:
        terms = self.terms or []
        if obj["kind"] != "Service":
            raise KubectlError("setting a selector is only supported for Services")
        expressions = [term for term in terms if term.operator not in ("=", "==")]
        if expressions:
            shown = " ".join(
                f"{{{each.key} {_GO_NAMES[each.operator]} [{' '.join(each.values)}]}}" for each in expressions
            )
            raise KubectlError(f"match expression [{shown}] not supported on this object")
        obj.setdefault("spec", {})["selector"] = {term.key: term.values[0] for term in terms}


_GO_NAMES = {
    "in": "In",
    "notin": "NotIn",
    "!=": "NotIn",
    "exists": "Exists",
    "!": "DoesNotExist",
    "gt": "Gt",
    "lt": "Lt",
}

COMMAND = Command(
    "set selector (-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version]",
    SelectorOptions,
    (
        *PRINT,
        filename(IDENTIFY),
        Flag(
            "recursive", "R", BOOL, True, "Read the directory given with -f, --filename and all directories below it."
        ),
        all_flag("Select all resources in the namespace of the specified resource types"),
        DRY_RUN,
        field_manager("kubectl-set"),
        Flag("local", "", BOOL, False, "If true, annotation will NOT contact api-server but run locally."),
        Flag("resource-version", "", STRING, "", "If non-empty, the update only succeeds on this resource-version."),
    ),
    long="""
Set the selector on a resource. The new selector replaces the old one.

 A selector must begin with a letter or number, and may contain letters, numbers, hyphens, dots, and underscores, up
to 63 characters. With --resource-version the update only succeeds on that version. Only Services have a selector
that can be set.
""",
    example="""
        # Set the labels and selector before creating a deployment/service pair
        kubectl create service clusterip my-svc --clusterip="None" -o yaml --dry-run=client | \\
          kubectl set selector --local -f - 'environment=qa' -o yaml | kubectl create -f -
        kubectl create deployment my-dep -o yaml --dry-run=client | \\
          kubectl label --local -f - environment=qa -o yaml | kubectl create -f -
        """,
)
