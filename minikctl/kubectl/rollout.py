"""What the rollout commands share: the objects they name, and the revisions of a workload.

Upstream counterpart: `polymorphichelpers` (history.go, rollback.go) of kubectl.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery import selectors
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apimachinery.request import STRATEGIC_PATCH, Obj
from minikctl.kubectl import strategy, twoway
from minikctl.kubectl.command import Options
from minikctl.kubectl.errors import KubectlError, raise_together
from minikctl.kubectl.flagsets import IDENTIFY, PRINT, SELECTOR, field_manager, filename_flags
from minikctl.kubectl.info import Info

if TYPE_CHECKING:
    from minikctl.kubectl.builder import Builder
    from minikctl.kubectl.factory import Factory

NAMING = (*filename_flags(IDENTIFY), SELECTOR)
CHANGE_FLAGS = (*PRINT, *NAMING, field_manager("kubectl-rollout"))

REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"
CHANGE_CAUSE = "kubernetes.io/change-cause"
WORKLOADS = ("deployments.apps", "daemonsets.apps", "statefulsets.apps")

_OTHER_WORKLOADS = ("pods", "replicationcontrollers", "replicasets.apps", "jobs.batch", "cronjobs.batch")


class RolloutOptions(Options):
    """Which objects a rollout command works on."""

    def complete(self, args: list[str]) -> None:
        self.args = args

    def validate(self) -> None:
        if not self.args and not self.flags["filename"] and not self.flags["kustomize"]:
            raise KubectlError("required resource not specified")

    def builder(self) -> Builder:
        """The objects, as they are on the server."""
        builder = self.factory.builder().typed().files(self.flags).selector(self.flags["selector"])
        return builder.types_or_names(self.args).latest()

    def none_found(self) -> None:
        """Say that the arguments match nothing."""
        self.factory.err(f"No resources found in {self.factory.namespace} namespace.")


class PatchRollout(RolloutOptions):
    """A rollout command that alters each object: pause, resume, restart."""

    operation = ""
    empty_patch = "empty patch"

    def change(self, info: Info, obj: Obj) -> None:
        """Alter the copy `obj`; KubectlError says why it cannot be done."""
        raise NotImplementedError

    def run(self) -> None:
        from minikctl.kubectl.typedprinting import typed_printer

        show = typed_printer(self.flags, self.factory.streams.out, self.operation)
        infos, errors = self.builder().gather()
        if not infos and not errors:
            self.none_found()
        for info in infos:
            try:
                self._patch(info)
                show(info.obj)
            except KubectlError as error:
                errors.append(error)
        raise_together(errors)

    def _patch(self, info: Info) -> None:
        try:
            modified = twoway.altered(info.obj, lambda obj: self.change(info, obj))
        except KubectlError as error:
            raise KubectlError(f'error: {info.row.key} "{info.name}" {error}') from None
        patch, patch_type = twoway.difference(info, modified)
        if not patch:
            raise KubectlError(f"failed to create patch for {info.name}: {self.empty_patch}")
        try:
            twoway.send(self.factory.client, info, patch, patch_type, fieldManager=self.flags["field-manager"])
        except StatusError as error:
            raise KubectlError(f"failed to patch: {error}") from None


def check_kind(info: Info, what: str, action: str) -> None:
    """Refuse a kind that has no rollouts; `what` and `action` are upstream's words."""
    row = info.row
    if row.key in WORKLOADS:
        return
    if row.key in _OTHER_WORKLOADS:
        raise KubectlError(f'no {what} has been implemented for "{row.group_kind}"')
    raise KubectlError(
        f'error {action} for "{row.group_kind}", no visitor method exists for {{{row.group} {row.kind}}}'
    )


class Revision(NamedTuple):
    """One revision of a workload: its number, the object that holds it, its pod template."""

    number: int
    object: Obj
    template: Obj

    @property
    def change_cause(self) -> str:
        annotations = self.object["metadata"].get("annotations") or {}
        return str(annotations.get(CHANGE_CAUSE, ""))


def revisions(factory: Factory, info: Info) -> list[Revision]:
    """The retained revisions of a Deployment, DaemonSet or StatefulSet, oldest first."""
    owner = info.obj
    selector = str(selectors.from_label_selector(owner["spec"].get("selector")))
    history = info.row.key != "deployments.apps"
    held = "controllerrevisions.apps" if history else "replicasets.apps"
    found = {}
    for obj in factory.client.list(held, info.namespace, label_selector=selector).get("items") or ():
        if not _controlled_by(obj, owner):
            continue
        number: int | None
        if history:
            template = obj["data"]["spec"]["template"]
            number = int(obj["revision"])
            template = {key: value for key, value in template.items() if key != "$patch"}
        else:
            number = parse_int((obj["metadata"].get("annotations") or {}).get(REVISION, "0"))
            if number is None:
                continue
            template = obj["spec"]["template"]
        found[number] = Revision(number, obj, template)
    return [found[number] for number in sorted(found)]


def _controlled_by(obj: Obj, owner: Obj) -> bool:
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return bool(reference["uid"] == owner["metadata"]["uid"])
    return False


def at_revision(info: Info, revision: Revision) -> Obj:
    """The object that `rollout history -o` prints for a revision."""
    if info.row.key == "deployments.apps":
        return {"kind": "ReplicaSet", "apiVersion": "apps/v1", **revision.object}
    live = info.obj
    return {**live, "spec": {**live["spec"], "template": revision.template}}


def pod_template_text(template: Obj) -> str:
    """A pod template as describe shows it, its columns not aligned."""
    from minikctl.printers.describe.podtemplate import describe_pod_template
    from minikctl.printers.describe.writer import Writer

    parts: list[str] = []
    describe_pod_template(Writer(parts), template)
    return "".join(parts)


def describe_revision(info: Info, revision: Revision) -> str:
    """The template of a revision, with a ReplicaSet's change-cause among its annotations."""
    template = revision.template
    if info.row.key == "deployments.apps" and revision.change_cause:
        metadata = template.get("metadata") or {}
        annotations = {**(metadata.get("annotations") or {}), CHANGE_CAUSE: revision.change_cause}
        template = {**template, "metadata": {**metadata, "annotations": annotations}}
    return pod_template_text(template)


def restore(factory: Factory, info: Info, data: Obj, number: int, dry_run: str) -> None:
    """Patch a DaemonSet or StatefulSet back to a revision's data."""
    options = strategy.request_options(dry_run)
    try:
        factory.client.patch(info.row, info.name, data, STRATEGIC_PATCH, info.namespace, **options)
    except StatusError as error:
        raise KubectlError(f"failed restoring revision {number}: {error}") from None
