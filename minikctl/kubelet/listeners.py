"""What the containers of a pod serve on their ports, over HTTP.

A container listens on the ports it declares, and on any where it declares none and runs its image's
own program (images rarely say); a script of the emulated shell listens on nothing it does not declare.
The annotation minikctl.dev/http says what it answers (see `behaviour`), else a page that names the pod.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import behaviour
from minikctl.kubelet.runtime.httpexchange import HttpAnswer, HttpRequest, NotReached, text_answer


def answer(pod: Obj, port: int, request: HttpRequest) -> HttpAnswer:
    """What the pod answers to a request on a port; NotReached where nobody listens there."""
    container = listener(pod, port)
    if container is None:
        raise NotReached("refused")
    told = behaviour.value(pod, "http", container["name"])
    return _told(told, request) if told is not None else _page(pod, container, port, request)


def annotated(pod: Obj, container: Obj, request: HttpRequest) -> HttpAnswer | None:
    """What a container answers to a request by its annotation; None without one."""
    told = behaviour.value(pod, "http", container["name"])
    return None if told is None else _told(told, request)


def listener(pod: Obj, port: int) -> Obj | None:
    """The running container that listens on a port."""
    running = _running(pod)
    spec = pod["spec"]
    sidecars = [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]
    candidates: list[Obj] = [each for each in [*spec["containers"], *sidecars] if each["name"] in running]
    for container in candidates:
        if any(entry["containerPort"] == port for entry in container.get("ports") or ()):
            return container
    for container in candidates:
        if not container.get("ports") and _may_listen(pod, container):
            return container
    return None


def _may_listen(pod: Obj, container: Obj) -> bool:
    if behaviour.value(pod, "http", container["name"]) is not None:
        return True
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    if not words:
        return True
    from minikctl.kubelet.runtime.shell import commands

    return commands.find(words[0]) is None


def _running(pod: Obj) -> set[str]:
    status = pod.get("status") or {}
    entries = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
    return {entry["name"] for entry in entries if "running" in (entry.get("state") or {})}


def _told(told: str, request: HttpRequest) -> HttpAnswer:
    """The annotated answer: a text for every path, or a mapping of paths to texts, statuses or both."""
    routes = _routes(told)
    if routes is None:
        return text_answer(told)
    path = request.path.partition("?")[0]
    if path not in routes:
        return text_answer("404 page not found\n", 404)
    found = routes[path]
    if isinstance(found, int) and not isinstance(found, bool):
        return text_answer("", found)
    if not isinstance(found, dict):
        return text_answer(str(found))
    status = found.get("status", 200)
    plain = text_answer(str(found.get("body", "")), status if isinstance(status, int) else 200)
    headers = found.get("headers")
    if not isinstance(headers, dict):
        return plain
    own = tuple((str(name), str(value)) for name, value in headers.items())
    usual = () if any(name.lower() == "content-type" for name, _ in own) else plain.headers
    return plain._replace(headers=(*usual, *own))


def _routes(told: str) -> dict[str, Any] | None:
    text = told.lstrip()
    if text[:1] not in ("{", "/"):
        return None
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return found if isinstance(found, dict) and all(str(path).startswith("/") for path in found) else None


def _page(pod: Obj, container: Obj, port: int, request: HttpRequest) -> HttpAnswer:
    meta, spec = pod["metadata"], pod["spec"]
    address = (pod.get("status") or {}).get("podIP", "")
    lines = {
        "pod": meta["name"],
        "namespace": meta["namespace"],
        "container": container["name"],
        "image": container["image"],
        "node": spec.get("nodeName", ""),
        "address": f"{address}:{port}",
        "request": f"{request.method} {request.path}",
    }
    return text_answer("".join(f"{name}: {value}\n" for name, value in lines.items()))
