"""kubectl rollout undo: brings a workload's template back to an earlier revision.

Upstream counterpart: `rollout_undo.go` of kubectl's `pkg/cmd/rollout` and its rollbackers.
"""

from __future__ import annotations

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import JSON_PATCH, Obj
from minikctl.kubectl import lastapplied, strategy
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import INT64, Flag
from minikctl.kubectl.flagsets import DRY_RUN, PRINT
from minikctl.kubectl.info import Info
from minikctl.kubectl.rollout import (
    HASH,
    NAMING,
    REVISION,
    Revision,
    RolloutOptions,
    check_kind,
    pod_template_text,
    restore,
    revisions,
)

FLAGS = (
    *PRINT,
    *NAMING,
    DRY_RUN,
    Flag("to-revision", "", INT64, 0, "The revision to rollback to. Default to 0 (last revision)."),
)
_WARNING = (
    "Warning: resource {0}/{1} was previously managed with 'kubectl apply'. Rolling back will not update the "
    "kubectl.kubernetes.io/last-applied-configuration annotation, which may cause unexpected behavior on future "
    "'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead."
)
# What a Deployment keeps of its own when it takes a ReplicaSet's annotations.
_KEPT = (
    lastapplied.ANNOTATION,
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
)


class UndoOptions(RolloutOptions):
    """What to bring back to which revision."""

    def complete(self, args: list[str]) -> None:
        super().complete(args)
        self.dry_run = strategy.dry_run(self.factory, self.flags)
        self.to: int = self.flags["to-revision"]

    def run(self) -> None:
        self.builder().visit(self._undo)

    def _undo(self, info: Info) -> None:
        from minikctl.kubectl.typedprinting import typed_printer

        if lastapplied.has_annotation(info.obj):
            self.factory.err(_WARNING.format(info.row.plural, info.name))
        check_kind(info, "rollbacker", "retrieving rollbacker")
        if self.to < 0:
            raise self._not_found()
        undo = self._undo_deployment if info.row.key == "deployments.apps" else self._undo_set
        typed_printer(self.flags, self.factory.streams.out, undo(info), self.dry_run)(info.obj)

    def _not_found(self) -> KubectlError:
        return KubectlError(f"unable to find specified revision {self.to} in history")

    def _revision(self, found: list[Revision]) -> Revision | None:
        """The wanted revision; by default the one before the last."""
        if self.to == 0:
            return found[-2] if len(found) > 1 else None
        return next((each for each in found if each.number == self.to), None)

    def _skipped(self) -> str:
        return f"skipped rollback (current template already matches revision {self.to})"

    def _undo_deployment(self, info: Info) -> str:
        revision = self._revision(revisions(self.factory, info))
        if revision is None:
            if self.to > 0:
                raise self._not_found()
            raise KubectlError(f'no rollout history found for deployment "{info.name}"')
        if self.dry_run == strategy.CLIENT:
            return pod_template_text(revision.template)
        deployment = info.obj
        if deployment["spec"].get("paused"):
            raise KubectlError(
                "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again"
            )
        template = without_hash(revision.template)
        if template == without_hash(deployment["spec"]["template"]):
            return self._skipped()
        current = deployment["metadata"].get("annotations") or {}
        old = revision.object["metadata"].get("annotations") or {}
        annotations = {key: current[key] for key in _KEPT if key in current}
        annotations.update((key, value) for key, value in old.items() if key not in _KEPT)
        patch = [
            {"op": "replace", "path": "/spec/template", "value": template},
            {"op": "replace", "path": "/metadata/annotations", "value": annotations},
        ]
        options = strategy.request_options(self.dry_run)
        try:
            self.factory.client.patch(info.row, info.name, patch, JSON_PATCH, info.namespace, **options)
        except StatusError as error:
            raise KubectlError(f"failed restoring revision {self.to}: {error}") from None
        return "rolled back"

    def _undo_set(self, info: Info) -> str:
        """Undo a DaemonSet or StatefulSet."""
        found = revisions(self.factory, info)
        if self.to == 0 and len(found) <= 1:
            raise KubectlError("no last revision to roll back to")
        revision = self._revision(found)
        if revision is None:
            raise self._not_found()
        if self.dry_run == strategy.CLIENT:
            return f"will roll back to {pod_template_text(revision.template)}"
        if revision.template == info.obj["spec"]["template"]:
            return self._skipped()
        restore(self.factory, info, revision.object["data"], self.to, self.dry_run)
        return "rolled back"


def without_hash(template: Obj) -> Obj:
    """A template without the label its ReplicaSet added."""
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH}
    return {**template, "metadata": {**metadata, "labels": labels}}


COMMAND = Command(
    "rollout undo (TYPE NAME | TYPE/NAME) [flags]",
    UndoOptions,
    FLAGS,
    long="Roll back to a previous rollout.",
    example="""
        # Roll back to the previous deployment
        kubectl rollout undo deployment/abc

        # Roll back to daemonset revision 3
        kubectl rollout undo daemonset/abc --to-revision=3

        # Roll back to the previous deployment with dry-run
        kubectl rollout undo --dry-run=server deployment/abc
        """,
)
