"""kubectl apply: makes the cluster agree with files, client-side or server-side.

Client-side apply patches with the three-way difference of the last applied, the new and the live
configuration; pruning and applysets are in modules beside it. Upstream counterpart: kubectl's
`pkg/cmd/apply`.
"""

from __future__ import annotations

import json
from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import metadata_of
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import lastapplied, strategy
from minikctl.kubectl.cmd.delete import cascade_policy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import Aggregate, KubectlError, add_source, raise_all
from minikctl.kubectl.flags import BOOL, STRING, STRING_ARRAY, Flag
from minikctl.kubectl.flagsets import (
    DELETE_FLAGS,
    DRY_RUN,
    PRINT,
    SELECTOR,
    SUBRESOURCE_HELP,
    VALIDATE,
    all_flag,
    field_manager,
    filename_flags,
)
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import ordered_dumper, printer, without_managed_fields

CLIENT_SIDE_MANAGER = "kubectl-client-side-apply"
SERVER_SIDE_MANAGER = "kubectl"

FLAGS = (
    *PRINT,
    *filename_flags("The files that contain the configurations to apply."),
    *DELETE_FLAGS,
    DRY_RUN,
    VALIDATE,
    SELECTOR,
    field_manager(CLIENT_SIDE_MANAGER),
    all_flag("Select all resources in the namespace of the specified resource types."),
    Flag("force-conflicts", "", BOOL, False, "If true, server-side apply takes fields over from their managers."),
    Flag("openapi-patch", "", BOOL, True, "If true, the server's OpenAPI schemas are used to compute differences."),
    Flag("overwrite", "", BOOL, True, "Resolve conflicts with the live configuration in favour of the new one."),
    Flag("prune", "", BOOL, False, "Delete what was applied earlier and is not given any more; with -l or --all."),
    Flag("prune-allowlist", "", STRING_ARRAY, [], "Replace the default list of types to prune: <group/version/kind>."),
    Flag("server-side", "", BOOL, False, "If true, apply runs in the server instead of the client."),
    Flag("subresource", "", STRING, "", SUBRESOURCE_HELP.format("apply") + " Only with --server-side."),
    Flag("applyset", "", STRING, "", "The ApplySet to prune with.", hidden=True),
)  # fmt: skip

_CONFLICT_ADVICE = """
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts"""


