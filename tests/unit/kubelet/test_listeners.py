"""What pods serve, and how HTTP is spoken with them."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.kubelet import listeners
from minikctl.kubelet.runtime.httpexchange import Connection, HttpRequest, NotReached, text_answer


def pod(told: str | None = None, **container: Any) -> dict[str, Any]:
    spec = {"name": "c", "image": "nginx", **container}
    annotations = {"minikctl.dev/http": told} if told is not None else {}
    return {
        "metadata": {"name": "web", "namespace": "demo", "annotations": annotations},
        "spec": {"containers": [spec], "nodeName": "node-1"},
        "status": {"podIP": "10.0.0.1", "containerStatuses": [{"name": "c", "state": {"running": {}}}]},
    }


def get(made: dict[str, Any], path: str = "/", port: int = 80) -> tuple[int, str]:
    answer = listeners.answer(made, port, HttpRequest("GET", path))
    return answer.status, answer.body.decode()


def test_a_page_names_the_pod() -> None:
    status, text = get(pod(), "/a?b")
    assert status == 200
    assert text.splitlines()[0] == "pod: web" and text.splitlines()[-1] == "request: GET /a?b"


def test_annotated_answers() -> None:
    assert get(pod("hello\n"), "/any") == (200, "hello\n")
    routes = '{"/": "root", "/healthz": 503, "/teapot": {"status": 418, "body": "short", "headers": {"X-A": "b"}}}'
    assert get(pod(routes)) == (200, "root")
    assert get(pod(routes), "/healthz?verbose") == (503, "")
    assert get(pod(routes), "/teapot") == (418, "short")
    assert get(pod(routes), "/else") == (404, "404 page not found\n")
    assert get(pod("/: [broken"), "/") == (200, "/: [broken")


def test_who_listens_where() -> None:
    declared = {"ports": [{"containerPort": 8080}]}
    assert listeners.listener(pod(**declared), 8080) is not None
    assert listeners.listener(pod(**declared), 80) is None
    assert listeners.listener(pod(), 12345) is not None
    assert listeners.listener(pod(command=["sh", "-c", "sleep 5"]), 80) is None
    assert listeners.listener(pod(command=["sh", "-c", "sleep 5"], **declared), 8080) is not None
    assert listeners.listener(pod("page", command=["sleep", "5"]), 80) is not None
    ended = pod()
    ended["status"]["containerStatuses"][0]["state"] = {"terminated": {}}
    with pytest.raises(NotReached):
        get(ended)


def test_a_connection_is_kept_until_it_is_closed() -> None:
    connection = Connection(lambda request: text_answer(f"{request.method} {request.path} {request.body.decode()}"))
    assert connection.feed(b"GET /a HTTP/1.1\r\nHost: x") == b""
    assert connection.feed(b"\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi").count(b"HTTP/1.1 200 OK") == 2
    chunked = b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
    assert connection.feed(chunked) == b""
    assert connection.feed(b"1\r\nc\r\n0\r\n\r\n").endswith(b"\r\n\r\nPOST /c abc")
    assert not connection.closed
    assert connection.feed(b"HEAD /d HTTP/1.1\r\nConnection: close\r\n\r\n").endswith(b"Connection: close\r\n\r\n")
    assert connection.closed


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02", b"hello\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"],
)
def test_what_is_no_http_is_refused(garbage: bytes) -> None:
    connection = Connection(lambda request: text_answer(""))
    assert connection.feed(garbage).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert connection.closed
