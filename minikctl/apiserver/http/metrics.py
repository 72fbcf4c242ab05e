"""/metrics: what the server has done, counted, in Prometheus' text format.

Names, labels and buckets are kube-apiserver's (`endpoints/metrics`, `storage/etcd3/metrics`, `endpoints/filters`,
`audit/metrics.go`); what is not measured here is not among them.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from minikctl.apiserver.http import gauges
from minikctl.apiserver.http.gauges import head
from minikctl.apiserver.http.requestinfo import STREAMS

if TYPE_CHECKING:
    from minikctl.apiserver.http.exchange import Exchange
    from minikctl.apiserver.http.watches import Hub
    from minikctl.apiserver.server import Server

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0,
    45.0, 60.0,
)  # fmt: skip
_BYTES = (1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9)
_VERBS = {"create": "POST", "update": "PUT", "deletecollection": "DELETECOLLECTION"}
_READING = frozenset({"GET", "LIST"})
_READ_ONLY = frozenset({"get", "list", "watch", "head"})
_KNOWN_USERS = frozenset({"admin", "client", "kube_proxy", "kubelet", "system:serviceaccount:kube-system:default"})
_COMPONENT = 'component="apiserver"'
_DRY = ('dry_run=""', 'dry_run="All"')


class _Key(NamedTuple):
    """What requests are told apart by."""

    verb: str
    group: str
    version: str
    resource: str
    subresource: str
    scope: str


class Histogram:
    """How often a value was up to which of some bounds, for each kind of request (and whether it was a dry run)."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._found: dict[tuple[_Key, bool], list[float]] = {}

    def observe(self, key: tuple[_Key, bool], value: float) -> None:
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = [0.0] * (len(self._bounds) + 2)
        index = bisect_left(self._bounds, value)
        if index < len(self._bounds):
            found[index] += 1
        found[-2] += 1
        found[-1] += value

    def lines(self, name: str, dry_runs: bool) -> Iterator[str]:
        """The samples; `dry_runs`: whether they say if they are of dry runs."""
        for (key, dry), found in sorted(self._found.items()):
            labels = f"{_COMPONENT},{_DRY[dry]},{_labels(key)}" if dry_runs else f"{_COMPONENT},{_labels(key)}"
            total = 0.0
            for bound, count in zip(self._bounds, found, strict=False):
                total += count
                yield f'{name}_bucket{{{labels},le="{_number(bound)}"}} {total:.0f}\n'
            yield f'{name}_bucket{{{labels},le="+Inf"}} {found[-2]:.0f}\n'
            yield f"{name}_sum{{{labels}}} {found[-1]:.9g}\n"
            yield f"{name}_count{{{labels}}} {found[-2]:.0f}\n"