class ApplyOptions(Options):
    """What to apply and how."""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        if args:
            raise self.usage_error(f"Unexpected args: [{' '.join(args)}]")
        self.dry_run = strategy.dry_run(self.factory, flags)
        self.validation = strategy.field_validation(flags)
        self.server_side: bool = flags["server-side"]
        manager = flags["field-manager"]
        if self.server_side and not flags.changed("field-manager"):
            manager = SERVER_SIDE_MANAGER
        self.manager: str = manager
        self.policy = cascade_policy(self.factory, flags)
        self.write_options = strategy.request_options(self.dry_run, manager, self.validation)
        if flags["subresource"]:
            self.write_options["subresource"] = flags["subresource"]
        self.applied: list[Info] = []
        self.uids: set[str] = set()
        self.namespaces: set[str] = set()

    def validate(self) -> None:
        flags = self.flags
        if not flags["filename"] and not flags["kustomize"]:
            raise KubectlError("must specify one of -f and -k")
        if flags["force-conflicts"] and not self.server_side:
            raise KubectlError("--force-conflicts only works with --server-side")
        if self.dry_run == strategy.CLIENT and self.server_side:
            raise KubectlError(
                "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)"
            )
        if flags["force"] and self.server_side:
            raise KubectlError("--force cannot be used with --server-side")
        if self.dry_run == strategy.SERVER and flags["force"]:
            raise KubectlError("--dry-run=server cannot be used with --force")
        if flags["subresource"] and not self.server_side:
            raise KubectlError("--subresource can only be specified for --server-side")
        if flags["all"] and flags["selector"]:
            raise KubectlError("cannot set --all and --selector at the same time")
        self._validate_prune()

    def _validate_prune(self) -> None:
        from minikctl.kubectl import prune

        self.pruner = prune.pruner(self)

    def run(self) -> None:
        flags = self.flags
        builder = self.factory.builder().validated(self.validation).files(flags)
        infos, errors = builder.selector(flags["selector"]).gather()
        if not infos and not errors:
            raise KubectlError("no objects passed to apply")
        if self.pruner is not None:
            self.pruner.before(infos)
        output = flags["output"]
        self.shows_objects = bool((output or flags["template"]) and output != "name")
        for info in infos:
            try:
                self.apply(info)
                self.applied.append(info)
            except (Aggregate, StatusError, KubectlError) as error:
                errors.append(error)
        if errors:
            raise_all(errors)
        if self.shows_objects:
            self._show([info.obj for info in self.applied])
        if self.pruner is not None:
            self.pruner.prune()

    def _show(self, objects: list[Obj]) -> None:
        """Print what was applied; several objects as a List, which is a typed object of untyped ones."""
        flags, out = self.flags, self.factory.streams.out
        if len(objects) == 1:
            printer(flags, out)(objects[0])
            return
        items = json.loads(json.dumps(objects, sort_keys=True))
        listed = {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}
        dump = ordered_dumper(flags["output"])
        if dump is None:
            printer(flags, out)(listed)
        else:
            out.write(dump(listed if flags["show-managed-fields"] else without_managed_fields(listed)))

    def apply(self, info: Info) -> None:
        """Apply one object and print what became of it."""
        if info.namespaced:
            self.namespaces.add(info.namespace)
        generate_name = metadata_of(info.obj).get("generateName")
        if not info.name and generate_name:
            raise KubectlError(f"from {generate_name}: cannot use generate name with apply")
        operation = self._server_side(info) if self.server_side else self._client_side(info)
        if self.dry_run == strategy.NONE:
            self.factory.written(info)
        if not self.shows_objects:
            printer(self.flags, self.factory.streams.out, operation, self.dry_run)(info.obj)

    # -- server-side

    def _server_side(self, info: Info) -> str:
        from minikctl.kubectl.ssamigration import migrate

        config = info.obj
        self._send_apply(info, config)
        options = strategy.request_options(self.dry_run)
        if migrate(self.factory, info, self.manager, options, self.flags["subresource"]):
            self._send_again(info, config)
        self._warn_if_deleting(info)
        self._visited(info)
        return "serverside-applied"

    def _send_again(self, info: Info, config: Obj) -> None:
        """After the old manager's fields were taken over: drops those that the file no longer has."""
        try:
            self._send_apply(info, config)
        except (StatusError, KubectlError) as error:
            self.factory.err(
                "Warning: failed to re-apply configuration after performing Server-Side Apply migration. This is "
                f"non-fatal and will be retried next time you apply. Error: {error}"
            )

    def _send_apply(self, info: Info, config: Obj) -> None:
        info.require_name()
        info.require_version("patch")
        options = {key: value for key, value in self.write_options.items() if key != "fieldManager"}
        force = self.flags["force-conflicts"]
        try:
            obj = self.factory.client.apply(info.row, config, self.manager, force, namespace=info.namespace, **options)
        except StatusError as error:
            if error.reason == "Conflict":
                raise KubectlError(f"{error.message}{_CONFLICT_ADVICE}") from None
            raise
        info.refresh(obj)

    # -- client-side

    def _client_side(self, info: Info) -> str:
        modified = lastapplied.annotated(info.obj)
        config = info.obj
        try:
            info.get(self.factory.client)
        except (StatusError, KubectlError) as error:
            if not isinstance(error, StatusError) or error.reason != "NotFound":
                verb = f"retrieving current configuration of:\n{info.type_text()}\nfrom server for:"
                raise add_source(verb, info.source, error) from None
            info.object = config
            return self._create(info, modified)
        self._visited(info)
        if not lastapplied.has_annotation(info.obj):
            program = self.factory.program
            self.factory.err(
                f"Warning: resource {info.object_name()} is missing the {lastapplied.ANNOTATION} annotation which is "
                f"required by {program} apply. {program} apply should only be used on resources created declaratively "
                f"by either {program} create --save-config or {program} apply. The missing annotation will be patched "
                "automatically."
            )
        changed = self._patch(info, modified)
        if self.dry_run != strategy.CLIENT:
            self._warn_if_deleting(info)
        return "configured" if changed else "unchanged"

    def _create(self, info: Info, modified: Obj) -> str:
        info.object = modified = _without_nulls(modified)
        if self.dry_run != strategy.CLIENT:
            try:
                info.create(self.factory.client, modified, **self.write_options)
            except StatusError as error:
                raise add_source("creating", info.source, error) from None
        self._visited(info)
        return "created"

    def _patch(self, info: Info, modified: Obj) -> bool:
        from minikctl.kubectl.threeway import Patcher

        client = None if self.dry_run == strategy.CLIENT else self.factory.client
        patcher = Patcher(client, info, self.write_options)
        try:
            patched = patcher.patch(modified)
        except StatusError as error:
            if self.flags["force"] and error.reason in ("Conflict", "Invalid"):
                self._replace(info, modified)
                return True
            raise self._patch_error(info, patcher.text, error) from None
        except KubectlError as error:
            raise self._patch_error(info, patcher.text, error) from None
        if patched is not None:
            info.refresh(patched)
        return patched is not None

    def _patch_error(self, info: Info, text: str, error: Exception) -> Exception:
        verb = f"applying patch:\n{text}\nto:\n{info.type_text()}\nfor:"
        return add_source(verb, info.source, add_source("patching", info.source, error))

    def _replace(self, info: Info, modified: Obj) -> None:
        """--force: delete the object, wait until it is gone, create it anew."""
        from minikctl.kubectl.cmd.delete import FOREVER
        from minikctl.kubectl.waiting import wait_deleted

        options: dict[str, Any] = {"propagationPolicy": self.policy}
        if self.flags["grace-period"] >= 0:
            options["gracePeriodSeconds"] = self.flags["grace-period"]
        live = info.obj
        self.factory.client.delete(info.row, info.name, info.namespace, **options)
        wait_deleted(self.factory, [(info, live["metadata"].get("uid", ""))], self.flags["timeout"] or FOREVER)
        info.create(self.factory.client, modified, **self.write_options)

    def _visited(self, info: Info) -> None:
        self.uids.add(metadata_of(info.obj).get("uid", ""))

    def _warn_if_deleting(self, info: Info) -> None:
        metadata = metadata_of(info.obj)
        if metadata.get("deletionTimestamp"):
            self.factory.err(
                f"Warning: Detected changes to resource {metadata.get('name')} which is currently being deleted."
            )


def _without_nulls(value: Any) -> Any:
    """What a new object is made of: fields that are null are left out, nulls in lists stay."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


COMMAND = Command(
    "apply (-f FILENAME | -k DIRECTORY)",
    ApplyOptions,
    FLAGS,
    long="""
Apply a configuration to a resource, from a file or standard input. The resource must have a name; it is created when
it does not exist yet. For objects that kubectl created otherwise, use 'create --save-config'.

 Both JSON and YAML are read.
""",
    example="""
        # Apply the configuration in pod.json
        kubectl apply -f ./pod.json

        # Apply the JSON on standard input
        cat pod.json | kubectl apply -f -

        # Apply everything in a directory and below
        kubectl apply -f deploy/ -R

        # Let the server compute the change
        kubectl apply --server-side -f manifests/

        # Apply what manifest.yaml holds with the label app=nginx, and delete what has the label but is not in the file
        kubectl apply --prune -f manifest.yaml -l app=nginx
        """,
)
