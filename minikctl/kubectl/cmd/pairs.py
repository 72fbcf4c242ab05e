"""What label and annotate share: KEY=VALUE and KEY- arguments, and the patch they make of them.

Upstream counterpart: the common parts of `pkg/cmd/label` and `pkg/cmd/annotate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikctl.apimachinery.meta import deep_copy
from minikctl.apimachinery.patch import diff_merge
from minikctl.apimachinery.request import MERGE_PATCH, Obj
from minikctl.kubectl import strategy
from minikctl.kubectl.command import Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, STRING, Flag
from minikctl.kubectl.flagsets import (
    ALL_NAMESPACES,
    DRY_RUN,
    FIELD_SELECTOR,
    PRINT,
    SELECTOR,
    all_flag,
    field_manager,
    filename_flags,
)
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import Printer, printer


def flags(verb: str, noun: str) -> tuple[Flag, ...]:
    """The flags of `label` or `annotate`."""
    return (
        *PRINT,
        *filename_flags(f"identifying the resource to update the {noun}"),
        ALL_NAMESPACES,
        DRY_RUN,
        FIELD_SELECTOR,
        SELECTOR,
        field_manager(f"kubectl-{verb}"),
        all_flag("Select all resources, in the namespace of the specified resource types"),
        Flag("list", "", BOOL, False, f"If true, display the {noun}s for a given resource."),
        Flag("local", "", BOOL, False, f"If true, {verb} will NOT contact api-server but run locally."),
        Flag("overwrite", "", BOOL, False, f"If true, existing {noun}s may be overwritten; else that is refused."),
        Flag("resource-version", "", STRING, "", "If non-empty, the update only succeeds on this resource-version."),
    )


def split_arguments(args: Sequence[str], noun: str) -> tuple[list[str], list[str]]:
    """(resources, pairs): everything from the first KEY=VALUE or KEY- on is a pair."""
    resources: list[str] = []
    pairs: list[str] = []
    for arg in args:
        is_pair = ("=" in arg and arg[0] != "=") or (arg.endswith("-") and arg != "-")
        if is_pair:
            pairs.append(arg)
        elif pairs:
            raise KubectlError(f"all resources must be specified before {noun} changes: {arg}")
        else:
            resources.append(arg)
    return resources, pairs


class PairOptions(Options):
    """Sets and removes entries of one map in the metadata."""

    noun = "label"
    field = "labels"
    example = "pod"  # the file that refusals name
    shows_answer = True  # whether the server's answer is printed, or what was sent

    def parse(self, pairs: Sequence[str]) -> tuple[dict[str, str], list[str]]:
        """What to set and what to remove."""
        raise NotImplementedError

    def check_overwrites(self, current: dict[str, str]) -> None:
        """Refuse to change what has another value."""
        raise NotImplementedError

    def operation(self, before: Obj, after: Obj) -> str:
        """What is printed as done."""
        raise NotImplementedError

    def complete(self, args: list[str]) -> None:
        self.dry_run = strategy.dry_run(self.factory, self.flags)
        self.resources, pairs = split_arguments(args, self.noun)
        self.new, self.removed = self.parse(pairs)

    def validate(self) -> None:
        flags = self.flags
        files = bool(flags["filename"] or flags["kustomize"])
        if flags["all"] and flags["selector"]:
            raise KubectlError("cannot set --all and --selector at the same time")
        if flags["all"] and flags["field-selector"]:
            raise KubectlError("cannot set --all and --field-selector at the same time")
        if flags["local"]:
            if self.dry_run == strategy.SERVER:
                raise KubectlError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
            if self.resources:
                only = f"-f {self.example}.yaml or --filename={self.example}.json"
                raise KubectlError(f"can only use local files by {only} when --local=true is set")
            if not files:
                only = f"-f {self.example}.yaml or --filename={self.example}.json"
                raise KubectlError(f"one or more files must be specified as {only}")
        elif not self.resources and not files:
            raise KubectlError("one or more resources must be specified as <resource> <name> or <resource>/<name>")
        if not self.new and not self.removed and not flags["list"]:
            raise KubectlError(f"at least one {self.noun} update is required")
        if flags["list"] and flags["output"]:
            raise KubectlError("--list and --output may not be specified together")

    def run(self) -> None:
        flags = self.flags
        builder = self.factory.builder().local(flags["local"]).files(flags)
        if not flags["local"]:
            builder.selector(flags["selector"]).field_selector(flags["field-selector"])
            builder.all_namespaces(flags["all-namespaces"])
            builder.types_or_names(self.resources, allow_empty_selector=flags["all"]).latest()
        self.single = builder.single_item
        if flags["resource-version"] and not self.single:
            raise KubectlError("--resource-version may only be used with a single resource")
        builder.visit(self._visit)

    def _visit(self, info: Info) -> None:
        flags = self.flags
        before = info.obj
        after = deep_copy(before)
        metadata = after.setdefault("metadata", {})
        if not isinstance(metadata, dict):  # only --local meets such; there is nowhere to write to
            metadata = {}
        found = metadata.get(self.field)
        entries: dict[str, str] = found if isinstance(found, dict) else {}
        sending = not (flags["local"] or flags["list"] or self.dry_run == strategy.CLIENT)
        if sending:
            self.note_missing(entries)
        if not flags["overwrite"]:
            self.check_overwrites(entries)
        entries = {**entries, **self.new}
        for key in self.removed:
            entries.pop(key, None)
        if entries:
            metadata[self.field] = entries
        else:
            metadata.pop(self.field, None)
        if flags["resource-version"]:
            metadata["resourceVersion"] = flags["resource-version"]
        result = after
        if sending:
            answer = self._send(info, before, after)
            result = answer if self.shows_answer else after
        if flags["list"]:
            self._list(info, entries)
            return
        self.printer(self.operation(before, after))(result)

    def printer(self, operation: str) -> Printer:
        """What prints the next object."""
        return printer(self.flags, self.factory.streams.out, operation, self.dry_run)

    def note_missing(self, entries: dict[str, str]) -> None:
        """Mention what is to be removed and is not there."""

    def _send(self, info: Info, before: Obj, after: Obj) -> Obj:
        info.require_name()
        patch: dict[str, Any] = diff_merge(before, after)
        if self.flags["resource-version"]:
            patch.setdefault("metadata", {})["resourceVersion"] = self.flags["resource-version"]
        options = strategy.request_options(self.dry_run, self.flags["field-manager"])
        return self.factory.client.patch(info.row, info.name, patch, MERGE_PATCH, info.namespace, **options)

    def _list(self, info: Info, entries: dict[str, str]) -> None:
        indent = ""
        if not self.single:
            indent = " "
            obj = info.obj
            group = obj.get("apiVersion", "").rpartition("/")[0]
            self.factory.out(f"Listing {self.noun}s for {obj.get('kind')}.{group}/{info.name}:")
        for key, value in entries.items():
            self.factory.out(f"{indent}{key}={value}")