class Metrics:
    """The counters of one server. How many there are is bounded by the kinds it serves."""

    def __init__(self) -> None:
        self._requests: dict[tuple[_Key, bool, int], int] = {}
        self._durations = Histogram(_SECONDS)
        self._sizes = Histogram(_BYTES)
        self._users: dict[str, int] = {}
        self._attempts = {"failure": 0, "success": 0}
        self._deprecated: dict[_Key, bool] = {}
        self._under_way = {"mutating": 0, "readOnly": 0}
        self._most = dict(self._under_way)
        self._started = time.time()

    def begin(self, exchange: Exchange) -> None:
        """A request begins to be carried out."""
        kind = _kind(exchange)
        self._under_way[kind] += 1
        self._most[kind] = max(self._most[kind], self._under_way[kind])

    def end(self, exchange: Exchange) -> None:
        self._under_way[_kind(exchange)] -= 1

    def authenticated(self, name: str) -> None:
        """Who asks is known."""
        self._attempts["success"] += 1
        shown = name if name in _KNOWN_USERS else "email_id" if "@" in name else "other"
        self._users[shown] = self._users.get(shown, 0) + 1

    def unauthorized(self) -> None:
        """Somebody is not who he says."""
        self._attempts["failure"] += 1

    def complete(self, exchange: Exchange, seconds: float, server: Server) -> None:
        """Count a request that has been answered."""
        key, request = _key(exchange), exchange.request
        dry = request is not None and bool(request.options.get("dryRun"))
        counted = (key, dry, exchange.code)
        self._requests[counted] = self._requests.get(counted, 0) + 1
        if key not in self._deprecated and request is not None and request.resource is not None:
            self._deprecated[key] = server.is_deprecated(request.resource)
        if key.verb == "WATCH" or key.subresource in STREAMS:
            return
        self._durations.observe((key, dry), seconds)
        if key.verb in _READING and key.resource:
            self._sizes.observe((key, False), exchange.size)

    def text(self, server: Server, hub: Hub) -> str:
        """Everything, as Prometheus scrapes it."""
        return "".join([*self._lines(), *gauges.lines(server, hub), *gauges.process(self._started)])

    def _lines(self) -> Iterator[str]:
        name = "apiserver_current_inflight_requests"
        text = "Maximal number of currently used inflight request limit of this apiserver per request kind."
        yield from _simple(name, "gauge", text, ((f'request_kind="{kind}"', n) for kind, n in self._most.items()))
        self._most = dict(self._under_way)
        name = "apiserver_request_duration_seconds"
        text = "Response latency distribution in seconds for each verb, dry run value, group, version, resource."
        yield head(name, "histogram", text)
        yield from self._durations.lines(name, dry_runs=True)
        name = "apiserver_request_total"
        text = (
            "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource and code."
        )
        counts = (
            (f'code="{code}",{_COMPONENT},{_DRY[dry]},{_labels(key)}', count)
            for (key, dry, code), count in sorted(self._requests.items())
        )
        yield from _simple(name, "counter", text, counts)
        name = "apiserver_requested_deprecated_apis"
        text = "Gauge of deprecated APIs that have been requested, broken out by API group, version and resource."
        asked = {_deprecated(key): 1 for key, is_so in self._deprecated.items() if is_so}
        yield from _simple(name, "gauge", text, sorted(asked.items()))
        name = "apiserver_response_sizes"
        yield head(name, "histogram", "Response size distribution in bytes for each group, version, verb, resource.")
        yield from self._sizes.lines(name, dry_runs=False)
        name = "authenticated_user_requests"
        text = "Counter of authenticated requests broken out by username."
        yield from _simple(
            name, "counter", text, ((f'username="{user}"', n) for user, n in sorted(self._users.items()))
        )
        name = "authentication_attempts"
        text = "Counter of authenticated attempts."
        yield from _simple(name, "counter", text, ((f'result="{said}"', n) for said, n in self._attempts.items()))


def _simple(name: str, kind: str, text: str, values: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield head(name, kind, text)
    for labels, value in values:
        yield f"{name}{{{labels}}} {value}\n"


def _kind(exchange: Exchange) -> str:
    return "readOnly" if exchange.info is None or exchange.info.verb in _READ_ONLY else "mutating"


def _key(exchange: Exchange) -> _Key:
    request, info = exchange.request, exchange.info
    if request is None or request.resource is None or info is None:
        # Whatever else is asked for, by whomever, is one row: paths are the client's to make up.
        return _Key(exchange.scope.get("method", "GET"), "", "", "", "", "")
    resource = request.resource
    scope = "resource" if info.name else "namespace" if info.namespace else "cluster"
    verb = _VERBS.get(info.verb, info.verb.upper())
    if verb == "PATCH" and request.patch_type.startswith("application/apply-patch"):
        verb = "APPLY"
    elif info.subresource in STREAMS and info.subresource != "log":
        verb = "CONNECT"
    return _Key(verb, resource.group, resource.version, resource.plural, info.subresource, scope)


def _labels(key: _Key) -> str:
    return (
        f'group="{key.group}",resource="{key.resource}",scope="{key.scope}",subresource="{key.subresource}",'
        f'verb="{key.verb}",version="{key.version}"'
    )


def _deprecated(key: _Key) -> str:
    return (
        f'group="{key.group}",removed_release="",resource="{key.resource}",subresource="{key.subresource}",'
        f'version="{key.version}"'
    )


def _number(bound: float) -> str:
    """A bound as Go prints it."""
    return f"{bound:g}"
