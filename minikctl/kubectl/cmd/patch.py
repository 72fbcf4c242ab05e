"""kubectl patch: sends a strategic merge, JSON merge or JSON patch.

Upstream counterpart: kubectl's `pkg/cmd/patch`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import openapi
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.patch import Malformed, PatchError, json_patch, merge_patch, parsed, strategic_merge
from minikctl.apimachinery.request import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Obj
from minikctl.kubectl import strategy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, os_error
from minikctl.kubectl.flags import BOOL, STRING, Flag, quote
from minikctl.kubectl.flagsets import DRY_RUN, PRINT, SUBRESOURCE_HELP, field_manager, filename_flags
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import printer

_TYPES = {"json": JSON_PATCH, "merge": MERGE_PATCH, "strategic": STRATEGIC_PATCH}
# What the libraries behind --local say of a patch that is no JSON; of a JSON patch, what is wrong with it.
_MALFORMED = {MERGE_PATCH: "Invalid JSON Patch", STRATEGIC_PATCH: "invalid JSON document"}

FLAGS = (
    *PRINT,
    *filename_flags("identifying the resource to update"),
    DRY_RUN,
    field_manager("kubectl-patch"),
    Flag("local", "", BOOL, False, "If true, patch the content of the file, not the server's object."),
    Flag("patch", "p", STRING, "", "The patch to be applied to the resource JSON file."),
    Flag("patch-file", "", STRING, "", "A file containing a patch to be applied to the resource."),
    Flag("subresource", "", STRING, "", SUBRESOURCE_HELP.format("patch")),
    Flag("type", "", STRING, "strategic", "The type of patch being provided; one of [json merge strategic]"),
)


class PatchOptions(Options):
    """A patch and what to send it to."""

    def complete(self, args: list[str]) -> None:
        self.args = args
        self.dry_run = strategy.dry_run(self.factory, self.flags)

    def validate(self) -> None:
        flags = self.flags
        if flags["patch"] and flags["patch-file"]:
            raise KubectlError("cannot specify --patch and --patch-file together")
        if not flags["patch"] and not flags["patch-file"]:
            raise KubectlError("must specify --patch or --patch-file containing the contents of the patch")
        if flags["local"] and self.args:
            raise KubectlError("cannot specify --local and server resources")
        if flags["local"] and self.dry_run == strategy.SERVER:
            raise KubectlError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
        if flags["type"] and flags["type"].lower() not in _TYPES:
            raise KubectlError(f"--type must be one of [json merge strategic], not {quote(flags['type'])}")

    def run(self) -> None:
        flags = self.flags
        self.type = _TYPES[flags["type"].lower() or "strategic"]
        self.patch = self._read()
        builder = self.factory.builder().local(flags["local"]).files(flags).subresource(flags["subresource"])
        if not flags["local"]:
            builder.types_or_names(self.args, allow_empty_selector=False)
        if not builder.visit(self._visit):
            raise KubectlError("no objects passed to patch")

    def _read(self) -> Any:
        from minikctl.kubectl.files import read_file
        from minikctl.kubectl.manifest import ParseError, parse_yaml

        path = self.flags["patch-file"]
        try:
            data = read_file(path) if path else self.flags["patch"].encode("utf-8", "surrogateescape")
        except OSError as error:
            raise KubectlError(f"unable to read patch file: {os_error(error)}") from None
        if data.lstrip().startswith(b"{"):
            return parsed(data)
        try:
            return parse_yaml(data)
        except ParseError as error:
            why = str(error).removeprefix("error converting YAML to JSON: ")
            shown = quote(self.flags["patch"])  # of a file kubectl shows nothing
            raise KubectlError(f"unable to parse {shown}: {why}") from None

    def _visit(self, info: Info) -> None:
        flags = self.flags
        before = info.obj
        if flags["local"] or self.dry_run == strategy.CLIENT:
            after = self._apply_locally(info)
        else:
            after = self._send(info)
        operation = "patched" if after != before else "patched (no change)"
        printer(flags, self.factory.streams.out, operation)(after)  # kubectl does not mention a dry run here

    def _send(self, info: Info) -> Obj:
        flags = self.flags
        options = strategy.request_options(self.dry_run, flags["field-manager"])
        try:
            return self.factory.client.patch(
                info.row, info.name, self.patch, self.type, info.namespace, flags["subresource"], **options
            )
        except StatusError as error:
            if error.reason == "UnsupportedMediaType":
                kind = f"{info.row.api_version}, Kind={info.row.kind}"
                raise KubectlError(f"{self.type} is not supported by {kind}: {error.message}") from None
            raise

    def _apply_locally(self, info: Info) -> Obj:
        obj = info.obj
        if isinstance(self.patch, Malformed):
            raise KubectlError(_MALFORMED.get(self.type, self.patch.problem))
        try:
            if self.type == JSON_PATCH:
                result: Obj = json_patch(obj, self.patch)
            elif self.type == MERGE_PATCH:
                result = merge_patch(obj, self.patch)
            else:
                schema = openapi.schema_for(obj.get("apiVersion", ""), obj["kind"])
                if schema is None:
                    group, _, version = obj.get("apiVersion", "").rpartition("/")
                    raise KubectlError(
                        f"strategic merge patch is not supported for {group}/{version}, Kind={obj['kind']} locally, "
                        "try --type merge"
                    )
                result = strategic_merge(obj, self.patch, schema)
        except PatchError as error:
            raise KubectlError(str(error)) from None
        return result


COMMAND = Command(
    "patch (-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]",
    PatchOptions,
    FLAGS,
    long="""
Update fields of a resource with a strategic merge patch, a JSON merge patch, or a JSON patch.

 Both JSON and YAML are read.

 Strategic merge patches do not work on custom resources.
""",
    example="""
        # Change a node with a strategic merge patch given as JSON
        kubectl patch node k8s-node-1 -p '{"spec":{"unschedulable":true}}'

        # The same as YAML
        kubectl patch node k8s-node-1 -p $'spec:\\n unschedulable: true'

        # Patch what a file describes
        kubectl patch -f node.json -p '{"spec":{"unschedulable":true}}'

        # Change a container's image; spec.containers[*].name is the merge key
        kubectl patch pod valid-pod -p '{"spec":{"containers":[{"name":"web","image":"new image"}]}}'

        # The same with a JSON patch
        kubectl patch pod valid-pod --type='json' -p='[{"op":"remove","path":"/spec/nodeName"}]'

        # Change the number of replicas through the scale subresource
        kubectl patch deployment nginx-deployment --subresource='scale' --type='merge' -p '{"spec":{"replicas":2}}'
        """,
)
