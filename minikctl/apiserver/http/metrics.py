"""/metrics: what the server has done, counted, in Prometheus' text format.

The names of what a kube-apiserver counts too are upstream's (`endpoints/metrics`, `storage/etcd3/metrics`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from minikctl.apiserver.http.exchange import Exchange
    from minikctl.apiserver.http.watches import Hub
    from minikctl.apiserver.server import Server

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BUCKETS = (
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0,
    45.0, 60.0,
)  # fmt: skip
_LONG_RUNNING = frozenset({"watch", "proxy"})
_STREAMS = frozenset({"attach", "exec", "log", "portforward", "proxy"})


class _Key(NamedTuple):
    """What requests are told apart by."""

    verb: str
    group: str
    version: str
    resource: str
    subresource: str
    scope: str


class Metrics:
    """The counters of one server. How many there are is bounded by the kinds it serves."""

    def __init__(self) -> None:
        self._requests: dict[tuple[_Key, int], int] = {}
        self._durations: dict[_Key, list[float]] = {}
        self._started = time.time()

    def complete(self, exchange: Exchange, seconds: float) -> None:
        """Count a request that has been answered."""
        key = _key(exchange)
        counted = (key, exchange.code)
        self._requests[counted] = self._requests.get(counted, 0) + 1
        if key.verb == "WATCH" or key.subresource in _STREAMS:
            return
        found = self._durations.get(key)
        if found is None:
            found = self._durations[key] = [0.0] * (len(_BUCKETS) + 2)
        for index, bound in enumerate(_BUCKETS):
            if seconds <= bound:
                found[index] += 1
                break
        found[-2] += 1
        found[-1] += seconds

    def text(self, server: Server, hub: Hub) -> str:
        """Everything, as Prometheus scrapes it."""
        return "".join([*self._request_lines(), *self._duration_lines(), *_gauges(server, hub), *self._process()])

    def _request_lines(self) -> Iterator[str]:
        name = "apiserver_request_total"
        yield _head(name, "counter", "Counter of apiserver requests broken out for each verb, resource and code.")
        for (key, code), count in sorted(self._requests.items()):
            yield f'{name}{{code="{code}",component="apiserver",dry_run="",{_labels(key)}}} {count}\n'

    def _duration_lines(self) -> Iterator[str]:
        name = "apiserver_request_duration_seconds"
        yield _head(name, "histogram", "Response latency distribution in seconds for each verb and resource.")
        for key, found in sorted(self._durations.items()):
            labels = f'component="apiserver",dry_run="",{_labels(key)}'
            total = 0.0
            for bound, count in zip(_BUCKETS, found, strict=False):
                total += count
                yield f'{name}_bucket{{{labels},le="{bound:g}"}} {total:g}\n'
            yield f'{name}_bucket{{{labels},le="+Inf"}} {found[-2]:g}\n'
            yield f"{name}_sum{{{labels}}} {found[-1]:.9g}\n"
            yield f"{name}_count{{{labels}}} {found[-2]:g}\n"

    def _process(self) -> Iterator[str]:
        times = os.times()
        yield _head("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.")
        yield f"process_cpu_seconds_total {times.user + times.system:.2f}\n"
        yield _head("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.")
        yield f"process_start_time_seconds {self._started:.2f}\n"
        resident = _resident()
        if resident:
            yield _head("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.")
            yield f"process_resident_memory_bytes {resident}\n"


def _key(exchange: Exchange) -> _Key:
    request, info = exchange.request, exchange.info
    if request is None or request.resource is None or info is None:
        # Whatever else is asked for, by whomever, is one row: paths are the client's to make up.
        return _Key(exchange.scope.get("method", "GET"), "", "", "", "", "")
    resource = request.resource
    scope = "resource" if info.name else "namespace" if info.namespace else "cluster"
    verb = {"create": "POST", "update": "PUT", "deletecollection": "DELETECOLLECTION"}.get(info.verb, info.verb.upper())
    return _Key(verb, resource.group, resource.version, resource.plural, info.subresource, scope)


def _labels(key: _Key) -> str:
    return (
        f'group="{key.group}",resource="{key.resource}",scope="{key.scope}",subresource="{key.subresource}",'
        f'verb="{key.verb}",version="{key.version}"'
    )


def _gauges(server: Server, hub: Hub) -> Iterator[str]:
    """How large the store is, how many objects there are, who watches, what waits to be reconciled."""
    store = server.storage.store
    yield _head("apiserver_storage_size_bytes", "gauge", "Size of the storage database file physically allocated.")
    yield f'apiserver_storage_size_bytes{{storage_cluster_id="sqlite"}} {_size(store.path)}\n'
    yield _head("apiserver_resource_objects", "gauge", "Number of stored objects, by resource.")
    for resource in store.resources():
        plural, _, group = resource.partition(".")
        yield f'apiserver_resource_objects{{group="{group}",resource="{plural}"}} {store.count(resource)}\n'
    yield _head("apiserver_longrunning_requests", "gauge", "Number of open watches, by resource.")
    counts: dict[str, int] = {}
    for watch in hub:
        counts[watch.context.resource.key] = counts.get(watch.context.resource.key, 0) + 1
    for resource, count in sorted(counts.items()):
        plural, _, group = resource.partition(".")
        yield f'apiserver_longrunning_requests{{group="{group}",resource="{plural}",verb="WATCH"}} {count}\n'
    behind, due = store.behind("cursor", server.clock.present())
    yield _head("minikctl_reconcile_depth", "gauge", "Changes that controllers have not seen, and work that is due.")
    yield f'minikctl_reconcile_depth{{kind="changes"}} {behind}\n'
    yield f'minikctl_reconcile_depth{{kind="due"}} {due}\n'


def _head(name: str, kind: str, text: str) -> str:
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n"


def _size(path: str) -> int:
    return sum(os.path.getsize(path + suffix) for suffix in ("", "-wal") if os.path.exists(path + suffix))


def _resident() -> int:
    """Bytes of memory in use, where the system tells (Linux)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
