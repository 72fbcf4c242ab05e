"""ImageLocality: prefers nodes that have the pod's images already."""

from __future__ import annotations

from typing import Any

from minikctl.scheduler.framework import MAX_SCORE, SKIP, Plugin
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

_MEGABYTE = 1024 * 1024
_LOW = 23 * _MEGABYTE
_HIGH_PER_CONTAINER = 1000 * _MEGABYTE


class ImageLocality(Plugin):
    name = "ImageLocality"
    weight = 1

    def pre_score(self, shape: Shape, cluster: Cluster) -> Any:
        """The containers' images that any node has, each with the share of nodes; and how many containers there are."""
        containers = [*(shape.spec.get("initContainers") or ()), *shape.spec["containers"]]
        wanted = [_normalized(container.get("image", "")) for container in containers]
        nodes = cluster.nodes.values()
        holders = {image: sum(1 for node in nodes if image in node.images) for image in set(wanted)}
        shares = [(image, holders[image] / len(nodes)) for image in wanted if holders[image]]
        return (shares, len(containers)) if shares else SKIP

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float:
        shares, containers = state
        total = sum(int(node.images[image] * share) for image, share in shares if image in node.images)
        high = _HIGH_PER_CONTAINER * containers
        total = min(max(total, _LOW), high)
        return int(MAX_SCORE * (total - _LOW) // (high - _LOW))


def _normalized(image: str) -> str:
    """The image with a tag, as nodes report it."""
    return image if ":" in image.rpartition("/")[2] or "@" in image else image + ":latest"
