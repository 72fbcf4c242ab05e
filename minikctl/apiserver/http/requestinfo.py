"""What a URL path and a method ask for: verb, resource, namespace, name, subresource.

Counterpart of apiserver's `endpoints/request/requestinfo.go`.
"""

from __future__ import annotations

from typing import NamedTuple

_VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_SPECIAL = frozenset({"proxy", "watch"})
STREAMS = frozenset({"attach", "exec", "log", "portforward", "proxy"})
_OF_NAMESPACES = frozenset({"status", "finalize"})


class RequestInfo(NamedTuple):
    """A request as its path and method tell it; `plural` is "" for paths that are no resource.

    `rest` is what follows the subresource (the path a proxy is to ask for), with its leading slash.
    """

    verb: str
    path: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    plural: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""

    @property
    def long_running(self) -> bool:
        """Whether its answer may take as long as it likes (kube-apiserver's BasicLongRunningRequestCheck)."""
        return bool(self.plural) and (self.verb in _SPECIAL or self.subresource in STREAMS)


def parse(method: str, path: str, watch: bool = False, field_name: str = "") -> RequestInfo:
    """Take a request apart. `watch`: the query asks for one; `field_name`: metadata.name of its field selector."""
    parts = [part for part in path.split("/") if part]
    plain = RequestInfo(method.lower(), path)
    if len(parts) < 3 or parts[0] not in ("api", "apis"):
        return plain
    group = ""
    if parts[0] == "apis":
        if len(parts) < 4:
            return plain
        group = parts[1]
        parts = parts[1:]
    version, parts = parts[1], parts[2:]
    verb = _VERBS.get(method, "")
    if parts[0] in _SPECIAL:
        if len(parts) < 2:
            return plain
        verb = parts[0]
        parts = parts[1:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in _OF_NAMESPACES:
            parts = parts[2:]
    plural, name, subresource = (*parts[:3], "", "", "")[:3]
    if not name and verb == "get":
        verb = "watch" if watch else "list"
    elif not name and verb == "delete":
        verb = "deletecollection"
    if not name and field_name and verb in ("list", "watch", "deletecollection"):
        name = field_name
    return RequestInfo(verb, path, group, version, namespace, plural, name, subresource, _rest(path, subresource, name))


def _rest(path: str, subresource: str, name: str) -> str:
    """The part of the path after .../NAME/SUBRESOURCE, as it was written."""
    if not subresource:
        return ""
    _, _, tail = path.partition(f"/{name}/{subresource}")
    return tail
