"""Name references: where one object names another whose name has changed, the name is changed too.

Upstream counterparts: kustomize's nameReferenceTransformer and the nameref filter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minikctl.kubectl.kustomize.fieldspecs import FieldSpec, Referral, apply
from minikctl.kubectl.kustomize.nodes import is_null, is_scalar, text
from minikctl.kubectl.kustomize.problem import KustomizeError
from minikctl.kubectl.kustomize.resource import NO_NAMESPACE, Gvk, Node, ResMap, Resource

Identical = Callable[[Sequence[Resource]], bool]


def fix_references(resources: ResMap, referrals: Iterable[Referral]) -> None:
    """Bring every reference up to date."""
    referrals = list(referrals)
    by_name: dict[str, list[Resource]] = {}
    for item in resources.items:
        for name in {old.name for old in item.previous}:
            by_name.setdefault(name, []).append(item)
    by_kind: dict[Gvk, list[tuple[Gvk, FieldSpec]]] = {}
    for referrer in resources.items:
        first = referrer.original_id.gvk
        if first not in by_kind:
            by_kind[first] = [
                (referral.target, spec)
                for referral in referrals
                for spec in referral.referrers
                if first.selected(spec.gvk)
            ]
        namespaces = _subject_namespaces(referrer)
        for target, spec in by_kind[first]:
            _Fixer(referrer, target, spec, by_name, namespaces).run()


def _subject_namespaces(referrer: Resource) -> set[str]:
    """Where the service accounts of a RoleBinding are: it may refer to objects there."""
    subjects = referrer.node.get("subjects") if referrer.kind == "RoleBinding" else None
    return {
        text(subject["namespace"])
        for subject in (subjects if isinstance(subjects, list) else ())
        if isinstance(subject, dict) and subject.get("kind") == "ServiceAccount" and "namespace" in subject
    }


class _Fixer:
    """Fixes one field of one referrer."""

    def __init__(
        self,
        referrer: Resource,
        target: Gvk,
        spec: FieldSpec,
        by_name: dict[str, list[Resource]],
        namespaces: set[str],
    ) -> None:
        self.referrer = referrer
        self.target = target
        self.spec = spec
        self.by_name = by_name
        self.namespaces = namespaces

    def run(self) -> None:
        spec = FieldSpec(self.spec.path, self.referrer.gvk, self.spec.create)
        try:
            apply(self.referrer, spec, self._set)
        except KustomizeError as error:
            raise KustomizeError(
                f"updating name reference in '{self.spec.path}' field of '{self.referrer.id}': {error}"
            ) from None

    def _set(self, container: Any, key: Any) -> None:
        value = container[key]
        if is_null(value):
            return
        if isinstance(value, dict):
            self._set_mapping(value)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    self._set_mapping(item)
                elif is_scalar(item):
                    self._set_scalar(value, index)
        else:
            self._set_scalar(container, key)

    def _set_scalar(self, container: Any, key: Any) -> None:
        old = text(container[key])
        found = self._select(old, self.by_name.get(old, ()), _same_names)
        if found is not None and found.name != old:
            container[key] = found.name

    def _set_mapping(self, node: Node) -> None:
        if "name" not in node:
            raise KustomizeError("path config error; no 'name' field in node")
        old = text(node["name"])
        candidates = self.by_name.get(old, ())
        if "namespace" in node:
            namespace = text(node["namespace"])
            by_original = [item for item in candidates if item.original_id.effective_namespace == namespace]
            candidates = by_original or [item for item in candidates if item.id.effective_namespace == namespace]
        found = self._select(old, candidates, _same_names_and_namespaces)
        if found is None or (found.name == old and not found.namespace):
            return
        node["name"] = found.name
        if found.namespace:
            node["namespace"] = found.namespace

    def _select(self, name: str, candidates: Sequence[Resource], identical: Identical) -> Resource | None:
        """The object meant, from those that ever had the name."""
        found = [item for item in candidates if self._is_target(item)]
        for sieve in (self.referrer.related_affixes, self.referrer.same_affixes):
            if len(found) == 1:
                return found[0]
            found = [item for item in found if sieve(item)]
        if len(found) == 1:
            return found[0]
        if not found:
            return None
        if identical(found):
            return found[0]
        raise KustomizeError(f" found multiple possible referrals: {', '.join(str(item.id) for item in found)}")

    def _is_target(self, item: Resource) -> bool:
        if not self._is_reachable(item):
            return False
        ids = item.previous_ids
        if not any(old.gvk.selected(self.target) for old in ids):
            return False
        if self.spec.path.endswith("roleRef/name"):
            role = self.referrer.node.get("roleRef")
            if isinstance(role, dict) and "apiGroup" in role and "kind" in role:
                wanted = Gvk(text(role["apiGroup"]), "", text(role["kind"]))
                if not any(old.gvk.selected(wanted) for old in ids):
                    return False
        own, other = self.referrer.id, item.id
        if own.gvk.cluster_scoped or other.gvk.cluster_scoped or item.kind == "ServiceAccount":
            return True
        return own.effective_namespace == other.effective_namespace

    def _is_reachable(self, item: Resource) -> bool:
        """Objects of the same namespace or of none; from an object without one, everything."""
        own = self.referrer.id
        return (
            own.gvk.cluster_scoped
            or item.id.effective_namespace in (NO_NAMESPACE, own.effective_namespace)
            or item.namespace in self.namespaces
        )


def _same_names(items: Sequence[Resource]) -> bool:
    return len({item.name for item in items}) == 1


def _same_names_and_namespaces(items: Sequence[Resource]) -> bool:
    return len({(item.name, item.namespace) for item in items}) == 1
