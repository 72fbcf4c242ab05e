"""apply --prune: deletes what an earlier apply made and the files do not give any more.

Two ways to know what belongs together: a label selector with an allow-list of kinds, and ApplySets
(see applyset.py). Upstream counterpart: `prune.go` of kubectl's `pkg/cmd/apply`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import lastapplied, strategy
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import printer

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource, ResourceSet
    from minikctl.client.client import Client
    from minikctl.kubectl.cmd.apply import ApplyOptions
    from minikctl.kubectl.factory import Factory

_NAMESPACED = (
    ("v1", "ConfigMap"), ("v1", "Endpoints"), ("v1", "PersistentVolumeClaim"), ("v1", "Pod"),
    ("v1", "ReplicationController"), ("v1", "Secret"), ("v1", "Service"), ("batch/v1", "Job"),
    ("batch/v1", "CronJob"), ("networking.k8s.io/v1", "Ingress"), ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"), ("apps/v1", "StatefulSet"),
)  # fmt: skip
_CLUSTER_SCOPED = (("v1", "Namespace"), ("v1", "PersistentVolume"))


class Pruning(Protocol):
    """What apply calls before and after it applies."""

    def before(self, infos: list[Info]) -> None: ...
    def prune(self) -> None: ...


def pruner(options: ApplyOptions) -> Pruning | None:
    """The pruner the flags ask for; refuses combinations that make no sense."""
    flags = options.flags
    if flags["applyset"]:
        from minikctl.kubectl.applyset import ApplySetPruner, check

        check(options)
        return ApplySetPruner(options)
    if not flags["prune"]:
        return None
    if flags["force"]:
        raise KubectlError("--force cannot be used with --prune")
    if not flags["all"] and not flags["selector"]:
        raise KubectlError(
            "all resources selected for prune without explicitly passing --all. To prune all resources, pass the "
            "--all flag. If you did not mean to prune all resources, specify a label selector"
        )
    if options.server_side:
        raise KubectlError("--prune is in alpha and doesn't currently work on objects created by server-side apply")
    return SelectorPruner(options)


def pruned(options: ApplyOptions, row: Resource, obj: dict[str, Any]) -> None:
    """Delete one object and say so."""
    metadata = obj["metadata"]
    if options.dry_run != strategy.CLIENT:
        delete_options: dict[str, Any] = {"propagationPolicy": options.policy}
        if options.flags["grace-period"] >= 0:
            delete_options["gracePeriodSeconds"] = options.flags["grace-period"]
        if options.dry_run == strategy.SERVER:
            delete_options["dryRun"] = ["All"]
        options.factory.client.delete(row, metadata["name"], metadata.get("namespace", ""), **delete_options)
    obj.setdefault("apiVersion", row.api_version)
    obj.setdefault("kind", row.kind)
    printer(options.flags, options.factory.streams.out, "pruned", options.dry_run)(obj)


class SelectorPruner:
    """Prunes applied objects of certain kinds that match -l (or all, with --all)."""

    def __init__(self, options: ApplyOptions) -> None:
        self.options = options
        allowed = options.flags["prune-allowlist"]
        self.rows = prunable(options.factory.resources, allowed)
        self.warns = not allowed

    def before(self, infos: list[Info]) -> None:
        """Nothing to prepare."""

    def prune(self) -> None:
        """Delete what was applied to the namespaces or the cluster before, and not now."""
        options = self.options
        if self.warns:
            warn(options.factory)
        selector = options.flags["selector"]
        for row, obj in left_over(options.factory.client, self.rows, options.namespaces, options.uids, selector):
            pruned(options, row, obj)


def warn(factory: Factory) -> None:
    """Say that pruning what belongs to no namespace is going to end."""
    strategy.klog_warning(
        factory,
        "Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the "
        "--namespace flag in a future release. To preserve the current behaviour, list the resources you want to "
        "target explicitly in the --prune-allowlist flag.",
        "prune.go:71",
    )


def prunable(resources: ResourceSet, allowed: Sequence[str]) -> list[Resource]:
    """The kinds that --prune looks at: those of --prune-allowlist, else the usual ones."""
    rows = []
    for api_version, kind in [_group_version_kind(text) for text in allowed] or (*_NAMESPACED, *_CLUSTER_SCOPED):
        row = resources.by_kind(api_version, kind)
        if row is None:
            raise KubectlError(f'no matches for kind "{kind}" in version "{api_version}"')
        rows.append(row)
    return rows


def left_over(
    client: Client, rows: Sequence[Resource], namespaces: Collection[str], uids: Collection[str], selector: str
) -> Iterator[tuple[Resource, Obj]]:
    """What was applied once and is not among the `uids`: in the namespaces, then of the cluster's own kinds."""
    places = [(row, namespace) for namespace in sorted(namespaces) for row in rows if row.namespaced]
    for row, namespace in (*places, *((row, "") for row in rows if not row.namespaced)):
        try:
            listed = client.list(row, namespace, label_selector=selector)
        except StatusError as error:
            if error.reason in ("NotFound", "MethodNotAllowed"):
                continue
            raise
        for obj in listed["items"]:
            if lastapplied.has_annotation(obj) and obj["metadata"].get("uid") not in uids:
                yield row, obj


def _group_version_kind(text: str) -> tuple[str, str]:
    parts = text.split("/")
    if len(parts) != 3:
        raise KubectlError(f"invalid GroupVersionKind format: {text}, please follow <group/version/kind>")
    group, version, kind = parts
    return (version if group == "core" else f"{group}/{version}", kind)
