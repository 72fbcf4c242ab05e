"""What pods use of their node's memory and local disk, and which local storage limits they exceed.

Memory follows the one model of usage (podusage); disk is what a container logged and wrote to its own
files and to emptyDir volumes, or what annotations say. Counterparts: kubelet's `server/stats` and the
localStorageEviction half of `eviction/eviction_manager.go`.
"""

from __future__ import annotations

from collections.abc import Iterator

from minikctl.apimachinery import podusage
from minikctl.apimachinery.podresources import amount, pod_limits
from minikctl.apimachinery.request import Obj
from minikctl.kubelet import behaviour
from minikctl.kubelet.filetree import as_bytes, decode
from minikctl.kubelet.host import Host
from minikctl.kubelet.record import RUNNING, Container, PodRecord

MEMORY, STORAGE, PIDS = "memory", "ephemeral-storage", "pids"
_OWN_LAYER = 28 << 10  # what the files of every running container take at least
# How often local storage limits are looked at while an annotated usage may still grow.
LOOK_SECONDS = 10.0


def running(pod: Obj, record: PodRecord) -> Iterator[tuple[Obj, Container]]:
    """The containers of a pod that run, but for ephemeral ones."""
    spec = pod["spec"]
    for container in (*spec["containers"], *(spec.get("initContainers") or ())):
        state = record.containers.get(container["name"])
        if state is not None and state.state == RUNNING:
            yield container, state


def container_usage(host: Host, pod: Obj, record: PodRecord, container: Obj, resource: str, now: float) -> int:
    """Bytes of memory or of local disk a running container uses."""
    if resource == MEMORY:
        return _memory(pod, container, now)
    state = record.containers[container["name"]]
    told = _annotated(pod, STORAGE, container["name"], now - state.started)
    if told is not None:
        return told
    logged = sum(len(line) for _, line in host.logs.read(record.uid, container["name"], state.runs - 1, now))
    last = {path: entry for at, path, entry in state.files if state.started + at <= now}
    return (
        _OWN_LAYER
        + logged
        + sum(len(as_bytes(decode(entry).content or "")) for entry in last.values() if entry is not None)
    )


def pod_usage(host: Host, pod: Obj, record: PodRecord, resource: str, now: float) -> int:
    """What a pod uses in all: its containers, of the disk also its emptyDir volumes, of pids one for each container."""
    if resource == PIDS:
        return sum(1 for _ in running(pod, record))
    total = sum(container_usage(host, pod, record, c, resource, now) for c, _ in running(pod, record))
    if resource == STORAGE:
        total += sum(used for _, _, used in _volumes(host, pod, record, now))
    return total


def is_limited(pod: Obj) -> bool:
    """Whether any limit of local storage holds for a pod."""
    spec = pod["spec"]
    if any((volume.get("emptyDir") or {}).get("sizeLimit") for volume in spec.get("volumes") or ()):
        return True
    return any(STORAGE in ((c.get("resources") or {}).get("limits") or ()) for c in spec["containers"])


def excess(host: Host, pod: Obj, record: PodRecord, now: float) -> str:
    """What the kubelet says of the first limit of local storage that a pod exceeds; empty where it keeps to all."""
    for name, limit, used in _volumes(host, pod, record, now):
        if limit and used > amount(STORAGE, limit):
            return f'Usage of EmptyDir volume "{name}" exceeds the limit "{limit}". '
    total = pod_limits(pod).get(STORAGE)
    if total is not None and pod_usage(host, pod, record, STORAGE, now) > total:
        return f"Pod ephemeral local storage usage exceeds the total limit of containers {_total_text(pod, total)}. "
    for container, _ in running(pod, record):
        own = ((container.get("resources") or {}).get("limits") or {}).get(STORAGE)
        if own and container_usage(host, pod, record, container, STORAGE, now) > amount(STORAGE, own):
            return f'Container {container["name"]} exceeded its local ephemeral storage limit "{own}". '
    return ""


def may_grow(pod: Obj) -> bool:
    """Whether annotations let a pod's use of local disk change over time."""
    notes = pod["metadata"].get("annotations") or {}
    prefixes = (behaviour.PREFIX + STORAGE, behaviour.PREFIX + "volume.")
    return any(name.startswith(prefixes) and "=" in value for name, value in notes.items())


def _total_text(pod: Obj, total: int) -> str:
    limits = [((c.get("resources") or {}).get("limits") or {}).get(STORAGE) for c in pod["spec"]["containers"]]
    return str(limits[0]) if len(limits) == 1 else quantity_text(total)


def quantity_text(value: int) -> str:
    """Bytes as a quantity in binary units: the largest that leaves no fraction."""
    for unit in ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki"):
        size = amount(STORAGE, f"1{unit}")
        if value and value % size == 0:
            return f"{value // size}{unit}"
    return str(value)


def _volumes(host: Host, pod: Obj, record: PodRecord, now: float) -> Iterator[tuple[str, str, int]]:
    """Name, limit ("" without one) and bytes used of every emptyDir volume on disk."""
    for volume in pod["spec"].get("volumes") or ():
        source = volume.get("emptyDir")
        if source is None:
            continue
        told = _annotated(pod, "volume", volume["name"], now - record.start)
        used = host.volumes.used(pod, volume) if told is None else told
        yield volume["name"], source.get("sizeLimit") or "", used


def _memory(pod: Obj, container: Obj, now: float) -> int:
    try:
        return podusage.container_usage(pod, container, MEMORY, now) // 1000
    except ValueError:  # an annotation that is no quantity
        return 0


def _annotated(pod: Obj, name: str, of: str, elapsed: float) -> int | None:
    """What an annotation says is used after so many seconds; None where there is none, or none that can be read."""
    text = behaviour.value(pod, name, of)
    try:
        return podusage.curve_value(text, elapsed) // 1000 if text else None
    except ValueError:
        return None
