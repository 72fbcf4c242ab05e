"""Images on emulated nodes: which are there, what pulling one says, and how it may fail.

Every image can be pulled, unless the pod's annotations say otherwise; `imagePullPolicy: Never` finds
only what was pulled to the node before. Counterpart of kubelet's `images/image_manager.go`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from minikctl.apimachinery.digests import sha256
from minikctl.apimachinery.images import parse
from minikctl.client.component import KeyValue


class Images:
    """The images of each emulated node."""

    def __init__(self, state: KeyValue) -> None:
        self._state = state
        self._known: dict[str, set[str]] = {}

    def present(self, node: str, image: str) -> bool:
        return image_ref(image) in self._of(node)

    def add(self, node: str, image: str) -> None:
        """Remember that the image was pulled to the node."""
        known, reference = self._of(node), image_ref(image)
        if reference not in known:
            known.add(reference)
            self._state.put(f"images/{node}", sorted(known))

    def keep_only(self, node: str, images: Iterable[str]) -> None:
        """Remove the images that no container uses."""
        kept = self._of(node) & {image_ref(image) for image in images}
        if kept != self._of(node):
            self._known[node] = kept
            self._state.put(f"images/{node}", sorted(kept))

    def refresh(self) -> None:
        """Forget what was read: another process may have pulled images."""
        self._known.clear()

    def _of(self, node: str) -> set[str]:
        known = self._known.get(node)
        if known is None:
            known = self._known[node] = set(self._state.get(f"images/{node}") or ())
        return known


@lru_cache(maxsize=4096)
def image_ref(image: str) -> str:
    """The image as the runtime names it: with a tag or digest."""
    reference = parse(image)
    if reference is None or reference[2] or ":" in image.rpartition("/")[2]:
        return image
    return f"{image}:latest"


@lru_cache(maxsize=4096)
def image_id(image: str) -> str:
    """The resolved name with a digest, invented from the name (or the one that is written)."""
    reference = parse(image)
    if reference is None:
        return ""
    name, tag, digest = reference
    if not digest:
        digest = "sha256:" + sha256(f"{name}:{tag}")
    return f"{name}@{digest}"


@lru_cache(maxsize=4096)
def image_size(image: str) -> int:
    """A size in bytes, invented from the name: 2 to 250 MB."""
    digest = image_id(image).rpartition(":")[2]
    return 2_000_000 + int(digest[:12] or "0", 16) % 248_000_000


def name_problem(image: str) -> str:
    """Why an image name cannot be used; empty where it can."""
    if parse(image) is not None:
        return ""
    remainder = image.partition(":")[0]
    if remainder != remainder.lower():
        why = f"invalid reference format: repository name ({remainder}) must be lowercase"
    else:
        why = "invalid reference format"
    return f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": {why}'


def not_found(image: str) -> str:
    """What containerd says of an image that the registry does not have."""
    reference = parse(image)
    assert reference is not None
    name, tag, digest = reference
    full = f"{name}@{digest}" if digest else f"{name}:{tag}"
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{full}": '
        f'failed to resolve reference "{full}": {full}: not found'
    )
