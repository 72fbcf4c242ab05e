"""Results of the shapes that were scheduled lately, and which shapes can share them.

Pods that differ in their labels alone (those of a StatefulSet or an indexed Job) get the same
answers while no affinity or spread constraint looks at labels; what still does are the Services that
select the pod, by which it is spread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.scheduler.equivalence import Results

if TYPE_CHECKING:
    from minikctl.client.client import Client
    from minikctl.scheduler.podinfo import Shape
    from minikctl.scheduler.profile import Profile
    from minikctl.scheduler.snapshot import Cluster

_MOST = 64
_DEVICES = "DynamicResources"

_Key = tuple[str, ...]


class ResultsCache:
    """Keeps the results of a number of shapes for each profile."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[_Key, Results] = {}
        self._selectors: dict[str, list[tuple[str, dict[str, str]]]] = {}  # namespace -> Services with selectors

    def of(self, shape: Shape, cluster: Cluster, profile: Profile) -> Results:
        """The results for a shape, as of now. PluginError where a plugin cannot answer."""
        key = self._key(shape, cluster, profile)
        results = self._known.get(key)
        if results is None or results.stale() or shape.fleeting or results.state_of(_DEVICES) is not None:
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            results = self._known[key] = Results(shape, cluster, profile)
        else:
            results.catch_up()
        return results

    def clear(self) -> None:
        self._known.clear()

    def services_changed(self, namespace: str) -> None:
        """Forget what hangs on the Services of a namespace."""
        self._selectors.pop(namespace, None)
        for key in [key for key, results in self._known.items() if results.shape.namespace == namespace]:
            del self._known[key]

    def _key(self, shape: Shape, cluster: Cluster, profile: Profile) -> _Key:
        if shape.affine or cluster.affine or shape.fleeting or shape.spec.get("topologySpreadConstraints"):
            return (profile.scheduler_name, shape.key)
        return (profile.scheduler_name, shape.kin, *self._services(shape))

    def _services(self, shape: Shape) -> list[str]:
        """The Services that select pods of the shape."""
        namespace = shape.namespace
        known = self._selectors.get(namespace)
        if known is None:
            services = self._client.items("services", namespace)
            pairs = [(one["metadata"]["name"], one.get("spec", {}).get("selector")) for one in services]
            known = self._selectors[namespace] = [(name, selector) for name, selector in pairs if selector]
        return [name for name, selector in known if selector.items() <= shape.labels.items()]
