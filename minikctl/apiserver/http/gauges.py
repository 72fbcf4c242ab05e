"""What /metrics says of the present: the store, open watches, what waits to be reconciled, the process."""

from __future__ import annotations

import os
import resource as limits
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minikctl.apiserver.http.watches import Hub
    from minikctl.apiserver.server import Server


def head(name: str, kind: str, text: str) -> str:
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n"


def lines(server: Server, hub: Hub) -> Iterator[str]:
    """How large the store is, how many objects there are, who watches, what waits to be reconciled."""
    store = server.storage.store
    name = "apiserver_longrunning_requests"
    yield head(name, "gauge", "Gauge of all active long-running apiserver requests, by verb, group, version, resource.")
    for labels, count in sorted(_watches(hub).items()):
        yield f"{name}{{{labels}}} {count}\n"
    counts = [(resource, store.count(resource)) for resource in store.resources()]
    yield head(
        "apiserver_resource_objects", "gauge", "Number of stored objects at the time of last check, by resource."
    )
    for resource, count in counts:
        plural, _, group = resource.partition(".")
        yield f'apiserver_resource_objects{{group="{group}",resource="{plural}"}} {count}\n'
    yield head("apiserver_storage_objects", "gauge", "Number of stored objects at the time of last check, by kind.")
    for resource, count in counts:
        yield f'apiserver_storage_objects{{resource="{resource}"}} {count}\n'
    yield head("apiserver_storage_size_bytes", "gauge", "Size of the storage database file physically allocated.")
    yield f'apiserver_storage_size_bytes{{storage_cluster_id="sqlite"}} {_size(store.path)}\n'
    yield head("apiserver_watch_events_total", "counter", "Number of events sent in watch clients.")
    for (group, version, kind), count in sorted(hub.events.items()):
        yield f'apiserver_watch_events_total{{group="{group}",kind="{kind}",version="{version}"}} {count}\n'
    behind, due = store.behind("cursor", server.clock.present())
    yield head("minikctl_reconcile_depth", "gauge", "Changes that controllers have not seen, and work that is due.")
    yield f'minikctl_reconcile_depth{{kind="changes"}} {behind}\n'
    yield f'minikctl_reconcile_depth{{kind="due"}} {due}\n'
    yield from _build()


def process(started: float) -> Iterator[str]:
    """What the operating system knows of this process; on systems without /proc, less."""
    times = os.times()
    yield _value("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.",
                 f"{times.user + times.system:.2f}")  # fmt: skip
    most, _ = limits.getrlimit(limits.RLIMIT_NOFILE)
    yield _value("process_max_fds", "gauge", "Maximum number of open file descriptors.", str(most))
    if os.path.isdir("/proc/self/fd"):
        files = len(os.listdir("/proc/self/fd"))
        yield _value("process_open_fds", "gauge", "Number of open file descriptors.", str(files))
    virtual, resident = _memory()
    if resident:
        yield _value("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", str(resident))
        yield _value("process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", str(virtual))
    yield _value("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.",
                 f"{started:.2f}")  # fmt: skip


def _value(name: str, kind: str, text: str, value: str) -> str:
    return f"{head(name, kind, text)}{name} {value}\n"


def _watches(hub: Hub) -> dict[str, int]:
    """The open watches by their labels."""
    counts: dict[str, int] = {}
    for watch in hub:
        resource, request = watch.context.resource, watch.context.request
        scope = "namespace" if request.namespace else "cluster"
        labels = (
            f'component="apiserver",group="{resource.group}",resource="{resource.plural}",scope="{scope}",'
            f'subresource="",verb="WATCH",version="{resource.version}"'
        )
        counts[labels] = counts.get(labels, 0) + 1
    return counts


def _build() -> Iterator[str]:
    from minikctl.apiserver.endpoints import version

    known = version()
    names = {
        "build_date": "buildDate", "compiler": "compiler", "git_commit": "gitCommit", "git_tree_state": "gitTreeState",
        "git_version": "gitVersion", "go_version": "goVersion", "major": "major", "minor": "minor",
        "platform": "platform",
    }  # fmt: skip
    labels = ",".join(f'{name}="{known[key]}"' for name, key in names.items())
    yield head("kubernetes_build_info", "gauge", "A metric with a constant '1' value labeled by what was built.")
    yield f"kubernetes_build_info{{{labels}}} 1\n"


def _size(path: str) -> int:
    return sum(os.path.getsize(path + suffix) for suffix in ("", "-wal") if os.path.exists(path + suffix))


def _memory() -> tuple[int, int]:
    """Bytes of memory that are mapped and that are in use, where the system tells (Linux)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            pages = file.read().split()
    except OSError:
        return 0, 0
    page = os.sysconf("SC_PAGE_SIZE")
    return int(pages[0]) * page, int(pages[1]) * page
