"""What `proxy` lets through."""

from __future__ import annotations

import re

import pytest

from minikctl.serving.proxy import Filter


def patterns(*texts: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text) for text in texts)


USUAL = Filter(
    patterns("^.*"),
    patterns("^/api/.*/pods/.*/exec", "^/api/.*/pods/.*/attach"),
    patterns("^localhost$", r"^127\.0\.0\.1$", r"^\[::1\]$"),
    patterns("^$"),
)


@pytest.mark.parametrize(
    ("method", "path", "host", "passes"),
    [
        ("GET", "/api/v1/pods", "localhost:8001", True),
        ("GET", "/api/v1/pods", "127.0.0.1", True),
        ("GET", "/api/v1/pods", "example.com", False),
        ("GET", "/api/v1/pods", "", False),
        ("GET", "/api/v1/namespaces/d/pods/p/exec", "localhost", False),
        ("POST", "/api/v1/namespaces/d/pods/p/attach", "localhost", False),
        ("GET", "/api/v1/namespaces/d/pods/p/log", "localhost", True),
    ],
)
def test_the_usual_filter(method: str, path: str, host: str, passes: bool) -> None:
    assert USUAL.passes(method, path, host) == passes
    assert USUAL._replace(disabled=True).passes(method, path, host)


def test_methods_are_rejected() -> None:
    reading = USUAL._replace(reject_methods=patterns("POST,PUT,PATCH".replace(",", "|")))
    assert reading.passes("GET", "/", "localhost") and not reading.passes("PATCH", "/", "localhost")
