"""The files one container sees: its volume mounts over a disk of its own, over what its image holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from minikctl.apimachinery.request import Obj
from minikctl.kubelet.filetree import FileError, FileTree, Image, Stored
from minikctl.kubelet.volumes import Volumes

# Volumes that are views of API objects: nobody in a container can write to them.
_VIEWS = ("configMap", "secret", "projected", "downwardAPI")
_READ_ONLY = "Read-only file system"


class _Mount(NamedTuple):
    path: str
    sub_path: str
    read_only: bool
    volume: Obj


class Files(FileTree):
    """The mounts of a container; `own` is its own disk, which the caller fills and keeps."""

    def __init__(
        self,
        volumes: Volumes,
        pod: Obj,
        container: Obj,
        ip: str,
        node: Obj | None,
        image: Image | None = None,
    ) -> None:
        super().__init__(image)
        self._volumes = volumes
        self._pod = pod
        self._context = (ip, node)
        self._read_only = bool((container.get("securityContext") or {}).get("readOnlyRootFilesystem"))
        self._mounts = _mounts(pod, container)
        self._loaded: dict[str, dict[str, Stored]] = {}
        self._changed: set[str] = set()
        self.own: dict[str, Stored] = {}

    def mount_points(self) -> Iterable[str]:
        return [mount.path for mount in self._mounts]

    def save(self) -> None:
        """Keep what was written to volumes."""
        for mount in self._mounts:
            name = mount.volume["name"]
            if name in self._changed:
                self._volumes.write(self._pod, mount.volume, self._loaded[name])
        self._changed.clear()

    def area(self, path: str, writing: bool = False) -> tuple[dict[str, Stored], str]:
        for mount in self._mounts:
            if path == mount.path:
                return self._load(mount, writing), mount.sub_path
            if path.startswith(mount.path + "/"):
                inner = path[len(mount.path) + 1 :]
                return self._load(mount, writing), f"{mount.sub_path}/{inner}" if mount.sub_path else inner
        if writing and self._read_only:
            raise FileError(_READ_ONLY)
        return self.own, path

    def _load(self, mount: _Mount, writing: bool) -> dict[str, Stored]:
        if writing and mount.read_only:
            raise FileError(_READ_ONLY)
        name = mount.volume["name"]
        if name not in self._loaded:
            self._loaded[name] = self._volumes.read(self._pod, mount.volume, *self._context)
        if writing:
            self._changed.add(name)
        return self._loaded[name]


def _mounts(pod: Obj, container: Obj) -> list[_Mount]:
    """What is mounted where, innermost first."""
    by_name = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    found = []
    for mount in container.get("volumeMounts") or ():
        volume = by_name.get(mount["name"])
        if volume is not None:
            read_only = bool(mount.get("readOnly")) or any(view in volume for view in _VIEWS)
            path = mount["mountPath"].rstrip("/") or "/"
            found.append(_Mount(path, mount.get("subPath", ""), read_only, volume))
    return sorted(found, key=lambda mount: -len(mount.path))
