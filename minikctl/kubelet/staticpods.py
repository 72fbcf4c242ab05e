"""Static pods: PodSpecs that a kubelet takes from files and from a URL, and their mirrors in the API.

What a node is to run stands in its storage under "static/NODE": pod key -> {hash, pod}. The mirror is
what runs, as far as other parts of the kubelet are concerned; its identity is the hash, so that a new
mirror of the same pod changes nothing. Counterpart of kubelet's `config/` and `pod/mirror_client.go`.
"""

from __future__ import annotations

import time
from typing import Any

from minikctl.apimachinery.clock import rfc3339_micro
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubelet.host import Host
from minikctl.kubelet.record import MIRROR
from minikctl.kubelet.sources import ManifestError, read_path, read_url

CHECK_SECONDS = 20.0

_HASH, _SOURCE, _SEEN = "kubernetes.io/config.hash", "kubernetes.io/config.source", "kubernetes.io/config.seen"
# A URL is asked at most once in so many seconds of real time, however fast the cluster's time passes.
_FETCH_SECONDS = 1.0


class StaticPods:
    """The static pods of all emulated nodes."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._fetched: dict[str, tuple[float, list[Obj]]] = {}

    def keeps(self, node: str, key: str, identity: str) -> bool:
        """Whether a node is to run this static pod, whatever becomes of its mirror."""
        entry = (self._host.state.get(f"static/{node}") or {}).get(key)
        return entry is not None and entry["hash"] == identity

    def sync(self, name: str, machine: Obj) -> float | None:
        """Read a node's sources, and have a mirror for each static pod; when to look again."""
        sources: dict[str, str] = machine.get("static") or {}
        wanted: dict[str, Obj] = self._host.state.get(f"static/{name}") or {}
        if not sources and not any("source" in entry for entry in wanted.values()):
            self._mirror_all(name, wanted)
            return None
        read = self._read(name, sources, wanted)
        if read != wanted:
            self._host.state.put(f"static/{name}", read)
            for key, entry in wanted.items():
                if read.get(key, {}).get("hash") != entry["hash"]:
                    self._stop(key)
        self._mirror_all(name, read)
        return self._host.clock.now() + CHECK_SECONDS if sources else None

    # Sources

    def _read(self, name: str, sources: dict[str, str], known: dict[str, Obj]) -> dict[str, Obj]:
        """What the node is to run by its sources; one that cannot be read leaves what was known of it."""
        found = {key: entry for key, entry in known.items() if "source" not in entry}
        for source, place in sources.items():
            try:
                pods = read_path(place) if source == "file" else self._fetch(place)
            except ManifestError:
                found.update({key: entry for key, entry in known.items() if entry.get("source") == source})
                continue
            for pod in pods:
                key, entry = self._entry(name, source, pod)
                if known.get(key, {}).get("hash") == entry["hash"]:
                    entry = known[key]
                found.setdefault(key, entry)
        return found

    def _fetch(self, url: str) -> list[Obj]:
        at, pods = self._fetched.get(url, (0.0, []))
        if at and time.monotonic() - at < _FETCH_SECONDS:
            return pods
        pods = read_url(url)
        self._fetched[url] = time.monotonic(), pods
        return pods

    def _entry(self, node: str, source: str, pod: Obj) -> tuple[str, Obj]:
        """The key of a static pod, and its entry: defaults as kubelet's applyDefaults gives them."""
        import hashlib
        import json

        meta, spec = dict(pod.get("metadata") or {}), dict(pod.get("spec") or {})
        text = json.dumps([node, source, pod], sort_keys=True)
        digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        meta = {field: meta[field] for field in ("name", "namespace", "labels", "annotations") if field in meta}
        meta["name"] = f"{meta.get('name', '')}-{node}".lower()
        meta.setdefault("namespace", "default")
        seen = rfc3339_micro(self._host.clock.now())
        meta["annotations"] = {**(meta.get("annotations") or {}), _HASH: digest, _SEEN: seen, _SOURCE: source}
        spec["nodeName"] = node
        everything = {"operator": "Exists", "effect": "NoExecute"}
        spec["tolerations"] = [*(spec.get("tolerations") or ()), everything]
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
        return f"{meta['namespace']}/{meta['name']}", {"hash": digest, "source": source, "pod": body}

    # Mirrors

    def _mirror_all(self, name: str, wanted: dict[str, Obj]) -> None:
        for key, entry in wanted.items():
            namespace, _, pod_name = key.partition("/")
            if self._host.client.peek("pods", pod_name, namespace) is None:
                self._mirror(name, entry)

    def _mirror(self, name: str, entry: Obj) -> None:
        """Show a static pod in the API. Where the API does not have it, it does not run here either."""
        node = self._host.node(name)
        if node is None:
            return
        pod: dict[str, Any] = entry["pod"]
        owner = {"apiVersion": "v1", "controller": True, "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
        annotations = {**pod["metadata"].get("annotations", {}), MIRROR: entry["hash"]}
        meta = {**pod["metadata"], "annotations": annotations, "ownerReferences": [owner]}
        try:
            self._host.client.create("pods", {**pod, "metadata": meta})
        except StatusError as error:
            if error.code >= 500:
                raise

    def _stop(self, key: str) -> None:
        """Let the pod of a mirror that is no longer wanted end."""
        namespace, _, name = key.partition("/")
        try:
            self._host.client.delete("pods", name, namespace)
        except StatusError as error:
            if error.reason != "NotFound":
                raise
