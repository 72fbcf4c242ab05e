"""ApplySets: apply --prune that knows its members by a label and keeps its books in a parent object.

Behind KUBECTL_APPLYSET=true, as in kubectl. Upstream counterpart: `applyset.go` of kubectl's
`pkg/cmd/apply`.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from minikctl import KUBERNETES_VERSION
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import strategy
from minikctl.kubectl.errors import KubectlError, raise_all
from minikctl.kubectl.flags import FlagError, quote
from minikctl.kubectl.info import Info
from minikctl.kubectl.prune import pruned

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource
    from minikctl.kubectl.cmd.apply import ApplyOptions

_PREFIX = "applyset.kubernetes.io/"
ID_LABEL = _PREFIX + "id"
PART_OF_LABEL = _PREFIX + "part-of"
PARENT_TYPE_LABEL = _PREFIX + "is-parent-type"
TOOLING = _PREFIX + "tooling"
KINDS = _PREFIX + "contains-group-kinds"
NAMESPACES = _PREFIX + "additional-namespaces"
_MANAGER = "kubectl-applyset"
_CRDS = "customresourcedefinitions.apiextensions.k8s.io"


def check(options: ApplyOptions) -> None:
    """Refuse --applyset where it is switched off or does not fit."""
    flags, environ = options.flags, options.factory.environ
    if environ.get("KUBECTL_APPLYSET", "").lower() not in ("true", "1", "t"):
        path = options.factory.command_path
        raise KubectlError(f"{FlagError('unknown flag: --applyset')}\nSee '{path} --help' for usage.")
    if not flags["prune"]:
        raise KubectlError("--applyset requires --prune")
    if flags["force"]:
        raise KubectlError("--force cannot be used with --prune")
    if flags["selector"]:
        raise KubectlError("--selector is incompatible with --applyset")
    if flags["prune-allowlist"]:
        raise KubectlError("--prune-allowlist is incompatible with --applyset")
    if flags["all"]:
        raise KubectlError("--all is incompatible with --applyset")


class ApplySetPruner:
    """Labels what is applied, and prunes members that are not given any more."""

    def __init__(self, options: ApplyOptions) -> None:
        self.options = options
        kind, slash, name = options.flags["applyset"].partition("/")
        if not slash:
            kind, name = "secrets", kind
        if not kind or not name:
            raise KubectlError(f"invalid parent reference {quote(options.flags['applyset'])}")
        row = options.factory.resources.resolve(kind)
        if row is None:
            missing = f"no matches for /, Resource={kind}"
            raise KubectlError(f"invalid parent reference {quote(options.flags['applyset'])}: {missing}")
        self.row = row
        self.name = name
        self.namespace = options.factory.namespace if self.row.namespaced else ""
        self._check_parent()
        self.id = self._id()

    def _check_parent(self) -> None:
        row, factory = self.row, self.options.factory
        errors: list[Exception] = []
        if row.namespaced and not factory.enforce_namespace:
            errors.append(KubectlError("namespace is required to use namespace-scoped ApplySet"))
        if row.key not in ("secrets", "configmaps"):
            crd = factory.client.find(_CRDS, f"{row.plural}.{row.group}") if row.custom else None
            if crd is None or PARENT_TYPE_LABEL not in (crd["metadata"].get("labels") or {}):
                kind = quote(f"{row.group}/{row.version}, Resource={row.plural}")
                errors.append(KubectlError(f"resource {kind} is not permitted as an ApplySet parent"))
        raise_all(errors)

    def _id(self) -> str:
        text = ".".join((self.name, self.namespace, self.row.kind, self.row.group))
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        return f"applyset-{digest}-v1"

    def before(self, infos: list[Info]) -> None:
        """Read the parent, widen its books to what comes, and label the objects."""
        self.parent = self.options.factory.client.find(self.row, self.name, self.namespace)
        self.old_kinds, self.old_namespaces = self._books()
        self.kinds = {info.row.group_kind for info in infos}
        self.namespaces = {info.namespace for info in infos if info.namespaced and info.namespace != self.namespace}
        self._update_parent(self.kinds | self.old_kinds, self.namespaces | self.old_namespaces)
        for info in infos:
            metadata = info.obj.setdefault("metadata", {})
            labels = metadata.get("labels") or {}
            if PART_OF_LABEL in labels:
                raise KubectlError(f"ApplySet label {quote(PART_OF_LABEL)} already set in input data")
            metadata["labels"] = {**labels, PART_OF_LABEL: self.id}

    def _books(self) -> tuple[set[str], set[str]]:
        if self.parent is None:
            if self.row.custom:
                raise KubectlError("custom resource ApplySet parents cannot be created automatically")
            return set(), set()
        metadata = self.parent["metadata"]
        labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
        name = quote(f"{self.row.key}/{self.name}")
        if TOOLING not in annotations:
            raise KubectlError(
                f"ApplySet parent object {name} already exists and is missing required annotation {quote(TOOLING)}"
            )
        tooling = annotations[TOOLING].split("/")[0]
        if tooling != "kubectl":
            raise KubectlError(
                f"ApplySet parent object {name} already exists and is managed by tooling {quote(tooling)} instead of "
                '"kubectl"'
            )
        if labels.get(ID_LABEL) is None:
            raise KubectlError(f"ApplySet parent object {name} exists and does not have required label {ID_LABEL}")
        if labels[ID_LABEL] != self.id:
            raise KubectlError(
                f"ApplySet parent object {name} exists and has incorrect value for label {quote(ID_LABEL)} "
                f"(got: {labels[ID_LABEL]}, want: {self.id})"
            )
        if KINDS not in annotations:
            raise KubectlError(
                f"parsing ApplySet annotation on {name}: kubectl requires the {quote(KINDS)} annotation to be set on"
                " all ApplySet parent objects"
            )
        return _set(annotations[KINDS]), _set(annotations.get(NAMESPACES))

    def _update_parent(self, kinds: set[str], namespaces: set[str]) -> None:
        if self.options.dry_run != strategy.NONE:
            return
        metadata: Obj = {"name": self.name, "labels": {ID_LABEL: self.id}}
        if self.namespace:
            metadata["namespace"] = self.namespace
        metadata["annotations"] = {
            TOOLING: f"kubectl/{KUBERNETES_VERSION}",
            KINDS: ",".join(sorted(kinds)),
            NAMESPACES: ",".join(sorted(namespaces)),
        }
        obj = {"apiVersion": self.row.api_version, "kind": self.row.kind, "metadata": metadata}
        client = self.options.factory.client
        try:
            client.apply(self.row, obj, _MANAGER, False, namespace=self.namespace)
        except StatusError as error:
            if error.reason != "Conflict":
                raise
            text = (
                f"WARNING: failed to update ApplySet: {error.message}\n"
                f"ApplySet field manager {_MANAGER} should own these fields. Retrying with conflicts forced."
            )
            strategy.klog_warning(self.options.factory, text, "applyset.go:447")
            client.apply(self.row, obj, _MANAGER, True, namespace=self.namespace)

    def prune(self) -> None:
        """Delete members that were not applied, then set the books to what there is now."""
        for row in self._rows():
            namespaces = sorted({self.namespace, *self.old_namespaces}) if row.namespaced else [""]
            for namespace in namespaces:
                for obj in self._members(row, namespace):
                    if obj["metadata"].get("uid") not in self.options.uids:
                        pruned(self.options, row, obj)
        self._update_parent(self.kinds, self.namespaces)

    def _rows(self) -> list[Resource]:
        rows = []
        for group_kind in sorted(self.old_kinds):
            kind, _, group = group_kind.partition(".")
            row = self.options.factory.resources.by_group_kind(group, kind)
            if row is None:
                raise KubectlError(f"could not find mapping for kind in {quote(KINDS)} annotation: {group_kind}")
            rows.append(row)
        return rows

    def _members(self, row: Resource, namespace: str) -> list[dict[str, Any]]:
        selector = f"{PART_OF_LABEL}={self.id}"
        try:
            items: list[dict[str, Any]] = self.options.factory.client.list(row, namespace, selector)["items"]
        except StatusError as error:
            if error.reason == "NotFound":
                return []
            raise
        return items


def _set(text: str | None) -> set[str]:
    return {part for part in (text or "").split(",") if part}
