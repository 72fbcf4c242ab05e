"""What a kubelet answers over HTTP: its health, its pods, what they use, their logs.

Reached through the proxy subresource of nodes. The figures are those of `apimachinery.podusage`.
Counterpart of the routes of kubelet's `server/server.go` and of `server/stats`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from minikctl.apimachinery import errors, podusage
from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.streaming import HttpAnswer, HttpRequest
from minikctl.kubelet import reachability

if TYPE_CHECKING:
    from minikctl.client.component import Env

_TEXT, _JSON = "text/plain; charset=utf-8", "application/json"
_LOG_FLAGS = {"previous", "timestamps"}
_LOG_NUMBERS = {"tailLines", "sinceSeconds", "limitBytes"}


def answer(env: Env, name: str, request: HttpRequest) -> HttpAnswer:
    """The answer of the kubelet of a node; `name` is [SCHEME:]NAME[:PORT]. StatusError where it is not reached."""
    from minikctl.kubelet.proxying import split_name

    node = split_name(name)[1]
    try:
        reachability.check(env, node)
    except reachability.Unreachable as problem:
        raise errors.StatusError("ServiceUnavailable", f"error trying to reach service: {problem}") from None
    url = urlsplit(request.path)
    path = unquote(url.path)
    if path.startswith("/containerLogs/"):
        return _logs(env, node, path.split("/")[2:], dict(parse_qsl(url.query)))
    route = _ROUTES.get(path.rstrip("/"))
    if route is None:
        return _text(404, "404 page not found\n")
    if request.method not in ("GET", "HEAD") and path.rstrip("/") not in _ANY_METHOD:
        return _text(405, "405: Method Not Allowed")
    return route(env, node)


def _text(status: int, text: str) -> HttpAnswer:
    return HttpAnswer(status, (("Content-Type", _TEXT),), text.encode())


def _json(value: Any) -> HttpAnswer:
    return HttpAnswer(200, (("Content-Type", _JSON),), json.dumps(value, separators=(",", ":")).encode())


def _healthz(env: Env, node: str) -> HttpAnswer:
    return _text(200, "ok")


def _pods(env: Env, node: str) -> HttpAnswer:
    return _json({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": _bare(_of(env, node))})


def _running(env: Env, node: str) -> HttpAnswer:
    running = [pod for pod in _of(env, node) if pod["status"].get("phase") == "Running"]
    return _json({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": _bare(running)})


def _bare(pods: list[Obj]) -> list[Obj]:
    """Items of a built-in kind's list do not say what they are."""
    return [{key: value for key, value in pod.items() if key not in ("kind", "apiVersion")} for pod in pods]


def _of(env: Env, node: str) -> list[Obj]:
    pods = env.client.items("pods", node=node)
    return sorted(pods, key=lambda pod: (pod["metadata"]["namespace"], pod["metadata"]["name"]))


def _summary(env: Env, node: str) -> HttpAnswer:
    """The Summary API: the node's use is the sum of its pods'."""
    now = env.clock.now()
    found = env.client.get("nodes", node)
    pods = [_pod_stats(pod, now) for pod in _of(env, node) if pod["status"].get("phase") == "Running"]
    total = {name: sum(pod[name][_FIGURE[name]] for pod in pods) for name in _FIGURE}
    started = found["metadata"]["creationTimestamp"]
    return _json({"node": {"nodeName": node, "startTime": started, **_figures(total, now)}, "pods": pods})


_FIGURE = {"cpu": "usageNanoCores", "memory": "workingSetBytes"}


def _figures(used: dict[str, int], now: float) -> Obj:
    """CPUStats and MemoryStats of nanocores and bytes."""
    at = rfc3339(now)
    memory = {"time": at, "usageBytes": used["memory"], "workingSetBytes": used["memory"]}
    return {"cpu": {"time": at, "usageNanoCores": used["cpu"]}, "memory": memory}


def _pod_stats(pod: Obj, now: float) -> Obj:
    meta = pod["metadata"]
    containers = []
    total = dict.fromkeys(_FIGURE, 0)
    for status in pod["status"].get("containerStatuses") or ():
        running = status["state"].get("running")
        container = next((each for each in pod["spec"]["containers"] if each["name"] == status["name"]), None)
        if running is None or container is None:
            continue
        used = {
            "cpu": podusage.container_usage(pod, container, "cpu", now) * 1_000_000,
            "memory": podusage.container_usage(pod, container, "memory", now) // 1000,
        }
        total = {name: total[name] + used[name] for name in total}
        containers.append({"name": status["name"], "startTime": running["startedAt"], **_figures(used, now)})
    reference = {"name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]}
    started = pod["status"].get("startTime")
    return {"podRef": reference, "startTime": started, "containers": containers, **_figures(total, now)}


def _logs(env: Env, node: str, words: list[str], query: dict[str, str]) -> HttpAnswer:
    """containerLogs/NAMESPACE/POD/CONTAINER: what `kubectl logs` shows, without following."""
    if len(words) != 3 or not all(words):
        return _text(404, "404 page not found\n")
    namespace, name, container = words
    pod = env.client.find("pods", name, namespace)
    if pod is None or pod["spec"].get("nodeName") != node:
        return _text(404, f'pod "{name}" does not exist\n')
    options: dict[str, Any] = {key: query[key].lower() not in ("0", "false") for key in _LOG_FLAGS if key in query}
    if "sinceTime" in query:
        options["sinceTime"] = query["sinceTime"]
    numbers = {key: parse_int(query.get(key, "")) for key in _LOG_NUMBERS}
    options.update({key: number for key, number in numbers.items() if number is not None and number >= 0})
    text: str = env.client.request(
        "get", "pods", namespace=namespace, name=name, subresource="log", options={**options, "container": container}
    )
    return _text(200, text)


_ROUTES: dict[str, Callable[[Env, str], HttpAnswer]] = {
    "/healthz": _healthz,
    "/pods": _pods,
    "/runningpods": _running,
    "/stats/summary": _summary,
}
_ANY_METHOD = frozenset({"/healthz"})
