"""kubectl replace: puts files in the place of live objects; with --force deletes and creates them.

Upstream counterpart: kubectl's `pkg/cmd/replace`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.kubectl import lastapplied, strategy
from minikctl.kubectl.cmd.delete import Deletion, cascade_policy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import Aggregate, KubectlError, add_source, raise_all
from minikctl.kubectl.flags import STRING, Flag
from minikctl.kubectl.flagsets import (
    DELETE_FLAGS,
    DRY_RUN,
    PRINT,
    SAVE_CONFIG,
    SUBRESOURCE_HELP,
    VALIDATE,
    field_manager,
    filename_flags,
)
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import printer

if TYPE_CHECKING:
    from minikctl.kubectl.builder import Builder

_FORCE_TIMEOUT = 300.0

FLAGS = (
    *PRINT,
    *filename_flags("The files that contain the configurations to replace."),
    *DELETE_FLAGS,
    DRY_RUN,
    SAVE_CONFIG,
    VALIDATE,
    field_manager("kubectl-replace"),
    Flag("raw", "", STRING, "", "URI to PUT the file to."),
    Flag("subresource", "", STRING, "", SUBRESOURCE_HELP.format("replace")),
)


class ReplaceOptions(Options):
    """Files to replace objects with."""

    def complete(self, args: list[str]) -> None:
        self.dry_run = strategy.dry_run(self.factory, self.flags)
        self.validation = strategy.field_validation(self.flags)
        self.policy = cascade_policy(self.factory, self.flags)
        if self.flags["force"] and self.dry_run != strategy.NONE:
            raise KubectlError("--dry-run can not be used when --force is set")
        self.args = args

    def validate(self) -> None:
        flags = self.flags
        if flags["grace-period"] >= 0 and not flags["force"]:
            raise KubectlError("--grace-period must have --force specified")
        if flags["timeout"] != 0 and not flags["force"]:
            raise KubectlError("--timeout must have --force specified")
        if not flags["filename"] and not flags["kustomize"]:
            raise KubectlError("must specify one of -f and -k")
        if flags["raw"]:
            from minikctl.kubectl.rawrequest import check_raw

            check_raw(flags, ("recursive", "output"))

    def run(self) -> None:
        if self.flags["raw"]:
            from minikctl.kubectl.files import read_named
            from minikctl.kubectl.rawrequest import request

            body = read_named(self.factory, self.flags["filename"][0])
            request(self.factory, "replace", self.flags["raw"], body)
            return
        self.show = printer(self.flags, self.factory.streams.out, "replaced", self.dry_run)
        self.options = strategy.request_options(self.dry_run, self.flags["field-manager"], self.validation)
        if self.flags["force"]:
            self._force()
            return
        self._builder().validated(self.validation).visit(self._replace)

    def _builder(self) -> Builder:
        return self.factory.builder().files(self.flags)

    def _replace(self, info: Info) -> None:
        obj = lastapplied.updated(info.obj, self.flags["save-config"])
        if self.dry_run == strategy.CLIENT:
            self.show(obj)
            return
        subresource = self.flags["subresource"]
        try:
            info.require_name()
            info.require_version("get")
            metadata = obj["metadata"]
            if not metadata.get("resourceVersion"):
                live = self.factory.client.find(info.row, info.name, info.namespace)
                if live is not None:
                    version = live["metadata"]["resourceVersion"]
                    obj = {**obj, "metadata": {**metadata, "resourceVersion": version}}
            info.refresh(self.factory.client.update(info.row, obj, subresource, **self.options))
        except (StatusError, KubectlError) as error:
            raise add_source("replacing", info.source, error) from None
        self.show(info.obj)

    def _force(self) -> None:
        """Delete everything, wait until it is gone, create it anew."""
        infos = self._builder().validated(self.validation).infos()
        deletion = Deletion(self.factory, self.policy, self._grace_period())
        deletion.output = "name" if self.flags["output"] == "name" else ""
        errors: list[Exception] = []
        for info in infos:
            try:
                deletion.delete(Info(info.row, info.namespace, info.name, source=info.source))
            except StatusError as error:
                if error.reason != "NotFound":
                    errors.append(error)
        raise_all(errors)
        deletion.wait(self.flags["timeout"] or _FORCE_TIMEOUT)
        for info in infos:
            try:
                self._create(info)
            except (Aggregate, StatusError, KubectlError) as error:
                errors.append(error)
        raise_all(errors)
        if not infos:
            raise KubectlError("no objects passed to replace")

    def _grace_period(self) -> int:
        grace: int = self.flags["grace-period"]
        # A zero grace period still means a graceful end here.
        return 1 if grace == 0 else grace

    def _create(self, info: Info) -> None:
        obj = lastapplied.updated(info.obj, self.flags["save-config"])
        obj = {**obj, "metadata": {key: item for key, item in obj["metadata"].items() if key != "uid"}}
        info.create(self.factory.client, obj, **self.options)
        self.factory.written(info)
        self.show(info.obj)


COMMAND = Command(
    "replace -f FILENAME",
    ReplaceOptions,
    FLAGS,
    long="""
Replace a resource from a file or standard input.

 Both JSON and YAML are read. To replace an existing resource, give its complete description, as
 'kubectl get TYPE NAME -o yaml' prints it.
""",
    example="""
        # Replace a pod with what pod.json holds
        kubectl replace -f ./pod.json

        # Replace a pod with what comes on standard input
        cat pod.json | kubectl replace -f -

        # Change a pod's image
        kubectl get pod mypod -o yaml | sed 's/\\(image: myimage\\):.*$/\\1:v4/' | kubectl replace -f -

        # Delete the resource and create it anew
        kubectl replace --force -f ./pod.json
        """,
)
