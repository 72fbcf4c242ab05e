"""kubectl diff: what apply would change, shown by diff(1) or $KUBECTL_EXTERNAL_DIFF.

Exit status 0: nothing would change, 1: something would, 2 and above: an error. Upstream counterpart:
kubectl's `pkg/cmd/diff`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.resources import Resource
from minikctl.kubectl import lastapplied, strategy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import Exit, KubectlError
from minikctl.kubectl.flags import BOOL, INT, STRING_ARRAY, Flag, quote
from minikctl.kubectl.flagsets import SELECTOR, SHOW_MANAGED_FIELDS, field_manager, filename_flags
from minikctl.kubectl.info import Info
from minikctl.kubectl.prune import left_over, prunable, warn
from minikctl.printers.yamlout import dump

FLAGS = (
    *filename_flags("The files that contain the configurations to diff."),
    SELECTOR,
    SHOW_MANAGED_FIELDS,
    field_manager("kubectl-client-side-apply"),
    Flag("concurrency", "", INT, 1, "Number of objects to process at a time; minikctl does them one by one."),
    Flag("force-conflicts", "", BOOL, False, "If true, server-side apply takes fields over from their managers."),
    Flag("prune", "", BOOL, False, "Include resources that would be deleted by pruning."),
    Flag("prune-allowlist", "", STRING_ARRAY, [], "Replace the default list of types to prune: <group/version/kind>."),
    Flag("server-side", "", BOOL, False, "If true, apply runs in the server instead of the client."),
    Flag("show-secrets", "", BOOL, False, "Show the values of secrets."),
)


class DiffOptions(Options):
    """Files to compare with the cluster."""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        if args:
            raise self.usage_error(f"Unexpected args: [{' '.join(args)}]")
        if not flags["filename"] and not flags["kustomize"]:
            raise KubectlError("must specify one of -f and -k")
        if flags["force-conflicts"] and not flags["server-side"]:
            raise KubectlError("--force-conflicts only works with --server-side")
        self.namespaces: set[str] = set()
        self.uids: set[str] = set()
        self.prunable = prunable(self.factory.resources, flags["prune-allowlist"]) if flags["prune"] else []
        manager = flags["field-manager"]
        if flags["server-side"] and not flags.changed("field-manager"):
            manager = "kubectl"
        self.manager = manager

    def run(self) -> None:
        with _directory("LIVE-") as live, _directory("MERGED-") as new:
            self.directories = (live, new)
            builder = self.factory.builder().files(self.flags).selector(self.flags["selector"])
            builder.visit(self._compare)
            self._prune()
            status = self._show(live, new)
        if status:
            raise Exit(status)

    def _compare(self, info: Info) -> None:
        """Write the live and the merged form of one object where diff will look."""
        info.require_name()
        info.require_version("patch" if self.flags["server-side"] else "post")
        config = info.obj
        live = self.factory.client.find(info.row, info.name, info.namespace)
        if info.row.namespaced:
            self.namespaces.add(info.namespace)
        if live is not None:
            self.uids.add(live["metadata"]["uid"])
        merged = self._merged(info, config, live)
        nothing = ""
        if info.row.key == "secrets" and not self.flags["show-secrets"]:
            live, merged = masked(live, merged)
            nothing = "null\n"  # what hiding makes of an object that is not there
        name = _file_name(info.row, info.namespace, info.name)
        for directory, obj in zip(self.directories, (live, merged), strict=True):
            self._write(directory, name, dump(self._shown(obj)) if obj is not None else nothing)

    def _prune(self) -> None:
        """Write the live form of what an apply would prune; that it has no other shows that it goes."""
        if self.prunable and not self.flags["prune-allowlist"]:
            warn(self.factory)
        selector = self.flags["selector"]
        for row, obj in left_over(self.factory.client, self.prunable, self.namespaces, self.uids, selector):
            name = _file_name(row, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            self._write(self.directories[0], name, dump({"apiVersion": row.api_version, "kind": row.kind, **obj}))

    def _write(self, directory: str, name: str, text: str) -> None:
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _shown(self, obj: Obj) -> Obj:
        if self.flags["show-managed-fields"]:
            return obj
        from minikctl.kubectl.printing import without_managed_fields

        return without_managed_fields(obj)

    def _merged(self, info: Info, config: Obj, live: Obj | None) -> Obj:
        """What the object would be after an apply: a dry run in the server."""
        client = self.factory.client
        options: dict[str, Any] = strategy.request_options(strategy.SERVER, self.manager)
        if self.flags["server-side"]:
            force = self.flags["force-conflicts"]
            return client.apply(info.row, config, self.manager, force, namespace=info.namespace, dryRun=["All"])
        if live is None:
            return client.create(info.row, config, info.namespace, **options)
        from minikctl.kubectl.threeway import Patcher

        patched = Patcher(client, Info(info.row, info.namespace, info.name, live), options).patch(
            lastapplied.bare(config)
        )
        return live if patched is None else patched

    def _show(self, live: str, merged: str) -> int:
        self.factory.streams.out.flush()
        external = self.factory.environ.get("KUBECTL_EXTERNAL_DIFF", "")
        command = [part for part in external.split(" ") if part] or ["diff", "-u", "-N"]
        if not external and shutil.which("diff") is None:
            return self._internal(live, merged)
        try:
            done = subprocess.run(
                [*command, live, merged], capture_output=True, check=False, env=dict(self.factory.environ)
            )
        except FileNotFoundError:
            raise KubectlError(f"failed to run {quote(command[0])}: executable file not found in $PATH") from None
        except OSError as error:
            raise KubectlError(f"failed to run {quote(command[0])}: {(error.strerror or '').lower()}") from None
        self.factory.streams.out.write(done.stdout.decode("utf-8", "replace"))
        self.factory.streams.err.write(done.stderr.decode("utf-8", "replace"))
        return done.returncode

    def _internal(self, live: str, merged: str) -> int:
        """diff -u -N where there is no diff program."""
        import difflib

        status = 0
        for name in sorted(os.listdir(live)):
            paths = [os.path.join(directory, name) for directory in (live, merged)]
            texts = []
            for path in paths:
                with open(path, encoding="utf-8") as file:
                    texts.append(file.read().splitlines(keepends=True))
            lines = list(difflib.unified_diff(texts[0], texts[1], paths[0], paths[1]))
            if lines:
                status = 1
                self.factory.streams.out.write(f"diff -u -N {paths[0]} {paths[1]}\n" + "".join(lines))
        return status


@contextmanager
def _directory(prefix: str) -> Iterator[str]:
    """A new directory with a number in its name, as Go makes one."""
    while True:
        path = os.path.join(tempfile.gettempdir(), f"{prefix}{int.from_bytes(os.urandom(4), 'big')}")
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            continue
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
        return


def _file_name(row: Resource, namespace: str, name: str) -> str:
    """What diff calls the file of an object."""
    group = f"{row.group}." if row.group else ""
    return f"{group}{row.version}.{row.kind}.{namespace}.{name}"


def masked(live: Obj | None, merged: Obj) -> tuple[Obj | None, Obj]:
    """Two forms of a Secret with their values hidden; changed ones say so."""
    before = (live or {}).get("data") or {}
    after = merged.get("data") or {}
    shown_before, shown_after = {}, {}
    for key in before.keys() | after.keys():
        changed = key in before and key in after and before[key] != after[key]
        if key in before:
            shown_before[key] = "*** (before)" if changed else "***"
        if key in after:
            shown_after[key] = "*** (after)" if changed else "***"
    if live is not None and before:
        live = {**live, "data": shown_before}
    return live, {**merged, "data": shown_after} if after else merged


COMMAND = Command(
    "diff -f FILENAME",
    DiffOptions,
    FLAGS,
    long="""
Compare configurations given by file or on standard input with what the cluster has, as it would be after an apply.

 The output is YAML, compared by diff. KUBECTL_EXTERNAL_DIFF names another program, with arguments if need be; without
 it, 'diff' runs with -u and -N.

 Exit status: 0 no differences were found, 1 differences were found, greater than 1 kubectl or diff failed.
""",
    example="""
        # Compare what pod.json holds
        kubectl diff -f pod.json

        # Compare what comes on standard input
        cat service.yaml | kubectl diff -f -
        """,
    error_status=2,
)
